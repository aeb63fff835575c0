import UnrollCore

/// How the outputs of two directions become one.
public enum DirectionMerge: String, Sendable, Codable, CaseIterable {
  /// Side by side: 2H features.
  case concatenate
  /// Their sum: H features.
  case sum
  /// Their mean: H features.
  case mean
}

/// One layer of a stack: one direction or two.
public struct RecurrentLayer<Cell: RecurrentCell>: Module {
  /// From the first step to the last.
  public var forward: Recurrent<Cell>
  /// From the last step to the first; `nil`: one direction only.
  public var backward: Recurrent<Cell>?
  /// How the two become one.
  public let merge: DirectionMerge

  public init(
    _ forward: Recurrent<Cell>, backward: Recurrent<Cell>? = nil, merge: DirectionMerge = .concatenate
  ) {
    require(
      backward.map { $0.reversed && !forward.reversed } ?? true,
      "RecurrentLayer: of two directions the forward one is not reversed and the backward one is; found reversed: "
        + "\(forward.reversed) and \(backward?.reversed ?? false)")
    self.forward = forward
    self.backward = backward
    self.merge = merge
  }

  /// The number of features of an output.
  public var outputSize: Int {
    forward.cell.hiddenSize * (backward != nil && merge == .concatenate ? 2 : 1)
  }

  /// The number of states: one a direction.
  var directions: Int { backward == nil ? 1 : 2 }

  func run(
    _ x: PackedSequence, initial: [Cell.State]?, random: inout RandomSource?, definition: Bool
  ) throws(ShapeError) -> (outputs: PackedSequence, final: [Cell.State]) {
    let (ahead, last) = try forward.run(x, initial: initial?[0], random: &random, definition: definition)
    guard let backward else { return (ahead, [last]) }
    let (back, first) = try backward.run(x, initial: initial?[1], random: &random, definition: definition)
    let rows =
      switch merge {
      case .concatenate: Variable.concatenated([ahead.rows, back.rows], axis: -1)
      case .sum: ahead.rows + back.rows
      case .mean: 0.5 * (ahead.rows + back.rows)
      }
    return (PackedSequence(rows: rows, layout: x.layout), [last, first])
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try forward.forEachParameter(parameterName(path, "forward"), body)
    try backward?.forEachParameter(parameterName(path, "backward"), body)
  }
}

/// A stack of recurrent layers, each reading the outputs of the one below.
///
///     let network = LSTM(inputSize: 128, hiddenSize: 256, layers: 2, bidirectional: true)
///     let (outputs, state) = try network(SequenceBatch(x))      // [T, B, 2H], a value you may keep
public struct RecurrentNetwork<Cell: RecurrentCell>: Module {
  /// The layers, the one that reads the input first.
  public var layers: [RecurrentLayer<Cell>]
  /// The share of features dropped between layers while training.
  public var dropout: Float

  /// A stack of given layers.
  public init(layers: [RecurrentLayer<Cell>], dropout: Float = 0) {
    self.layers = layers
    self.dropout = dropout
  }

  /// The number of features of an output.
  public var outputSize: Int { layers.last?.outputSize ?? 0 }

  /// Runs over a batch of sequences.
  ///
  /// - Parameters:
  ///   - x: `[T, B, I]` with lengths.
  ///   - initialState: the states before the first step, one a layer and direction: layer 0 forward, layer 0
  ///     backward, layer 1 forward…; `nil`: learned states where there are some, else zeros.
  /// - Returns: outputs `[T, B, outputSize]`, zeros in the padding, and the states after the last step.
  /// - Throws: `ShapeError` when the input or a state does not fit.
  public func callAsFunction(
    _ x: SequenceBatch, initialState: [Cell.State]? = nil
  ) throws(ShapeError) -> (outputs: SequenceBatch, state: [Cell.State]) {
    var none: RandomSource?
    return try callAsFunction(x, initialState: initialState, random: &none)
  }

  /// The same with randomness for dropout and noise; `nil` when not training.
  public func callAsFunction(
    _ x: SequenceBatch, initialState: [Cell.State]? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: SequenceBatch, state: [Cell.State]) {
    let (outputs, state) = try callAsFunction(PackedSequence(x), initialState: initialState, random: &random)
    return (try outputs.padded(timeSteps: x.timeSteps), state)
  }

  /// The same for packed sequences, `[N, I]`; states are in the order in which the sequences were given.
  public func callAsFunction(
    _ x: PackedSequence, initialState: [Cell.State]? = nil
  ) throws(ShapeError) -> (outputs: PackedSequence, state: [Cell.State]) {
    var none: RandomSource?
    return try callAsFunction(x, initialState: initialState, random: &none)
  }

