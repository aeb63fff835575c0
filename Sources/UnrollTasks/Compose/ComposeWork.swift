import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Training on pieces: each epoch moves them by some semitones, and cuts long ones elsewhere.
public struct ComposeWork: TrainingWork {
  private let pieces: [[[Int32]]]
  private let validation: [[[Int32]]]?
  private let settings: ComposeSettings
  private var sequences: [(before: [Int32]?, steps: ArraySlice<[Int32]>)] = []
  private var batches: [[Int]] = []

  init(_ pieces: [[[Int32]]], validation: [[[Int32]]]?, _ settings: ComposeSettings) {
    self.pieces = pieces
    self.validation = validation
    self.settings = settings
    // The trainer asks for the number of steps before it begins an epoch.
    var random = RandomSource(seed: settings.learning.seed)
    beginEpoch(0, using: &random)
  }

  /// To within a few, for pieces are cut anew for each epoch.
  public var stepsPerEpoch: Int { batches.count }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    sequences = []
    let length = settings.sequenceLength
    for piece in pieces {
      let keys = piece.joined()
      let (low, high) = (Int(keys.min() ?? 0), Int(keys.max() ?? 0))
      let down = min(settings.transpose, low)
      let up = min(settings.transpose, Keyboard.count - 1 - high)
      let shift = Int32(random.below(down + up + 1) - down)
      let moved = shift == 0 ? piece : piece.map { $0.map { $0 + shift } }
      // The first cut leaves a beginning of any length.
      var start = 0
      var end = moved.count <= length ? moved.count : 1 + random.below(length)
      while start < moved.count {
        sequences.append((start == 0 ? nil : moved[start - 1], moved[start..<end]))
        start = end
        end = min(moved.count, end + length)
      }
    }
    batches = LengthBatcher<Int>.epoch(
      lengths: sequences.map(\.steps.count),
      BatchBudget(tokens: .max, examples: settings.learning.batchSize), pool: 16, random: &random)
  }

  public func loss(
    _ model: ComposeNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    (try model.loss(ComposeBatch(batches[step].map { sequences[$0] }), random: &random), nil)
  }

  /// Nats a step, as pieces are scored.
  public func validate(_ model: ComposeNetwork) throws -> Double? {
    try validation.map { try ComposeScore([model], $0).perStep }
  }
}

/// How surprising pieces are, step by step, in nats. The first step of a piece follows on nothing: it is counted by
/// itself (Boulanger-Lewandowski, Bengio and Vincent 2012 predict each step from those before it; all steps of all pieces
/// are pooled).
struct ComposeScore {
  /// Of each piece, −ln p of each step.
  private(set) var losses: [[Double]]

  /// The probability of a step is the mean of those that the networks give.
  init(_ networks: [ComposeNetwork], _ pieces: [[[Int32]]]) throws(ShapeError) {
    losses = []
    for piece in pieces {
      var own: [[Double]] = []
      for network in networks { own.append(try network.losses(piece)) }
      losses.append(
        piece.indices.map { step in
          guard own.count > 1 else { return own[0][step] }
          let least = own.map { $0[step] }.min() ?? 0
          let sum = own.reduce(0) { $0 + exponential(least - $1[step]) }
          return least - naturalLogarithm(sum / Double(own.count))
        })
    }
  }

  /// Without the first step of each piece.
  var perStep: Double { Self.mean(losses.flatMap { $0.dropFirst() }) }
  var withFirst: Double { Self.mean(losses.flatMap { $0 }) }

  static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }
}
