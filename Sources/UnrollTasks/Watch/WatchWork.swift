import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// How a model of videos learns.
public struct WatchWork: TrainingWork {
  /// Clips and the label of each, or of each of its frames.
  struct Examples: Sendable {
    let inputs: ClipInputs
    let targets: [[Int32]]
  }

  let settings: WatchSettings
  let training: Examples
  let validation: Examples?
  private var batches: [[Int]] = []

  init(_ settings: WatchSettings, training: Examples, validation: Examples?) {
    self.settings = settings
    self.training = training
    self.validation = validation
    // The number of steps must be known before the first epoch.
    var random = RandomSource(seed: 0)
    beginEpoch(0, using: &random)
  }

  /// To within a few, for batches are cut anew for each epoch.
  public var stepsPerEpoch: Int { batches.count }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    let budget = BatchBudget(
      tokens: settings.learning.batchTokens ?? 16 * 1024, examples: settings.learning.batchSize)
    batches = LengthBatcher.epoch(lengths: training.inputs.lengths, budget, random: &random)
  }

  public func loss(
    _ model: WatchNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let places = batches[step]
    let (frames, origins) = training.inputs.batch(
      places, settings.clips.augmentation, random: &random)
    let smoothing = settings.learning.labelSmoothing
    guard let head = model.steps else {
      let labels = places.map { training.targets[$0][0] }
      return (
        try PooledHead.loss(model.logits(frames, random: &random), labels, smoothing: smoothing),
        nil
      )
    }
    let labels = zip(places, origins).map { place, frames in
      frames.map { training.targets[place][$0] }
    }
    return (try head.loss(model.scores(frames, random: &random), labels, smoothing: smoothing), nil)
  }

  /// The share of clips or frames that are not right; equal shares are told apart by the loss.
  public func validate(_ model: WatchNetwork) throws -> Double? {
    guard let validation else { return nil }
    let (found, targets) = (try WatchPrediction(validation.inputs, [model]), validation.targets)
    var (loss, wrong, total) = (0.0, 0.0, 0.0)
    for (own, truth) in zip(found.clips, targets) {
      for (step, label) in truth.enumerated() {
        loss -= naturalLogarithm(max(Double(own.probabilities[step][Int(label)]), 1e-9))
        wrong += own.labels[step] == Int(label) ? 0 : 1
        total += 1
      }
    }
    (loss, wrong) = (loss / max(1, total), wrong / max(1, total))
    return wrong + 1e-4 * min(loss, 1000)
  }
}

/// What networks say of clips.
struct WatchPrediction {
  /// For a clip, or each of its frames, the label that is decided, and the probabilities of all.
  struct Clip {
    var labels: [Int] = []
    var probabilities: [[Float]] = []
  }

  private(set) var clips: [Clip]

  init(_ inputs: ClipInputs, _ networks: [WatchNetwork]) throws {
    clips = Array(repeating: Clip(), count: inputs.clips.count)
    let heads = networks.compactMap(\.steps)
    let head = heads.isEmpty ? nil : StepHead.ensemble(heads)
    var none: RandomSource?
    for places in inputs.batches {
      let (frames, _) = inputs.batch(places, nil, random: &none)
      if let head {
        let scores = head.mean(of: try networks.map { try $0.scores(frames, random: &none) })
        let labels = try head.decode(scores)
        let count = head.labelCount
        let values = try head.probabilities(scores).rows.value.elements
        let rows = stride(from: 0, to: values.count, by: count).map {
          Array(values[$0..<$0 + count])
        }
        let probabilities = scores.layout.unpacking(rows)
        for (place, row) in zip(places, labels.indices) {
          clips[place] = Clip(
            labels: labels[row].map { Int($0) }, probabilities: probabilities[row])
        }
      } else {
        let all = try networks.map { try $0.logits(frames, random: &none).softmax() }
        let values = Variable.mean(of: all).value.elements
        let count = values.count / max(1, places.count)
        for (row, place) in places.enumerated() {
          let own = Array(values[row * count..<(row + 1) * count])
          clips[place] = Clip(labels: [Self.best(own)], probabilities: [own])
        }
      }
    }
  }

  /// The place of the greatest, the first of equals.
  static func best(_ values: [Float]) -> Int {
    values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? 0
  }
}
