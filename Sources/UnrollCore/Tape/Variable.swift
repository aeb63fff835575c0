/// A tensor in a computation that may be differentiated.
///
/// Operations on variables give variables. Where an input comes from `valueWithGradient`, the operation is
/// recorded; where none does, a variable is a constant and costs no more than its tensor.
public struct Variable: Sendable {
  /// The numbers.
  public let value: Tensor
  let tape: Tape?
  let index: Int

  /// A constant.
  public init(_ value: Tensor) {
    self.value = value
    tape = nil
    index = -1
  }

  init(_ value: Tensor, tape: Tape, index: Int) {
    self.value = value
    self.tape = tape
    self.index = index
  }

  /// The extent of each axis.
  public var shape: Shape { value.shape }

  /// Where its gradient goes, without its numbers.
  var slot: GradientSlot {
    GradientSlot(isRecorded: tape != nil, index: index, shape: shape, precision: value.precision)
  }

  /// The same value, cut from the computation before it: no gradient flows through.
  public var detached: Variable { Variable(value) }
}

extension Variable {
  /// The same in double precision, where that is asked for and this is not. Gradients are checked in double precision,
  /// and what a program puts in beside its parameters is in single.
  func promoted(to precision: Precision) -> Variable {
    guard precision == .double, value.precision == .single else { return self }
    return .record(value.converted(to: .double), from: [self]) { [slot] dy, gradients in
      gradients.add(dy.converted(to: slot.precision), to: slot)
    }
  }

  /// Both in double precision, where one of them is.
  static func matched(_ a: Variable, _ b: Variable) -> (Variable, Variable) {
    if a.value.precision == b.value.precision { return (a, b) }
    return (a.promoted(to: .double), b.promoted(to: .double))
  }

  /// Records an operation of one result.
  static func record(
    _ value: Tensor, from inputs: [Variable], as operation: @autoclosure () -> TracedOperation? = nil,
    function: StaticString = #function,
    backward: @escaping @Sendable (_ dy: Tensor, _ gradients: inout GradientTable) -> Void
  ) -> Variable {
    record([value], from: inputs, as: operation(), function: function) { results, gradients in
      if let dy = results[0] { backward(dy, &gradients) }
    }[0]
  }

  /// Records an operation of several results; those that reach the end without a gradient come as `nil`.
  ///
  /// - Parameter operation: its name, for a `TraceRecorder`; `nil`: it is known by the function alone.
  static func record(
    _ values: [Tensor], from inputs: [Variable], as operation: @autoclosure () -> TracedOperation? = nil,
    function: StaticString = #function, backward: @escaping Tape.Backward
  ) -> [Variable] {
    if let recorder = TraceRecorder.active {
      recorder.record(
        operation() ?? .unnamed("\(function)"), inputs.map(\.value), values.map { .tensor($0) })
    }
    guard let tape = inputs.lazy.compactMap(\.tape).first else { return values.map { Variable($0) } }
    require(
      inputs.allSatisfy { $0.tape == nil || $0.tape === tape },
      "an operation joins variables of two calls of valueWithGradient, of the shapes "
        + "\(inputs.map { "\($0.shape)" }.joined(separator: " and ")); what is carried from one to the next must be `detached`"
    )
    let first = tape.record(results: values.count, backward: backward)
    return values.enumerated().map { Variable($1, tape: tape, index: first + $0) }
  }
}

/// A tensor that the gradient of an operation takes and may write, since nobody asks for it again.
final class OnceTensor: Sendable {
  private let tensor: Guarded<Tensor?>

  init(_ tensor: Tensor) { self.tensor = Guarded(tensor) }

  func take() -> Tensor? {
    tensor.withLock { tensor in
      defer { tensor = nil }
      return tensor
    }
  }
}
