import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Truncated backpropagation through time: long streams in short pieces, with the state handed on.
struct TrainerCarryTests {
  private struct Reader: Module {
    var core: GRU
    var head: Linear
    init(inputs: Int = 1, units: Int = 16) {
      var random = RandomSource(seed: 5)
      core = GRU(inputSize: inputs, hiddenSize: units, using: &random)
      head = Linear(inputSize: units, outputSize: 1, using: &random)
    }
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try core.forEachParameter(parameterName(path, "core"), body)
      try head.forEachParameter(parameterName(path, "head"), body)
    }
  }

  /// Says the sign before the last of streams of random signs: of a piece of two steps, the first can be known
  /// only from the piece before.
  private struct EchoWork: TrainingWork {
    static let length = 2
    let streams: Int
    let carries: Bool
    let stepsPerEpoch = 12
    private var signs: [Float] = []

    init(carries: Bool, streams: Int = 16) {
      self.carries = carries
      self.streams = streams
    }

    /// A new stream each epoch: nothing can be learned by heart.
    mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
      signs = (0..<(stepsPerEpoch * Self.length + 1) * streams).map { _ in random.next() & 1 == 0 ? 1 : -1 }
    }

    /// Inputs and targets of a piece, `[T, B, 1]`.
    func piece(_ step: Int, count: Int = length) -> (x: Tensor, y: Tensor) {
      let start = (step * Self.length + 1) * streams
      let shape: Shape = [count, streams, 1]
      return (
        Tensor(Array(signs[start..<start + count * streams]), shape: shape),
        Tensor(Array(signs[start - streams..<start - streams + count * streams]), shape: shape)
      )
    }

    func loss(
      _ model: Reader, step: Int, carry: [HiddenState]?, random: inout RandomSource?
    ) throws -> (loss: LossSum, carry: [HiddenState]?) {
      let (x, y) = piece(step)
      let (outputs, state) = try model.core(SequenceBatch(x), initialState: carries ? carry : nil)
      return (LossSum(try Loss.squaredError(model.head(outputs.values), y)), state.map(\.detached))
    }

    func validate(_ model: Reader) throws -> Double? { nil }
  }

  private static func plan(_ epochs: Int) -> TrainingPlan {
    TrainingPlan(
      epochs: epochs, optimizer: Adam(learningRate: 0.02), clipNorm: nil)
  }

  @Test func carriedStatesAreNeededAndUsed() throws {
    func train(_ carries: Bool) throws -> Double {
      let result = try Trainer(EchoWork(carries: carries), model: Reader(), plan: Self.plan(25)).run()
      return result.history[24].loss
    }
    // Without the state, half of the answers are guesses between −1 and 1: their mean squared error is 1.
    #expect(try train(false) > 0.45)
    // With it, only the first answer of each epoch is one: 1 of 24.
    #expect(try train(true) < 0.1)
  }

  @Test func noGradientCrossesABoundary() throws {
    let reports = Reports()
    var work = EchoWork(carries: true)
    _ = try Trainer(
      work, model: Reader(),
      plan: {
        var plan = Self.plan(1)
        // Weights that stay, so that every piece sees the same ones.
        plan.optimizer = SGD(learningRate: 0)
        return plan
      }(), report: reports.take
    ).run()

    var random = RandomSource(seed: 0)
    work.beginEpoch(1, using: &random)
    let model = Reader()
    let (first, second) = (work.piece(0), work.piece(1))
    let (_, state) = try model.core(SequenceBatch(first.x))
    func norm(_ gradients: Gradients) -> Double { GradientClipping.globalNorm(gradients.tensors) }

    let (_, cut) = try valueWithGradient(of: model) { model in
      let (outputs, _) = try model.core(SequenceBatch(second.x), initialState: state)
      return try Loss.squaredError(model.head(outputs.values), second.y)
    }
    let (_, whole) = try valueWithGradient(of: model) { model in
      let (_, state) = try model.core(SequenceBatch(first.x))
      let (outputs, _) = try model.core(SequenceBatch(second.x), initialState: state)
      return try Loss.squaredError(model.head(outputs.values), second.y)
    }
    let found = reports.steps[1].gradientNorm
    #expect(abs(found - norm(cut)) < 1e-6 * norm(cut))
    #expect(abs(found - norm(whole)) > 1e-3 * norm(whole))
  }

  /// Each epoch starts anew: the state of the last piece is not handed to the first.
  @Test func nothingIsCarriedIntoAnEpoch() throws {
    struct Counting: TrainingWork {
      let stepsPerEpoch = 3
      let notes: Notes
      mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {}
      func loss(
        _ model: Reader, step: Int, carry: Float?, random: inout RandomSource?
      ) throws -> (loss: LossSum, carry: Float?) {
        notes.add([Tensor(carry ?? -1)])
        return (LossSum(model.head.weight.variable.square().sum()), Float(step))
      }
      func validate(_ model: Reader) throws -> Double? { nil }
    }
    let notes = Notes()
    _ = try Trainer(Counting(notes: notes), model: Reader(), plan: Self.plan(2)).run()
    #expect(notes.weights.map { $0[0].scalar } == [-1, 0, 1, -1, 0, 1])
  }

  /// Large enough that the work is shared out.
  @Test func threadsDoNotChangeABit() throws {
    func train(_ threads: Int?) throws -> [[Float]] {
      try WorkerPool.$limit.withValue(threads) {
        try Trainer(
          EchoWork(carries: true, streams: 96), model: Reader(units: 96), plan: Self.plan(1)
        ).run().model.weights
      }
    }
    let alone = try train(1)
    #expect(try train(2) == alone)
    #expect(try train(nil) == alone)
    #expect(alone != Reader(units: 96).weights)
  }
}
