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

/// What a classifier learns from.
struct ClassifyWork: TrainingWork {
  /// Examples and their labels.
  struct Examples: Sendable {
    let inputs: EncodedExamples
    let targets: ClassifyTargets
    /// The places that are used.
    var chosen: [Int]
  }

  let settings: ClassifierSettings
  let training: Examples
  let validation: Examples?
  /// How much an example of each label counts; `nil`: all alike.
  let classWeights: [Float]?
  private let lengths: [Int]
  private var batches: [[Int]] = []

  init(_ settings: ClassifierSettings, training: Examples, validation: Examples?) {
    self.settings = settings
    self.training = training
    self.validation = validation.flatMap { $0.chosen.isEmpty ? nil : $0 }
    let all = training.inputs.lengths
    lengths = training.chosen.map { all[$0] }
    classWeights =
      settings.classWeights == .balanced ? Self.balanced(training.targets, training.chosen, settings) : nil
    // The number of steps must be known before the first epoch.
    var random = RandomSource(seed: 0)
    batches = Self.cut(lengths, training.chosen, settings, &random)
  }

  private static func balanced(
    _ targets: ClassifyTargets, _ chosen: [Int], _ settings: ClassifierSettings
  ) -> [Float] {
    var counts = [Float](repeating: 0, count: targets.count)
    for place in chosen { for label in targets.ids[place] { counts[label] += 1 } }
    let all = Float(chosen.count)
    return counts.map { count in
      guard count > 0 else { return 1 }
      // Of several labels each stands against its own absence.
      return settings.isMultiLabel ? min((all - count) / count, 100) : all / (Float(targets.count) * count)
    }
  }

  private static func cut(
    _ lengths: [Int], _ chosen: [Int], _ settings: ClassifierSettings, _ random: inout RandomSource
  ) -> [[Int]] {
    // A batch of long texts would need the memory of all their steps.
    let budget = BatchBudget(tokens: 64 * 1024, examples: settings.batchSize)
    // Sorted within a few batches only: the more are sorted together, the less random batches are.
    let mean = max(1, lengths.reduce(0, +) / max(1, lengths.count))
    let pool = max(1, 16 * settings.batchSize * mean / (64 * 1024))
    return LengthBatcher.epoch(lengths: lengths, budget, pool: pool, random: &random)
      .map { $0.map { chosen[$0] } }
  }

  var stepsPerEpoch: Int { batches.count }

  /// Where batches are bounded by their steps, their number differs a little from epoch to epoch.
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    batches = Self.cut(lengths, training.chosen, settings, &random)
  }

  func loss(
    _ model: ClassifyNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: Variable, carry: Never?) {
    let places = batches[step]
    let batch = training.inputs.batch(places, settings, random: &random)
    let x = try model.read(batch, random: &random)
    let plain = try loss(model.logits(x, random: &random), places)
    guard settings.adversarial > 0 else { return (plain, nil) }
    let worst = try worstStep(model, x.rows.value, batch.layout, places, random: &random)
    let moved = PackedSequence(rows: x.rows + Variable(worst), layout: x.layout)
    let other = try loss(model.logits(moved, random: &random), places)
    return ((plain + other).affine(times: 0.5, plus: 0), nil)
  }

  private func loss(_ logits: Variable, _ places: [Int]) throws(ShapeError) -> Variable {
    if settings.isMultiLabel {
      return try PooledHead.loss(
        logits, targets: training.targets.sets(places), positiveWeights: classWeights
      ).mean
    }
    return try PooledHead.loss(
      logits, training.targets.classes(places), smoothing: settings.smoothing, classWeights: classWeights
    ).mean
  }

  /// The small step of each example's inputs that makes its loss grow most (Miyato, Dai and Goodfellow 2017,
  /// "Adversarial training methods for semi-supervised text classification", equation 5), by the gradient g of the
  /// inputs x of an example: ε · ‖x‖ · g / ‖g‖. Its size is relative, so that larger inputs are no way out.
  private func worstStep(
    _ model: ClassifyNetwork, _ x: Tensor, _ layout: SequenceLayout, _ places: [Int],
    random: inout RandomSource?
  ) throws -> Tensor {
    var noise = random?.split()
    let gradient = try valueWithGradient(of: model, inputs: [x]) { model, inputs in
      let x = PackedSequence(rows: inputs[0], layout: layout)
      return (try loss(model.logits(x, random: &noise), places), ())
    }.inputGradients[0]
    let (width, values) = (x.shape.columns, x.elements)
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
    return Tensor(steps, shape: x.shape)
  }

  func validate(_ model: ClassifyNetwork) throws -> Double? {
    guard let validation else { return nil }
    let chances = try ClassifyPrediction.probabilities(
      [model], validation.inputs, validation.chosen, settings)
    let judged = ClassifyPrediction.judge(
      chances, validation.chosen.map { validation.targets.ids[$0] }, settings, weights: classWeights)
    // Equal numbers of errors are told apart by the loss.
    return settings.choice == .loss ? judged.loss : judged.error + 1e-4 * min(judged.loss, 1000)
  }
}

