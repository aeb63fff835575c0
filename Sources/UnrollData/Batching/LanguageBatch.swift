/// A window of several streams of tokens, for a language model that learns by truncated backpropagation through
/// time. Stream b of a window goes on where stream b of the window before ended, so the state is carried over.
package struct LanguageBatch: Sendable, Equatable {
  /// The number of time steps T of the longest stream.
  package let steps: Int
  /// The number of streams B, the same in all windows.
  package let streams: Int
  /// The tokens read, `[T, B]`; padding behind a stream's end.
  package let inputs: [Int32]
  /// The tokens to predict, `[T, B]`: each is the token behind the one that is read.
  package let targets: [Int32]
  /// How many steps each stream has in this window: T but where the streams end.
  package let lengths: [Int]
  /// Whether the streams start here, with a state of their own.
  package let isFirst: Bool

  /// - Parameter windows: for each stream the tokens of the window and the one behind it; at most one token for a
  ///   stream that has ended.
  init(_ windows: [ArraySlice<Int32>], isFirst: Bool) {
    lengths = windows.map { max(0, $0.count - 1) }
    steps = lengths.max() ?? 0
    streams = windows.count
    var inputs = [Int32](repeating: SpecialToken.padding.id, count: steps * streams)
    var targets = inputs
    for (stream, window) in windows.enumerated() {
      for step in 0..<lengths[stream] {
        inputs[step * streams + stream] = window[window.startIndex + step]
        targets[step * streams + stream] = window[window.startIndex + step + 1]
      }
    }
    self.inputs = inputs
    self.targets = targets
    self.isFirst = isFirst
  }
}

/// Cuts tokens held in memory into B contiguous streams and those into windows of T steps.
///
/// Every token but the first is a target exactly once. Streams differ by one token at most; the longer ones come
/// first.
package struct LanguageBatches: Sendable, Sequence, IteratorProtocol {
  private let tokens: [Int32]
  private let steps: Int
  private let starts: [Int]
  /// Where the next window starts within each stream.
  package private(set) var position = 0

  /// - Parameter position: where to start within each stream, a former value of ``position``.
  package init(_ tokens: [Int32], streams: Int, steps: Int, position: Int = 0) {
    self.tokens = tokens
    // No window is longer than what a 32-bit count of elements could hold.
    self.steps = Swift.min(Swift.max(1, steps), 1 << 30)
    self.position = Swift.max(0, position)
    let targets = Swift.max(0, tokens.count - 1)
    let count = Swift.max(1, streams)
    starts = (0...count).map { $0 * (targets / count) + Swift.min($0, targets % count) }
  }

  /// The number of windows in an epoch.
  package var count: Int { (starts[1] - starts[0] + steps - 1) / steps }

  package mutating func next() -> LanguageBatch? {
    // The first stream is the longest.
    guard position < starts[1] - starts[0] else { return nil }
    let windows = (0..<(starts.count - 1)).map { stream in
      let start = Swift.min(starts[stream] + position, starts[stream + 1])
      let end = Swift.min(start + steps, starts[stream + 1])
      return tokens[start...end]
    }
    defer { position += steps }
    return LanguageBatch(windows, isFirst: position == 0)
  }
}
