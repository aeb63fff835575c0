import UnrollCore

/// Reads `.ts` files of the UCR, UEA and aeon archives, a sequence at a time.
///
/// A header of `@` lines ends with `@data`; below it a line is a sequence: the values of a dimension with commas
/// between them, dimensions with colons between them, and the label behind the last colon. `?` and `NaN` are
/// missing values. Sequences may differ in length unless the header says `@equalLength true`; the dimensions of
/// one sequence may not. Files with time stamps or with numbers as targets are refused.
package struct SequenceFileReader {
  private var reader: LineReader
  /// The name of the problem, if the header gives one.
  package private(set) var problem: String?
  /// The number of features of a step: known from the first sequence on where the header is silent.
  package private(set) var features: Int?
  /// The labels that the header lists; empty for files without labels.
  package private(set) var labels: [String] = []
  private var hasLabels = false
  /// The length of every sequence, once it is known, where all are equal.
  private var equalSteps: Int?
  private var areEqual = false
  private var isEmpty = true

  package init(path: String) throws(DataError) { try self.init(try ByteSource(path: path)) }

  package init(_ source: ByteSource) throws(DataError) {
    reader = LineReader(source)
    var isFirst = true
    while let text = try reader.nextText() {
      let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard let tag = words.first, !tag.hasPrefix("#"), !tag.hasPrefix("%") else { continue }
      isFirst = false
      guard tag.hasPrefix("@") else { throw error("a line that starts with @, up to @data", quoted(text)) }
      if tag.lowercased() == "@data" { return }
      try read(tag.lowercased(), Array(words.dropFirst()))
    }
    guard isFirst else { throw error("a line @data below the header", "the end of the file") }
    throw DataError(
      .emptyFile, file: source.name, expected: "a header and sequences", found: "no text",
      statement: "the file is empty")
  }

  private mutating func read(_ tag: String, _ words: [Substring]) throws(DataError) {
    switch tag {
    case "@problemname": problem = words.joined(separator: " ")
    case "@timestamps":
      if try flag(tag, words) {
        throw error("@timestamps false", "true", hint: "write values without their times")
      }
    case "@missing": _ = try flag(tag, words)
    case "@univariate": if try flag(tag, words) { features = 1 }
    case "@dimension", "@dimensions": features = try number(tag, words)
    case "@equallength": areEqual = try flag(tag, words)
    case "@serieslength": equalSteps = try number(tag, words)
    case "@targetlabel":
      if try flag(tag, words) { throw error("labels of classes", "@targetlabel true") }
    case "@classlabel":
      hasLabels = try flag(tag, words)
      labels = words.dropFirst().map(String.init)
      guard hasLabels == !labels.isEmpty else {
        throw error(
          "the labels behind @classLabel true, and none behind false", counted(labels.count, "label"))
      }
    default:
      throw error(
        "a known attribute", quoted(tag), hint: nearest(tag, in: Self.tags).map { "did you mean \($0)?" })
    }
  }

  private static let tags = [
    "@problemName", "@timeStamps", "@missing", "@univariate", "@dimensions", "@equalLength", "@seriesLength",
    "@classLabel", "@targetLabel", "@data",
  ]

  private func flag(_ tag: String, _ words: [Substring]) throws(DataError) -> Bool {
    switch words.first?.lowercased() {
    case "true": return true
    case "false": return false
    default: throw error("true or false behind \(tag)", words.first.map { quoted($0) } ?? "nothing")
    }
  }

  private func number(_ tag: String, _ words: [Substring]) throws(DataError) -> Int {
    guard words.count == 1, let value = Int(words[0]), value > 0 else {
      throw error("a number above 0 behind \(tag)", quoted(words.joined(separator: " ")))
    }
    return value
  }

  /// The next sequence, or nil at the end. A file without any is an error.
  package mutating func next() throws(DataError) -> NumericSequence? {
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == Byte.space || $0 == Byte.tab }) || line[0] == Byte.hash { continue }
      isEmpty = false
      return try sequence(line)
    }
    guard !isEmpty else {
      throw DataError(
        .noRows, file: reader.name, expected: "sequences below @data", found: "none",
        statement: "the file has a header and no sequences")
    }
    return nil
  }

  private mutating func sequence(_ line: [UInt8]) throws(DataError) -> NumericSequence {
    var parts = line.split(separator: Byte.colon, omittingEmptySubsequences: false)
    var label: String?
    if hasLabels, let last = parts.popLast() {
      let text = String(decoding: last.filter { $0 != Byte.space && $0 != Byte.tab }, as: UTF8.self)
      guard labels.contains(text) else {
        throw DataError(
          .badLabel, file: reader.name, line: reader.line,
          expected: "one of the labels \(labels.prefix(12).map { clipped($0) }.joined(separator: ", "))",
          found: quoted(text), hint: nearest(text, in: labels).map { "did you mean \(quoted($0))?" })
      }
      label = text
    }
    let count = features ?? parts.count
    guard parts.count == count, count > 0 else {
      throw error(counted(count, "dimension"), "\(parts.count)")
    }
    features = count
    let dimensions = try parts.map { (part) throws(DataError) -> [Float] in try numbers(part) }
    let steps = dimensions[0].count
    for (index, dimension) in dimensions.enumerated() where dimension.count != steps {
      throw error(
        "\(counted(steps, "value")) in each dimension", "\(dimension.count) in dimension \(index + 1)")
    }
    if areEqual {
      guard steps == equalSteps ?? steps else {
        throw error("\(equalSteps ?? 0) values, as all sequences are equally long", "\(steps)")
      }
      equalSteps = steps
    }
    var values = [Float](repeating: 0, count: steps * count)
    for (feature, dimension) in dimensions.enumerated() {
      for (step, value) in dimension.enumerated() { values[step * count + feature] = value }
    }
    return NumericSequence(values: values, steps: steps, label: label, id: nil, line: reader.line)
  }

  private func numbers(_ part: ArraySlice<UInt8>) throws(DataError) -> [Float] {
    if part.allSatisfy({ $0 == Byte.space || $0 == Byte.tab }) { return [] }
    var values: [Float] = []
    let bytes = Array(part)
    var start = 0
    while start <= bytes.count {
      let end = bytes[start...].firstIndex(of: Byte.comma) ?? bytes.count
      guard let value = SequenceNumber.value(bytes, start..<end) else {
        throw DataError(
          .notANumber, file: reader.name, line: reader.line, expected: "a number or ?",
          found: quoted(String(decoding: bytes[start..<end], as: UTF8.self)))
      }
      values.append(value)
      start = end + 1
    }
    return values
  }

  private func error(_ expected: String, _ found: String, hint: String? = nil) -> DataError {
    DataError(
      .badSequence, file: reader.name, line: max(1, reader.line), expected: expected, found: found, hint: hint
    )
  }
}

/// A number of a sequence in single precision.
enum SequenceNumber {
  /// The number, NaN for `?` and `NaN`, nil for anything else. Blanks around it do not count.
  static func value(_ bytes: [UInt8], _ range: Range<Int>) -> Float? {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, bytes[start] == Byte.space || bytes[start] == Byte.tab { start += 1 }
    while start < end, bytes[end - 1] == Byte.space || bytes[end - 1] == Byte.tab { end -= 1 }
    if let value = DecimalText.value(bytes, start..<end) {
      let single = Float(value)
      return single.isFinite ? single : nil
    }
    let isMissing =
      bytes[start..<end].elementsEqual("?".utf8)
      || String(decoding: bytes[start..<end], as: UTF8.self).lowercased() == "nan"
    return isMissing ? .nan : nil
  }
}
