import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// How a network learns what pictures show.
public struct IdentifyWork: TrainingWork {
  /// Pictures of the model's size, and their labels.
  struct Examples: Sendable {
    let pictures: [Picture]
    let targets: [Int32]

    init(_ data: PictureData, _ preparation: IdentifyPreparation) throws {
      targets = try data.targets(among: preparation.labels)
      pictures = data.pictures.map { preparation.scaling.fitted($0.picture) }
    }
  }

  let settings: IdentifySettings
  let preparation: IdentifyPreparation
  let training: Examples
  let validation: Examples?
  private var order: [Int]

  init(
    _ settings: IdentifySettings, _ preparation: IdentifyPreparation, training: Examples,
    validation: Examples?
  ) {
    self.settings = settings
    self.preparation = preparation
    self.training = training
    self.validation = validation
    order = Array(training.pictures.indices)
  }

  private var batchSize: Int { settings.learning.batchSize }
  public var stepsPerEpoch: Int { (order.count + batchSize - 1) / batchSize }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    order = Array(training.pictures.indices).shuffled(using: &random)
  }

  public func loss(
    _ model: IdentifyNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let places = Array(order[step * batchSize..<min(order.count, (step + 1) * batchSize)])
    let pixels = preparation.scaling.pixels(
      settings.augmentation(places.map { training.pictures[$0] }, random: &random))
    let logits = try model.logits(pixels, random: &random)
    let loss = try PooledHead.loss(
      logits, places.map { training.targets[$0] }, smoothing: settings.learning.labelSmoothing)
    return (loss, nil)
  }

  public func validate(_ model: IdentifyNetwork) throws -> Double? {
    guard let validation else { return nil }
    let found = try IdentifyPrediction.probabilities([model], validation.pictures, preparation)
    let score = IdentifyPrediction.score(found, validation.targets)
    // Equal numbers of errors are told apart by the loss.
    return score.error + 1e-4 * min(score.loss, 1000)
  }
}

/// What networks say of pictures.
enum IdentifyPrediction {
  private static let together = 256

  /// The mean of the networks' probabilities of each label, picture by picture.
  ///
  /// - Parameter pictures: of the model's size.
  static func probabilities(
    _ networks: [IdentifyNetwork], _ pictures: [Picture], _ preparation: IdentifyPreparation
  ) throws -> [[Double]] {
    var result: [[Double]] = []
    var none: RandomSource?
    for start in stride(from: 0, to: pictures.count, by: together) {
      let some = Array(pictures[start..<min(pictures.count, start + together)])
      let pixels = preparation.scaling.pixels(some)
      result += rows(try networks.map { try $0.logits(pixels, random: &none) }, count: some.count)
    }
    return result
  }

  private static func rows(_ logits: [Variable], count: Int) -> [[Double]] {
    let values = Variable.mean(of: logits.map { $0.softmax() }).value.doubles
    let width = count == 0 ? 0 : values.count / count
    return (0..<count).map { Array(values[$0 * width..<($0 + 1) * width]) }
  }

  /// The probabilities after some of the steps that the recurrent layers read of a picture.
  ///
  /// - Parameter counts: how many steps each.
  static func probabilities(
    _ networks: [IdentifyNetwork], _ picture: Picture, after counts: [Int], _ preparation: IdentifyPreparation
  ) throws -> [[Double]] {
    var none: RandomSource?
    let layout = SequenceLayout(lengths: counts)
    let places = layout.packing(counts.map { Array(0..<Int32($0)) })
    let logits = try networks.map { network in
      let pixels = preparation.scaling.pixels([picture])
      let x = try network.front(ImageBatch(pixels, for: network.front.reading), random: &none)
      return try network.logits(
        of: PackedSequence(rows: x.rows.gather(places), layout: layout), random: &none)
    }
    return rows(logits, count: counts.count)
  }

  /// The mean −ln p of what is true, and the share of pictures of which another label is likelier.
  static func score(_ probabilities: [[Double]], _ truth: [Int32]) -> (loss: Double, error: Double) {
    var (loss, errors) = (0.0, 0.0)
    for (own, label) in zip(probabilities, truth) {
      loss -= naturalLogarithm(max(own[Int(label)], 1e-9))
      if best(own) != Int(label) { errors += 1 }
    }
    let count = Double(max(1, truth.count))
    return (loss / count, errors / count)
  }

  /// The label of the greatest probability, the first of equals.
  static func best(_ probabilities: [Double]) -> Int {
    probabilities.indices.max {
      probabilities[$0] < probabilities[$1] || (probabilities[$0] == probabilities[$1] && $0 > $1)
    } ?? 0
  }
}
