/// The lines of a text, one after the other, in memory that does not grow with the file.
///
/// Lines end with LF or CR LF; a CR alone is part of its line. A line feed at the end of the file begins no
/// further line. A byte-order mark is skipped; bytes that are not UTF-8, and NUL, are errors.
package struct LineReader {
  private let source: ByteSource
  private var buffer: [UInt8] = []
  /// Where the next line starts in `buffer`, and where `buffer` starts in the file.
  private var position = 0
  private var base = 0
  private var isAtEnd = false
  /// The number of the line that was read last, from 1.
  package private(set) var line = 0
  /// A line beyond this is no text for a network.
  static let longestLine = 1 << 28

  package init(path: String) throws(DataError) { self.init(try ByteSource(path: path)) }

  package init(_ source: ByteSource) { self.source = source }

  /// The file's name.
  package var name: String { source.name }

  /// The next line without its end, or nil at the end.
  package mutating func next() throws(DataError) -> [UInt8]? {
    var searched = position
    while true {
      if let end = buffer[searched...].firstIndex(of: Byte.lineFeed) {
        return try take(upTo: end, next: end + 1)
      }
      if isAtEnd {
        guard position < buffer.count else { return nil }
        return try take(upTo: buffer.count, next: buffer.count)
      }
      buffer.removeFirst(position)
      base += position
      position = 0
      guard buffer.count <= Self.longestLine else {
        throw DataError(
          .tooLarge, file: name, line: line + 1, expected: "lines of less than 256 MB", found: "a longer one")
      }
      searched = buffer.count
      isAtEnd = !(try source.read(into: &buffer))
    }
  }

  /// The next line as text, or nil at the end.
  package mutating func nextText() throws(DataError) -> String? {
    guard let bytes = try next() else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func take(upTo end: Int, next: Int) throws(DataError) -> [UInt8] {
    line += 1
    var start = position
    let isWide = base + start == 0 && TextFile.isWide(buffer)
    if base + start == 0, buffer.starts(with: TextFile.byteOrderMark) {
      start = min(end, TextFile.byteOrderMark.count)
    }
    let hasReturn = end > start && next > end && buffer[end - 1] == Byte.carriageReturn
    let bytes = Array(buffer[start..<(hasReturn ? end - 1 : end)])
    if isWide || TextFile.firstNotText(in: bytes) != nil {
      let offset = isWide ? 0 : TextFile.firstNotText(in: bytes) ?? 0
      throw TextFile.notText(
        isWide ? buffer[0] : bytes[offset], at: base + start + offset, line: line, isWide: isWide, name: name)
    }
    position = next
    return bytes
  }
}
