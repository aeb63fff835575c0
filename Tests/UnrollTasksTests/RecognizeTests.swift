import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Whose face it is: from files to answers, by a gallery that changes without training.
@Suite struct RecognizeTests {
  /// A made-up face: dark spots where the person has them, moved and lit by chance.
  static func face(_ person: Int, _ seed: UInt64) -> Picture {
    var own = RandomSource(seed: UInt64(person) &* 7919 &+ 3)
    var random = RandomSource(seed: seed &* 104_729 &+ UInt64(person))
    let (light, right, down) = (random.below(50), random.below(2), random.below(2))
    var picture = Picture(width: 18, height: 20, color: [UInt8(180 + light)])
    for _ in 0..<5 {
      let (x, y) = (1 + own.below(11) + right, 1 + own.below(13) + down)
      let (width, height) = (1 + own.below(3), 1 + own.below(3))
      for row in y..<y + height { for column in x..<x + width { picture[column, row] = UInt8(light) } }
    }
    return picture
  }

  static func name(_ person: Int) -> String { "person \(person)" }

  static func data(_ people: Range<Int>, each count: Int, seed: UInt64 = 0) -> PictureData {
    PictureData(
      people.flatMap { person in
        (0..<count).map {
          LabeledPicture(
            face(person, seed + UInt64($0)), label: name(person), place: "\(person)/\(seed + UInt64($0)).png")
        }
      })
  }

  static func settings() -> RecognizeSettings {
    var settings = RecognizeSettings()
    settings.network = RecurrentSettings(cell: .gru, hiddenSize: 16, dropout: 0)
    (settings.filters, settings.embeddingSize) = ([6, 8], 16)
    settings.augmentation = AugmentationSettings()
    settings.learning.batchSize = 16
    return settings
  }

  static func learned() throws -> Recognizer {
    var settings = settings()
    settings.learning.epochs = 60
    settings.learning.learningRate = 0.01
    settings.learning.seed = 3
    settings.learning.validationShare = 0.2
    return try Recognizer.train(on: data(0..<24, each: 8), settings: settings)
  }

  @Test func theChassisHolds() throws {
    var settings = Self.settings()
    ChassisCheck.small(&settings.learning)
    settings.learning.refit = false
    settings.augmentation.mirror = true
    try ChassisCheck.check(
      ChassisCase<RecognizeTask>(
        data: Self.data(0..<8, each: 3), settings: settings,
        inputs: (0..<3).map { .picture(LabeledPicture(Self.face($0, 50), label: nil, place: "\($0)")) }))
  }

  /// It knows those whom it learned from, tells strangers from them, and learns new people without training.
  @Test func peopleAreToldApart() throws {
    let model = try Self.learned()
    #expect(model.gallery.people.count == 24 && model.gallery.people[Self.name(3)]?.count == 8)
    let report = try model.evaluate(on: Self.data(0..<24, each: 3, seed: 100))
    #expect(report["accuracy"] > 0.95 && report["equal error rate"] < 0.1, "\(report.text())")
    #expect(model.calibration?.equalErrorRate != nil)
    let strangers = try model.evaluate(on: Self.data(40..<52, each: 3, seed: 100))
    #expect(strangers["strangers unknown"] > 0.5 && strangers["accuracy"].isNaN, "\(strangers.text())")

    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try model.save(to: path)
    func ask(_ pictures: [Picture], _ change: (inout RecognizeOptions) -> Void = { _ in }) throws
      -> [Recognition]
    {
      var options = RecognizeOptions()
      change(&options)
      return try Recognizer(contentsOf: path).recognize(pictures, options: options)
    }
    // Picture by picture, each by a model that was loaded before the other was enrolled.
    let loaded = try Recognizer(contentsOf: path)
    var options = RecognizeOptions()
    (options.enroll, options.save, options.threshold) = ("Emmy", path, nil)
    for seed in 0..<4 { _ = try loaded.recognize([Self.face(60, UInt64(seed))], options: options) }
    #expect(try Recognizer(contentsOf: path).gallery.people["Emmy"]?.count == 4)
    let found = try ask([Self.face(60, 9)]) { $0.threshold = 2 }
    #expect(found[0].name == "Emmy" && found[0].candidates.count == 3)
    #expect(try ask([Self.face(60, 9)]) { $0.threshold = 0 }[0].name == "unknown")
    // What is kept of a person is no picture.
    let stored = String(decoding: try folder.read("model/config.json"), as: UTF8.self)
    #expect(stored.contains("Emmy"))

    options = RecognizeOptions()
    (options.forget, options.save) = ("Emmy", path)
    let nobody = try #require(RecognizeTask.defaultInput(loaded, options))
    let answer = try loaded.answers([nobody], options: options)
    #expect(answer[0].shown == "Emmy forgotten, 4 embeddings")
    #expect(try Recognizer(contentsOf: path).gallery == model.gallery)
    #expect(throws: SettingError.self) { try loaded.answers([nobody], options: options) }
  }

