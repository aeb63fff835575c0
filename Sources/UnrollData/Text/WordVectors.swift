/// Vectors of words that were learned elsewhere, in the text form of word2vec, fastText and GloVe.
///
/// A line holds a word and its numbers with spaces between. The first line may instead hold how many words there are and
/// how many numbers each has. Words are read in normalization form C; of several lines for one word the first counts.
/// Memory: the vectors that are kept.
package struct WordVectors: Sendable {
  /// The numbers of a vector.
  package private(set) var dimensions = 0
  /// The words, in the order of the file.
  package private(set) var words: [String] = []
  /// The vectors one after the other, `[word][dimension]`.
  package private(set) var values: [Float] = []
  /// How many words the file holds.
  package private(set) var count = 0
  private var positions: [String: Int] = [:]

  /// The most numbers of a vector.
  private static let mostDimensions = 65_536

  /// Reads a file.
  ///
  /// - Parameter keeps: whether a word is wanted; nil for all.
  /// - Throws: `DataError`, with the line, when lines have different numbers of values, or one is no number.
  package init(_ source: ByteSource, keeping keeps: ((String) -> Bool)? = nil) throws(DataError) {
    var reader = LineReader(source)
    var isFirst = true
    while let line = try Self.line(&reader) {
      let end = Blanks.trimmed(line, line.indices).upperBound
      let fields = line[..<end].split(separator: Byte.space)
      if fields.isEmpty { continue }
      if isFirst {
        isFirst = false
        if let header = Self.header(fields, reader.name) {
          guard (1...Self.mostDimensions).contains(header) else {
            throw Self.error(
              reader, "at most \(Self.mostDimensions) numbers for each word",
              quoted(String(decoding: line, as: UTF8.self)))
          }
          dimensions = header
          continue
        }
      }
      try add(fields, line, reader, keeps)
    }
    guard count > 0 else {
      throw DataError(
        .emptyFile, file: reader.name, expected: "words and their vectors", found: "none",
        statement: "the file holds no vectors")
    }
  }

  /// The next line; what is no text is likely the binary form.
  private static func line(_ reader: inout LineReader) throws(DataError) -> [UInt8]? {
    do throws(DataError) {
      return try reader.next()
    } catch {
      guard error.kind == .notText, reader.line <= 2 else { throw error }
      throw DataError(
        .badVectors, file: reader.name, line: reader.line, expected: "vectors in the text form",
        found: error.found,
        hint:
          "the file may be in the binary form of word2vec or fastText; write it in the text form (.vec, .txt)"
      )
    }
  }

  /// The number of dimensions of a line that is a header.
  private static func header(_ fields: [ArraySlice<UInt8>], _ name: String) -> Int? {
    guard fields.count == 2, fields.allSatisfy({ $0.allSatisfy { $0.digit != nil } && $0.count < 12 }) else {
      return nil
    }
    return Int(String(decoding: fields[1], as: UTF8.self))
  }

  private mutating func add(
    _ fields: [ArraySlice<UInt8>], _ line: [UInt8], _ reader: LineReader, _ keeps: ((String) -> Bool)?
  ) throws(DataError) {
    if dimensions == 0 {
      dimensions = fields.count - 1
      guard (1...Self.mostDimensions).contains(dimensions) else {
        throw Self.error(
          reader, "a word and its numbers, with spaces between", counted(fields.count, "field"))
      }
    }
    guard fields.count > dimensions else {
      throw Self.error(reader, "a word and \(counted(dimensions, "number"))", counted(fields.count, "field"))
    }
    count += 1
    // A word may hold spaces.
    let numbers = fields.suffix(dimensions)
    let wordEnd = fields[fields.count - dimensions - 1].endIndex
    let start = line.starts(with: TextFile.byteOrderMark) ? 3 : 0
    let word = CanonicalComposition.normalized(String(decoding: line[start..<wordEnd], as: UTF8.self))
    guard positions[word] == nil, keeps?(word) ?? true else { return }
    let before = values.count
    for field in numbers {
      guard let value = DecimalText.value(line, field.startIndex..<field.endIndex), Float(value).isFinite
      else {
        values.removeLast(values.count - before)
        throw Self.error(
          reader, "\(counted(dimensions, "number")) behind a word",
          quoted(String(decoding: field, as: UTF8.self)))
      }
      values.append(Float(value))
    }
    positions[word] = words.count
    words.append(word)
  }

  private static func error(_ reader: LineReader, _ expected: String, _ found: String) -> DataError {
    DataError(.badVectors, file: reader.name, line: reader.line, expected: expected, found: found)
  }

  /// A word's vector, or nil. `word` in another form of Unicode is found too.
  package func vector(_ word: String) -> ArraySlice<Float>? {
    guard let position = positions[word] ?? positions[CanonicalComposition.normalized(word)] else {
      return nil
    }
    return values[(position * dimensions)..<((position + 1) * dimensions)]
  }
}
