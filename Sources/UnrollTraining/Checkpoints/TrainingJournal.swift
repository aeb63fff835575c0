import UnrollNetworks

/// The written memory of a training: checkpoints in a folder, from which it goes on after the process was killed, and
/// logs.
///
///     let journal = try TrainingJournal(folder: "run", every: .steps(500))
///     let result = try Trainer(work, model: network, plan: plan, journal: journal).run()
///     try save(result.model)
///     try journal.remove()
///
/// The same program, started again with the same data and the same folder, goes on where the newest whole checkpoint
/// was made, in the midst of an epoch, and ends with the same bits as if nothing had happened. Several trainers may
/// share a journal, one after the other: each is known by its turn. One that had finished returns its stored result at
/// once; what the program does between them must depend on nothing but the data and these results.
///
/// | in the folder | |
/// |---|---|
/// | `training-1-step-0000001200` | a checkpoint of the first trainer, whole: see `docs/Checkpoints.md` |
/// | `training-1-result` | what it ended with |
///
/// Of each trainer the last two checkpoints are kept, and the first that was made after its best epoch.
public final class TrainingJournal {
  /// How often a checkpoint is made.
  public enum Interval: Sendable, Equatable {
    /// After so many steps.
    case steps(Int)
    /// After so many seconds, at the end of a step.
    case seconds(Double)
  }

  /// Where checkpoints are; `nil`: none are made.
  public let folder: String?
  /// How often they are made.
  public let interval: Interval
  /// What writes down the course of training.
  public let logs: [any TrainingLog]
  /// Those of them that could be written so far.
  private(set) var writtenLogs: [any TrainingLog]
  /// Whether a training was interrupted, so that the folder holds what can be gone on with.
  public private(set) var isInterrupted = false
  /// Seconds of training before this process: those of what was taken from the folder.
  public private(set) var secondsBefore = 0.0
  let keepsAll: Bool
  let note: (String) -> Void
  private var trainings = 0

  /// A journal in a folder, which is made where there is none. What it holds is gone on with.
  ///
  /// - Parameters:
  ///   - folder: where checkpoints go; `nil`: none are made.
  ///   - keepsAll: whether the checkpoints of a trainer that ended are kept, to be looked at.
  ///   - note: takes remarks for a person, such as that a damaged checkpoint was passed over.
  /// - Throws: `ModelFileError` when the folder cannot be made.
  public init(
    folder: String?, every interval: Interval = .steps(1000), keepsAll: Bool = false,
    logs: [any TrainingLog] = [], note: @escaping (String) -> Void = { _ in }
  ) throws(ModelFileError) {
    self.folder = folder
    self.interval = interval
    self.keepsAll = keepsAll
    self.logs = logs
    writtenLogs = logs
    self.note = note
    guard let folder else { return }
    switch try FileSystem.kind(of: folder) {
    case nil: try FileSystem.makeFolder(folder)
    case .folder, .link: CheckedFolder.sweep(folder)
    case let kind?:
      throw ModelFileError(.occupied, file: folder, expected: "a folder or a free name", found: kind.rawValue)
    }
  }

  /// The next trainer's part.
  package func begin() -> JournalEntry {
    trainings += 1
    return JournalEntry(self, training: trainings)
  }

  /// Removes what is stored in the folder, and the folder when nothing else is in it.
  ///
  /// - Throws: `ModelFileError` when the system refuses.
  public func remove() throws(ModelFileError) {
    guard let folder else { return }
    try clear()
    if try FileSystem.names(in: folder).isEmpty { try FileSystem.removeFolder(folder) }
  }

  /// Removes what is stored in the folder.
  package func clear() throws(ModelFileError) {
    guard let folder else { return }
    for name in try FileSystem.names(in: folder) where Self.isOwn(name) {
      try CheckedFolder.remove("\(folder)/\(name)")
    }
    CheckedFolder.sweep(folder)
  }

  /// Whether a name in the folder is that of a checkpoint or a result.
  package static func isOwn(_ name: String) -> Bool {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0] == "training", Int(parts[1]) != nil else { return false }
    return parts.count == 3 && parts[2] == "result"
      || parts.count == 4 && parts[2] == "step" && Int(parts[3]) != nil
  }

  /// Calls `body` with each log. One that cannot be written, such as where the disk is full, is told of and left alone
  /// from then on: a training is worth more than its log.
  func tellLogs(_ body: (any TrainingLog) throws -> Void) {
    for log in writtenLogs {
      do {
        try body(log)
      } catch {
        writtenLogs.removeAll { $0 === log }
        note("a log is no longer written, and training goes on: \(error)")
      }
    }
  }

  func interrupt() { isInterrupted = true }
  func count(secondsBefore seconds: Double) { secondsBefore += seconds }
}
