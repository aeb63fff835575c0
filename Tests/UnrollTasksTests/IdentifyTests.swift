import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// What pictures show: from files to answers.
@Suite struct IdentifyTests {
  /// A bar that lies or stands, or a square, somewhere on black.
  static func drawn(_ label: String, _ seed: UInt64, height: Int = 12, width: Int = 10) -> Picture {
    var random = RandomSource(seed: seed)
    var picture = Picture(width: width, height: height, color: [0])
    let extent = label == "lying" ? (2, 7) : label == "standing" ? (7, 2) : (4, 4)
    let (top, left) = (random.below(height - extent.0), random.below(width - extent.1))
    for y in top..<top + extent.0 {
      for x in left..<left + extent.1 { picture[x, y] = UInt8(150 + random.below(100)) }
    }
    return picture
  }

  static let labels = ["lying", "square", "standing"]

  static func data(_ count: Int, seed: UInt64 = 0) -> PictureData {
    PictureData(
      (0..<count).map { index in
        let label = labels[index % 3]
        return LabeledPicture(drawn(label, seed + UInt64(index)), label: label, place: "\(index).png")
      })
  }

  static func settings(_ front: IdentifySettings.Front = .rows) -> IdentifySettings {
    var settings = IdentifySettings()
    settings.network = RecurrentSettings(cell: .gru, hiddenSize: 8, layers: 1, dropout: 0.1)
    settings.front = front
    settings.filters = [4, 6]
    settings.sweeps = [5, 4]
    settings.learning.batchSize = 16
    return settings
  }

  @Test(arguments: IdentifySettings.Front.allCases) func theChassisHolds(_ front: IdentifySettings.Front)
    throws
  {
    var settings = Self.settings(front)
    ChassisCheck.small(&settings.learning)
    try ChassisCheck.check(
      ChassisCase<IdentifyTask>(
        data: Self.data(front == .pixels ? 12 : 36), settings: settings,
        inputs: (0..<3).map {
          LabeledPicture(Self.drawn(Self.labels[$0], 900 + UInt64($0)), label: nil, place: "\($0)")
        }))
  }

  @Test func itLearnsWhatIsDrawn() throws {
    var settings = Self.settings(.rows)
    settings.network.hiddenSize = 24
    settings.learning.epochs = 12
    settings.learning.learningRate = 0.01
    settings.augmentation = AugmentationSettings()
    let model = try Identifier.train(on: Self.data(300), settings: settings)
    let report = try model.evaluate(on: Self.data(90, seed: 5000))
    #expect(report["accuracy"] > 0.95, "\(report.line)")
    #expect(report["pictures"] == 90)
    let answers = try model.identify([Self.drawn("lying", 7001), Self.drawn("standing", 7002)])
    #expect(answers.map(\.label) == ["lying", "standing"])
    #expect(abs(answers[0].probabilities.reduce(0) { $0 + $1.probability } - 1) < 1e-4)
  }

  /// After all steps the probabilities are those of the answer, and before the first they know nothing of the picture.
  @Test(arguments: IdentifySettings.Front.allCases) func explanations(_ front: IdentifySettings.Front) throws
  {
    var settings = Self.settings(front)
    ChassisCheck.small(&settings.learning)
    let model = try Identifier.train(on: Self.data(12), settings: settings)
    let folder = try TestFolder()
    var options = IdentifyOptions()
    (options.explain, options.plot) = (true, "\(folder.path)/a.svg")
    let pictures = [Self.drawn("square", 1), Self.drawn("lying", 2)]
    let answers = try model.identify(pictures, options: options)
    var starts: [[Identification.Probability]] = []
    for answer in answers {
      let steps = try #require(answer.steps)
      #expect(steps[0].steps == 0)
      starts.append(steps[0].probabilities)
      for (one, other) in zip(steps[steps.count - 1].probabilities, answer.probabilities) {
        #expect(one.label == other.label && abs(one.probability - other.probability) < 1e-5)
      }
    }
    #expect(starts[0] == starts[1])
    for name in ["a.svg", "a-2.svg"] {
      let text = String(decoding: try folder.read(name), as: UTF8.self)
      #expect(text.contains("<polyline") && text.hasSuffix("</svg>\n"))
    }
    options.top = 1
    #expect(try model.identify(pictures, options: options)[0].probabilities.count == 1)
  }

  // MARK: - Files

