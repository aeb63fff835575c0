import Unroll

/// Sequences of the adding problem (Hochreiter and Schmidhuber 1997, section 5.4; as posed by Le, Jaitly and
/// Hinton 2015, section 4.1).
///
/// Each step shows a number between 0 and 1 and a mark. Two steps are marked with 1, one in each half of the
/// sequence; all others with 0. The answer is the sum of the two marked numbers. Always to answer 1, the mean,
/// gives a squared error of 1/6 ≈ 0.167, the variance of the answer.
struct AddingBatch: Sendable {
  /// Number and mark: `[T, B, 2]`.
  let steps: SequenceBatch
  /// `[B, 1]`.
  let sums: Tensor

  init(timeSteps: Int, count: Int, using random: inout RandomSource) throws(ShapeError) {
    var values = Tensor.zeros([timeSteps, count, 2])
    var sums = Tensor.zeros([count, 1])
    values.withUnsafeMutableElements { values in
      for place in 0..<timeSteps * count { values[2 * place] = random.uniform() }
    }
    let half = timeSteps / 2
    for sequence in 0..<count {
      for step in [random.below(half), half + random.below(timeSteps - half)] {
        let place = 2 * (step * count + sequence)
        values[place + 1] = 1
        sums[sequence] += values[place]
      }
    }
    self.steps = try SequenceBatch(values)
    self.sums = sums
  }
}

/// A recurrent layer that reads a sequence, and a linear map from its last hidden state to the answer.
struct AddingNetwork<Cell: RecurrentCell>: Module {
  var core: RecurrentNetwork<Cell>
  var head: Linear

  init(_ cell: Cell, head: Linear) {
    core = RecurrentNetwork(layers: [RecurrentLayer(Recurrent(cell))])
    self.head = head
  }

  init(_ cell: Cell, using random: inout RandomSource) {
    self.init(cell, head: Linear(inputSize: cell.hiddenSize, outputSize: 1, using: &random))
  }

  /// The cell of the only layer.
  var cell: Cell { core.layers[0].forward.cell }

  /// Answers `[B, 1]`.
  func callAsFunction(_ steps: SequenceBatch) throws(ShapeError) -> Variable {
    try head(core(steps).state[0].parts[0])
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try core.forEachParameter(parameterName(path, "core"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

/// Training on the adding problem: new sequences at every step, so that nothing can be learned by heart.
struct AddingWork<Cell: RecurrentCell>: TrainingWork {
  let timeSteps: Int
  let batchSize: Int
  let stepsPerEpoch: Int
  /// What each epoch is judged on.
  let validation: AddingBatch
  private var sources: [RandomSource] = []

  init(timeSteps: Int, batchSize: Int, stepsPerEpoch: Int, validation: AddingBatch) {
    self.timeSteps = timeSteps
    self.batchSize = batchSize
    self.stepsPerEpoch = stepsPerEpoch
    self.validation = validation
  }

  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    sources = (0..<stepsPerEpoch).map { _ in random.split() }
  }

  func loss(
    _ network: AddingNetwork<Cell>, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    var source = sources[step]
    let batch = try AddingBatch(timeSteps: timeSteps, count: batchSize, using: &source)
    return (LossSum(try Loss.squaredError(network(batch.steps), batch.sums, reduction: .none)), nil)
  }

  func validate(_ network: AddingNetwork<Cell>) throws -> Double? {
    Double(try Loss.squaredError(network(validation.steps), validation.sums).value.scalar)
  }
}
