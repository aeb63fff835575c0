import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Training on drawings, each stretched anew in every epoch.
public struct DrawWork: TrainingWork {
  /// Drawings on the network's scale, with the number of their label.
  typealias Drawings = [(steps: [PenDrawing.Step], label: Int?)]

  private let drawings: Drawings
  private let validation: Drawings?
  private let settings: DrawSettings
  private let inputSize: Int
  private var batches: [[Int]] = []
  private var factors: [(x: Float, y: Float)] = []

  init(_ drawings: Drawings, validation: Drawings?, _ settings: DrawSettings, inputSize: Int) {
    self.drawings = drawings
    self.validation = validation
    self.settings = settings
    self.inputSize = inputSize
    // The trainer asks for the number of steps before it begins an epoch.
    var random = RandomSource(seed: settings.learning.seed)
    beginEpoch(0, using: &random)
  }

  public var stepsPerEpoch: Int { batches.count }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    func factor() -> Float { 1 + settings.stretch * (2 * Float(random.next() >> 40) * 0x1p-24 - 1) }
    factors = drawings.map { _ in (factor(), factor()) }
    batches = LengthBatcher<Int>.epoch(
      lengths: drawings.map(\.steps.count),
      BatchBudget(tokens: .max, examples: settings.learning.batchSize), pool: 16, random: &random)
  }

  public func loss(
    _ model: DrawNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let steps = batches[step].map { index in
      drawings[index].steps.map {
        PenDrawing.Step(dx: $0.dx * factors[index].x, dy: $0.dy * factors[index].y, lifts: $0.lifts)
      }
    }
    let batch = DrawBatch(steps, labels: batches[step].map { drawings[$0].label }, inputSize: inputSize)
    return (try model.loss(batch, random: &random), nil)
  }

  /// Nats a point.
  public func validate(_ model: DrawNetwork) throws -> Double? {
    try validation.map { try DrawScore(model, $0, inputSize: inputSize).perPoint }
  }
}

/// How surprising drawings are, in nats: where the pen goes, and whether it is lifted or the drawing ends.
struct DrawScore {
  /// Of each drawing.
  private(set) var offsets: [Double] = []
  private(set) var states: [Double] = []
  private(set) var points: [Int] = []

  init(_ network: DrawNetwork, _ drawings: DrawWork.Drawings, inputSize: Int) throws(ShapeError) {
    var start = 0
    while start < drawings.count {
      let own = drawings[start..<min(drawings.count, start + Self.together)]
      let batch = DrawBatch(own.map(\.steps), labels: own.map(\.label), inputSize: inputSize)
      var none: RandomSource?
      let losses = try network.losses(batch, random: &none)
      offsets += batch.layout.unpacking(losses.offsets.value.doubles).map { $0.reduce(0, +) }
      states += batch.layout.unpacking(losses.states.value.doubles).map { $0.reduce(0, +) }
      points += own.map(\.steps.count)
      start += Self.together
    }
  }

  private static let together = 64

  private func mean(_ sums: [Double]) -> Double { sums.reduce(0, +) / Double(max(1, points.reduce(0, +))) }
  var offsetPerPoint: Double { mean(offsets) }
  var statePerPoint: Double { mean(states) }
  var perPoint: Double { offsetPerPoint + statePerPoint }
}
