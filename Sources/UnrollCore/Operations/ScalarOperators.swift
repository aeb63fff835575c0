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
    let divisor = Tensor(repeating: Double(a), shape: [1], precision: x.value.precision)
    return record(Kernels.binaryColumn(.divide, x.value, divisor), from: [x]) {
      [slot = x.slot] dy, gradients in
      gradients.add(Kernels.affine(dy, times: 1 / Double(a), plus: 0), to: slot)
    }
  }
  /// y = a / x for a number a.
  public static func / (a: Float, x: Variable) -> Variable {
    Variable(Tensor(repeating: Double(a), shape: x.shape, precision: x.value.precision)) / x
  }
}
