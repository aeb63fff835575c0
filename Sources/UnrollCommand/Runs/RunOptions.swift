import ArgumentParser
import UnrollTasks
import UnrollTraining

/// What a person wants of the written memory of a training.
struct RunOptions: Equatable {
  /// How often a checkpoint is made; `nil`: never.
  var interval: TrainingJournal.Interval?
  /// The folder of the run; `nil`: beside the model.
  var run: String?
  /// Whether it is kept after success.
  var keepsRun = false
  var logs: Set<LogKind> = []
  /// Where logs go; `nil`: into the folder of the run.
  var logFolder: String?

  /// The forms of a log.
  enum LogKind: String, CaseIterable {
    case jsonLines = "jsonl"
    case tensorBoard = "tensorboard"
  }

  private enum Name {
    static let interval = "checkpoint-every"
    static let run = "run"
    static let keepsRun = "keep-run"
    static let logs = "log"
    static let logFolder = "log-folder"
  }

  private enum Help {
    static let interval = "Steps between checkpoints, or time, such as 5m."
    static let run = "The folder of checkpoints; beside MODEL when absent."
    static let keepsRun = "Keep that folder after success."
    static let logs = "Logs to write: jsonl, tensorboard or both, separated by commas."
    static let logFolder = "The folder of logs; in that of checkpoints when absent."
  }

  /// As the options of a task.
  static let taskOptions: [TaskOption] = [
    TaskOption(Name.interval, .text, valueName: "n", group: group, Help.interval),
    TaskOption(Name.run, .text, valueName: "RUN", group: group, Help.run),
    TaskOption(Name.keepsRun, .flag, group: group, Help.keepsRun),
    TaskOption(Name.logs, .text, valueName: "name,…", group: group, Help.logs),
    TaskOption(Name.logFolder, .text, valueName: "FOLDER", group: group, Help.logFolder),
  ]
  static let group = "Checkpoints and logs"

  /// As options of a command that reads them itself.
  struct Arguments: ParsableArguments {
    @Option(help: ArgumentHelp(Help.interval, valueName: "n"))
    var checkpointEvery: String?
    @Option(help: ArgumentHelp(Help.run, valueName: "RUN"))
    var run: String?
    @Flag(help: ArgumentHelp(Help.keepsRun))
    var keepRun = false
    @Option(help: ArgumentHelp(Help.logs, valueName: "name,…"))
    var log: String?
    @Option(help: ArgumentHelp(Help.logFolder, valueName: "FOLDER"))
    var logFolder: String?

    func validate() throws {
      do {
        _ = try RunOptions(self)
      } catch {
        throw ValidationError("\(error)")
      }
    }
  }

  init(_ arguments: TaskArguments) throws(TaskArgumentError) {
    try self.init(
      interval: arguments.text(Name.interval), run: arguments.text(Name.run),
      keepsRun: arguments.flag(Name.keepsRun), logs: arguments.text(Name.logs),
      logFolder: arguments.text(Name.logFolder))
  }

  init(_ arguments: Arguments) throws(TaskArgumentError) {
    try self.init(
      interval: arguments.checkpointEvery, run: arguments.run, keepsRun: arguments.keepRun,
      logs: arguments.log, logFolder: arguments.logFolder)
  }

  private init(
    interval: String?, run: String?, keepsRun: Bool, logs: String?, logFolder: String?
  ) throws(TaskArgumentError) {
    self.interval = try interval.map { text throws(TaskArgumentError) in try Self.interval(text) }
    self.run = run
    self.keepsRun = keepsRun
    self.logs = try logs.map { text throws(TaskArgumentError) in try Self.kinds(text) } ?? []
    self.logFolder = logFolder
    if let run, self.interval == nil && self.logs.isEmpty {
      throw TaskArgumentError(
        option: Name.run, expected: "--\(Name.interval) or --\(Name.logs) beside it", found: run)
    }
    if let logFolder, self.logs.isEmpty {
      throw TaskArgumentError(
        option: Name.logFolder, expected: "--\(Name.logs) beside it", found: logFolder)
    }
  }

  /// A number of steps, or a time with a unit.
  private static func interval(_ text: String) throws(TaskArgumentError) -> TrainingJournal.Interval {
    let wrong = TaskArgumentError(
      option: Name.interval, expected: "a number of steps from 1 on, or a time such as 90s, 5m or 1h",
      found: text)
    if let steps = Int(text) {
      guard steps >= 1 else { throw wrong }
      return .steps(steps)
    }
    guard text.last?.isLetter == true, let time = try? DurationText.parse(text), time > .zero else {
      throw wrong
    }
    return .seconds(time.inSeconds)
  }

  private static func kinds(_ text: String) throws(TaskArgumentError) -> Set<LogKind> {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    let kinds = words.compactMap { LogKind(rawValue: $0) }
    guard kinds.count == words.count else {
      throw TaskArgumentError(
        option: Name.logs,
        expected: LogKind.allCases.map(\.rawValue).joined(separator: ", ") + ", or both with a comma",
        found: text)
    }
    return Set(kinds)
  }
}
