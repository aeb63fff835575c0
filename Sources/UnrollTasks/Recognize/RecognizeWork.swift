import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What is known before the network: the people of the training, and how pictures become numbers.
public struct RecognizePreparation: ModelPart {
  public struct Stored: Codable, Sendable {
    var people: [String]
    let scaling: PictureScaling
  }

  public internal(set) var stored: Stored

  public var files: [String: [UInt8]] { [:] }
  var people: [String] { stored.people }
  var scaling: PictureScaling { stored.scaling }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    guard !stored.people.isEmpty, Set(stored.people).count == stored.people.count else {
      throw files.damaged("people", expected: "different names", found: "\(stored.people.count) that are not")
    }
    try stored.scaling.check(files)
    self.stored = stored
  }

  init(learning data: PictureData, _ settings: RecognizeSettings) throws(DataError) {
    try data.checkLabels()
    let people = data.labels.names
    guard people.count >= 2 else {
      throw DataError(
        .badLabel, file: data.source, expected: "pictures of at least two people",
        found: people.first.map { "only of \(quoted($0))" } ?? "none")
    }
    stored = Stored(
      people: people,
      scaling: PictureScaling(of: data.pictures, size: settings.size, isColored: settings.color.isColored))
  }
}

/// How a network learns to tell people apart.
public struct RecognizeWork: TrainingWork {
  let settings: RecognizeSettings
  let scaling: PictureScaling
  let pictures: [Picture]
  let targets: [Int32]
  let validation: PictureData?
  private var order: [Int]

  init(
    _ training: PictureData, validation: PictureData?, _ settings: RecognizeSettings,
    _ preparation: RecognizePreparation
  ) throws {
    self.settings = settings
    self.validation = validation
    scaling = preparation.scaling
    targets = try training.targets(among: preparation.people)
    pictures = training.pictures.map { preparation.scaling.fitted($0.picture) }
    order = Array(pictures.indices)
  }

  public var stepsPerEpoch: Int {
    (order.count + settings.learning.batchSize - 1) / settings.learning.batchSize
  }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    order = Array(pictures.indices).shuffled(using: &random)
  }

  public func loss(
    _ model: RecognizeNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let size = settings.learning.batchSize
    let places = Array(order[step * size..<min(order.count, (step + 1) * size)])
    let pixels = scaling.pixels(settings.augmentation(places.map { pictures[$0] }, random: &random))
    let loss = try model.loss(
      pixels, places.map { targets[$0] }, margin: settings.margin, scale: settings.scale,
      smoothing: settings.learning.labelSmoothing, random: &random)
    return (loss, nil)
  }

  /// How badly pairs of people who were not learned from are told apart.
  public func validate(_ model: RecognizeNetwork) throws -> Double? {
    guard let validation else { return nil }
    let faces = try Embedder(networks: [model], scaling: scaling, mirrors: settings.augmentation.mirror)(
      validation.pictures.map(\.picture))
    let curve = FaceGallery.curve(faces, validation.pictures.map(\.label))
    let error = curve.equalErrorRate + 1 - curve.area
    return error.isFinite ? error : nil
  }
}

/// Makes embeddings of pictures.
struct Embedder {
  let networks: [RecognizeNetwork]
  let scaling: PictureScaling
  /// Whether a picture and its mirror image are read, and stand for it together.
  let mirrors: Bool

  private static let together = 128

  /// For each picture the embeddings of all networks, side by side, of length 1 together.
  func callAsFunction(_ pictures: [Picture]) throws -> [[Float]] {
    var result: [[Float]] = []
    var none: RandomSource?
    for start in stride(from: 0, to: pictures.count, by: Self.together) {
      let some = pictures[start..<min(pictures.count, start + Self.together)].map(scaling.fitted)
      var rows = [[Float]](repeating: [], count: some.count)
      for network in networks {
        var sums = try network.embeddings(scaling.pixels(some), random: &none).value.elements
        if mirrors {
          let turned = some.map { $0.flippedHorizontally() }
          let others = try network.embeddings(scaling.pixels(turned), random: &none).value.elements
          for index in sums.indices { sums[index] += others[index] }
        }
        let width = sums.count / some.count
        for row in rows.indices { rows[row] += Self.normalized(sums[row * width..<(row + 1) * width]) }
      }
      result += rows.map { Self.normalized($0[...]) }
    }
    return result
  }

  private static func normalized(_ values: ArraySlice<Float>) -> [Float] {
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return norm > 0 ? values.map { $0 / norm } : Array(values)
  }
}

/// The people whom a model knows by name: their embeddings, not their pictures.
public struct FaceGallery: Codable, Sendable, Equatable {
  /// Those of each name.
  public internal(set) var people: [String: [[Float]]] = [:]
  /// The distance up to which two pictures are taken for one person's.
  public internal(set) var pairThreshold = 0.5
  /// The distance up to which the nearest person is taken for the one who is shown: shorter, for the more pictures there
  /// are, the nearer is the nearest of others.
  public internal(set) var threshold = 0.5
  /// The curve on people who were not learned from, thinned; empty: there were none.
  var curve: [VerificationCurve.Point] = []
  public internal(set) var equalErrorRate: Double?

  /// 1 − the cosine of the angle between two embeddings: 0 to 2.
  static func distance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return 2 }
    return min(2, max(0, 1 - Double(zip(a, b).reduce(0) { $0 + $1.0 * $1.1 })))
  }

  /// The distance to the nearest picture of each person, the nearest person first.
  func nearest(_ face: [Float]) -> [(name: String, distance: Double)] {
    people.map { name, faces in (name, faces.map { Self.distance($0, face) }.min() ?? 2) }
      .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
  }

  mutating func enroll(_ face: [Float], as name: String) { people[name, default: []].append(face) }

  /// For each face that of the same person and that of another that are nearest to it.
  static func nearestCurve(_ faces: [[Float]], _ names: [String?]) -> VerificationCurve {
    var (like, unlike): ([Double], [Double]) = ([], [])
    for (index, face) in faces.enumerated() {
      var nearest: (like: Double, unlike: Double) = (.infinity, .infinity)
      for (other, another) in faces.enumerated() where other != index {
        let distance = distance(face, another)
        if names[index] == names[other] {
          nearest.like = min(nearest.like, distance)
        } else {
          nearest.unlike = min(nearest.unlike, distance)
        }
      }
      if nearest.like.isFinite { like.append(nearest.like) }
      if nearest.unlike.isFinite { unlike.append(nearest.unlike) }
    }
    return VerificationCurve(like: like, unlike: unlike)
  }

  /// All pairs of faces.
  static func curve(_ faces: [[Float]], _ names: [String?]) -> VerificationCurve {
    var (like, unlike): ([Double], [Double]) = ([], [])
    for (index, face) in faces.enumerated() {
      for other in 0..<index {
        let distance = distance(face, faces[other])
        if names[index] == names[other] { like.append(distance) } else { unlike.append(distance) }
      }
    }
    return VerificationCurve(like: like, unlike: unlike)
  }
}