/// What networks say of examples.
enum ClassifyPrediction {
  /// The mean of the networks' probabilities of each label, example by example.
  static func probabilities(
    _ networks: [ClassifyNetwork], _ inputs: EncodedExamples, _ chosen: [Int],
    _ settings: ClassifierSettings
  ) throws -> [[Double]] {
    let lengths = inputs.lengths
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: 32 * 1024, examples: 256), random: nil)
    var batches: [[Int]] = []
    for (row, place) in chosen.enumerated() { batches += batcher.add(row, length: lengths[place]) }
    batches += batcher.finish()
    var result = [[Double]](repeating: [], count: chosen.count)
    var none: RandomSource?
    for rows in batches {
      let batch = inputs.batch(rows.map { chosen[$0] }, settings, random: &none)
      for network in networks {
        let logits = try network(batch, random: &none)
        let values = (settings.isMultiLabel ? logits.sigmoid() : logits.softmax()).value.elements
        let count = values.count / max(1, rows.count)
        for (place, row) in rows.enumerated() {
          let own = values[place * count..<(place + 1) * count].map { Double($0) / Double(networks.count) }
          result[row] = result[row].isEmpty ? own : zip(result[row], own).map(+)
        }
      }
    }
    return result
  }

  /// The mean −ln p of what is true, weighted as in training, and the share of examples that are not found.
  static func judge(
    _ chances: [[Double]], _ truth: [[Int]], _ settings: ClassifierSettings, weights: [Float]? = nil
  ) -> (loss: Double, error: Double) {
    var (loss, total, errors) = (0.0, 0.0, 0.0)
    for (chance, labels) in zip(chances, truth) {
      if settings.isMultiLabel {
        let wanted = Set(labels)
        for (label, p) in chance.enumerated() {
          let right = wanted.contains(label) ? p : 1 - p
          loss -= naturalLogarithm(max(right, 1e-9)) / Double(max(1, chance.count))
        }
        total += 1
        let found = Set(chance.indices.filter { chance[$0] >= settings.threshold })
        if found != wanted { errors += 1 }
      } else if let label = labels.first {
        let weight = weights.map { Double($0[label]) } ?? 1
        loss -= weight * naturalLogarithm(max(chance[label], 1e-9))
        total += weight
        if best(chance) != label { errors += 1 }
      }
    }
    return (loss / max(total, 1e-9), errors / Double(max(1, chances.count)))
  }

  /// The label of the greatest probability, the first of equals.
  static func best(_ chances: [Double]) -> Int {
    chances.indices.max { chances[$0] < chances[$1] || (chances[$0] == chances[$1] && $0 > $1) } ?? 0
  }
}
