import UnrollCore
import UnrollTasks
import UnrollTraining

/// Options of `unroll TASK` that every task takes.
struct AnswerOptions: SettingSet {
  var format: AnswerFormat?
  var output: String?
  var column: String?
  var idColumn: String?
  var literal: [String] = []

  static let fields: [SettingField<AnswerOptions>] = [
    SettingField(\.format, "format", .output, "How answers are written."),
    SettingField(\.output, "output", .always, "The file to write answers to, as a whole.", valueName: "FILE"),
    SettingField(\.column, "column", .data, "The column of texts in a table.", valueName: "column"),
    SettingField(\.idColumn, "id-column", .data, "The column of ids in a table.", valueName: "column"),
    SettingField(
      \.literal, "text", .data, "A text to answer, also where a file has its name.", valueName: "text"),
  ]
}

/// `unroll TASK MODEL [INPUT…]`.
enum AnswerCommand {
  static func spec<Task: TaskDefinition>(_ task: Task.Type) -> CommandSpec {
    let about = Task.about
    var options = AnswerOptions.descriptions()
    for index in options.indices where options[index].name == "format" {
      options[index].defaultText = about.format.rawValue
      options[index].kind = .choice(about.formats.map(\.rawValue))
    }
    return CommandSpec(
      path: [about.name], summary: about.summary, discussion: about.discussion,
      files: [
        TaskFile("MODEL", "The folder of the model."),
        TaskFile(
          about.inputName, count: 0...(.max),
          "What to answer: a text, a file, or - for standard input, the default."),
      ], options: Task.Options.descriptions() + options
    ) { line, _ in try answer(task, line) }
  }

  private static func answer<Task: TaskDefinition>(_ task: Task.Type, _ line: ParsedLine) throws {
    var options = AnswerOptions()
    try options.take(line.values)
    var own = Task.Options()
    try own.take(line.values)
    try own.checkAll()
    let model = try Model<Task>(contentsOf: line.words[0])
    let format = options.format ?? Task.about.format
    let screen = Screen.errors(line)
    let output = OutputFile(options.output)
    var reader = InputReader(
      model, own, readLine: { Swift.readLine() }, note: { screen.write($0 + "\n") })
    (reader.column, reader.idColumn) = (options.column, options.idColumn)
    reader.isInteractive = TerminalStream.isInteractive
    var writer = AnswerWriter<Task.Answer>(
      format, names: (id: options.idColumn != nil, line: options.column != nil && options.idColumn == nil))
    Interrupt.listen()
    var failure: (any Error)?
    let streams = Task.about.streams && format == .text && options.output == nil
    let session = AnswerSession(
      note: { screen.write($0 + "\n") },
      stream: streams
        ? { text in
          do { try output.write(text) } catch { failure = error }
          return failure == nil && !Interrupt.isRequested
        } : nil, shouldStop: { Interrupt.isRequested })
    func body(_ inputs: [TaskInput<Task.Input>]) throws {
      let answers = try model.answers(inputs.map(\.input), options: own, session: session)
      if let failure { throw failure }
      for (input, answer) in zip(inputs, answers) where !streams {
        if options.format == nil, options.output != nil, let file = answer.file {
          try output.write(whole: file)
          screen.write(answer.shown + "\n")
          continue
        }
        try output.write(writer.text(answer, id: input.id, line: input.line))
      }
    }
    if line.words.count > 1 || options.literal.isEmpty {
      try reader.forEach(Array(line.words.dropFirst()), body)
    }
    if !options.literal.isEmpty {
      reader.takesWordsAsTexts = true
      try reader.forEach(options.literal, body)
    }
    try output.finish()
  }
}