  /// The same with randomness for dropout and noise; `nil` when not training.
  public func callAsFunction(
    _ x: PackedSequence, initialState: [Cell.State]? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, state: [Cell.State]) {
    let layout = x.layout
    let order = layout.sortedSequences
    let initial = layout.isSorted ? initialState : initialState?.map { $0.reordered(order) }
    let (outputs, final) = try Kernels.flushingDenormals { () throws(ShapeError) in
      try run(x, initial: initial, random: &random)
    }
    return (outputs, layout.isSorted ? final : final.map { $0.reordered(layout.givenSequences) })
  }

  /// Runs over packed sequences; states are in the order of the layout, longest sequence first.
  package func run(
    _ x: PackedSequence, initial: [Cell.State]? = nil, random: inout RandomSource?, definition: Bool = false
  ) throws(ShapeError) -> (outputs: PackedSequence, final: [Cell.State]) {
    let wanted = layers.reduce(0) { $0 + $1.directions }
    if let initial, initial.count != wanted {
      throw ShapeError(
        place: "RecurrentNetwork.initialState", expected: "\(wanted) states", found: [initial.count])
    }
    var current = x
    var final: [Cell.State] = []
    for (index, layer) in layers.enumerated() {
      if index > 0 && dropout > 0 {
        current = PackedSequence(
          rows: Dropout(rate: dropout)(current.rows, random: &random), layout: current.layout)
      }
      let states = initial.map { Array($0[final.count..<final.count + layer.directions]) }
      let (outputs, last) = try layer.run(current, initial: states, random: &random, definition: definition)
      current = outputs
      final += last
    }
    return (current, final)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    for index in layers.indices {
      try layers[index].forEachParameter(parameterName(path, "layers.\(index)"), body)
    }
  }
}

extension RecurrentNetwork where Cell: StandardCell {
  /// A stack of layers of given sizes with random weights.
  ///
  /// - Parameters:
  ///   - hiddenSizes: H of each layer, the one that reads the input first.
  ///   - bidirectional: whether each layer reads in both directions.
  ///   - merge: how two directions become one.
  ///   - dropout: the share of features dropped between layers while training.
  ///   - noise: noise within each layer while training; the last stands for all that follow.
  ///   - learnsInitialState: whether the states before the first step are parameters.
  public init(
    inputSize: Int, hiddenSizes: [Int], bidirectional: Bool = false, merge: DirectionMerge = .concatenate,
    dropout: Float = 0, noise: [RecurrentNoise] = [], learnsInitialState: Bool = false,
    using random: inout RandomSource
  ) {
    var stack: [RecurrentLayer<Cell>] = []
    for (index, hiddenSize) in hiddenSizes.enumerated() {
      let inputs = stack.last?.outputSize ?? inputSize
      let own = index < noise.count ? noise[index] : noise.last ?? .none
      func direction(_ reversed: Bool) -> Recurrent<Cell> {
        Recurrent(
          Cell(inputSize: inputs, hiddenSize: hiddenSize, using: &random), reversed: reversed, noise: own,
          learnsInitialState: learnsInitialState)
      }
      let forward = direction(false)
      stack.append(
        RecurrentLayer(forward, backward: bidirectional ? direction(true) : nil, merge: merge))
    }
    self.init(layers: stack, dropout: dropout)
  }

  /// A stack of equal layers with random weights.
  public init(
    inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
    merge: DirectionMerge = .concatenate, dropout: Float = 0, noise: RecurrentNoise = .none,
    learnsInitialState: Bool = false, using random: inout RandomSource
  ) {
    self.init(
      inputSize: inputSize, hiddenSizes: Array(repeating: hiddenSize, count: max(0, layers)),
      bidirectional: bidirectional, merge: merge, dropout: dropout, noise: [noise],
      learnsInitialState: learnsInitialState, using: &random)
  }

  /// The same from a seed.
  public init(
    inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
    merge: DirectionMerge = .concatenate, dropout: Float = 0, noise: RecurrentNoise = .none,
    learnsInitialState: Bool = false, seed: UInt64 = 0
  ) {
    var random = RandomSource(seed: seed)
    self.init(
      inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
      merge: merge, dropout: dropout, noise: noise, learnsInitialState: learnsInitialState, using: &random)
  }
}

/// A stack of long short-term memories.
public typealias LSTM = RecurrentNetwork<LSTMCell>
/// A stack of long short-term memories with peepholes.
public typealias PeepholeLSTM = RecurrentNetwork<PeepholeLSTMCell>
/// A stack of long short-term memories with layer normalisation.
public typealias LayerNormLSTM = RecurrentNetwork<LayerNormLSTMCell>
/// A stack of gated recurrent units that reset after the recurrent product.
public typealias GRU = RecurrentNetwork<GRUCell>
/// A stack of gated recurrent units that reset before the recurrent product.
public typealias ResetBeforeGRU = RecurrentNetwork<ResetBeforeGRUCell>
/// A stack of simple recurrent cells with tanh.
public typealias ElmanRNN = RecurrentNetwork<ElmanCell>
/// A stack of simple recurrent cells with max(0, ·).
public typealias ReLUElmanRNN = RecurrentNetwork<ReLUElmanCell>
