import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What a network reads: pictures, sounds, ready to be cut into batches.
public protocol CTCInputs: Sendable {
  associatedtype InputFront: Front where InputFront: Sendable

  var count: Int { get }
  /// The steps that the network's head sees of an input.
  func steps(_ place: Int) -> Int
  /// Some of the inputs as a front reads them.
  ///
  /// - Parameter random: randomness for augmentation; `nil`: inputs as they are.
  func batch(_ places: [Int], random: inout RandomSource?) throws -> InputFront.Input
}

/// How a network learns to read text off steps.
public struct CTCWork<Inputs: CTCInputs>: TrainingWork {
  public typealias Model = CTCNetwork<Inputs.InputFront>

  /// Inputs and their texts.
  struct Examples: Sendable {
    let inputs: Inputs
    /// In normal form.
    let texts: [String]
    let labels: [[Int32]]

    init(_ inputs: Inputs, _ texts: [String], _ alphabet: CTCAlphabet, _ settings: CTCSettings) {
      self.inputs = inputs
      self.texts = texts.map {
        CTCAlphabet.normalized($0, lowercase: settings.lowercase, form: settings.normalization)
      }
      labels = self.texts.map(alphabet.encode)
    }

    /// Those that have enough steps for their texts.
    var fitting: [Int] { labels.indices.filter { CTCFit.fits(labels[$0], steps: inputs.steps($0)) } }
  }

  private let settings: CTCSettings
  private let learning: LearningSettings
  private let alphabet: CTCAlphabet
  private let training: Examples
  private let validation: Examples?
  private let fitting: [Int]
  private var batches: [[Int]] = []

  /// - Throws: `DataError` when no example has steps enough for its text.
  init(
    _ training: Examples, validation: Examples?, _ settings: CTCSettings, _ learning: LearningSettings,
    _ alphabet: CTCAlphabet, source: String
  ) throws {
    (self.settings, self.learning, self.alphabet) = (settings, learning, alphabet)
    (self.training, self.validation) = (training, validation)
    fitting = training.fitting
    guard !fitting.isEmpty else {
      throw DataError(
        .emptyFile, file: source, expected: "an example that is long enough for its text",
        found: "none of \(training.inputs.count)")
    }
    // The number of steps must be known before the first epoch.
    var random = RandomSource(seed: learning.seed)
    batches = cut(&random)
  }

  private func cut(_ random: inout RandomSource) -> [[Int]] {
    let budget = BatchBudget(tokens: learning.batchTokens ?? 32 * 1024, examples: learning.batchSize)
    let places = LengthBatcher<Int>.epoch(
      lengths: fitting.map { max(1, training.inputs.steps($0)) }, budget, pool: 16, random: &random)
    return places.map { $0.map { fitting[$0] } }
  }

  public var stepsPerEpoch: Int { batches.count }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) { batches = cut(&random) }

  /// −ln p of the texts, divided by their characters and one for each text, so that texts without any count.
  public func loss(
    _ model: Model, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let places = batches[step]
    let input = try training.inputs.batch(places, random: &random)
    return (try Self.loss(model, input, places.map { training.labels[$0] }, &random), nil)
  }

  private static func loss(
    _ model: Model, _ input: Inputs.InputFront.Input, _ labels: [[Int32]], _ random: inout RandomSource?
  ) throws -> LossSum {
    let loss = try model.head.loss(model.features(input, random: &random), labels)
    return LossSum(sum: loss.sum, weight: Double(loss.labels) + loss.weight)
  }

  public func validate(_ model: Model) throws -> Double? {
    guard let validation, !validation.texts.isEmpty else { return nil }
    var none: RandomSource?
    if settings.selection == .loss {
      var (sum, weight) = (0.0, 0.0)
      for places in CTCReader.batches(validation.inputs) {
        let input = try validation.inputs.batch(places, random: &none)
        let loss = try Self.loss(model, input, places.map { validation.labels[$0] }, &none)
        (sum, weight) = (sum + Double(loss.sum.value.scalar), weight + loss.weight)
      }
      return sum / max(weight, 1e-9)
    }
    var found = [String](repeating: "", count: validation.texts.count)
    try CTCReader.forEach(validation.inputs, [model]) { place, scores in
      found[place] = alphabet.decode(CTCGreedyDecoder.decode(scores).map(\.symbol))
    }
    return settings.selection == .wer
      ? ErrorRate.words(validation.texts, found).rate : ErrorRate.characters(validation.texts, found).rate
  }
}

/// Whether texts fit into their steps.
enum CTCFit {
  static func fits(_ labels: [Int32], steps: Int) -> Bool { Loss.ctcStepsNeeded(for: labels) <= steps }

  /// What is said of examples that are left out: how many, and which.
  ///
  /// - Parameter names: of all examples.
  static func remark(_ names: [String], _ labels: [[Int32]], steps: [Int]) -> String? {
    let short = labels.indices.filter { !fits(labels[$0], steps: steps[$0]) }
    guard let first = short.first else { return nil }
    let listed = short.prefix(8).map { names[$0] }.joined(separator: ", ")
    return "left out, for they are too short for their texts: \(listed)"
      + (short.count > 8 ? " and \(short.count - 8) more" : "")
      + " (\(names[first]) has \(steps[first]) steps and needs \(Loss.ctcStepsNeeded(for: labels[first])))"
  }
}

/// Runs networks over inputs.
enum CTCReader {
  /// Steps that are read together.
  private static let batchSteps = 16 * 1024

  static func batches(_ inputs: some CTCInputs) -> [[Int]] {
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: batchSteps, examples: 64), random: nil)
    var all: [[Int]] = []
    for place in 0..<inputs.count { all += batcher.add(place, length: max(1, inputs.steps(place))) }
    return all + batcher.finish()
  }

  /// Calls `body` with ln p of each class at each step of each input, `[T, K + 1]`.
  static func forEach<Inputs: CTCInputs>(
    _ inputs: Inputs, _ networks: [CTCNetwork<Inputs.InputFront>], _ body: (Int, Tensor) throws -> Void
  ) throws {
    var none: RandomSource?
    for places in batches(inputs) {
      let packed = try CTCNetwork.logProbabilities(networks, inputs.batch(places, random: &none))
      let rows = packed.layout.unpacking(Array(0..<Int32(packed.layout.rows)))
      for (place, rows) in zip(places, rows) { try body(place, packed.rows.gather(rows).value) }
    }
  }
}
