import UnrollCore
import UnrollNetworks

/// A network and a task for it, drawn at random from a seed.
struct Configuration: Sendable, CustomStringConvertible {
  enum InitialState: String, CaseIterable, Sendable { case zeros, given, learned }
  enum LossKind: String, CaseIterable, Sendable {
    case squared, absolute, huber, quantile, gaussian, studentT, crossEntropy

    /// Outputs of the head for each step.
    var outputs: Int {
      switch self {
      case .squared, .absolute, .huber: 2
      case .quantile, .studentT: 3
      case .gaussian: 2
      case .crossEntropy: 5
      }
    }
  }

  let seed: UInt64
  let cell: CellKind
  let layers: Int
  let bidirectional: Bool
  let merge: DirectionMerge
  let inputSize: Int
  let hiddenSize: Int
  let lengths: [Int]
  /// Steps of the padded tensor beyond the longest sequence.
  let padding: Int
  let initial: InitialState
  let dropout: Float
  let noise: RecurrentNoise
  /// Whether randomness is passed in.
  let training: Bool
  let definition: Bool
  let loss: LossKind
  let weighted: Bool

  init(seed: UInt64) {
    var random = RandomSource(seed: seed)
    func one<T>(of choices: [T]) -> T { choices[random.below(choices.count)] }
    func rate() -> Float { one(of: [0, 0, 0.2, 0.5]) }
    self.seed = seed
    cell = one(of: CellKind.allCases)
    layers = one(of: [1, 1, 2, 3])
    bidirectional = one(of: [false, true])
    merge = one(of: DirectionMerge.allCases)
    inputSize = 1 + random.below(17)
    hiddenSize = 1 + random.below(17)
    let longest = 1 + random.below(6)
    lengths = (0..<1 + random.below(4)).map { _ in random.below(longest + 1) }
    padding = one(of: [0, 0, 1, 2])
    initial = one(of: InitialState.allCases)
    dropout = rate()
    noise =
      one(of: [false, true])
      ? .none
      : RecurrentNoise(
        inputDropout: rate(), recurrentDropout: rate(), zoneoutHidden: rate(), zoneoutCell: rate())
    training = one(of: [false, true, true])
    definition = one(of: [false, false, true])
    loss = one(of: LossKind.allCases)
    weighted = one(of: [false, true])
  }

  var description: String {
    "seed \(seed): \(cell) × \(layers)\(bidirectional ? ", both directions by \(merge)" : ""), \(inputSize) → "
      + "\(hiddenSize), lengths \(lengths) + \(padding), \(initial) state, dropout \(dropout), \(noise), "
      + "\(training ? "training" : "not training"), \(definition ? "stepwise" : "fused"), \(loss)"
      + (weighted ? ", weighted" : "")
  }
}

