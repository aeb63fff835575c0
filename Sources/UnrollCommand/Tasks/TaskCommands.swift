import ArgumentParser
import UnrollCore
import UnrollTasks
import UnrollTraining

/// `unroll train <task>` of a task that says itself what it takes.
struct TrainTaskCommand<Work: WorkingTask>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: Work.task, abstract: Work.abstract, helpNames: [])
  }

  @Argument(parsing: .captureForPassthrough) var words: [String] = []

  func run() throws { try Self.train(words) }

  /// - Parameter resumed: the run to go on with, which began with these words.
  static func train(_ words: [String], resumed: ResumedRun? = nil) throws {
    let usage = TaskCommandLine.Usage(
      command: "unroll train \(Work.task)", abstract: Work.abstract, discussion: Work.discussion,
      files: Work.trainingFiles, options: Work.trainingOptions + RunOptions.taskOptions, takesOutput: true)
    try TaskConsole.run(words, usage) { line, console in
      guard let output = line.output else { return }
      // Found out before training, not after.
      try ModelDirectory.checkWritable(output)
      let options = try RunOptions(line.arguments)
      let run =
        try resumed.map { try RecordedRun(goingOnWith: $0, options, screen: console.screen) }
        ?? RecordedRun(
          options, task: Work.task, words: words,
          files: line.files + line.arguments.existingFiles(of: Work.trainingOptions), output: output,
          screen: console.screen)
      Interrupt.listen()
      let model = try Work.train(on: line.files, line.arguments, console.session(run.journal))
      console.finish()
      try model.save(to: output)
      // Only now: a Ctrl-C that comes late must not cost the model.
      Interrupt.stopListening()
      console.screen.write("\nsaved \(output)\n")
      try run.end()
    }
  }
}

extension TaskArguments {
  /// The values of options that are the names of files: a training may read them.
  fileprivate func existingFiles(of options: [TaskOption]) -> [String] {
    options.flatMap { option -> [String] in
      switch option.kind {
      case .text: text(option.name).map { [$0] } ?? []
      case .texts: texts(option.name)
      case .flag, .integer, .number, .choice: []
      }
    }.filter { path in
      (try? FileSystem.resolved(path)).flatMap { try? FileSystem.kind(of: $0) } == .file
    }
  }
}

/// `unroll <task>`.
struct UseTaskCommand<Work: WorkingTask>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: Work.task, abstract: Work.abstract, helpNames: [])
  }

  @Argument(parsing: .captureForPassthrough) var words: [String] = []

  func run() throws {
    let usage = TaskCommandLine.Usage(
      command: "unroll \(Work.task)", abstract: Work.abstract, discussion: Work.discussion,
      files: [TaskFile("MODEL", "The folder of the model.")], inputs: Work.useInputs, options: Work.useOptions
    )
    try TaskConsole.run(words, usage) { line, console in
      let model = try Work(contentsOf: line.files[0])
      try model.use(Array(line.files.dropFirst()), line.arguments, console.session())
    }
  }
}

/// `unroll evaluate` of a task that says itself what it takes.
enum EvaluateTask {
  static func run<Work: WorkingTask>(_: Work.Type, _ words: [String]) throws {
    let model = TaskFile("MODEL", "The folder of the model.")
    let usage = TaskCommandLine.Usage(
      command: "unroll evaluate", abstract: "Score a model of the task \(Work.task) on data it has not seen.",
      discussion: "", files: [model] + Work.evaluationFiles, options: Work.evaluationOptions)
    try TaskConsole.run(words, usage) { line, console in
      let model = try Work(contentsOf: line.files[0])
      try model.evaluate(on: Array(line.files.dropFirst()), line.arguments, console.session())
    }
  }
}

extension TaskRegistry {
  /// The commands of the tasks that say themselves what they take.
  static var trainCommands: [ParsableCommand.Type] { working.map { trainCommand($0) } }
  static var useCommands: [ParsableCommand.Type] { working.map { useCommand($0) } }

  /// Goes on with a run of any task.
  static func resume(_ run: ResumedRun, threads: Int?) throws {
    if run.record.task == Forecaster.task { return try TrainForecastCommand.resume(run, threads: threads) }
    guard let type = working.first(where: { $0.task == run.record.task }) else {
      throw ModelFileError(
        .otherTask, file: run.path, expected: "a task of \(all.map { $0.task }.joined(separator: ", "))",
        found: run.record.task)
    }
    try resume(type, run, threads: threads)
  }

  private static func resume<Work: WorkingTask>(_: Work.Type, _ run: ResumedRun, threads: Int?) throws {
    let words = run.record.words + (threads.map { ["--threads", "\($0)"] } ?? [])
    try TrainTaskCommand<Work>.train(words, resumed: run)
  }

  private static func trainCommand<Work: WorkingTask>(_: Work.Type) -> ParsableCommand.Type {
    TrainTaskCommand<Work>.self
  }
  private static func useCommand<Work: WorkingTask>(_: Work.Type) -> ParsableCommand.Type {
    UseTaskCommand<Work>.self
  }
}

/// A terminal as a task's counterpart.
final class TaskConsole {
  let screen = TerminalStream.standardError
  private let reporter: TrainingReporter

  private init() { reporter = TrainingReporter(screen) }

  func session(_ journal: TrainingJournal? = nil) -> TaskSession {
    TaskSession(
      report: { self.reporter.report($0) },
      write: { TerminalStream.standardOutput.write($0) },
      readLine: { Swift.readLine() },
      shouldStop: { Interrupt.isRequested }, journal: journal)
  }

  func finish() { reporter.finish() }

  /// Reads the words and does the work; what goes wrong becomes lines for a person and an exit code.
  static func run(
    _ words: [String], _ usage: TaskCommandLine.Usage, _ body: (TaskCommandLine, TaskConsole) throws -> Void
  ) throws {
    let console = TaskConsole()
    defer { console.finish() }
    let line: TaskCommandLine
    do {
      line = try TaskCommandLine(words, usage)
      try ComputeOptions.checkTarget()
    } catch {
      console.screen.writeError("\(error)")
      throw ExitCode.validationFailure
    }
    if line.wantsHelp {
      let output = TerminalStream.standardOutput
      return output.write(usage.help(width: min(100, output.columns())))
    }
    do {
      try WorkerPool.$limit.withValue(line.threads) { try body(line, console) }
    } catch let error as TaskArgumentError {
      console.finish()
      console.screen.writeError("\(error)")
      throw ExitCode.validationFailure
    } catch {
      console.finish()
      console.screen.writeError("\(error)")
      throw ExitCode.failure
    }
  }
}
