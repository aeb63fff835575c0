import UnrollData
import UnrollTraining

/// Reads what is to be answered: words of a command, files, tables with a column, lines of standard input.
///
/// | a word | is |
/// |---|---|
/// | `-` | standard input: a line at a time, or as a whole where the task reads no text |
/// | the name of a file of the task's own format | what the task reads of it |
/// | the name of another file | a text a line; of CSV, TSV and JSON lines a text a record, in the column asked for |
/// | anything else | a text |
public struct InputReader<Task: TaskDefinition> {
  let model: Model<Task>
  let options: Task.Options
  /// The column of texts in tables.
  public var column: String?
  /// The column of ids in tables.
  public var idColumn: String?
  /// Whether words are texts even where a file has their name.
  public var takesWordsAsTexts = false
  /// Whether standard input is a person's.
  public var isInteractive = false
  let readLine: () throws -> String?
  let note: (String) -> Void

  public init(
    _ model: Model<Task>, _ options: Task.Options, readLine: @escaping () throws -> String? = { nil },
    note: @escaping (String) -> Void = { _ in }
  ) {
    self.model = model
    self.options = options
    self.readLine = readLine
    self.note = note
  }

  /// Calls `body` with inputs, as many at a time as are there.
  ///
  /// - Throws: `DataError` for a file that cannot be read.
  public func forEach(_ words: [String], _ body: ([TaskInput<Task.Input>]) throws -> Void) throws {
    if words.isEmpty {
      if let whole = try Task.standardInput(model, options) { return try body([TaskInput(whole)]) }
      let input = try Task.defaultInput(model, options)
      // Who can be given a line at a time is, where somebody gives lines.
      if input == nil || Task.about.streams && !isInteractive, try lines(body) > 0 { return }
      if let input { try body([TaskInput(input)]) }
      return
    }
    var texts: [TaskInput<Task.Input>] = []
    func flush() throws {
      if !texts.isEmpty { try body(texts) }
      texts = []
    }
    for word in words {
      if word == "-" {
        try flush()
        if let whole = try Task.standardInput(model, options) {
          try body([TaskInput(whole)])
        } else {
          try lines(body)
        }
      } else if !takesWordsAsTexts, TextFile.exists(word) {
        try flush()
        try file(word, body)
      } else {
        texts.append(TaskInput(try Task.input(word, model, options)))
      }
    }
    try flush()
  }

  /// One line at a time: who writes a line waits for its answer.
  ///
  /// - Returns: the number of lines.
  @discardableResult
  private func lines(_ body: ([TaskInput<Task.Input>]) throws -> Void) throws -> Int {
    var number = 0
    while let line = try readLine() {
      number += 1
      try body([TaskInput(try Task.input(line, model, options), line: number)])
    }
    return number
  }

  private func file(_ path: String, _ body: ([TaskInput<Task.Input>]) throws -> Void) throws {
    if let own = try Task.inputs(contentsOf: path, model, options, note: note) { return try body(own) }
    var reader = try TextRecordReader(
      path: path, column: column, usual: Task.inputColumn(model.settings), id: idColumn)
    var waiting: [TaskInput<Task.Input>] = []
    while let record = try reader.next() {
      waiting.append(
        TaskInput(try Task.input(record.text, model, options), id: record.id, line: record.line))
      guard waiting.count >= Self.together else { continue }
      try body(waiting)
      waiting = []
    }
    if !waiting.isEmpty { try body(waiting) }
  }

  /// Inputs of a file that are answered together.
  private static var together: Int { 256 }
}
