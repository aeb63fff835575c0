import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What is asked.
public enum RecognizeInput: Sendable, Equatable {
  case picture(LabeledPicture)
  /// Nothing is shown: somebody is to be forgotten.
  case none
}

/// Whose face a picture shows.
public struct Recognition: TaskAnswer, Equatable {
  /// A person and how far away the nearest of their pictures is: 0 to 2.
  public struct Candidate: Codable, Sendable, Equatable {
    public let name: String
    public let distance: Double
  }

  public static let unknown = "unknown"

  /// The file; empty where none was given.
  public let picture: String
  /// `unknown` where nobody is near enough.
  public let name: String
  /// That of the nearest person; of the other picture where two are compared.
  public let distance: Double?
  /// The distance beyond which a face is unknown.
  public let threshold: Double
  /// The nearest people first.
  public var candidates: [Candidate] = []
  /// Whether two pictures show one person, where that was asked.
  public var isSamePerson: Bool?
  /// What was changed.
  public var change: String?

  public var shown: String {
    if let change { return change }
    let far = distance.map { NumberText.decimal($0, places: 3) } ?? "–"
    let limit = NumberText.decimal(threshold, places: 3)
    if let isSamePerson {
      return "\(picture)\t\(isSamePerson ? "the same person" : "another person")\tdistance \(far) of \(limit)"
    }
    let all = candidates.prefix(5).map { "\($0.name) \(NumberText.decimal($0.distance, places: 3))" }
    return "\(picture)\t\(name)\tdistance \(far) of \(limit)\t\(all.joined(separator: "  "))"
  }

  public var columns: [String] { ["picture", "name", "distance", "threshold"] }
  public var rows: [[String]] {
    [
      [
        picture, isSamePerson.map { $0 ? "same" : "other" } ?? name,
        distance.map { NumberText.decimal($0, places: 6) } ?? "", NumberText.decimal(threshold, places: 6),
      ]
    ]
  }
}

extension RecognizeTask {
  public static func input(
    _ text: String, _ model: Recognizer, _ options: RecognizeOptions
  ) throws -> RecognizeInput { .picture(LabeledPicture(try Picture(path: text), label: nil, place: text)) }

  public static func inputs(
    contentsOf path: String, _ model: Recognizer, _ options: RecognizeOptions, note: (String) -> Void
  ) throws -> [TaskInput<RecognizeInput>]? {
    var files = model.settings.files
    files.label = nil
    return try PictureData([path], files, note: note).pictures.map { TaskInput(.picture($0), id: $0.place) }
  }

  public static func defaultInput(_ model: Recognizer, _ options: RecognizeOptions) -> RecognizeInput? {
    options.forget == nil ? nil : RecognizeInput.none
  }

  public static func answers(
    _ inputs: [RecognizeInput], _ model: Recognizer, _ options: RecognizeOptions, _ session: AnswerSession
  ) throws -> [Recognition] {
    let pictures = inputs.compactMap { if case .picture(let one) = $0 { one } else { nil } }
    let faces = try model.embedder(pictures.map(\.picture))
    if let name = options.forget, let path = options.save {
      return try changed(model, path, inputs: pictures.map(\.place) + (pictures.isEmpty ? [""] : [])) {
        gallery in
        guard let gone = gallery.people.removeValue(forKey: name) else {
          let known = gallery.people.keys.sorted().prefix(12).joined(separator: ", ")
          throw SettingError("forget", expected: "somebody who is enrolled: \(known)", found: name)
        }
        return "\(name) forgotten, \(gone.count) embeddings"
      }
    }
    if let name = options.enroll, let path = options.save {
      return try changed(model, path, inputs: pictures.map(\.place)) { gallery in
        for face in faces { gallery.enroll(face, as: name) }
        return "\(name) enrolled, \(gallery.people[name]?.count ?? 0) embeddings"
      }
    }
    let own = options.verify == nil ? model.gallery.threshold : model.gallery.pairThreshold
    let threshold = options.threshold ?? own
    let other = try options.verify.map { try model.embedder([Picture(path: $0)])[0] }
    return zip(pictures, faces).map { one, face in
      if let other {
        let distance = rounded(FaceGallery.distance(face, other))
        return Recognition(
          picture: one.place, name: distance <= threshold ? "same" : "other", distance: distance,
          threshold: threshold, isSamePerson: distance <= threshold)
      }
      let nearest = model.gallery.nearest(face)
      let known = nearest.first.flatMap { $0.distance <= threshold ? $0.name : nil }
      return Recognition(
        picture: one.place, name: known ?? Recognition.unknown,
        distance: nearest.first.map { rounded($0.distance) },
        threshold: threshold,
        candidates: nearest.prefix(options.top ?? 3).map {
          .init(name: $0.name, distance: rounded($0.distance))
        })
    }
  }

