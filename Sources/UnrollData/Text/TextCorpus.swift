import UnrollCore

/// A text to learn from, or a part of one, in memory or read anew from its file each time.
package struct TextCorpus: Sendable {
  private enum Source: Sendable {
    case memory([UInt8])
    /// A file, and what it was when it was looked at first.
    case file(FileIdentity)
  }

  package let name: String
  private let source: Source
  /// The bytes of the text that belong to it.
  package let range: Range<Int>

  /// - Parameter memoryLimit: larger files stay on disk.
  package init(path: String, memoryLimit: Int = 64 << 20) throws(DataError) {
    let source = try ByteSource(path: path)
    // A pipe has no size, and can be read once; what was unpacked is in memory.
    if source.size <= memoryLimit || source.isInMemory {
      try self.init(bytes: source.readAll(), name: path)
    } else {
      self.init(name: path, source: .file(source.identity), range: 0..<source.size)
    }
  }

  /// A text in memory; `name` is used in errors.
  package init(bytes: [UInt8], name: String) throws(DataError) {
    try TextFile.check(bytes, name: name)
    guard !bytes.isEmpty else {
      throw DataError(
        .emptyFile, file: name, expected: "text", found: "none", statement: "there is no text in it")
    }
    self.init(name: name, source: .memory(bytes), range: 0..<bytes.count)
  }

  private init(name: String, source: Source, range: Range<Int>) {
    self.name = name
    self.source = source
    self.range = range
  }

  /// Whether the text is read from its file piece by piece.
  package var isStreamed: Bool { if case .file = source { true } else { false } }

  /// The text and what is cut from its end, where no tokenizer joins what stands before and behind.
  ///
  /// - Parameters:
  ///   - share: of the bytes that are cut off.
  ///   - most: the most bytes that are.
  package func cut(share: Double, most: Int) throws(DataError) -> (TextCorpus, TextCorpus?) {
    let wanted = min(Int(Double(range.count) * share), most)
    guard wanted > 0, wanted < range.count else { return (self, nil) }
    guard let place = try TextCuts.firstCut(input(), from: range.upperBound - wanted), range.contains(place)
    else {
      return (self, nil)
    }
    return (
      TextCorpus(name: name, source: source, range: range.lowerBound..<place),
      TextCorpus(name: name, source: source, range: place..<range.upperBound)
    )
  }

  /// This text and, behind a line break, another one: in memory.
  package func followed(by other: TextCorpus) throws(DataError) -> TextCorpus {
    var bytes: [UInt8] = []
    for corpus in [self, other] {
      if bytes.last != Byte.lineFeed, !bytes.isEmpty { bytes.append(Byte.lineFeed) }
      var reader = try TextChunkReader(try corpus.input(), part: corpus.range)
      while let piece = try reader.next() { bytes += Array(piece.utf8) }
    }
    return try TextCorpus(bytes: bytes, name: "\(name), \(other.name)")
  }

  private func input() throws(DataError) -> ByteSource {
    switch source {
    case .memory(let bytes): ByteSource(bytes, name: name)
    case .file(let identity): try ByteSource(path: name, expecting: identity)
    }
  }

  /// Calls `body` with the pieces of the text.
  package func forEachPiece(chunkSize: Int = 1 << 18, _ body: (String) throws -> Void) throws {
    guard !range.isEmpty else { return }
    var reader = try TextChunkReader(try input(), part: range, chunkSize: chunkSize)
    while let piece = try reader.next() { try body(piece) }
  }

  /// The ids of the text.
  package func tokens(_ tokenizer: any Tokenizer) throws -> [Int32] {
    var ids: [Int32] = []
    try forEachPiece { ids += tokenizer.encode($0) }
    return ids
  }
}
