extension ARPAModel {
  /// Reads a file.
  ///
  /// - Throws: `DataError`, with the line.
  public init(path: String) throws(DataError) { try self.init(try ByteSource(path: path)) }

  package init(_ source: ByteSource) throws(DataError) {
    var reader = ARPAReader(LineReader(source))
    self = try reader.read()
  }
}

/// Reads the ARPA format line by line. What the head announces is held against what follows, and nothing is made for it
/// beforehand: memory grows with the lines that are there.
private struct ARPAReader {
  private var lines: LineReader
  private var model = ARPAModel(words: [], orders: [])
  private var places: [String: Int32] = [:]

  init(_ lines: LineReader) { self.lines = lines }

  mutating func read() throws(DataError) -> ARPAModel {
    let counts = try readHead()
    for (index, count) in counts.enumerated() {
      try readGrams(length: index + 1, count: count, isLongest: index + 1 == counts.count)
    }
    guard try nextLine() == Self.end else { throw error("\"\\end\\\"", nil) }
    return model
  }

  private static let data = Array("\\data\\".utf8)
  private static let end = Array("\\end\\".utf8)

  /// The last line that was read, for errors.
  private var last: [UInt8] = []

  private func error(_ expected: String, _ found: String?) -> DataError {
    DataError(
      .badLanguageModel, file: lines.name, line: max(1, lines.line), expected: expected,
      found: found ?? (last.isEmpty ? "the end of the file" : quoted(String(decoding: last, as: UTF8.self))))
  }

  /// The next line that is not blank, without white space around it.
  private mutating func nextLine() throws(DataError) -> [UInt8]? {
    while let line = try lines.next() {
      let fields = Self.fields(line)
      guard let first = fields.first, let final = fields.last else { continue }
      last = Array(line[first.lowerBound..<final.upperBound])
      return last
    }
    last = []
    return nil
  }

  private static func fields(_ line: [UInt8]) -> [Range<Int>] {
    var fields: [Range<Int>] = []
    var start: Int?
    for (index, byte) in line.enumerated() {
      let isSpace = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
      if isSpace, let begun = start {
        fields.append(begun..<index)
        start = nil
      } else if !isSpace, start == nil {
        start = index
      }
    }
    if let start { fields.append(start..<line.count) }
    return fields
  }

  /// The numbers of sequences that the head announces. What stands before it is a remark.
  private mutating func readHead() throws(DataError) -> [Int] {
    while let line = try nextLine() {
      if line == Self.data { return try readCounts() }
    }
    throw error("\"\\data\\\"", nil)
  }

  private var heading: [UInt8] = []

  private mutating func readCounts() throws(DataError) -> [Int] {
    var counts: [Int] = []
    while let line = try nextLine() {
      if line.first == UInt8(ascii: "\\") {
        heading = line
        break
      }
      // "ngram 2=17", with white space here and there.
      let text = String(decoding: line, as: UTF8.self)
      let parts = text.split(whereSeparator: { $0 == "=" || $0 == " " || $0 == "\t" })
      guard parts.count == 3, parts[0] == "ngram", let length = Int(parts[1]), let count = Int(parts[2]),
        count >= 0
      else { throw error("\"ngram \(counts.count + 1)=…\"", nil) }
      guard length == counts.count + 1 else { throw error("ngram \(counts.count + 1)", nil) }
      guard length <= ARPAModel.longestSequence else {
        throw error("sequences of at most \(ARPAModel.longestSequence) words", nil)
      }
      counts.append(count)
    }
    guard !counts.isEmpty else { throw error("\"ngram 1=…\"", nil) }
    return counts
  }

  private mutating func readGrams(length: Int, count: Int, isLongest: Bool) throws(DataError) {
    let expected = "\\\(length)-grams:"
    // The heading of the first was read at the end of the head.
    if length > 1, let line = try nextLine() { heading = line }
    guard heading == Array(expected.utf8) else { throw error(quoted(expected), nil) }
    heading = []
    var grams = ARPAModel.Grams(length: length)
    while grams.count < count {
      guard let line = try nextLine(), line.first != UInt8(ascii: "\\") else {
        throw error("\(count) sequences of length \(length)", "\(grams.count)")
      }
      try readGram(line, &grams)
    }
    model.orders.append(grams)
  }

  private mutating func readGram(_ line: [UInt8], _ grams: inout ARPAModel.Grams) throws(DataError) {
    let fields = Self.fields(line)
    let length = grams.length
    guard fields.count == length + 1 || fields.count == length + 2 else {
      throw error("a probability, words: \(length), and perhaps a back-off weight", nil)
    }
    guard let probability = number(line, fields[0]), probability <= 0 else {
      throw error("log₁₀ of a probability", quoted(String(decoding: line[fields[0]], as: UTF8.self)))
    }
    var backOff = 0.0
    if fields.count == length + 2 {
      guard let weight = number(line, fields[length + 1]), weight < .infinity else {
        throw error(
          "log₁₀ of a back-off weight", quoted(String(decoding: line[fields[length + 1]], as: UTF8.self)))
      }
      backOff = weight
    }
    var words: [Int32] = []
    for field in fields[1...length] {
      let word = String(decoding: line[field], as: UTF8.self)
      if length == 1 {
        guard places[word] == nil else { throw error("each word once", quoted(word)) }
        places[word] = Int32(model.words.count)
        model.words.append(word)
      }
      guard let place = places[word] else { throw error("a word of the \\1-grams", quoted(word)) }
      words.append(place)
    }
    grams.append(
      words, logProbability: probability > ARPAModel.none ? probability : -.infinity, backOff: backOff)
  }

  /// A number, or −∞ as some programs write it.
  private func number(_ line: [UInt8], _ field: Range<Int>) -> Double? {
    if let value = DecimalText.value(line, field) { return value }
    let text = String(decoding: line[field], as: UTF8.self).lowercased()
    return text == "-inf" || text == "-infinity" ? -.infinity : nil
  }
}
