import UnrollCore
import UnrollNetworks
import UnrollTraining

/// y = W₂ tanh(W₁ x + b₁) + b₂, small enough to train in a blink.
struct SmallNetwork: Module {
  var hidden: Linear
  var output: Linear

  init(inputs: Int = 3, hidden units: Int = 8, seed: UInt64 = 1) {
    var random = RandomSource(seed: seed)
    hidden = Linear(inputSize: inputs, outputSize: units, using: &random)
    output = Linear(inputSize: units, outputSize: 1, using: &random)
  }

  func callAsFunction(_ x: Variable) throws(ShapeError) -> Variable { try output(hidden(x).tanh()) }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try hidden.forEachParameter(parameterName(path, "hidden"), body)
    try output.forEachParameter(parameterName(path, "output"), body)
  }
}

/// Takes notes from within a training: the weights that each step starts from.
final class Notes: Sendable {
  private let list = Guarded<[[Tensor]]>([])
  func add(_ weights: [Tensor]) { list.withLock { $0.append(weights) } }
  var weights: [[Tensor]] { list.withLock { $0 } }
}

/// Fits y = cos(2x₀) − x₁·x₂ from 64 examples, in steps of 16.
struct CurveWork: TrainingWork {
  var inputs: [Float]
  var targets: [Float]
  var stepsPerEpoch = 4
  /// What `validate` says after each epoch; beyond the list, or where nothing stands, nothing.
  var verdicts: [Double?] = []
  var dropout: Float = 0
  var notes: Notes?
  var pause: Duration = .zero
  private var epoch = 0
  private var order = Array(0..<64)

  init(seed: UInt64 = 3) {
    var random = RandomSource(seed: seed)
    inputs = (0..<192).map { _ in 2 * random.uniform() - 1 }
    targets = []
    for row in 0..<64 {
      let x = inputs[3 * row..<3 * row + 3].map { Double($0) }
      targets.append(Float(cosine(2 * x[0]) - x[1] * x[2]))
    }
  }

  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    self.epoch = epoch
    order.shuffle(using: &random)
  }

  func loss(
    _ model: SmallNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    notes?.add(model.parameters.map(\.value))
    if pause > .zero {
      let clock = ContinuousClock()
      let end = clock.now + pause
      while clock.now < end {}
    }
    let rows = order[16 * (step % 4)..<16 * (step % 4) + 16]
    let x = Variable(Tensor(rows.flatMap { inputs[3 * $0..<3 * $0 + 3] }, shape: [16, 3]))
    let prediction = try model(Dropout(rate: dropout)(x, random: &random))
    return (
      LossSum(try Loss.squaredError(prediction, Tensor(rows.map { targets[$0] }, shape: [16, 1]))), nil
    )
  }

  func validate(_ model: SmallNetwork) throws -> Double? {
    verdicts.indices.contains(epoch - 1) ? verdicts[epoch - 1] : nil
  }
}

/// What a training reported, in order.
final class Reports {
  var started: [(parameters: Int, epochs: Int, steps: Int)] = []
  var steps: [StepReport] = []
  var epochs: [EpochReport] = []
  var ends: [TrainingEnd] = []
  /// A letter an event, in the order in which they came.
  var order = ""

  func take(_ event: TrainingEvent) {
    switch event {
    case .started(let parameters, let epochs, let steps):
      started.append((parameters, epochs, steps))
      order += "<"
    case .step(let step):
      steps.append(step)
      order += "s"
    case .epoch(let epoch):
      epochs.append(epoch)
      order += "e"
    case .finished(let end, _):
      ends.append(end)
      order += ">"
    }
  }
}

extension Module {
  var weights: [[Float]] { parameters.map(\.value.elements) }
}
