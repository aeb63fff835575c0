/// The arrangement in which a weight matrix, or some of its rows, is kept packed for one table of kernels.
package struct PanelForm: Hashable, Sendable {
  package enum Use: Hashable, Sendable {
    /// `x·Wᵀ`: the columns of the product are the rows of the matrix.
    case product
    /// `dy·W`: the columns of the product are the columns of the matrix.
    case transposedProduct
    /// A recurrent step: the gates of a few units side by side.
    case gates(Int)
  }
  package let use: Use
  package let rows: Range<Int>
  package let target: String
}
