// Arithmetic with plain numbers, on either side: `2 * x + 1`, `1 - x`, `x / 2`, `1 / x`.

extension Variable {
  /// y = −x.
  public static prefix func - (x: Variable) -> Variable { x.affine(times: -1, plus: 0) }
  /// y = x + b for a number b.
  public static func + (x: Variable, b: Float) -> Variable { x.affine(times: 1, plus: Double(b)) }
  /// y = b + x for a number b.
  public static func + (b: Float, x: Variable) -> Variable { x.affine(times: 1, plus: Double(b)) }
  /// y = x − b for a number b.
  public static func - (x: Variable, b: Float) -> Variable { x.affine(times: 1, plus: -Double(b)) }
  /// y = b − x for a number b.
  public static func - (b: Float, x: Variable) -> Variable { x.affine(times: -1, plus: Double(b)) }
  /// y = x·a for a number a.
  public static func * (x: Variable, a: Float) -> Variable { x.affine(times: Double(a), plus: 0) }
  /// y = a·x for a number a.
  public static func * (a: Float, x: Variable) -> Variable { x.affine(times: Double(a), plus: 0) }
  /// y = x / a for a number a.
  public static func / (x: Variable, a: Float) -> Variable {
    let divisor = Tensor(repeating: Double(a), shape: [], precision: x.value.precision)
    let y = Kernels.binaryColumn(.divide, x.value, divisor)
    return record(y, from: [x, Variable(divisor)], as: .binary(.divide)) { [slot = x.slot] dy, gradients in
      gradients.add(Kernels.affine(dy, times: 1 / Double(a), plus: 0), to: slot)
    }
  }
  /// y = a / x for a number a.  dx = −dy ⊙ y / x.
  public static func / (a: Float, x: Variable) -> Variable {
    let precision = x.value.precision
    let y = Kernels.binary(
      .divide, Tensor(repeating: Double(a), shape: x.shape, precision: precision), x.value)
    // A recorder is told of the number: how often it is repeated is a matter of this run.
    let dividend = Variable(Tensor(repeating: Double(a), shape: [], precision: precision))
    return record(y, from: [dividend, x], as: .binary(.divide)) { [x] dy, gradients in
      let slope = Kernels.binary(.divide, Kernels.binary(.multiply, dy, y), x.value)
      gradients.add(Kernels.affine(slope, times: -1, plus: 0), to: x.slot)
    }
  }
}
