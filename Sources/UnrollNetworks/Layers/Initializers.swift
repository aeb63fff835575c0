import UnrollCore

/// How weights start.
public enum Initializer {
  /// Uniform in ±√(6 / (inputs + outputs)), `[outputs, inputs]` (Glorot and Bengio 2010, equation 16).
  public static func glorot(outputs: Int, inputs: Int, using random: inout RandomSource) -> Tensor {
    let bound = (6 / Float(max(1, outputs + inputs))).squareRoot()
    return .uniform(-bound...bound, shape: [outputs, inputs], using: &random)
  }

  /// Several blocks of `glorot`, one a gate: `[gates · hidden, inputs]`.
  public static func glorot(gates: Int, hidden: Int, inputs: Int, using random: inout RandomSource) -> Tensor
  {
    stacked((0..<gates).map { _ in glorot(outputs: hidden, inputs: inputs, using: &random) })
  }

  /// A random orthogonal matrix `[size, size]`: its rows are of length 1 and at right angles
  /// (Saxe, McClelland and Ganguli 2014), so that repeated products neither grow nor fade at the start.
  public static func orthogonal(size: Int, using random: inout RandomSource) -> Tensor {
    var rows: [[Double]] = []
    while rows.count < size {
      var row = (0..<size).map { _ in Double(random.normal()) }
      // Twice is enough to be orthogonal to rounding (Kahan's rule for Gram–Schmidt).
      for _ in 0..<2 {
        for other in rows {
          var overlap = 0.0
          for index in 0..<size { overlap += row[index] * other[index] }
          for index in 0..<size { row[index] -= overlap * other[index] }
        }
      }
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if norm > 1e-6 { rows.append(row.map { $0 / norm }) }
    }
    return Tensor(rows.flatMap { $0.map(Float.init) }, shape: [size, size])
  }

  /// Several orthogonal blocks, one a gate: `[gates · size, size]`.
  public static func orthogonal(gates: Int, size: Int, using random: inout RandomSource) -> Tensor {
    stacked((0..<gates).map { _ in orthogonal(size: size, using: &random) })
  }

  private static func stacked(_ blocks: [Tensor]) -> Tensor {
    Tensor(
      blocks.flatMap(\.elements),
      shape: [blocks.reduce(0) { $0 + $1.shape[0] }, blocks.first?.shape[1] ?? 0])
  }
}