  @Test func foldersOfFolders() throws {
    let folder = try TestFolder()
    try folder.makeFolder("cats")
    try folder.makeFolder("dogs")
    for index in 0..<2 {
      try folder.write(Self.drawn("lying", UInt64(index)).png(), "cats/\(index).png")
      try folder.write(Self.drawn("standing", UInt64(index), width: 20).png(), "dogs/\(index).png")
    }
    try folder.write(Array("no picture".utf8), "dogs/notes.txt")
    try folder.write(Array(Self.drawn("lying", 1).png().dropLast(30)), "cats/cut.png")
    var notes: [String] = []
    let data = try IdentifyTask.read([folder.path], IdentifySettings(), note: { notes.append($0) })
    #expect(data.pictures.map { $0.label } == ["cats", "cats", "dogs", "dogs"])
    #expect(data.pictures[3].picture.width == 20)
    #expect(notes.count == 3 && notes[2].hasPrefix("2 of 6 files left out"))
    #expect(notes[0].contains("cut.png") && notes[1].contains("notes.txt"))
    var strict = IdentifySettings()
    strict.files.strict = true
    #expect(throws: DataError.self) { try IdentifyTask.read([folder.path], strict, note: { _ in }) }
    // A picture beside the folders has no label.
    try folder.write(Self.drawn("lying", 9).png(), "lost.png")
    #expect { try IdentifyTask.read([folder.path], IdentifySettings(), note: { _ in }) } throws: {
      ($0 as? DataError)?.kind == .badLabel
    }
  }

  @Test func tablesOfFiles() throws {
    let folder = try TestFolder()
    try folder.write(Self.drawn("lying", 1).png(), "a.png")
    try folder.write(Self.drawn("standing", 2).png(), "b.png")
    try folder.write(Array("kind,path\nx,a.png\ny,b.png\nx,missing.png\n".utf8), "list.csv")
    var settings = IdentifySettings()
    (settings.files.file, settings.files.label) = ("path", "kind")
    var notes: [String] = []
    let data = try IdentifyTask.read(["\(folder.path)/list.csv"], settings, note: { notes.append($0) })
    #expect(data.pictures.map { $0.label } == ["x", "y"])
    #expect(notes.count == 2 && notes[0].contains("missing.png"))
    settings.files.label = "none"
    #expect { try IdentifyTask.read(["\(folder.path)/list.csv"], settings, note: { _ in }) } throws: {
      ($0 as? DataError)?.kind == .noColumn
    }
  }

  /// Bytes of IDX: a kind of 8 bits, the extents, the numbers.
  private static func idx(_ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] } + bytes
  }

  @Test func filesOfIDX() throws {
    let folder = try TestFolder()
    let pictures = (0..<4).map { Self.drawn("lying", UInt64($0)) }
    try folder.write(Self.idx([4, 12, 10], pictures.flatMap(\.pixels)), "images")
    try folder.write(Self.idx([4], [7, 3, 7, 3]), "labels")
    try folder.write(Self.idx([3], [7, 3, 7]), "few")
    let (images, labels, few) = ("\(folder.path)/images", "\(folder.path)/labels", "\(folder.path)/few")
    for files in [[images, labels], [labels, images]] {
      let data = try IdentifyTask.read(files, IdentifySettings(), note: { _ in })
      #expect(data.pictures.map { $0.label } == ["7", "3", "7", "3"])
      #expect(data.pictures.map { $0.picture } == pictures)
      #expect(data.pictures[2].place == images + "#3")
    }
    func kind(_ files: [String]) -> DataError.Kind? {
      do {
        _ = try IdentifyTask.read(files, IdentifySettings(), note: { _ in })
        return nil
      } catch { return (error as? DataError)?.kind }
    }
    #expect(kind([images, few]) == .unequalLines)
    #expect(kind([labels]) == .badPicture)
    #expect(kind([images]) == .badLabel)
    #expect(kind([images + "none"]) == .missingFile)
  }

  @Test func picturesOfManySizesAndColors() throws {
    var pictures = Self.data(12).pictures
    pictures.append(LabeledPicture(Picture(width: 1, height: 1, color: [9]), label: "lying", place: "small"))
    pictures.append(
      LabeledPicture(Picture(width: 500, height: 1, color: [200, 10, 10]), label: "lying", place: "long"))
    var settings = Self.settings()
    ChassisCheck.small(&settings.learning)
    let model = try Identifier.train(on: PictureData(pictures), settings: settings)
    #expect(model.settings.size == [12, 10] && model.settings.color == .rgb)
    #expect(
      model.networks[0].parameters.contains { $0.name.hasPrefix("encoder") && $0.value.shape.columns == 30 })
    _ = try model.identify([
      Picture(width: 3, height: 5000, color: [3]), Picture(width: 1, height: 1, color: [1, 2, 3]),
    ])
    let grey = try Identifier.train(on: Self.data(12), settings: settings)
    #expect(grey.settings.color == .grey)
  }

  @Test func whatCannotBeIsRefused() throws {
    var settings = Self.settings()
    ChassisCheck.small(&settings.learning)
    let one = PictureData(Self.data(12).pictures.filter { $0.label == "lying" })
    #expect { try Identifier.train(on: one, settings: settings) } throws: {
      ($0 as? DataError)?.kind == .badLabel
    }
    let model = try Identifier.train(on: Self.data(12), settings: settings)
    let other = PictureData([LabeledPicture(Self.drawn("lying", 1), label: "zebra", place: "z.png")])
    #expect { try model.evaluate(on: other) } throws: { ($0 as? DataError)?.found == "\"zebra\"" }
    #expect { try IdentifyTask.input("no such file", model, IdentifyOptions()) } throws: {
      ($0 as? DataError)?.kind == .missingFile
    }
    for change: (inout IdentifySettings) -> Void in [
      { $0.size = [3] }, { $0.pooling = [] }, { ($0.front, $0.filters) = (.conv, []) },
      { ($0.front, $0.sweeps) = (.renet, []) }, { ($0.front, $0.size) = (.conv, [3, 3]) },
    ] {
      var wrong = settings
      change(&wrong)
      #expect(throws: SettingError.self) { try Identifier.train(on: Self.data(12), settings: wrong) }
    }
  }

  @Test func theTraceReadsPictures() throws {
    var settings = Self.settings(.conv)
    ChassisCheck.small(&settings.learning)
    let model = try Identifier.train(on: Self.data(12), settings: settings)
    var trace = Trace(ProbeSize(batch: 3, steps: 2), takesStates: false)
    try model.trace(&trace)
    #expect(trace.probe.inputs.map { $0.name } == ["pictures"])
    #expect(trace.probe.outputs[0].value.shape == [3, 3])
    for row in 0..<3 {
      let sum = trace.probe.outputs[0].value.elements[row * 3..<row * 3 + 3].reduce(0, +)
      #expect(abs(sum - 1) < 1e-5)
    }
  }
}
