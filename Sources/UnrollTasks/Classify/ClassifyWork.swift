import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Labels as numbers.
struct ClassifyTargets: Sendable {
  /// The labels of each example.
  let ids: [[Int]]
  let count: Int

  /// The first label of each example; −1 where there is none.
  func classes(_ places: [Int]) -> [Int32] { places.map { Int32(ids[$0].first ?? -1) } }

  /// `[B, C]`: one where a label applies.
  func sets(_ places: [Int]) -> Tensor {
    var values = [Float](repeating: 0, count: places.count * count)
    for (row, place) in places.enumerated() {
      for label in ids[place] { values[row * count + label] = 1 }
    }
    return Tensor(values, shape: [places.count, count])
  }
}

/// Inputs ready to be cut into batches.
struct ClassifyInputs: Sendable {
  private enum Content: Sendable {
    case texts(SpelledTexts)
    case sequences([NumericSequence], SequenceFrames)
  }

  private let content: Content
  /// The steps of each.
  let lengths: [Int]

  init(_ inputs: some Sequence<ClassifyInput>, _ preparation: ClassifyPreparation) {
    switch preparation.encoder {
    case .texts(let speller):
      let texts = speller(inputs.map { if case .text(let text) = $0 { text } else { "" } })
      content = .texts(texts)
      lengths = texts.ids.map(\.count)
    case .sequences(let frames):
      let all = inputs.compactMap { if case .sequence(let sequence, _) = $0 { sequence } else { nil } }
      content = .sequences(all, frames)
      lengths = all.map { frames.frames(of: $0.steps) }
    }
  }

  /// Texts that were made into ids already.
  init(_ texts: SpelledTexts) {
    content = .texts(texts)
    lengths = texts.ids.map(\.count)
  }

  /// The ids of tokens; `nil` of sequences of numbers.
  var texts: SpelledTexts? { if case .texts(let texts) = content { texts } else { nil } }

  /// - Parameter random: randomness for noise; `nil`: sequences as they are.
  func batch(
    _ places: [Int], _ settings: ClassifySettings, random: inout RandomSource?
  ) -> ClassifyNetwork.Batch {
    switch content {
    case .texts(let texts):
      let ids = places.map { texts.ids[$0] }
      guard !texts.forms.isEmpty else { return .tokens(TokenBatch(ids)) }
      return .tokens(
        TokenBatch(ids, places: places.map { texts.forms[$0] }, of: TokenForms(pieces: texts.spellings)))
    case .sequences(let all, let frames):
      let noise = SequenceFrames.Noise(
        noise: settings.noise, scaling: settings.scaling, shift: settings.shift)
      let layout = SequenceLayout(lengths: places.map { lengths[$0] })
      let rows = places.map { frames(all[$0], noise, random: &random) }
      let width = frames.width
      var packed: [Float] = []
      packed.reserveCapacity(layout.rows * width)
      for (step, count) in layout.counts.enumerated() {
        for place in 0..<count { packed += rows[layout.order[place]][step * width..<(step + 1) * width] }
      }
      return .frames(
        PackedSequence(rows: Variable(Tensor(packed, shape: [layout.rows, width])), layout: layout))
    }
  }
}

/// How a classifier learns.
public struct ClassifyWork: TrainingWork {
  /// Examples and their labels.
  struct Examples: Sendable {
    let inputs: ClassifyInputs
    let targets: ClassifyTargets

    init(_ data: ClassifyData, _ preparation: ClassifyPreparation) throws {
      inputs = ClassifyInputs(data.examples.lazy.map(\.input), preparation)
      targets = try preparation.targets(of: data)
    }
  }

  let settings: ClassifySettings
  let training: Examples
  let validation: Examples?
  /// How much an example of each label counts; `nil`: all alike.
  let classWeights: [Float]?
  private var batches: [[Int]] = []

  init(_ settings: ClassifySettings, training: Examples, validation: Examples?) {
    self.settings = settings
    self.training = training
    self.validation = validation
    classWeights = settings.classWeights == .balanced ? Self.balanced(training.targets, settings) : nil
    // The number of steps must be known before the first epoch.
    var random = RandomSource(seed: 0)
    batches = cut(&random)
  }

  private static func balanced(_ targets: ClassifyTargets, _ settings: ClassifySettings) -> [Float] {
    var counts = [Float](repeating: 0, count: targets.count)
    for labels in targets.ids { for label in labels { counts[label] += 1 } }
    let all = Float(targets.ids.count)
    return counts.map { count in
      guard count > 0 else { return 1 }
      // Of several labels each stands against its own absence.
      return settings.multiLabel ? min((all - count) / count, 100) : all / (Float(targets.count) * count)
    }
  }

  private func cut(_ random: inout RandomSource) -> [[Int]] {
    let (lengths, size) = (training.inputs.lengths, settings.learning.batchSize)
    // A batch of long texts would need the memory of all their steps.
    let most = settings.learning.batchTokens ?? 64 * 1024
    // Sorted within a few batches only: the more are sorted together, the less random batches are.
    let mean = max(1, lengths.reduce(0, +) / max(1, lengths.count))
    return LengthBatcher.epoch(
      lengths: lengths, BatchBudget(tokens: most, examples: size), pool: max(1, 16 * size * mean / most),
      random: &random)
  }

  public var stepsPerEpoch: Int { batches.count }

