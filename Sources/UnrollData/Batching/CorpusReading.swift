/// A file that is read window by window, again in each epoch.
package final class CorpusReading {
  package let streams: Int
  package let steps: Int
  /// The number of windows of an epoch.
  package let count: Int
  /// The number of tokens to predict in an epoch.
  package let tokens: Int
  private let open: () throws -> CorpusBatches
  private var batches: CorpusBatches?

  /// Reads all of it once, to know how many windows there are.
  package init(
    path: String, range: Range<Int>, tokenizer: any Tokenizer, streams: Int, steps: Int
  ) throws {
    (self.streams, self.steps) = (streams, steps)
    var batches = try CorpusBatches(
      path: path, range: range, tokenizer: tokenizer, streams: streams, steps: steps)
    let identity = batches.identity
    // A text that was changed between two epochs is another one.
    open = {
      try CorpusBatches(
        path: path, range: range, tokenizer: tokenizer, streams: streams, steps: steps, expecting: identity)
    }
    var (count, tokens) = (0, 0)
    while let batch = try batches.next() {
      count += 1
      tokens += batch.lengths.reduce(0, +)
    }
    (self.count, self.tokens) = (count, tokens)
  }

  package func restart() { batches = nil }

  package func next() throws -> LanguageBatch? {
    if batches == nil { batches = try open() }
    return try batches?.next()
  }
}
