import UnrollCore

/// What a recurrent cell carries from step to step. A state is a value: keep it, copy it, go back to it.
public protocol RecurrentState: Sendable {
  /// The tensors of the state, each `[B, …]`; the first is what the next step's output is made of.
  var parts: [Variable] { get }
  /// A state of these tensors, in the order of `parts`.
  init(parts: [Variable])
}

extension RecurrentState {
  /// The state of some of the sequences.
  package func rows(_ range: Range<Int>) -> Self { Self(parts: parts.map { $0.rows(range) }) }

  /// The states of several groups of sequences, one after the other.
  package static func concatenated(_ states: [Self]) -> Self {
    let lists = states.map(\.parts)
    return Self(
      parts: lists[0].indices.map { index in Variable.concatenated(lists.map { $0[index] }, axis: 0) })
  }

  /// The state of sequences in another order.
  package func reordered(_ order: [Int32]) -> Self {
    Self(parts: parts.map { $0.gather(order) })
  }

  /// The same numbers, cut from the computation that made them: where truncated backpropagation stops.
  public var detached: Self { Self(parts: parts.map(\.detached)) }
}

/// A state of one tensor, the last output.
public struct HiddenState: RecurrentState {
  /// h `[B, H]`.
  public var hidden: Variable
  public init(hidden: Variable) { self.hidden = hidden }
  public init(parts: [Variable]) { hidden = parts[0] }
  public var parts: [Variable] { [hidden] }
}

/// A recurrent cell: how one step's input and the state before give the output and the state after.
///
/// `step` is the definition; it is enough for a cell of your own. A cell may stand beside it a faster form for
/// whole sequences, which must give the same numbers.
public protocol RecurrentCell: Module {
  associatedtype State: RecurrentState

  /// I, the number of features of an input.
  var inputSize: Int { get }
  /// H, the number of features of an output.
  var hiddenSize: Int { get }

  /// The state before the first step when none is given: zeros.
  func initialState(batch: Int) -> State

  /// One step of x `[B, I]`.
  func step(_ x: Variable, _ state: State) throws(ShapeError) -> (output: Variable, state: State)

  /// All steps in one operation, or `nil` when this cell has no such form.
  ///
  /// - Parameters:
  ///   - x: `[N, I]`, packed.
  ///   - initial: the states before, longest sequence first.
  func fused(
    _ x: Variable, initial: State, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: State)?

  /// The gates of a step, `[B, H]` each, with numbers between 0 and 1: for people to look at. None where a cell has
  /// none.
  func gates(_ x: Variable, _ state: State) throws(ShapeError) -> [(name: String, values: Variable)]

  /// A step with everything made beforehand, for streams, or `nil` when this cell has no such form.
  func streaming(batch: Int) -> StreamingStep?
}

extension RecurrentCell {
  public func gates(_ x: Variable, _ state: State) throws(ShapeError) -> [(name: String, values: Variable)] {
    []
  }

  public func streaming(batch: Int) -> StreamingStep? { nil }

  public func fused(
    _ x: Variable, initial: State, order: StepOrder
  ) throws(ShapeError) -> (outputs: Variable, final: State)? { nil }
}

extension RecurrentCell where State == HiddenState {
  public func initialState(batch: Int) -> State {
    State(hidden: Variable(Tensor.zeros([batch, hiddenSize])))
  }
}

/// A cell that can be made from its sizes alone, and so can be stacked by a `RecurrentNetwork`.
public protocol StandardCell: RecurrentCell {
  /// A cell with random weights.
  init(inputSize: Int, hiddenSize: Int, using random: inout RandomSource)
}
