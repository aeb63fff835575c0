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
  ///
  /// It is the orthogonal factor of a matrix of independent normal numbers, drawn row by row, with the signs that make
  /// every orthogonal matrix equally likely (Mezzadri 2007, "How to generate random matrices from the classical compact
  /// groups").
  public static func orthogonal(size: Int, using random: inout RandomSource) -> Tensor {
    Kernels.orthogonalRows(.normal(shape: [size, size], using: &random))
  }

  /// Several orthogonal blocks, one a gate: `[gates · size, size]`.
  public static func orthogonal(gates: Int, size: Int, using random: inout RandomSource) -> Tensor {
    stacked((0..<gates).map { _ in orthogonal(size: size, using: &random) })
  }

  private static func stacked(_ blocks: [Tensor]) -> Tensor {
    blocks.isEmpty ? .zeros([0, 0]) : .concatenated(blocks, axis: 0)
  }
}
