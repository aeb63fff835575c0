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
}

/// A stack of recurrent layers whose cell was chosen at run time.
public struct AnyRecurrentNetwork: Module {
  /// The state of a direction of a layer, whatever its cell: the tensors of the state.
  public typealias State = [Variable]

  /// What every stack can do when the type of its cell is not known.
  private protocol Stack: Module {
    var outputSize: Int { get }
    func runErased(
      _ x: PackedSequence, initial: [State]?, random: inout RandomSource?
    ) throws(ShapeError) -> (outputs: PackedSequence, final: [State])
  }

  private struct Erased<Cell: RecurrentCell>: Stack {
    var network: RecurrentNetwork<Cell>
    var outputSize: Int { network.outputSize }

    func runErased(
      _ x: PackedSequence, initial: [State]?, random: inout RandomSource?
    ) throws(ShapeError) -> (outputs: PackedSequence, final: [State]) {
      let (outputs, final) = try Kernels.flushingDenormals { () throws(ShapeError) in
        try network.run(x, initial: initial?.map { Cell.State(parts: $0) }, random: &random)
      }
      return (outputs, final.map(\.parts))
    }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try network.forEachParameter(path, body) }
  }

  private var stack: any Stack

  /// The number of features of an output.
  public var outputSize: Int { stack.outputSize }

  /// A stack of the given cell with random weights; see `RecurrentNetwork`.
  public init(
    _ kind: CellKind, inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
    merge: DirectionMerge = .concatenate, dropout: Float = 0, noise: RecurrentNoise = .none,
    learnsInitialState: Bool = false, using random: inout RandomSource
  ) {
    func make<Cell: StandardCell>(_: Cell.Type) -> any Stack {
      Erased(
        network: RecurrentNetwork<Cell>(
          inputSize: inputSize, hiddenSize: hiddenSize, layers: layers, bidirectional: bidirectional,
          merge: merge, dropout: dropout, noise: noise, learnsInitialState: learnsInitialState,
          using: &random))
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

  /// A stack of any cells, your own included.
  public init<Cell: RecurrentCell>(_ network: RecurrentNetwork<Cell>) { stack = Erased(network: network) }

  /// Runs over packed sequences; states are in the order of the layout, longest sequence first.
  ///
  /// - Throws: `ShapeError` when the input or a state does not fit.
  public func callAsFunction(
    _ x: PackedSequence, initialState: [State]? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, state: [State]) {
    let (outputs, final) = try stack.runErased(x, initial: initialState, random: &random)
    return (outputs, final)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try stack.forEachParameter(path, body) }
}
