/// Lists of token ids of several lengths as a rectangle, time-major `[T, B]`, with the length of each.
///
///     let words = PaddedTokens([[5, 2, 9], [7], []])      // T = 3, B = 3
///     words.ids                                           // [5, 7, −1,  2, −1, −1,  9, −1, −1]
///     words.lengths                                       // [3, 1, 0]
///
/// A negative id is no token: an embedding gives zeros for it, and a cross-entropy leaves it out.
public struct PaddedTokens: Sendable, Equatable {
  /// The ids, row-major `[T, B]`.
  public let ids: [Int32]
  /// The number of tokens of each list.
  public let lengths: [Int]
  /// T, the number of steps.
  public let timeSteps: Int

  /// B, the number of lists.
  public var batch: Int { lengths.count }

  /// Puts lists side by side.
  ///
  /// - Parameters:
  ///   - lists: the ids of each; a list may be empty.
  ///   - timeSteps: T; `nil`: the length of the longest. Longer lists are cut.
  ///   - padding: what stands beyond the end of a list.
  public init(_ lists: [[Int32]], timeSteps: Int? = nil, padding: Int32 = -1) {
    let steps = max(0, timeSteps ?? lists.map(\.count).max() ?? 0)
    self.timeSteps = steps
    lengths = lists.map { min(steps, $0.count) }
    var ids = Array(repeating: padding, count: steps * lists.count)
    for (column, list) in lists.enumerated() {
      for (step, id) in list.prefix(steps).enumerated() { ids[step * lists.count + column] = id }
    }
    self.ids = ids
  }
}
