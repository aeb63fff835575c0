import UnrollTraining

/// A task as people meet it: trained on files, put to use, and scored, whatever it is about.
///
/// A task is a folder that holds one type of this protocol, and a line in `TaskRegistry`. The commands
/// `unroll train <task>`, `unroll <task>`, `unroll evaluate` and `unroll inspect` are made of what it says here.
public protocol WorkingTask: TaskModel {
  /// What the task does, in a line.
  static var abstract: String { get }
  /// More of it, with examples.
  static var discussion: String { get }

  /// The files it is trained on, one word each for a usage line: `DATA`, or `SOURCE TARGET`.
  static var trainingFiles: [TaskFile] { get }
  static var trainingOptions: [TaskOption] { get }
  /// Trains a model.
  ///
  /// - Throws: what is wrong with the files, the options or the training.
  static func train(
    on files: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws -> Self

  /// What its use takes after the model: `TEXT…`.
  static var useInputs: String { get }
  static var useOptions: [TaskOption] { get }
  /// Does what the task is for.
  ///
  /// - Parameter inputs: what was said; when empty, lines of `session.input` are meant, where the task takes any.
  func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws

  static var evaluationFiles: [TaskFile] { get }
  static var evaluationOptions: [TaskOption] { get }
  /// Scores the model on files that it has not seen, and writes the scores.
  func evaluate(on files: [String], _ arguments: TaskArguments, _ session: TaskSession) throws
}

extension WorkingTask {
  public static var evaluationFiles: [TaskFile] { trainingFiles }
  public static var evaluationOptions: [TaskOption] { [] }
}

/// A file that a task takes.
public struct TaskFile: Sendable {
  /// For a usage line: `DATA`.
  public let name: String
  public let help: String
  public let isOptional: Bool

  public init(_ name: String, isOptional: Bool = false, _ help: String) {
    self.name = name
    self.help = help
    self.isOptional = isOptional
  }
}

/// What a task that is at work says, hears and obeys.
public struct TaskSession {
  /// Takes what happens during training, and remarks for a person.
  public let report: (TaskEvent) -> Void
  /// Takes results: what a program reads.
  public let write: (String) -> Void
  /// Gives the next line of input without its end, or `nil` after the last.
  public let readLine: () -> String?
  /// Whether a person asked to stop.
  public let shouldStop: () -> Bool
  /// What each of the task's trainers is to be given, one after the other: it keeps checkpoints and logs.
  public let journal: TrainingJournal?

  public init(
    report: @escaping (TaskEvent) -> Void = { _ in }, write: @escaping (String) -> Void = { _ in },
    readLine: @escaping () -> String? = { nil }, shouldStop: @escaping () -> Bool = { false },
    journal: TrainingJournal? = nil
  ) {
    self.report = report
    self.write = write
    self.readLine = readLine
    self.shouldStop = shouldStop
    self.journal = journal
  }

  /// A remark in a line.
  public func note(_ text: String) { report(.note(text)) }
}

/// What happens while a task is at work.
public enum TaskEvent: Sendable {
  /// A part of the work begins.
  case phase(String)
  case note(String)
  case training(TrainingEvent)
}
