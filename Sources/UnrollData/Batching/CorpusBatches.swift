/// The windows of B contiguous streams that are read from as many places of a file side by side: truncated
/// backpropagation through time over a corpus that memory does not hold.
///
/// The file is cut into B parts of about equal size in bytes. Every token but the file's first is a target
/// exactly once: a part's last target is the first token of the next part. Memory: a few chunks for each stream.
package struct CorpusBatches {
  private var streams: [Stream] = []
  private let steps: Int
  private var isFirst = true

  private struct Stream {
    var reader: TextChunkReader
    var tokens: [Int32] = []
    var position = 0
    var hasEnded = false
    /// The first token of the next part.
    var last: Int32?
  }

  private let tokenizer: any Tokenizer
  /// What the file is.
  package let identity: FileIdentity

  /// - Parameters:
  ///   - range: the bytes of the file that are read, cut where ``TextCuts`` allows it; nil: all.
  ///   - expected: what the file was before, and must still be.
  ///   - skip: how many windows of an epoch were seen already.
  package init(
    path: String, range: Range<Int>? = nil, tokenizer: any Tokenizer, streams count: Int, steps: Int,
    skip: Int = 0, chunkSize: Int = 1 << 16, expecting expected: FileIdentity? = nil
  ) throws(DataError) {
    self.tokenizer = tokenizer
    self.steps = min(max(1, steps), 1 << 30)
    // All streams read what this one was opened on: a file that is changed between is found out.
    let source = try ByteSource(path: path, expecting: expected)
    identity = source.identity
    for part in try TextCuts.parts(source, range: range, count: max(1, count)) {
      let reader = try TextChunkReader(try source.reopened(), part: part, chunkSize: chunkSize)
      streams.append(Stream(reader: reader))
    }
    for index in streams.indices {
      try fill(index)
      // Parts may be without tokens, where the file is nearly empty.
      guard let first = streams[index].tokens.first else { continue }
      guard let before = streams[..<index].lastIndex(where: { !$0.tokens.isEmpty }) else { continue }
      if streams[before].hasEnded {
        streams[before].tokens.append(first)
      } else {
        streams[before].last = first
      }
    }
    guard streams.contains(where: { !$0.tokens.isEmpty }) else {
      throw DataError(
        .emptyFile, file: path, expected: "text", found: "none", statement: "the file is empty")
    }
    // A short file gives fewer parts; the number of streams stays what was asked for.
    while streams.count < max(1, count) {
      let empty = TextChunkReader(ByteSource([], name: path))  // never read: it has ended
      streams.append(Stream(reader: empty, hasEnded: true))
    }
    for _ in 0..<max(0, skip) where try next() == nil { break }
  }

  /// The next window, or nil at the end of all streams.
  package mutating func next() throws(DataError) -> LanguageBatch? {
    var windows: [ArraySlice<Int32>] = []
    for index in streams.indices {
      try fill(index)
      let stream = streams[index]
      let end = min(stream.position + steps + 1, stream.tokens.count)
      windows.append(stream.tokens[min(stream.position, end)..<end])
      streams[index].position = max(stream.position, end - 1)
    }
    let batch = LanguageBatch(windows, isFirst: isFirst)
    guard batch.steps > 0 else { return nil }
    isFirst = false
    return batch
  }

  /// Reads until a stream holds a window and the token behind it.
  private mutating func fill(_ index: Int) throws(DataError) {
    guard !streams[index].hasEnded, streams[index].tokens.count - streams[index].position <= steps else {
      return
    }
    streams[index].tokens.removeFirst(streams[index].position)
    streams[index].position = 0
    while streams[index].tokens.count <= steps {
      guard let text = try streams[index].reader.next() else {
        streams[index].hasEnded = true
        if let last = streams[index].last { streams[index].tokens.append(last) }
        return
      }
      streams[index].tokens += tokenizer.encode(text)
    }
  }
}