  /// Six digits are what single precision knows.
  private static func rounded(_ distance: Double) -> Double { (distance * 1e6).rounded() / 1e6 }

  /// Writes a model with a changed gallery. What was changed at that place before, picture by picture, stays changed.
  private static func changed(
    _ model: Recognizer, _ path: String, inputs: [String], _ change: (inout FaceGallery) throws -> String
  ) throws -> [Recognition] {
    var copy = model
    if let there = try? Recognizer(contentsOf: path), there.hasWeights(of: model) {
      copy.calibration = there.gallery
    }
    var gallery = copy.gallery
    let text = try change(&gallery)
    copy.calibration = gallery
    try copy.save(to: path)
    return inputs.map {
      Recognition(
        picture: $0, name: Recognition.unknown, distance: nil, threshold: gallery.threshold,
        change: $0.isEmpty ? text : "\($0)\t\(text)")
    }
  }

  public static func evaluate(
    _ data: PictureData, _ model: Recognizer, _ options: RecognizeOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    try data.checkLabels()
    let faces = try model.embedder(data.pictures.map(\.picture))
    let names = data.pictures.map { $0.label ?? "" }
    let gallery = model.gallery
    let threshold = options.threshold ?? gallery.threshold
    var (examples, right, kept, strangers, refused): ([ScoreReport.Example], Int, Int, Int, Int) = (
      [], 0, 0, 0, 0
    )
    for (index, face) in faces.enumerated() where !gallery.people.isEmpty {
      let nearest = gallery.nearest(face)[0]
      let isEnrolled = gallery.people[names[index]] != nil
      let isKnown = nearest.distance <= threshold
      if !isEnrolled {
        strangers += 1
        refused += isKnown ? 0 : 1
      } else if nearest.name == names[index] {
        right += 1
        kept += isKnown ? 1 : 0
      }
      examples.append(
        ScoreReport.Example(
          place: data.pictures[index].place, input: data.pictures[index].place, truth: names[index],
          answer: isKnown ? nearest.name : Recognition.unknown, error: nearest.distance))
    }
    let enrolled = examples.count - strangers
    let curve = FaceGallery.curve(faces, names)
    let errors = curve.errors(at: options.threshold ?? gallery.pairThreshold)
    let verification: [ScoreReport.Score] = [
      .init("equal error rate", curve.equalErrorRate, unit: "%", note: "all pairs of these pictures"),
      .init("area under ROC", curve.area),
      .init("false acceptance", errors.falseAcceptance, unit: "%", note: "pairs, at the threshold for pairs"),
      .init("false rejection", errors.falseRejection, unit: "%", note: "pairs, at the threshold for pairs"),
      .init("pictures", Double(faces.count)),
    ]
    func share(_ name: String, _ count: Int, of all: Int, _ note: String) -> [ScoreReport.Score] {
      all == 0 ? [] : [.init(name, Double(count) / Double(all), unit: "%", note: note)]
    }
    return ScoreReport(
      share("accuracy", right, of: enrolled, "the nearest person, of \(enrolled) pictures of people enrolled")
        + share("recognized", kept, of: enrolled, "the same, and near enough")
        + share(
          "strangers unknown", refused, of: strangers, "of \(strangers) pictures of people not enrolled")
        + verification, examples: examples)
  }
}

extension Model where Task == RecognizeTask {
  /// Whether both models are one network, whoever is enrolled.
  fileprivate func hasWeights(of other: Recognizer) -> Bool {
    weights.count == other.weights.count
      && zip(weights, other.weights).allSatisfy { $0.name == $1.name && $0.value == $1.value }
  }

  /// Says whose faces pictures show.
  public func recognize(_ pictures: [Picture], options: RecognizeOptions = RecognizeOptions()) throws
    -> [Recognition]
  {
    try answers(
      pictures.enumerated().map { .picture(LabeledPicture($1, label: nil, place: "#\($0 + 1)")) },
      options: options)
  }
}
