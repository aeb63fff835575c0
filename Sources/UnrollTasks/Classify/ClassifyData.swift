import UnrollCore
import UnrollData
import UnrollTraining

/// What is classified.
public enum ClassifyInput: Sendable, Equatable {
  case text(String)
  /// A sequence of numbers of so many channels.
  case sequence(NumericSequence, channels: Int)
}

/// Texts or sequences of numbers with labels.
public struct ClassifyData: TaskData {
  /// An input and what it is.
  public struct Example: Sendable, Equatable {
    public let input: ClassifyInput
    /// One, or any number where an example may have several.
    public let labels: [String]
    /// Where it starts in its file, from 1.
    public let line: Int
    public let id: String?
  }

  public var examples: [Example]
  public let source: String
  public let hash: String

  init(_ examples: [Example], source: String, hash: String = "") {
    self.examples = examples
    self.source = source
    self.hash = hash
  }

  /// Texts, each with its label.
  public init(texts: [String], labels: [String]) throws {
    try self.init(texts: texts, labelSets: labels.map { [$0] })
  }

  /// Texts, each with any number of labels.
  public init(texts: [String], labelSets: [[String]]) throws {
    try self.init(texts.map { .text($0) }, labelSets, source: "the texts")
  }

  /// Sequences of numbers, each with its label: for each sequence the values of each step, NaN where one is missing.
  public init(sequences: [[[Float]]], labels: [String]) throws {
    try self.init(ClassifyInput.sequences(sequences), labels.map { [$0] }, source: "the sequences")
  }

  private init(_ inputs: [ClassifyInput], _ labels: [[String]], source: String) throws {
    guard inputs.count == labels.count else {
      throw DataError(
        .badLabel, file: source, expected: "labels for \(inputs.count) inputs", found: "for \(labels.count)")
    }
    self.init(
      zip(inputs, labels).enumerated().map { Example(input: $1.0, labels: $1.1, line: $0 + 1, id: nil) },
      source: source)
  }

  /// Whether texts are of a kind that sets no blanks between words, such as Chinese or Thai: fewer than one in twenty
  /// characters is one.
  var hasFewBlanks: Bool {
    var (blanks, others) = (0, 0)
    for case .text(let text) in examples.lazy.prefix(2000).map(\.input) {
      for scalar in text.unicodeScalars {
        if scalar.properties.isWhitespace { blanks += 1 } else { others += 1 }
      }
    }
    return others > 100 * min(20, examples.count) / 20 && 20 * blanks < others
  }

  var labels: LabelSet { LabelSet(examples.lazy.flatMap(\.labels)) }

  public var facts: [Fact] {
    let labels = labels
    return [Fact("examples", examples.count), Fact("labels", labels.names.count)]
      + zip(labels.names, labels.counts).prefix(20).map { Fact("label \($0)", $1) }
  }

  /// Some of the examples.
  func choosing(_ places: [Int]) -> ClassifyData {
    ClassifyData(places.map { examples[$0] }, source: source, hash: hash)
  }
}

extension ClassifyInput {
  static func sequences(_ sequences: [[[Float]]]) throws -> [ClassifyInput] {
    let channels = sequences.first { !$0.isEmpty }?[0].count ?? 0
    return try sequences.map { steps in
      if let other = steps.first(where: { $0.count != channels }) {
        throw DataError(
          .badSequence, file: "the sequences", expected: "\(channels) values at each step",
          found: "\(other.count)")
      }
      return .sequence(NumericSequence(values: steps.flatMap { $0 }, steps: steps.count), channels: channels)
    }
  }
}

extension ClassifyData {
  /// Reads files as settings say.
  ///
  /// - Throws: `DataError`, which says what is wrong and where; `SettingError` when settings do not go together.
  init(_ files: [String], _ settings: ClassifySettings, note: (String) -> Void = { _ in }) throws {
    var examples: [Example] = []
    var hash = SHA256()
    for path in files { examples += try Self.read(path, settings, note) }
    for alike in LabelSet(examples.lazy.flatMap(\.labels)).alike {
      note(
        "labels alike but for case, blanks or the form of a number: \(alike.map { quoted($0) }.joined(separator: ", "))"
      )
    }
    for example in examples { example.update(&hash) }
    self.init(examples, source: files.joined(separator: ", "), hash: hash.hexadecimal())
  }

  private static func read(
    _ path: String, _ settings: ClassifySettings, _ note: (String) -> Void
  ) throws -> [Example] {
    if let id = settings.id {
      guard settings.text == nil else {
        throw SettingError(
          "text", expected: "none beside id, which is for sequences", found: settings.text ?? "")
      }
      var reader = try SequenceTableReader(
        path: path, id: id, label: settings.label,
        features: settings.features.isEmpty ? nil : settings.features)
      return try sequences { () throws(DataError) in try reader.next() }
    }
    if path.hasSuffix(".ts"), settings.text == nil {
      var reader = try SequenceFileReader(path: path)
      return try sequences { () throws(DataError) in try reader.next() }
    }
    var reader = try LabeledTextReader(
      path: path, format: try format(settings), leavesOutUnlabeled: settings.leaveOutUnlabeled)
    var examples: [Example] = []
    while let found = try reader.next() {
      examples.append(Example(input: .text(found.text), labels: found.labels, line: found.line, id: nil))
    }
    for found in reader.notes { note(found.text) }
    return examples
  }

  private static func format(_ settings: ClassifySettings) throws -> LabeledTextFormat {
    guard let text = settings.text else {
      guard let label = settings.label else { return .fastText }
      throw SettingError("label", expected: "text beside it, or id for sequences", found: label)
    }
    if settings.header { return .columns(text: text, label: settings.label, separator: settings.separator) }
    func number(_ name: String, _ word: String) throws(SettingError) -> Int {
      guard let number = Int(word), number >= 1 else {
        throw SettingError(name, expected: "the number of a column, from 1", found: word)
      }
      return number
    }
    return .numbered(
      text: try number("text", text), label: try settings.label.map { try number("label", $0) })
  }

  private static func sequences(_ next: () throws(DataError) -> NumericSequence?) throws -> [Example] {
    var examples: [Example] = []
    while let found = try next() {
      examples.append(
        Example(
          input: .sequence(found, channels: found.steps > 0 ? found.values.count / found.steps : 0),
          labels: found.label.map { [$0] } ?? [], line: found.line, id: found.id))
    }
    return examples
  }

  /// - Throws: `DataError` when no example has a label, or one has several where each should have one.
  func checkLabels(_ settings: ClassifySettings) throws(DataError) {
    guard examples.contains(where: { !$0.labels.isEmpty }) else {
      let hint =
        settings.text != nil || settings.id != nil
        ? "say the column of labels"
        : "say the columns of text and label for a table; lines of fastText mark labels with __label__"
      throw DataError(.badLabel, file: source, expected: "examples with labels", found: "none", hint: hint)
    }
    guard !settings.multiLabel else { return }
    for example in examples where example.labels.count != 1 {
      throw DataError(
        .badLabel, file: source, line: example.line, expected: "one label",
        found: example.labels.isEmpty ? "none" : "\(example.labels.count)",
        hint: "say multi-label where an example may have several")
    }
  }
}

extension ClassifyData.Example {
  fileprivate func update(_ hash: inout SHA256) {
    switch input {
    case .text(let text): hash.update(text)
    case .sequence(let sequence, _): hash.update(sequence.values.map { "\($0)" }.joined(separator: " "))
    }
    hash.update(labels.joined(separator: "\u{1}"))
  }
}
