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
    static let logs = "log"
    static let logFolder = "log-folder"
  }

  init(_ options: TrainOptions) throws(SettingError) {
    interval = try options.checkpointEvery.map { text throws(SettingError) in try Self.interval(text) }
    run = options.run
    keepsRun = options.keepRun
    logs = try Self.kinds(options.log)
    logFolder = options.logFolder
    if let run, interval == nil && logs.isEmpty {
      throw SettingError(Name.run, expected: "--\(Name.interval) or --\(Name.logs) beside it", found: run)
    }
    if let logFolder, logs.isEmpty {
      throw SettingError(Name.logFolder, expected: "--\(Name.logs) beside it", found: logFolder)
    }
  }

  /// A number of steps, or a time with a unit.
  private static func interval(_ text: String) throws(SettingError) -> TrainingJournal.Interval {
    let wrong = SettingError(
      Name.interval, expected: "a number of steps from 1 on, or a time such as 90s, 5m or 1h",
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

  private static func kinds(_ words: [String]) throws(SettingError) -> Set<LogKind> {
    let kinds = words.compactMap { LogKind(rawValue: $0) }
    guard kinds.count == words.count else {
      throw SettingError(
        Name.logs, expected: LogKind.allCases.map(\.rawValue).joined(separator: ", ") + ", or both",
        found: words.joined(separator: ","))
    }
    return Set(kinds)
  }
}
