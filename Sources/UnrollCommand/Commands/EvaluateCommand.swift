import UnrollTasks
import UnrollTraining

/// Options of `unroll evaluate` that every task takes.
struct EvaluateOptions: SettingSet {
  enum Format: String, CaseIterable, Sendable { case text, json }
  var format = Format.text
  var output: String?

  static let fields: [SettingField<EvaluateOptions>] = [
    SettingField(\.format, "format", .output, "How the report is written."),
    SettingField(
      \.output, "output", .always,
      "A CSV of every example with truth, answer and probability, worst first; of series, every step.",
      valueName: "FILE"),
  ]
}

/// `unroll evaluate MODEL DATA…`: which options there are depends on the task of the model.
enum EvaluateCommand {
  static let spec = CommandSpec(
    path: ["evaluate"],
    summary: "Score a model on data that it has not seen, beside simple methods where there are any.",
    discussion:
      "Columns and formats are those of training by default. The options depend on the task of the model.",
    files: [
      TaskFile("MODEL", "The folder of the model."),
      TaskFile("DATA", count: 0...1000, "Data with its truth."),
    ],
    options: options(TaskRegistry.tasks)
  ) { line, command in
    guard let path = line.words.first else { throw UsageError("expected MODEL, found nothing", command) }
    let folder = try ModelDirectory.load(path)
    guard let task = TaskRegistry.task(folder.task) else {
      throw ModelFileError(
        .otherTask, file: path,
        expected: "a model of a task (\(TaskRegistry.tasks.map { $0.about.name }.joined(separator: ", ")))",
        found: "one of the kind \(folder.task)")
    }
    try evaluate(task, folder, line)
  }

  /// The options of all tasks, each once.
  private static func options(_ tasks: [any TaskDefinition.Type]) -> [SettingDescription] {
    var all = EvaluateOptions.descriptions()
    for option in tasks.flatMap({ own($0) }) where !all.contains(where: { $0.name == option.name }) {
      all.append(option)
    }
    return all
  }

  private static func own<Task: TaskDefinition>(_ task: Task.Type) -> [SettingDescription] {
    Task.Options.descriptions() + Task.Settings.descriptions().filter { $0.group == .data }
  }

  private static func evaluate<Task: TaskDefinition>(
    _ task: Task.Type, _ folder: LoadedModel, _ line: ParsedLine
  ) throws {
    let known = Set((own(task) + EvaluateOptions.descriptions() + AlwaysOptions.descriptions()).map(\.name))
    if let other = line.values.names.first(where: { !known.contains($0) }) {
      throw SettingError(other, expected: "an option of \(Task.name)", found: "one of another task")
    }
    var options = EvaluateOptions()
    try options.take(line.values)
    var own = Task.Options()
    try own.take(line.values)
    let screen = Screen.errors(line)
    Interrupt.listen()
    let report = try Model<Task>(folder).evaluate(
      files: Array(line.words.dropFirst()), given: line.values.keeping(Task.Settings.names(of: [.data])),
      options: own,
      session: AnswerSession(note: { screen.write($0 + "\n") }, shouldStop: { Interrupt.isRequested }))
    let output = OutputFile(nil)
    switch options.format {
    case .text: try output.write(report.text(emphasise: TerminalStream.standardOutput.style.bold))
    case .json: try output.write(report.json + "\n")
    }
    try output.finish()
    if let path = options.output { try AtomicFile.write(report.errorsCSV, to: path) }
  }
}
