import UnrollCore
import UnrollTasks
import UnrollTraining

/// Options of `unroll train` that every task takes.
struct TrainOptions: SettingSet {
  var output: String?
  var validation: [String] = []
  var from: String?
  var grow = false
  var replace = false
  var checkpointEvery: String?
  var run: String?
  var keepRun = false
  var log: [String] = []
  var logFolder: String?

  static let fields: [SettingField<TrainOptions>] = [
    SettingField(\.output, "output", .always, "The folder to save the model in.", valueName: "MODEL"),
    SettingField(
      \.validation, "validation", .data, "Files that the best epoch is chosen by, as many as DATA.",
      valueName: "file,…"),
    SettingField(
      \.from, "from", .training, "Go on from a trained model: its vocabulary, labels and network are kept.",
      valueName: "MODEL"),
    SettingField(
      \.grow, "grow", .training, "With --from: add the words and labels that the model does not know."),
    SettingField(\.replace, "replace", .always, "Replace a model of another task that stands at MODEL."),
    SettingField(
      \.checkpointEvery, "checkpoint-every", .checkpoints, "Steps between checkpoints, or time, such as 5m.",
      valueName: "n|time"),
    SettingField(
      \.run, "run", .checkpoints, "The folder of checkpoints; MODEL.run by default.", valueName: "RUN"),
    SettingField(\.keepRun, "keep-run", .checkpoints, "Keep that folder after success."),
    SettingField(
      \.log, "log", .checkpoints, "Logs to write: jsonl, tensorboard or both.", valueName: "name,…"),
    SettingField(
      \.logFolder, "log-folder", .checkpoints, "The folder of logs; that of checkpoints by default.",
      valueName: "FOLDER"),
  ]
}

/// `unroll train TASK DATA… -o MODEL`.
enum TrainCommand {
  static func spec<Task: TaskDefinition>(_ task: Task.Type) -> CommandSpec {
    let about = Task.about
    return CommandSpec(
      path: ["train", about.name], summary: about.summary, discussion: about.discussion, needsOutput: true,
      files: about.files,
      options: Task.Settings.descriptions(variants: Task.Settings.variants) + TrainOptions.descriptions()
    ) { line, _ in try train(task, line, words: Array(CommandLine.arguments.dropFirst(3))) }
  }

  /// `unroll train --resume RUN`.
  static let resume = CommandSpec(
    path: ["train"], summary: "Train a model of a task on files, or go on with a training.",
    discussion: """
      With --checkpoint-every, a training writes checkpoints beside its model, and goes on with them after a crash: \
      unroll train --resume MODEL.run
      """, options: ResumeOptions.descriptions()
  ) { line, command in
    var options = ResumeOptions()
    try options.take(line.values)
    guard let path = options.resume else { throw UsageError("expected a task, found nothing", command) }
    let run = try ResumedRun(path, Screen.errors(line))
    guard let task = TaskRegistry.task(run.record.task) else {
      throw ModelFileError(
        .otherTask, file: path,
        expected: "a task of \(TaskRegistry.tasks.map { $0.about.name }.joined(separator: ", "))",
        found: run.record.task)
    }
    try goOn(task, run, line)
  }

  private static func goOn<Task: TaskDefinition>(_ task: Task.Type, _ run: ResumedRun, _ line: ParsedLine)
    throws
  {
    let threads = line.always.threads.map { ["--threads", "\($0)"] } ?? []
    let old = try ParsedLine(run.record.words + threads, spec(task))
    try WorkerPool.$limit.withValue(old.always.threads) { try train(task, old, words: [], resumed: run) }
  }

  private static func train<Task: TaskDefinition>(
    _ task: Task.Type, _ line: ParsedLine, words: [String], resumed: ResumedRun? = nil
  ) throws {
    var options = TrainOptions()
    try options.take(line.values)
    let output = try line.output(spec(task))
    let screen = Screen.errors(line)
    // Found out before training, not after.
    let old = try ModelDirectory.standing(at: output)
    if let old, old != Task.name, !options.replace {
      throw ModelFileError(
        .occupied, file: output, expected: "a free name, or a model of the task \(Task.name)",
        found: "a model of the task \(old); use --replace to replace it")
    }
    let start = try options.from.map { try Model<Task>(contentsOf: $0) }
    if start == nil, options.grow {
      throw SettingError("grow", expected: "from MODEL beside it", found: "none")
    }
    let runOptions = try RunOptions(options)
    let run =
      try resumed.map { try RecordedRun(goingOnWith: $0, runOptions, screen: screen) }
      ?? RecordedRun(
        runOptions, task: Task.name, words: words, files: line.words + options.validation, output: output,
        screen: screen)
    let reporter = TrainingReporter(screen)
    defer { reporter.finish() }
    Interrupt.listen()
    let model = try Model<Task>.train(
      files: line.words, given: line.values, validation: options.validation, from: start, grows: options.grow,
      session: TaskSession(
        report: { reporter.report($0) }, shouldStop: { Interrupt.isRequested }, journal: run.journal))
    reporter.finish()
    let keepsOld = old != nil && Interrupt.isRequested
    // What an interrupted training left is that training's own to replace.
    let isOwn = resumed != nil && (try? Model<Task>(contentsOf: output))?.record.end == "interrupted"
    let place = keepsOld && !isOwn ? try aside(output) : output
    try model.save(to: place)
    // Only now: a Ctrl-C that comes late must not cost the model.
    Interrupt.stopListening()
    if place != output {
      screen.write("\ninterrupted: \(output) stays as it is; what was trained so far is in \(place)\n")
    } else {
      screen.write("\nsaved \(output)\(old == nil ? "" : ", in place of an older model")\n")
    }
    try run.end()
  }

  /// A free name beside a finished model.
  private static func aside(_ path: String) throws -> String {
    var trimmed = Substring(path)
    while trimmed.count > 1 && trimmed.last == "/" { trimmed.removeLast() }
    for number in 1...1000 {
      let name = trimmed + ".interrupted" + (number == 1 ? "" : "-\(number)")
      if try FileSystem.kind(of: String(name)) == nil { return String(name) }
    }
    throw ModelFileError(
      .occupied, file: path, expected: "a free name for what was trained so far",
      found: "a thousand that are taken")
  }
}

/// Options of `unroll train` without a task.
struct ResumeOptions: SettingSet {
  var resume: String?
  static let fields: [SettingField<ResumeOptions>] = [
    SettingField(
      \.resume, "resume", .checkpoints,
      "The folder of a training that did not end, to go on with: its files and options are those it began with.",
      valueName: "RUN")
  ]
}
