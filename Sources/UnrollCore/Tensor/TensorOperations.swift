// The operations of `Variable` for plain numbers, of which nothing is recorded; see there for equations and shapes.

extension Tensor {
  private func apply(_ operation: (Variable) -> Variable) -> Tensor { operation(Variable(self)).value }

  /// Elements apart; extents that are 1 or missing are repeated (broadcasting).
  public static func + (a: Tensor, b: Tensor) -> Tensor { (Variable(a) + Variable(b)).value }
  /// Elements apart; extents that are 1 or missing are repeated (broadcasting).
  public static func - (a: Tensor, b: Tensor) -> Tensor { (Variable(a) - Variable(b)).value }
  /// Elements apart; extents that are 1 or missing are repeated (broadcasting).
  public static func * (a: Tensor, b: Tensor) -> Tensor { (Variable(a) * Variable(b)).value }
  /// Elements apart; extents that are 1 or missing are repeated (broadcasting).
  public static func / (a: Tensor, b: Tensor) -> Tensor { (Variable(a) / Variable(b)).value }

  public static prefix func - (x: Tensor) -> Tensor { x.apply { -$0 } }
  public static func + (x: Tensor, b: Float) -> Tensor { x.apply { $0 + b } }
  public static func + (b: Float, x: Tensor) -> Tensor { x.apply { b + $0 } }
  public static func - (x: Tensor, b: Float) -> Tensor { x.apply { $0 - b } }
  public static func - (b: Float, x: Tensor) -> Tensor { x.apply { b - $0 } }
  public static func * (x: Tensor, a: Float) -> Tensor { x.apply { $0 * a } }
  public static func * (a: Float, x: Tensor) -> Tensor { x.apply { a * $0 } }
  public static func / (x: Tensor, a: Float) -> Tensor { x.apply { $0 / a } }
  public static func / (a: Float, x: Tensor) -> Tensor { x.apply { a / $0 } }

  public func exp() -> Tensor { apply { $0.exp() } }
  public func log() -> Tensor { apply { $0.log() } }
  public func tanh() -> Tensor { apply { $0.tanh() } }
  public func sigmoid() -> Tensor { apply { $0.sigmoid() } }
  public func relu() -> Tensor { apply { $0.relu() } }
  public func softplus() -> Tensor { apply { $0.softplus() } }
  public func abs() -> Tensor { apply { $0.abs() } }
  public func square() -> Tensor { apply { $0.square() } }
  public func sqrt() -> Tensor { apply { $0.sqrt() } }

  /// The product a·b of `[…, m, k]` and `[k, n]` or `[…, k, n]`.
  ///
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func matmul(_ b: Tensor) throws(ShapeError) -> Tensor {
    try Variable(self).matmul(Variable(b)).value
  }

  /// The sum of all elements, as a scalar.
  public func sum() -> Tensor { apply { $0.sum() } }
  /// The mean of all elements, as a scalar; 0 when there are none.
  public func mean() -> Tensor { apply { $0.mean() } }
  /// The sum along an axis, which is left out, or stays with an extent of 1.
  public func sum(axis: Int, keepingAxis: Bool = false) -> Tensor {
    apply { $0.sum(axis: axis, keepingAxis: keepingAxis) }
  }
  /// The mean along an axis, which is left out, or stays with an extent of 1; 0 where there is nothing.
  public func mean(axis: Int, keepingAxis: Bool = false) -> Tensor {
    apply { $0.mean(axis: axis, keepingAxis: keepingAxis) }
  }
  /// The largest along an axis, which is left out, or stays with an extent of 1.
  public func max(axis: Int, keepingAxis: Bool = false) -> Tensor {
    apply { $0.max(axis: axis, keepingAxis: keepingAxis) }
  }
  /// eˣ / Σ eˣ along an axis.
  public func softmax(axis: Int = -1) -> Tensor { apply { $0.softmax(axis: axis) } }
  /// ln softmax along an axis.
  public func logSoftmax(axis: Int = -1) -> Tensor { apply { $0.logSoftmax(axis: axis) } }

  /// The elements repeated to a larger shape: missing axes are put before the first, and extents of 1 are repeated.
  public func broadcast(to shape: Shape) -> Tensor { apply { $0.broadcast(to: shape) } }
  /// Two axes exchanged; for a matrix, its transpose.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    apply { $0.transposed(first, second) }
  }
  /// All axes in another order: axis i of the result is axis `axes[i]` of x.
  public func permuted(_ axes: [Int]) -> Tensor { apply { $0.permuted(axes) } }
  /// Rows `range` of the first axis.
  public func rows(_ range: Range<Int>) -> Tensor { apply { $0.rows(range) } }
  /// Columns `range` of the last axis.
  public func columns(_ range: Range<Int>) -> Tensor { apply { $0.columns(range) } }
  /// A range of an axis.
  public func slice(_ range: Range<Int>, axis: Int) -> Tensor { apply { $0.slice(range, axis: axis) } }
  /// Row `indices[i]` of the first axis as row i; zeros where an index is negative.
  public func gather(_ indices: [Int32]) -> Tensor { apply { $0.gather(indices) } }
  /// An axis cut into parts of the given extents, which together are its own.
  public func split(sizes: [Int], axis: Int = -1) -> [Tensor] {
    Variable(self).split(sizes: sizes, axis: axis).map(\.value)
  }
  /// An axis cut into so many equal parts.
  public func split(into count: Int, axis: Int = -1) -> [Tensor] {
    Variable(self).split(into: count, axis: axis).map(\.value)
  }
  /// All of these, one after the other along an axis; the other extents agree.
  public static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
    Variable.concatenated(parts.map { Variable($0) }, axis: axis).value
  }
}
