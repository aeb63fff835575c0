/// A corpus in pieces that can be encoded one by one: the ids of the pieces, joined, are those of the whole text.
///
/// A piece ends before white space that follows a visible character, which no tokenizer joins. Only where none
/// occurs within a whole piece does it end between two other characters. Memory is a few pieces, however long
/// the file and its lines are.
package struct TextChunkReader {
  private let source: ByteSource
  private let chunkSize: Int
  private var buffer: [UInt8] = []
  private var isAtEnd = false
  /// Where `buffer` starts in the file, and how many lines end before it.
  private var base: Int
  private var linesBefore = 0
  private var isPart = false
  private var hasGiven = false

  /// - Parameter chunkSize: the size of a piece in bytes, about.
  package init(path: String, chunkSize: Int = 1 << 18) throws(DataError) {
    self.init(try ByteSource(path: path), chunkSize: chunkSize)
  }

  package init(_ source: ByteSource, chunkSize: Int = 1 << 18) {
    self.source = source
    self.chunkSize = max(16, chunkSize)
    base = 0
  }

  /// A part of a file that ``TextCuts`` made.
  package init(_ source: ByteSource, part: Range<Int>, chunkSize: Int = 1 << 18) throws(DataError) {
    self.init(source, chunkSize: chunkSize)
    try source.seek(toPart: part)
    isPart = true
    base = part.lowerBound
  }

  /// The next piece, or nil at the end. A file without text is an error.
  package mutating func next() throws(DataError) -> String? {
    while !isAtEnd, buffer.count < chunkSize { isAtEnd = !(try source.read(into: &buffer)) }
    if base == 0 {
      if TextFile.isWide(buffer) {
        throw TextFile.notText(buffer[0], at: 0, line: 1, isWide: true, name: source.name)
      }
      if buffer.starts(with: TextFile.byteOrderMark) {
        buffer.removeFirst(TextFile.byteOrderMark.count)
        base = TextFile.byteOrderMark.count
      }
    }
    guard !buffer.isEmpty else {
      guard isPart || hasGiven else {
        throw DataError(
          .emptyFile, file: source.name, expected: "text", found: "none", statement: "the file is empty")
      }
      return nil
    }
    hasGiven = true
    let end = isAtEnd && buffer.count <= chunkSize ? buffer.count : cut()
    let chunk = Array(buffer[..<end])
    if let offset = TextFile.firstNotText(in: chunk) {
      let line = linesBefore + chunk[..<offset].count { $0 == Byte.lineFeed } + 1
      throw TextFile.notText(
        chunk[offset], at: base + offset, line: line, isWide: false, name: source.name)
    }
    linesBefore += chunk.count { $0 == Byte.lineFeed }
    buffer.removeFirst(end)
    base += end
    return String(decoding: chunk, as: UTF8.self)
  }

  private func cut() -> Int {
    buffer.withUnsafeBufferPointer { bytes in
      let limit = min(bytes.count, chunkSize)
      if let place = (1..<limit).reversed().first(where: { TextCuts.isCut(bytes, before: $0) }) {
        return place
      }
      // No white space: between two scalars of ASCII, or else between any two.
      let isSimple = { (place: Int) in
        bytes[place] < 0x80 && bytes[place - 1] < 0x80 && bytes[place - 1] != Byte.carriageReturn
      }
      if let place = (max(1, limit - 64)..<limit).reversed().first(where: isSimple) { return place }
      let unfinished = UTF8Text.unfinished(in: bytes[..<limit])
      return unfinished < limit ? limit - unfinished : limit
    }
  }
}

/// Places where a text can be cut without changing its tokens.
package enum TextCuts {
  /// Whether white space that follows a visible character starts at a position.
  static func isCut(_ bytes: UnsafeBufferPointer<UInt8>, before position: Int) -> Bool {
    let byte = bytes[position]
    guard byte == Byte.space || (byte >= 9 && byte <= 13) else { return false }
    let last = bytes[position - 1]
    if last < 0x80 { return last > Byte.space && last != 0x7F }
    // A space may belong to the cluster of the scalar before it; a control character does not.
    if byte == Byte.space { return false }
    var start = position - 1
    while start > 0, position - start < 4, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    let (value, length) = UTF8Text.scalar(bytes, start)
    return start + length == position && ScalarClass.of(value).kind != .space
  }

  /// Cuts a file, or a range of it, into parts of about equal size, each of which starts at a cut.
  static func parts(
    _ path: String, range: Range<Int>? = nil, count: Int
  ) throws(DataError) -> [Range<Int>] {
    try parts(try ByteSource(path: path), range: range, count: count)
  }

  static func parts(
    _ source: ByteSource, range: Range<Int>? = nil, count: Int
  ) throws(DataError) -> [Range<Int>] {
    let range = range ?? 0..<source.size
    // A range that was found before the file shrank.
    try source.seek(toPart: range)
    var starts = [range.lowerBound]
    for index in 1..<max(1, count) {
      let target = range.lowerBound + range.count / count * index
      let start = max(target, (starts.last ?? 0) + 1)
      guard start < range.upperBound else { break }
      if let cut = try firstCut(source, from: start), cut < range.upperBound { starts.append(cut) }
    }
    return starts.indices.map { starts[$0]..<($0 + 1 < starts.count ? starts[$0 + 1] : range.upperBound) }
  }

  /// The first cut within a megabyte of a position, which is above 0.
  package static func firstCut(_ source: ByteSource, from start: Int) throws(DataError) -> Int? {
    let before = max(0, min(start, source.size) - 4)
    try source.seek(to: before..<source.size)
    var bytes: [UInt8] = []
    var searched = start - before
    while bytes.count < 1 << 20, try source.read(into: &bytes) {
      let found = bytes.withUnsafeBufferPointer { bytes in
        (searched..<max(searched, bytes.count)).first { isCut(bytes, before: $0) }
      }
      if let found { return before + found }
      searched = max(searched, bytes.count)
    }
    return nil
  }
}
