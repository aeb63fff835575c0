extension Kernels {
  /// The orthogonal factor of A = L·Q, L lower triangular with a diagonal that is not negative: what the rows of A become
  /// when they are made orthogonal one after the other, as by Gram and Schmidt.
  ///
  /// Householder reflections (Golub and Van Loan, "Matrix Computations", section 5.2), 32 rows at a time; the product of
  /// a panel's reflections is I − VᵀTV (Schreiber and Van Loan 1989, "A storage-efficient WY representation"), so that
  /// almost all work is products of matrices, on all threads. The bits do not depend on how many there are.
  ///
  /// - Parameter matrix: A `[m, n]`, m ≤ n, in single precision.
  /// - Returns: Q `[m, n]`; its rows are of length 1 and at right angles to about 10⁻⁶.
  package static func orthogonalRows(_ matrix: Tensor) -> Tensor {
    let (rows, columns) = (matrix.shape.rows, matrix.shape.columns)
    require(rows <= columns, "orthogonalRows: the shape \(matrix.shape) has more rows than columns")
    var rest = matrix
    rest.makeUnique()
    var panels: [ReflectionPanel] = []
    for first in Swift.stride(from: 0, to: rows, by: ReflectionPanel.height) {
      let panel = ReflectionPanel(
        of: rest, first: first, count: Swift.min(ReflectionPanel.height, rows - first))
      panel.apply(to: rest, rows: first + panel.count..<rows, transposed: false)
      panels.append(panel)
    }
    // L = A·P₀·P₁⋯ and so Q = ⋯P₁ᵀ·P₀ᵀ; the last panel first, for it changes the fewest rows of the identity.
    let q = Tensor(repeating: 0, shape: matrix.shape, precision: .single)
    for row in 0..<rows { q.storage.floats[row * columns + row] = 1 }
    for panel in panels.reversed() { panel.apply(to: q, rows: panel.first..<rows, transposed: true) }
    for panel in panels {
      for (row, sign) in panel.signs.enumerated() where sign < 0 {
        let start = q.storage.floats + (panel.first + row) * columns
        for column in 0..<columns { start[column] = -start[column] }
      }
    }
    return q
  }
}

/// The reflections that bring a few rows of a matrix to lower triangular form.
private struct ReflectionPanel {
  static let height = 32

  /// The first row, and the first column that the reflections change.
  let first: Int
  let count: Int
  /// The signs that they give the diagonal of L.
  let signs: [Float]
  /// V `[count, columns from the first]`, zeros before the diagonal.
  private let vectors: Tensor
  /// T `[count, count]`, upper triangular.
  private let factor: [Double]

  private var width: Int { vectors.shape.columns }

  init(of matrix: Tensor, first: Int, count: Int) {
    self.first = first
    self.count = count
    let columns = matrix.shape.columns
    let width = columns - first
    let table = Kernels.serving(.double).table
    // In double precision: a panel is small.
    let work = TensorStorage(count: count * width, precision: .double)
    for row in 0..<count {
      for column in 0..<width {
        work.doubles[row * width + column] = Double(
          matrix.storage.floats[(first + row) * columns + first + column])
      }
    }
    vectors = Tensor(repeating: 0, shape: [count, width], precision: .single)
    var signs = [Float](repeating: 1, count: count)
    var scales = [Double](repeating: 0, count: count)
    for row in 0..<count {
      let vector = work.doubles + row * width + row
      let length = width - row
      let norm = table.pointee.dot(vector, vector, length).squareRoot()
      guard norm > 0 else {
        for column in 0..<length { vector[column] = 0 }
        continue
      }
      // H = I − τ·v·vᵀ with v = a + sign(a₀)·‖a‖·e₀ makes a to −sign(a₀)·‖a‖·e₀.
      signs[row] = vector[0] < 0 ? 1 : -1
      vector[0] -= Double(signs[row]) * norm
      // v is rounded before τ is found of it, so that H is orthogonal for the numbers that the products use.
      for column in 0..<length {
        let rounded = Float(vector[column])
        vectors.storage.floats[row * width + row + column] = rounded
        vector[column] = Double(rounded)
      }
      let scale = 2 / table.pointee.dot(vector, vector, length)
      scales[row] = scale
      WorkerPool.shared.split(count - row - 1, grain: max(1, Kernels.grain / length)) { range in
        for other in range {
          let below = work.doubles + (row + 1 + other) * width + row
          table.pointee.add_scaled(-scale * table.pointee.dot(below, vector, length), vector, below, length)
        }
      }
    }
    self.signs = signs
    factor = Self.factor(work, scales, width: width)
  }

  /// T of H₀·H₁⋯ = I − VᵀTV: T[j, j] = τⱼ, and above it T[·, j] = −τⱼ·T·(V·vⱼ).
  private static func factor(_ vectors: TensorStorage, _ scales: [Double], width: Int) -> [Double] {
    let count = scales.count
    let table = Kernels.serving(.double).table
    var factor = [Double](repeating: 0, count: count * count)
    for column in 0..<count {
      factor[column * count + column] = scales[column]
      let start = vectors.doubles + column * width + column
      let overlaps = (0..<column).map { row in
        table.pointee.dot(vectors.doubles + row * width + column, start, width - column)
      }
      for row in 0..<column {
        let sum = (row..<column).reduce(0) { $0 + factor[row * count + $1] * overlaps[$1] }
        factor[row * count + column] = -scales[column] * sum
      }
    }
    return factor
  }

  /// Multiplies some rows of a matrix, from the panel's first column on, by I − VᵀTV, or by its transpose, in place.
  func apply(to matrix: Tensor, rows: Range<Int>, transposed: Bool) {
    guard !rows.isEmpty else { return }
    let kernels = Kernels.serving(.single)
    let columns = matrix.shape.columns
    let place = matrix.mutableAddress + (rows.lowerBound * columns + first) * kernels.stride
    // X − (X·Vᵀ)·(T·V)
    let overlaps = Tensor(uninitialized: [rows.count, count])
    kernels.product(
      kernels.left(place, rowStride: columns), rows: rows.count, inner: width,
      kernels.panels(vectors, .product), columns: count, into: overlaps.mutableAddress, rowStride: count)
    let scaled = negatedFactor(transposed: transposed)
    let change = Tensor(uninitialized: [count, width])
    kernels.product(
      kernels.left(scaled.address, rowStride: count), rows: count, inner: count,
      kernels.panels(vectors, .transposedProduct), columns: width, into: change.mutableAddress,
      rowStride: width)
    kernels.product(
      kernels.left(overlaps.address, rowStride: count), rows: rows.count, inner: count,
      kernels.right(change.address, columns: width, inner: count, rowStride: width), columns: width,
      into: place, rowStride: columns, accumulate: true)
  }

  private func negatedFactor(transposed: Bool) -> Tensor {
    let elements = (0..<count * count).map { index in
      let (row, column) = (index / count, index % count)
      return -Float(factor[transposed ? column * count + row : index])
    }
    return Tensor(elements, shape: [count, count])
  }
}
