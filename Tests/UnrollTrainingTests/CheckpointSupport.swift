import UnrollCore
import UnrollNetworks
import UnrollTraining

/// The end of a process, as far as a test can have it: nothing of the trainer is done any more.
struct Killed: Error {}

/// Counts steps, and kills in the one after so many.
final class Life: Sendable {
  private let left: Guarded<Int>
  init(steps: Int) { left = Guarded(steps) }

  func step() throws {
    try left.withLock {
      if $0 == 0 { throw Killed() }
      $0 -= 1
    }
  }
}

/// Some work whose process is killed after so many steps.
struct Mortal<Work: TrainingWork>: TrainingWork {
  var work: Work
  let life: Life

  var stepsPerEpoch: Int { work.stepsPerEpoch }
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    work.beginEpoch(epoch, using: &random)
  }
  mutating func skip(steps: Int) throws { try work.skip(steps: steps) }
  func loss(
    _ model: Work.Model, step: Int, carry: Work.Carry?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Work.Carry?) {
    try life.step()
    return try work.loss(model, step: step, carry: carry, random: &random)
  }
  func validate(_ model: Work.Model) throws -> Double? { try work.validate(model) }
  func tensors(of carry: Work.Carry) -> [[Tensor]]? { work.tensors(of: carry) }
  func carry(of tensors: [[Tensor]]) -> Work.Carry? { work.carry(of: tensors) }
}

/// The outcome of a training, bit for bit, without the times.
struct Outcome: Equatable {
  let weights: [[Float]]
  let losses: [Double]
  let validations: [Double?]
  let improved: [Bool]
  let rates: [Float]
  let bestEpoch: Int?
  let end: TrainingEnd

  init<Model: Module>(_ result: TrainingResult<Model>) {
    weights = result.model.weights
    losses = result.history.map(\.loss)
    validations = result.history.map(\.validation)
    improved = result.history.map(\.improved)
    rates = result.history.map(\.learningRate)
    bestEpoch = result.best?.epoch
    end = result.end
  }
}

/// Trains in processes that live for the given numbers of steps, then in one that lives on.
func train<Work: TrainingWork>(
  _ work: Work, _ model: Work.Model, _ plan: TrainingPlan, in folder: String,
  every interval: TrainingJournal.Interval, killedAfter lives: [Int],
  note: @escaping (String) -> Void = { _ in }
) throws -> TrainingResult<Work.Model> {
  for steps in lives {
    do {
      let journal = try TrainingJournal(folder: folder, every: interval, note: note)
      return try Trainer(
        Mortal(work: work, life: Life(steps: steps)), model: model, plan: plan, journal: journal
      ).run()
    } catch is Killed {}
  }
  let journal = try TrainingJournal(folder: folder, every: interval, note: note)
  return try Trainer(work, model: model, plan: plan, journal: journal).run()
}

/// Reads streams in short pieces with the state handed on, and is judged.
struct StreamWork<State: RecurrentState, Cell: StandardCell>: TrainingWork where Cell.State == State {
  struct Model: Module {
    var core: RecurrentNetwork<Cell>
    var head: Linear
    init() {
      var random = RandomSource(seed: 5)
      core = RecurrentNetwork(inputSize: 1, hiddenSize: 7, layers: 2, dropout: 0.2, using: &random)
      head = Linear(inputSize: 7, outputSize: 1, using: &random)
    }
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try core.forEachParameter(parameterName(path, "core"), body)
      try head.forEachParameter(parameterName(path, "head"), body)
    }
  }

  let stepsPerEpoch = 5
  private let streams = 3
  private let length = 4
  private var values: [Float]

  init() {
    var random = RandomSource(seed: 8)
    values = (0..<(5 * length + 1) * streams).map { _ in random.uniform() }
  }

  /// The values are shuffled, so that an epoch depends on all before it.
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) { values.shuffle(using: &random) }

  func loss(
    _ model: Model, step: Int, carry: [State]?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: [State]?) {
    let start = step * length * streams
    func piece(_ first: Int) -> Tensor {
      Tensor(Array(values[first..<first + length * streams]), shape: [length, streams, 1])
    }
    let (outputs, state) = try model.core(
      SequenceBatch(piece(start)), initialState: carry, random: &random)
    return (
      LossSum(try Loss.squaredError(model.head(outputs.values), piece(start + streams))),
      state.map(\.detached)
    )
  }

  func validate(_ model: Model) throws -> Double? {
    var none: RandomSource?
    return Double(try loss(model, step: 2, carry: nil, random: &none).loss.mean.value.scalar)
  }

  func tensors(of carry: [State]) -> [[Tensor]]? { carry.map { $0.parts.map(\.value) } }
  func carry(of tensors: [[Tensor]]) -> [State]? {
    tensors.map { State(parts: $0.map { Variable($0) }) }
  }
}