/// A recurrent network with a head: what the configurations differentiate.
struct HeadedNetwork<Cell: StandardCell>: Module {
  var core: RecurrentNetwork<Cell>
  var head: Linear

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try core.forEachParameter(parameterName(path, "core"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

/// A configuration with its network and numbers, in double precision.
struct ConfiguredRun<Cell: StandardCell>: Sendable {
  let configuration: Configuration
  var network: HeadedNetwork<Cell>
  /// The padded input, then the parts of the given initial states.
  var inputs: [Tensor]
  private let target: Tensor
  private let weights: Tensor?
  private let labels: [Int32]

  init(_ type: Cell.Type, _ configuration: Configuration) {
    self.configuration = configuration
    var random = RandomSource(seed: configuration.seed &+ 1_000_000)
    let core = RecurrentNetwork<Cell>(
      inputSize: configuration.inputSize, hiddenSize: configuration.hiddenSize, layers: configuration.layers,
      bidirectional: configuration.bidirectional, merge: configuration.merge, dropout: configuration.dropout,
      noise: configuration.noise, learnsInitialState: configuration.initial == .learned, using: &random)
    let outputs = configuration.loss.outputs
    let head = Linear(inputSize: core.outputSize, outputSize: outputs, using: &random)
    network = HeadedNetwork(core: core, head: head).perturbed(using: &random).converted(to: .double)
    let steps = (configuration.lengths.max() ?? 0) + configuration.padding
    let batch = configuration.lengths.count
    inputs = [.normal(shape: [steps, batch, configuration.inputSize], using: &random)]
    if configuration.initial == .given {
      for layer in core.layers {
        for recurrent in [layer.forward] + (layer.backward.map { [$0] } ?? []) {
          inputs += recurrent.cell.initialState(batch: batch).parts.map {
            .normal(deviation: 0.5, shape: $0.shape, using: &random)
          }
        }
      }
    }
    inputs = inputs.map { $0.converted(to: .double) }
    let width = [.squared, .absolute, .huber].contains(configuration.loss) ? outputs : 1
    let shape: Shape = configuration.loss == .quantile ? [steps, batch] : [steps, batch, width]
    target = .normal(shape: shape, using: &random)
    weights = configuration.weighted ? .uniform(0...2, shape: shape, using: &random) : nil
    labels = (0..<steps * batch).map { _ in Int32(random.below(outputs + 1)) - 1 }
  }

  /// The loss of the network's outputs plus a mixture of its final states.
  func loss(_ network: HeadedNetwork<Cell>, _ inputs: [Variable]) throws(ShapeError) -> Variable {
    let batch = try SequenceBatch(inputs[0], lengths: configuration.lengths)
    var random: RandomSource? = configuration.training ? RandomSource(seed: configuration.seed) : nil
    let initial = given(Array(inputs.dropFirst()))
    let outputs: SequenceBatch
    let final: [Cell.State]
    if configuration.definition {
      let packed = PackedSequence(batch)
      let order = packed.layout.sortedSequences
      let (rows, states) = try network.core.run(
        packed, initial: initial?.map { $0.reordered(order) }, random: &random, definition: true)
      outputs = try rows.padded(timeSteps: batch.timeSteps)
      final = states.map { $0.reordered(packed.layout.givenSequences) }
    } else {
      (outputs, final) = try network.core(batch, initialState: initial, random: &random)
    }
    var loss = try score(SequenceBatch(network.head(outputs.values), lengths: configuration.lengths))
    for (index, state) in final.enumerated() {
      for (part, value) in state.parts.enumerated() {
        loss = loss + mixed(value, seed: UInt64(10 * index + part))
      }
    }
    return loss
  }

  private func given(_ parts: [Variable]) -> [Cell.State]? {
    guard configuration.initial == .given else { return nil }
    let width = network.core.layers[0].forward.cell.initialState(batch: 1).parts.count
    return stride(from: 0, to: parts.count, by: width).map {
      Cell.State(parts: Array(parts[$0..<$0 + width]))
    }
  }

  private func score(_ y: SequenceBatch) throws(ShapeError) -> Variable {
    let values = y.values
    func column(_ index: Int) -> Variable { values.columns(index..<index + 1) }
    switch configuration.loss {
    case .squared: return try Loss.squaredError(values, target, weights: weights)
    case .absolute: return try Loss.absoluteError(values, target, weights: weights)
    case .huber: return try Loss.huber(values, target, delta: 0.7, weights: weights)
    case .quantile: return try Loss.quantile(values, target, levels: [0.1, 0.5, 0.8], weights: weights)
    case .gaussian:
      return try Loss.gaussian(
        mean: column(0), deviation: column(1).softplus() + 0.1, target, weights: weights)
    case .studentT:
      return try Loss.studentT(
        location: column(0), scale: column(1).softplus() + 0.1, degrees: column(2).softplus() + 1, target,
        weights: weights)
    case .crossEntropy: return try Loss.crossEntropy(y, labels, reduction: .sum)
    }
  }
}
