/// How a file holds words and tags.
package enum TaggedFormat: Sendable, Equatable {
  /// A word a line with its tags behind it, between tabs or blanks (CoNLL 2000 to 2003). Columns are counted from
  /// 1; a tag column of nil is the last one, and 0 means that there are no tags.
  case conll(word: Int = 1, tag: Int? = nil)
  /// Ten columns with tabs between them (Universal Dependencies); the tag is a column by its name.
  case conllu(tag: UniversalColumn?)
}

/// The columns of CoNLL-U that can be learned.
package struct UniversalColumn: Sendable, Hashable {
  /// The column's name, and behind a colon the name of one of its features: `MISC:NER`.
  package let rawValue: String
  /// The position in a line, from 0.
  let position: Int
  /// The feature whose value is the tag; words without it have the tag `O`.
  let feature: String?

  private init(_ name: String, _ position: Int, feature: String? = nil) {
    rawValue = feature.map { "\(name):\($0)" } ?? name
    self.position = position
    self.feature = feature
  }

  package static let form = UniversalColumn("FORM", 1)
  package static let lemma = UniversalColumn("LEMMA", 2)
  package static let universalTag = UniversalColumn("UPOS", 3)
  package static let languageTag = UniversalColumn("XPOS", 4)
  package static let features = UniversalColumn("FEATS", 5)
  package static let head = UniversalColumn("HEAD", 6)
  package static let relation = UniversalColumn("DEPREL", 7)
  package static let dependencies = UniversalColumn("DEPS", 8)
  /// The tag of an entity in the last column: `NER=B-PER`.
  package static let miscellany = UniversalColumn("MISC", 9, feature: "NER")

  /// All columns, MISC as a whole.
  package static let allCases: [UniversalColumn] = [
    form, lemma, universalTag, languageTag, features, head, relation, dependencies,
    UniversalColumn("MISC", 9),
  ]

  /// A column by its name in any case of letters, or by its number from 1; `MISC` alone is `MISC:NER`.
  package static func named(_ name: String, file: String) throws(DataError) -> UniversalColumn {
    let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
    let first = parts.first ?? ""
    let number = Int(first).flatMap { number in allCases.first { $0.position == number - 1 } }
    guard let column = number ?? allCases.first(where: { $0.rawValue == first.uppercased() }) else {
      throw .noColumn(name, in: file, columns: allCases.map(\.rawValue) + ["MISC:NER"])
    }
    if parts.count == 2 { return UniversalColumn(column.rawValue, column.position, feature: parts[1]) }
    return column.rawValue == "MISC" ? miscellany : column
  }

  /// The tag that a field of this column holds.
  func tag(_ field: String) -> String {
    guard let feature else { return field }
    for part in field.split(separator: "|") where part.hasPrefix(feature + "=") {
      return String(part.dropFirst(feature.count + 1))
    }
    return "O"
  }
}

extension TaggedFormat {
  /// The format of a file, found from its first bytes, its name and what a caller says.
  ///
  /// Ten columns between tabs are CoNLL-U when the first counts the words of each sentence from 1 and the seventh is a
  /// number or `_`: a table of ten annotations whose first word is a number is none.
  ///
  /// - Parameters:
  ///   - start: the first bytes of the file.
  ///   - tag: the tags' column: its number, its name in CoNLL-U or in a header row; nil for the last, or UPOS.
  ///   - isUniversal: whether the file is CoNLL-U, where that is said.
  /// - Throws: `DataError` when there is no such column, or the file is a table or lines of JSON.
  package static func find(
    _ start: [UInt8], name: String, word: Int = 1, tag: String? = nil, isUniversal: Bool? = nil
  ) throws(DataError) -> TaggedFormat {
    try refuseOthers(start, name)
    if isUniversal ?? (name.lowercased().hasSuffix(".conllu") || looksUniversal(start)) {
      return .conllu(tag: try UniversalColumn.named(tag ?? "UPOS", file: name))
    }
    let header = header(start)
    if let tag {
      if let number = Int(tag), number >= 1 { return .conll(word: word, tag: number) }
      if let place = header?.firstIndex(where: { $0.lowercased() == tag.lowercased() }) {
        return .conll(word: word, tag: place + 1)
      }
      if let header { throw .noColumn(tag, in: name, columns: header) }
      throw DataError(
        .badRoles, file: name, expected: "the number of a column, counted from 1", found: quoted(tag),
        hint: "columns have names in CoNLL-U, and where a header row gives them")
    }
    return .conll(word: word, tag: likelyTag(start, word: word))
  }

  /// The lines that hold words among the first bytes.
  private static func lines(_ start: [UInt8]) -> [[ArraySlice<UInt8>]] {
    start.split(separator: Byte.lineFeed, maxSplits: 2000, omittingEmptySubsequences: false).dropLast(
      start.last == Byte.lineFeed ? 0 : 1
    ).map { line in
      let plain = line.last == Byte.carriageReturn ? line.dropLast() : line
      return plain.first == Byte.hash
        ? [] : plain.split(separator: Byte.tab, omittingEmptySubsequences: false)
    }
  }

