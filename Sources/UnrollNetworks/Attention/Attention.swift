import UnrollCore

/// A way in which a decoder's state looks at an encoder's outputs.
public protocol Attention: Module {
  /// The number of features of a query.
  var querySize: Int { get }
  /// V, the number of features of what is read and of a context.
  var memorySize: Int { get }

  /// Prepares the outputs of an encoder, once for a batch; reader r sees sequence r as given.
  func memory(_ encoded: PackedSequence) throws(ShapeError) -> AttentionMemory

  /// One step for a batch.
  ///
  /// - Parameters:
  ///   - query: `[B, querySize]`; with fewer rows than the memory has readers, it is the first that read.
  ///   - coverage: the sum of the weights of the steps before, `[B, S]`, for attention that knows coverage.
  /// - Returns: context `[B, V]` and weights `[B, S]`, whose rows sum to 1 over the steps of their sequence and are 0
  ///   beyond; both are 0 where a sequence is empty.
  func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory, coverage covered: Variable?
  ) throws(ShapeError) -> (context: Variable, weights: Variable)
}

extension Attention {
  public func callAsFunction(
    _ query: Variable, _ memory: AttentionMemory
  ) throws(ShapeError) -> (context: Variable, weights: Variable) {
    try callAsFunction(query, memory, coverage: nil)
  }
}
