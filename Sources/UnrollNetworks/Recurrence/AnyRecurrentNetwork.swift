import UnrollCore

/// The cells that a name can ask for.
public enum CellKind: String, Sendable, Codable, CaseIterable {
  case elman
  case elmanReLU = "elman-relu"
  case lstm
  case peepholeLSTM = "lstm-peephole"
  case layerNormLSTM = "lstm-layernorm"
  case gru
  case resetBeforeGRU = "gru-reset-before"

  /// The number of gates, which says how many weights a unit has.
  public var gates: Int {
    switch self {
    case .elman, .elmanReLU: 1
    case .lstm, .peepholeLSTM, .layerNormLSTM: 4
    case .gru, .resetBeforeGRU: 3
    }
  }

  /// The tensors of a state: h, and c of the long short-term memories.
  public var stateParts: Int { gates == 4 ? 2 : 1 }
}

/// A stack of recurrent layers whose cell was chosen at run time.
///
///     let network = AnyRecurrentNetwork(.gru, inputSize: 128, hiddenSizes: [512, 256], using: &random)
///     let (outputs, state) = try network(x, random: &none)
public struct AnyRecurrentNetwork: Module {
  /// The state of a direction of a layer, whatever its cell: the tensors of the state.
  public typealias State = [Variable]

  /// What every stack can do when the type of its cell is not known.
  private protocol Stack: Module {
    var inputSize: Int { get }
    var outputSize: Int { get }
    func initialState(batch: Int, precision: Precision) -> [State]
    func runErased(
      _ x: PackedSequence, initial: [State]?, random: inout RandomSource?
    ) throws(ShapeError) -> (outputs: PackedSequence, final: [State])
    func session(batch: Int) throws(ShapeError) -> any ErasedSession
  }

  private struct Erased<Cell: RecurrentCell>: Stack {
    var network: RecurrentNetwork<Cell>
    var inputSize: Int { network.layers.first?.forward.cell.inputSize ?? 0 }
    var outputSize: Int { network.outputSize }

    func initialState(batch: Int, precision: Precision) -> [State] {
      network.layers.flatMap { layer in
        [layer.forward, layer.backward].compactMap {
          $0?.initialState(batch: batch, precision: precision).parts
        }
      }
    }

    func runErased(
      _ x: PackedSequence, initial: [State]?, random: inout RandomSource?
    ) throws(ShapeError) -> (outputs: PackedSequence, final: [State]) {
      let (outputs, final) = try Kernels.flushingDenormals { () throws(ShapeError) in
        try network.run(x, initial: initial?.map { Cell.State(parts: $0) }, random: &random)
      }
      return (outputs, final.map(\.parts))
    }

    func session(batch: Int) throws(ShapeError) -> any ErasedSession {
      try StreamingSession(network, batch: batch)
    }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try network.forEachParameter(path, body) }
  }

  private var stack: any Stack

  /// The number of features of a step.
  public var inputSize: Int { stack.inputSize }
  /// The number of features of an output.
  public var outputSize: Int { stack.outputSize }

  /// A stack of the given cell with random weights, of layers of given sizes; see `RecurrentNetwork`.
  public init(
    _ kind: CellKind, inputSize: Int, hiddenSizes: [Int], bidirectional: Bool = false,
    merge: DirectionMerge = .concatenate, dropout: Float = 0, noise: [RecurrentNoise] = [],
    learnsInitialState: Bool = false, using random: inout RandomSource
  ) {
    func make<Cell: StandardCell>(_: Cell.Type) -> any Stack {
      Erased(
        network: RecurrentNetwork<Cell>(
          inputSize: inputSize, hiddenSizes: hiddenSizes, bidirectional: bidirectional, merge: merge,
          dropout: dropout, noise: noise, learnsInitialState: learnsInitialState, using: &random))
    }
    stack =
      switch kind {
      case .elman: make(ElmanCell.self)
      case .elmanReLU: make(ReLUElmanCell.self)
      case .lstm: make(LSTMCell.self)
      case .peepholeLSTM: make(PeepholeLSTMCell.self)
      case .layerNormLSTM: make(LayerNormLSTMCell.self)
      case .gru: make(GRUCell.self)
      case .resetBeforeGRU: make(ResetBeforeGRUCell.self)
      }
  }

  /// A stack of equal layers.
  public init(
    _ kind: CellKind, inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
    merge: DirectionMerge = .concatenate, dropout: Float = 0, noise: RecurrentNoise = .none,
    learnsInitialState: Bool = false, using random: inout RandomSource
  ) {
    self.init(
      kind, inputSize: inputSize, hiddenSizes: Array(repeating: hiddenSize, count: max(0, layers)),
      bidirectional: bidirectional, merge: merge, dropout: dropout, noise: [noise],
      learnsInitialState: learnsInitialState, using: &random)
  }

  /// A stack of any cells, your own included.
  public init<Cell: RecurrentCell>(_ network: RecurrentNetwork<Cell>) { stack = Erased(network: network) }

  /// The states before the first step where none are given: one a layer and direction, layer 0 forward, layer 0
  /// backward, layer 1 forward…
  public func initialState(batch: Int) -> [State] { stack.initialState(batch: batch, precision: .single) }

  /// The number of features of each tensor of each state, one list a layer and direction.
  public var stateSizes: [[Int]] {
    stack.initialState(batch: 0, precision: .single).map { $0.map { $0.shape.columns } }
  }

  /// Runs over packed sequences; states are in the order of the layout, longest sequence first.
  ///
  /// - Throws: `ShapeError` when the input or a state does not fit.
  public func callAsFunction(
    _ x: PackedSequence, initialState: [State]? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, state: [State]) {
    let (outputs, final) = try stack.runErased(x, initial: initialState, random: &random)
    return (outputs, final)
  }

  /// Runs over packed sequences with states in the order in which the sequences were given, as they are carried from
  /// one window of a text to the next.
  ///
  /// - Throws: `ShapeError` when the input or a state does not fit.
  public func carrying(
    _ state: [State]?, over x: PackedSequence, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, state: [State]) {
    if x.layout.isSorted { return try self(x, initialState: state, random: &random) }
    let order = x.layout.sortedSequences
    let sorted = state?.map { $0.map { $0.gather(order) } }
    let (outputs, final) = try self(x, initialState: sorted, random: &random)
    let places = x.layout.givenSequences
    return (outputs, final.map { $0.map { $0.gather(places) } })
  }

  /// A session that reads one step at a time and gives the bits of the whole.
  ///
  /// - Throws: `ShapeError` when a layer reads backwards: it would have to know the future.
  public func streaming(batch: Int = 1) throws(ShapeError) -> AnyStreamingSession {
    AnyStreamingSession(try stack.session(batch: batch))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try stack.forEachParameter(path, body) }
}