  /// Where batches are bounded by their steps, their number differs a little from epoch to epoch.
  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) { batches = cut(&random) }

  public func loss(
    _ model: ClassifyNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let places = batches[step]
    let batch = training.inputs.batch(places, settings, random: &random)
    let x = try model.read(batch, random: &random)
    let plain = try loss(model.logits(x, random: &random), places)
    guard settings.adversarial > 0 else { return (plain, nil) }
    let worst = try worstStep(model, x, places, random: &random)
    let moved = PackedSequence(rows: x.rows + Variable(worst), layout: x.layout)
    return (plain + (try loss(model.logits(moved, random: &random), places)), nil)
  }

  private func loss(_ logits: Variable, _ places: [Int]) throws(ShapeError) -> LossSum {
    settings.multiLabel
      ? try PooledHead.loss(logits, targets: training.targets.sets(places), positiveWeights: classWeights)
      : try PooledHead.loss(
        logits, training.targets.classes(places), smoothing: settings.learning.labelSmoothing,
        classWeights: classWeights)
  }

  /// The small step of each example's inputs that makes its loss grow most (Miyato, Dai and Goodfellow 2017,
  /// "Adversarial training methods for semi-supervised text classification", equation 5), by the gradient g of the
  /// inputs x of an example: ε · ‖x‖ · g / ‖g‖. Its size is relative, so that larger inputs are no way out.
  private func worstStep(
    _ model: ClassifyNetwork, _ x: PackedSequence, _ places: [Int], random: inout RandomSource?
  ) throws -> Tensor {
    var noise = random?.split()
    let layout = x.layout
    let gradient = try valueWithGradient(of: model, inputs: [x.rows.value]) { model, inputs in
      let moved = PackedSequence(rows: inputs[0], layout: layout)
      return (try loss(model.logits(moved, random: &noise), places).mean, ())
    }.inputGradients[0]
    let (width, values) = (x.rows.shape.columns, x.rows.value.elements)
    var steps = gradient.elements
    for place in 0..<layout.batch {
      var (own, slope) = (0.0, 0.0)
      let rows = (0..<layout.lengths[layout.order[place]]).map { (layout.offsets[$0] + place) * width }
      for start in rows {
        for index in start..<start + width {
          own += Double(values[index]) * Double(values[index])
          slope += Double(steps[index]) * Double(steps[index])
        }
      }
      let factor = slope > 0 ? Float(settings.adversarial * (own / slope).squareRoot()) : 0
      for start in rows { for index in start..<start + width { steps[index] *= factor } }
    }
    return Tensor(steps, shape: x.rows.shape)
  }

  public func validate(_ model: ClassifyNetwork) throws -> Double? {
    guard let validation else { return nil }
    let probabilities = try ClassifyPrediction.probabilities([model], validation.inputs, settings)
    let found = ClassifyPrediction.score(
      probabilities, validation.targets.ids, settings, weights: classWeights)
    // Equal numbers of errors are told apart by the loss.
    return settings.selection == .loss ? found.loss : found.error + 1e-4 * min(found.loss, 1000)
  }
}

/// What networks say of inputs.
enum ClassifyPrediction {
  /// The mean of the networks' probabilities of each label, input by input.
  static func probabilities(
    _ networks: [ClassifyNetwork], _ inputs: ClassifyInputs, _ settings: ClassifySettings
  ) throws -> [[Double]] {
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: 32 * 1024, examples: 256), random: nil)
    var batches: [[Int]] = []
    for (place, length) in inputs.lengths.enumerated() { batches += batcher.add(place, length: length) }
    batches += batcher.finish()
    var result = [[Double]](repeating: [], count: inputs.lengths.count)
    var none: RandomSource?
    for places in batches {
      let batch = inputs.batch(places, settings, random: &none)
      for network in networks {
        let logits = try network.logits(network.read(batch, random: &none), random: &none)
        let values = (settings.multiLabel ? logits.sigmoid() : logits.softmax()).value.elements
        let count = values.count / max(1, places.count)
        for (row, place) in places.enumerated() {
          let own = values[row * count..<(row + 1) * count].map { Double($0) / Double(networks.count) }
          result[place] = result[place].isEmpty ? own : zip(result[place], own).map(+)
        }
      }
    }
    return result
  }

  /// The mean −ln p of what is true, weighted as in training, and the share of examples that are not found.
  static func score(
    _ probabilities: [[Double]], _ truth: [[Int]], _ settings: ClassifySettings, weights: [Float]? = nil
  ) -> (loss: Double, error: Double) {
    var (loss, total, errors) = (0.0, 0.0, 0.0)
    for (own, labels) in zip(probabilities, truth) {
      if settings.multiLabel {
        let wanted = Set(labels)
        for (label, p) in own.enumerated() {
          let right = wanted.contains(label) ? p : 1 - p
          loss -= naturalLogarithm(max(right, 1e-9)) / Double(max(1, own.count))
        }
        total += 1
        if Set(own.indices.filter { own[$0] >= settings.threshold }) != wanted { errors += 1 }
      } else if let label = labels.first {
        let weight = weights.map { Double($0[label]) } ?? 1
        loss -= weight * naturalLogarithm(max(own[label], 1e-9))
        total += weight
        if best(own) != label { errors += 1 }
      }
    }
    return (loss / max(total, 1e-9), errors / Double(max(1, probabilities.count)))
  }

  /// The label of the greatest probability, the first of equals.
  static func best(_ probabilities: [Double]) -> Int {
    probabilities.indices.max {
      probabilities[$0] < probabilities[$1] || (probabilities[$0] == probabilities[$1] && $0 > $1)
    } ?? 0
  }
}