  private static func looksUniversal(_ start: [UInt8]) -> Bool {
    var last = 0
    var seen = 0
    for fields in lines(start) {
      if fields.count <= 1 {
        if fields.first.map({ $0.allSatisfy { $0 == Byte.space } }) ?? true {
          last = fields.isEmpty ? last : 0
        }
        continue
      }
      guard fields.count == 10 else { return false }
      let id = String(decoding: fields[0], as: UTF8.self)
      let isSpecial = id.contains("-") || id.contains(".")
      let head = fields[6]
      guard isSpecial || Int(id) == last + 1,
        head.elementsEqual("_".utf8) || head.allSatisfy({ $0.digit != nil })
      else { return false }
      if !isSpecial { last += 1 }
      seen += 1
      if seen == 200 { break }
    }
    return seen > 0
  }

  private static let wordNames: Set<String> = ["token", "tokens", "word", "words", "form", "text", "tok"]

  /// The names of a row above the words; nil when the first line is a word like others.
  static func header(_ start: [UInt8]) -> [String]? {
    let line = start.prefix { $0 != Byte.lineFeed }
    return header(
      fields: line.split { $0 == Byte.tab || $0 == Byte.space || $0 == Byte.carriageReturn }.map {
        String(decoding: $0, as: UTF8.self)
      })
  }

  /// Whether a line's fields are names of columns: the first names words, and another names tags.
  static func header(fields: [String]) -> [String]? {
    guard let first = fields.first, fields.count > 1 else { return nil }
    let plain = Blanks.trimmed(first).lowercased()
    guard wordNames.contains(plain.hasPrefix("#") ? String(plain.dropFirst()) : plain) else { return nil }
    let names: Set<String> = [
      "tag", "tags", "ner", "ne", "label", "labels", "pos", "upos", "xpos", "chunk", "lemma", "entity",
    ]
    let namesTags = fields.dropFirst().contains { field in
      let words = field.lowercased().split { !$0.isLetter }.map(String.init)
      return words.contains { names.contains($0) }
    }
    return namesTags ? fields : nil
  }

  /// The last column, unless it holds nothing and one before it holds tags of entities.
  private static func likelyTag(_ start: [UInt8], word: Int) -> Int? {
    let rows = lines(start).filter { $0.count > 2 }
    guard let width = rows.last?.count, rows.count >= 2 else { return nil }
    let whole = rows.filter { $0.count == width }.dropFirst(header(start) == nil ? 0 : 1)
    let isEmpty = whole.allSatisfy { row in
      let text = String(decoding: row[width - 1], as: UTF8.self)
      return text == "_" || text == "-" || text.isEmpty
    }
    guard isEmpty else { return nil }
    return (0..<width).first { column in
      column != word - 1
        && whole.contains { row in
          let tag = String(decoding: row[column], as: UTF8.self)
          return TagScheme.parts(tag).map { !$0.type.isEmpty } ?? (TagScheme.foreignParts(tag) != nil)
        }
    }.map { $0 + 1 }
  }

  /// Names tables between commas and lines of JSON for what they are.
  private static func refuseOthers(_ start: [UInt8], _ name: String) throws(DataError) {
    let body = start.starts(with: TextFile.byteOrderMark) ? start[3...] : start[...]
    let first = body.first { $0 > Byte.space }
    let line = body.prefix { $0 != Byte.lineFeed }
    let text = String(decoding: line.prefix(4096), as: UTF8.self)
    let isObject = first == UInt8(ascii: "{") && (text.contains("\":") || text.contains("\" :"))
    if isObject || (first == UInt8(ascii: "[") && text.contains("{\"")) {
      throw DataError(
        .badTags, file: name, line: 1, expected: "a word on each line and its tag behind it", found: "JSON",
        hint: "write a word and its tag on each line, with a tab between, and a blank line between sentences")
    }
    guard !line.contains(Byte.tab) else { return }
    let lines = body.split(separator: Byte.lineFeed, maxSplits: 200).prefix(200)
    let delimiter = RecordScanner.sniffDelimiter(Array(body), from: 0)
    let widths = Set(lines.dropLast().map { line in line.split { $0 == Byte.space }.count })
    let isTable =
      lines.count > 2 && lines.dropLast().allSatisfy { $0.contains(delimiter) }
      && (widths.count > 1 || widths == [1])
    if isTable, delimiter == Byte.comma || delimiter == Byte.semicolon {
      let mark = delimiter == Byte.comma ? "commas" : "semicolons"
      throw DataError(
        .badTags, file: name, line: 1,
        expected: "a word on each line and its tag behind it, between tabs or blanks",
        found: "a table with \(mark): \(quoted(String(decoding: line, as: UTF8.self)))",
        hint: "write a word and its tag on each line, with a tab between, and a blank line between sentences")
    }
  }
}
