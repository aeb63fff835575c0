import UnrollData

/// How a file holds examples.
public enum ClassifierFormat: Sendable, Codable, Equatable {
  /// CSV or TSV with a header: the columns of the text and of the label; `separator` stands between several labels.
  case columns(text: String, label: String?, separator: String?)
  /// Tab separated lines without a header: columns by their numbers, from 1.
  case numbered(text: Int, label: Int?)
  /// Lines of fastText: words that start with `__label__` are labels, the rest is the text.
  case fastText
  /// `.ts` files of the UCR, UEA and aeon archives.
  case sequenceFile
  /// A table with a row for each time step; `id` tells the sequences apart. `features`: the columns of the values;
  /// `nil`: all others.
  case sequenceTable(id: String, label: String?, features: [String]?)

  /// Whether it holds sequences of numbers.
  public var isNumeric: Bool {
    switch self {
    case .columns, .numbered, .fastText: false
    case .sequenceFile, .sequenceTable: true
    }
  }

  /// The same with other columns of text, label and identifier where they are given.
  func replacing(text: String?, label: String?, id: String?) -> ClassifierFormat {
    switch self {
    case .columns(let oldText, let oldLabel, let separator):
      .columns(text: text ?? oldText, label: label ?? oldLabel, separator: separator)
    case .numbered(let oldText, let oldLabel):
      .numbered(text: text.flatMap { Int($0) } ?? oldText, label: label.flatMap { Int($0) } ?? oldLabel)
    case .sequenceTable(let oldID, let oldLabel, let features):
      .sequenceTable(id: id ?? oldID, label: label ?? oldLabel, features: features)
    case .fastText, .sequenceFile: self
    }
  }

  /// The same without labels.
  var withoutLabels: ClassifierFormat {
    switch self {
    case .columns(let text, _, let separator): .columns(text: text, label: nil, separator: separator)
    case .numbered(let text, _): .numbered(text: text, label: nil)
    case .sequenceTable(let id, _, let features): .sequenceTable(id: id, label: nil, features: features)
    case .fastText, .sequenceFile: self
    }
  }
}

extension ClassifierData {
  /// Reads a file.
  ///
  /// - Throws: `DataError`, which says what is wrong and where.
  public init(path: String, format: ClassifierFormat) throws(DataError) {
    switch format {
    case .columns(let text, let label, let separator):
      try self.init(
        LabeledTextReader(
          path: path, format: .columns(text: text, label: label, separator: separator)), path)
    case .numbered(let text, let label):
      try self.init(LabeledTextReader(path: path, format: .numbered(text: text, label: label)), path)
    case .fastText: try self.init(LabeledTextReader(path: path, format: .fastText), path)
    case .sequenceFile:
      var reader = try SequenceFileReader(path: path)
      try self.init(path) { () throws(DataError) in try reader.next() }
    case .sequenceTable(let id, let label, let features):
      var reader = try SequenceTableReader(path: path, id: id, label: label, features: features)
      try self.init(path) { () throws(DataError) in try reader.next() }
    }
  }

  private init(_ reader: LabeledTextReader, _ path: String) throws(DataError) {
    var reader = reader
    var (texts, labels, lines): ([String], [[String]], [Int]) = ([], [], [])
    while let example = try reader.next() {
      texts.append(example.text)
      labels.append(example.labels)
      lines.append(example.line)
    }
    self.init(inputs: .texts(texts), labels: labels, source: path, lines: lines)
  }

  private init(_ path: String, next: () throws(DataError) -> NumericSequence?) throws(DataError) {
    var (sequences, labels, lines): ([Sequence], [[String]], [Int]) = ([], [], [])
    var channels = 0
    while let example = try next() {
      sequences.append(Sequence(values: example.values, steps: example.steps, id: example.id))
      labels.append(example.label.map { [$0] } ?? [])
      lines.append(example.line)
      if example.steps > 0 { channels = example.values.count / example.steps }
    }
    self.init(
      inputs: .sequences(sequences, channels: channels), labels: labels, source: path, lines: lines)
  }
}
