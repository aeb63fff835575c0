import UnrollCore
import UnrollTasks
import UnrollTraining

/// A training that is written down as it goes, as far as a person asked for it.
final class RecordedRun {
  /// What trainers are to be given; `nil` when nothing is written down.
  let journal: TrainingJournal?
  /// The folder of the run, as the caller gave it.
  private let folder: String
  private let options: RunOptions
  private let screen: TerminalStream
  private let lock: FileLock?

  /// Begins a run.
  ///
  /// - Parameters:
  ///   - words: what stands after `unroll train <task>`.
  ///   - files: the data that the training reads.
  /// - Throws: `ModelFileError` when the folder is that of a run that did not end, or cannot be made.
  init(
    _ options: RunOptions, task: String, words: [String], files: [String], output: String,
    screen: TerminalStream
  ) throws {
    self.options = options
    self.screen = screen
    folder = options.run ?? Self.standardFolder(output)
    guard options.interval != nil else {
      lock = nil
      journal = options.logs.isEmpty ? nil : try Self.journal(options, nil, run: folder, isNew: true, screen)
      return
    }
    let record = try RunRecord(task: task, words: words, files: files)
    try Self.make(folder, record)
    lock = try FileLock("\(folder)/\(RunRecord.file)")
    journal = try Self.journal(options, folder, run: folder, isNew: true, screen)
  }

  /// Goes on with a run.
  ///
  /// - Parameter options: those that it began with.
  init(goingOnWith run: ResumedRun, _ options: RunOptions, screen: TerminalStream) throws {
    self.options = options
    self.screen = screen
    folder = run.path
    lock = run.lock
    journal = try Self.journal(options, folder, run: folder, isNew: false, screen)
  }

  private static func standardFolder(_ output: String) -> String {
    var trimmed = Substring(output)
    while trimmed.count > 1 && trimmed.last == "/" { trimmed.removeLast() }
    return trimmed + ".run"
  }

  private static func journal(
    _ options: RunOptions, _ folder: String?, run: String, isNew: Bool, _ screen: TerminalStream
  ) throws -> TrainingJournal {
    let logs = try logs(options, run: run, isNew: isNew)
    return try TrainingJournal(
      folder: folder, every: options.interval ?? .steps(.max), keepsAll: options.keepsRun, logs: logs,
      note: { screen.write($0 + "\n") })
  }

  private static func logs(_ options: RunOptions, run: String, isNew: Bool) throws -> [any TrainingLog] {
    guard !options.logs.isEmpty else { return [] }
    if options.logFolder == nil, try FileSystem.kind(of: run) == nil { try FileSystem.makeFolder(run) }
    let folder = options.logFolder ?? "\(run)/\(logFolderName)"
    if try FileSystem.kind(of: folder) == nil { try FileSystem.makeFolder(folder) }
    let others = try FileSystem.names(in: folder)
    if isNew, let other = others.first {
      throw ModelFileError(
        .occupied, file: folder, expected: "a folder without files for the logs",
        found: "\(other); name another with --log-folder")
    }
    return try options.logs.sorted { $0.rawValue < $1.rawValue }.map { kind in
      switch kind {
      case .jsonLines: try JSONLinesLog("\(folder)/training.jsonl")
      case .tensorBoard: try TensorBoardLog(folder)
      }
    }
  }

  /// Makes the folder with its record in it, as a whole.
  private static func make(_ folder: String, _ record: RunRecord) throws {
    let bytes = try record.encoded
    guard let kind = try FileSystem.kind(of: folder) else {
      return try SavePlan.folder([(RunRecord.file, bytes)], at: folder).run()
    }
    guard kind == .folder else {
      throw ModelFileError(.occupied, file: folder, expected: "a free name", found: kind.rawValue)
    }
    let names = try FileSystem.names(in: folder)
    if names.contains(RunRecord.file) {
      throw ModelFileError(
        .occupied, file: folder, expected: "a free name for the checkpoints",
        found: "that of an earlier training; go on with it by unroll train --resume \(folder), "
          + "or name another folder with --run")
    }
    // What a run that ended left: its logs, or what was not yet removed.
    let others = names.filter { !TrainingJournal.isOwn($0) && !$0.hasPrefix(".") && $0 != logFolderName }
    if let other = others.first {
      throw ModelFileError(
        .occupied, file: folder, expected: "a free name for the checkpoints",
        found: "a folder that holds \(other); name another with --run")
    }
    try TrainingJournal(folder: folder).clear()
    try AtomicFile.write(bytes, to: "\(folder)/\(RunRecord.file)")
  }

  static let logFolderName = "logs"

  /// To be called when the model is saved: the run has served its purpose, unless it was interrupted.
  func end() throws {
    guard let journal, options.interval != nil else { return }
    if journal.isInterrupted {
      return screen.write("go on with it: unroll train --resume \(folder)\n")
    }
    if options.keepsRun { return }
    // Without its record it is no run any more, however far the rest of this gets.
    try FileSystem.removeFile("\(folder)/\(RunRecord.file)")
    try journal.remove()
  }
}

/// The folder of a run that did not end, opened to go on with.
final class ResumedRun {
  let path: String
  let record: RunRecord
  fileprivate let lock: FileLock

  /// Opens a run, enters the folder that its paths start from, and checks that its data is the same.
  ///
  /// - Throws: `ModelFileError`.
  init(_ path: String, _ screen: TerminalStream) throws {
    record = try RunRecord(contentsOf: path)
    self.path = try FileSystem.resolved(path)
    lock = try FileLock("\(self.path)/\(RunRecord.file)")
    try FileSystem.enter(record.folder)
    try record.checkData()
    if record.program != Main.version {
      screen.write(
        "the training began with version \(record.program) of unroll; this is \(Main.version)\n"
      )
    }
    if record.kernels != RunRecord.kernelsHere {
      screen.write(
        "the training began with the kernels \(record.kernels), this machine computes with "
          + "\(RunRecord.kernelsHere): the last digits of its numbers will differ\n")
    }
  }
}