  @Test func twoPicturesAreCompared() throws {
    let model = try Self.learned()
    let folder = try TestFolder()
    try folder.write(Self.face(2, 77).png(), "two.png")
    var options = RecognizeOptions()
    options.verify = "\(folder.path)/two.png"
    let found = try model.recognize([Self.face(2, 78), Self.face(5, 78)], options: options)
    #expect(found.map(\.isSamePerson) == [true, false], "\(found.map(\.shown))")
    #expect(found[0].distance! < found[1].distance!)
    let same = try model.recognize([Self.face(2, 77)], options: options)
    #expect(same[0].distance! < 1e-5)
    options.verify = "\(folder.path)/none.png"
    #expect(throws: DataError.self) { try model.recognize([Self.face(2, 78)], options: options) }
  }

  @Test func whatCannotBeIsRefused() throws {
    var settings = Self.settings()
    ChassisCheck.small(&settings.learning)
    #expect { try Recognizer.train(on: Self.data(0..<1, each: 5), settings: settings) } throws: {
      ($0 as? DataError)?.kind == .badLabel
    }
    settings.filters = [4, 4, 4, 4, 4]
    #expect(throws: SettingError.self) {
      try Recognizer.train(on: Self.data(0..<3, each: 2), settings: settings)
    }
    settings.filters = [4]
    // One picture each: nobody can be held out, and all are enrolled.
    let model = try Recognizer.train(on: Self.data(0..<7, each: 1), settings: settings)
    #expect(model.gallery.people.count == 7 && model.gallery.equalErrorRate == nil)
    for change: (inout RecognizeOptions) -> Void in [
      { $0.enroll = "a" }, { $0.save = "x" }, { ($0.enroll, $0.forget, $0.save) = ("a", "b", "x") },
      { ($0.enroll, $0.save) = ("unknown", "x") },
    ] {
      var options = RecognizeOptions()
      change(&options)
      #expect(throws: SettingError.self) { try model.recognize([Self.face(0, 1)], options: options) }
    }
  }

  // MARK: - The curve

  /// Equal error, area and thresholds by counting.
  @Test func theCurveIsThatOfItsDefinition() {
    let curve = VerificationCurve(like: [0.1, 0.2, 0.3, 0.9], unlike: [0.25, 0.5, 0.6, 0.7, 0.8])
    // Of twenty pairs of pairs, the like one is nearer in 5 + 5 + 4 + 0.
    #expect(abs(curve.area - 14.0 / 20) < 1e-12)
    #expect(
      curve.errors(at: 0.26) == (0.2, 0.5) && curve.errors(at: 0) == (0, 1) && curve.errors(at: 3) == (1, 0))
    // Between 0.25 (0.2, 0.5) and 0.3 (0.2, 0.25), then 0.5 (0.4, 0.25).
    #expect(abs(curve.equalErrorRate - 0.25) < 1e-12)
    #expect(curve.errors(at: curve.equalErrorThreshold).falseRejection == 0.25)

    let apart = VerificationCurve(like: [0.1, 0.2], unlike: [0.6, 0.7])
    #expect(apart.equalErrorRate == 0 && apart.area == 1 && abs(apart.equalErrorThreshold - 0.4) < 1e-12)
    let ties = VerificationCurve(like: [0.5, 0.5], unlike: [0.5, 0.5])
    #expect(abs(ties.area - 0.5) < 1e-12 && abs(ties.equalErrorRate - 0.5) < 1e-12)
    #expect(VerificationCurve(like: [], unlike: [1]).equalErrorRate.isNaN)
    #expect(VerificationCurve(like: [1], unlike: []).area.isNaN)
    let reversed = VerificationCurve(like: [0.9], unlike: [0.1])
    #expect(reversed.area == 0 && reversed.equalErrorRate == 1)
  }
}
