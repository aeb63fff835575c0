import UnrollCore

/// Words and a tag for each.
package struct TaggedSentence: Sendable, Equatable {
  package let words: [String]
  /// As many as words; empty where a file without tags is read.
  package let tags: [String]
  /// The line of the file on which each word stands.
  package let lines: [Int]

  package init(words: [String], tags: [String], lines: [Int]) {
    self.words = words
    self.tags = tags
    self.lines = lines
  }
}

/// Reads sentences with a tag for each word, a sentence at a time. Blank lines stand between sentences.
///
/// CoNLL: a line `-DOCSTART-` ends a sentence and is skipped. A line that starts with `#` is a comment unless it
/// has as many columns as the words' lines: `#` may be a word. Where the first such lines decide, only a tab makes
/// them words. All words of a file have equally many columns. A row of names above the words (`TOKEN`, `NE-COARSE`) is
/// skipped and told. White space and invisible characters around words and tags are dropped.
///
/// CoNLL-U: lines that start with `#` are comments; ranges (`1-2`) and empty nodes (`1.1`) are skipped.
package struct TaggedReader {
  private var reader: LineReader
  private let format: TaggedFormat
  /// The number of columns, and whether tabs stand between them: as on the first word's line.
  private var width: Int?
  private var isTabbed: Bool?
  private var isEmpty = true
  private var hasLooked = false
  /// What was done with the file, for a person.
  package private(set) var notes: [DataNote] = []

  package init(path: String, format: TaggedFormat) throws(DataError) {
    try self.init(try ByteSource(path: path), format: format)
  }

  package init(_ source: ByteSource, format: TaggedFormat) throws(DataError) {
    if case .conll(let word, let tag) = format, word < 1 || tag.map({ $0 < 0 || $0 == word }) ?? false {
      throw DataError(
        .badRoles, file: source.name, expected: "two different columns, counted from 1",
        found: "words in column \(word), tags in column \(tag ?? 0)")
    }
    reader = LineReader(source)
    self.format = format
  }

  /// The file's name.
  package var name: String { reader.name }

  /// The next sentence, or nil at the end. A file without any is an error.
  package mutating func next() throws(DataError) -> TaggedSentence? {
    var words: [String] = []
    var tags: [String] = []
    var lines: [Int] = []
    while let line = try reader.next() {
      let isBlank = line.allSatisfy { $0 == Byte.space || $0 == Byte.tab }
      if isBlank || line.starts(with: Self.documentStart) {
        if words.isEmpty { continue }
        break
      }
      guard let token = try token(line) else { continue }
      words.append(token.word)
      if let tag = token.tag { tags.append(tag) }
      lines.append(reader.line)
    }
    if words.isEmpty {
      guard !isEmpty else {
        throw DataError(
          .noRows, file: reader.name, expected: "words", found: "none",
          statement: "the file holds no words")
      }
      return nil
    }
    isEmpty = false
    return TaggedSentence(words: words, tags: tags, lines: lines)
  }

  private static let documentStart = Array("-DOCSTART-".utf8)

  private mutating func token(_ line: [UInt8]) throws(DataError) -> (word: String, tag: String?)? {
    switch format {
    case .conll(let word, let tag): try conll(line, word, tag)
    case .conllu(let column): try universal(line, column)
    }
  }

  private mutating func conll(
    _ line: [UInt8], _ word: Int, _ tag: Int?
  ) throws(DataError) -> (word: String, tag: String?)? {
    let hasTabs = isTabbed ?? line.contains(Byte.tab)
    var fields =
      hasTabs
      ? line.split(separator: Byte.tab, omittingEmptySubsequences: false)
      : line.split { $0 == Byte.space || $0 == Byte.tab }
    // Blanks between a word and the line's end are no column.
    while hasTabs, fields.count > 1, fields.last?.allSatisfy({ $0 == Byte.space }) == true {
      fields.removeLast()
    }
    if line[0] == Byte.hash, width.map({ fields.count != $0 }) ?? !hasTabs { return nil }
    if !hasLooked {
      hasLooked = true
      let names = fields.map { String(decoding: $0, as: UTF8.self) }
      if TaggedFormat.header(fields: names) != nil {
        notes.append(
          DataNote(
            .tags,
            "tags: line \(reader.line) names the columns (\(names.prefix(4).map { clipped($0) }.joined(separator: ", "))\(names.count > 4 ? ", …" : "")) and is skipped"
          ))
        (width, isTabbed) = (fields.count, hasTabs)
        return nil
      }
    }
    let needed = max(word, tag ?? (word + 1), 1)
    guard fields.count == width ?? max(needed, fields.count) else {
      throw DataError(
        .raggedRow, file: reader.name, line: reader.line,
        expected: width == nil
          ? "at least \(counted(needed, "column"))"
          : "\(counted(width ?? 0, "column")), as on the lines before",
        found: counted(fields.count, "column"))
    }
    width = fields.count
    isTabbed = hasTabs
    let tagColumn = tag ?? fields.count
    let text = Self.word(fields[word - 1])
    guard !text.isEmpty else { throw missing("a word", column: word) }
    if tagColumn == 0 { return (text, nil) }
    let tagText = Blanks.trimmed(String(decoding: fields[tagColumn - 1], as: UTF8.self))
    guard !tagText.isEmpty else { throw missing("a tag", column: tagColumn) }
    return (text, tagText)
  }

  private func universal(
    _ line: [UInt8], _ column: UniversalColumn?
  ) throws(DataError) -> (word: String, tag: String?)? {
    if line[0] == Byte.hash { return nil }
    let fields = line.split(separator: Byte.tab, omittingEmptySubsequences: false)
    guard fields.count == 10 else {
      throw DataError(
        .raggedRow, file: reader.name, line: reader.line, expected: "the 10 columns of CoNLL-U",
        found: counted(fields.count, "column"))
    }
    let id = fields[0]
    guard id.first?.digit != nil, id.allSatisfy({ $0.digit != nil || $0 == Byte.minus || $0 == Byte.dot })
    else {
      throw DataError(
        .badTags, file: reader.name, line: reader.line, column: "ID",
        expected: "a number, such as 1, 1-2 or 1.1",
        found: quoted(String(decoding: id, as: UTF8.self)))
    }
    if id.contains(Byte.minus) || id.contains(Byte.dot) { return nil }
    let word = Self.word(fields[UniversalColumn.form.position])
    guard !word.isEmpty else { throw missing("a word", column: 2) }
    guard let column else { return (word, nil) }
    let tag = column.tag(Blanks.trimmed(String(decoding: fields[column.position], as: UTF8.self)))
    guard !tag.isEmpty else { throw missing("a value of \(column.rawValue)", column: column.position + 1) }
    return (word, tag)
  }

  /// A word without what is invisible around it; a word of nothing else stays.
  private static func word(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    let trimmed = Blanks.trimmed(text)
    return trimmed.isEmpty ? text : trimmed
  }

  private func missing(_ what: String, column: Int) -> DataError {
    DataError(
      .badTags, file: reader.name, line: reader.line, column: "\(column)", expected: what, found: "none")
  }
}
