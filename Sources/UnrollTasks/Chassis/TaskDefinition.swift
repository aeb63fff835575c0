import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A job: what its data is, what a network learns of it, and what an answer looks like.
///
/// A task is a folder with one type of this protocol, and a line in `TaskRegistry`. Everything that tasks have in common
/// is written once, in ``Model`` and the command: options, checks, training with members, hold-out, refit and time
/// limit, checkpoints, files, cards, evaluation, answers as text, JSON and CSV, fine-tuning, export.
public protocol TaskDefinition: Sendable {
  associatedtype Settings: TaskSettings
  /// How an answer is looked for and shown.
  associatedtype Options: SettingSet = NoSettings
  /// Examples: what is trained on and evaluated with.
  associatedtype Data: TaskData
  /// What is learned from data before the network: tokenizers, labels, scales.
  associatedtype Preparation: ModelPart
  /// How a network learns from data that was prepared.
  associatedtype Work: TrainingWork where Work.Model: Sendable
  /// What is chosen on the validation part once networks are trained, such as a threshold.
  associatedtype Calibration: Codable & Sendable = NoCalibration
  associatedtype Input: Sendable
  associatedtype Answer: TaskAnswer
  typealias Network = Work.Model

  static var about: TaskAbout { get }

  /// Reads files of examples, as the settings of the group `data` say.
  ///
  /// - Parameter note: takes remarks for a person: what was guessed, what was left out.
  /// - Throws: `DataError`, which says what is wrong and where.
  static func read(_ files: [String], _ settings: Settings, note: (String) -> Void) throws -> Data

  /// The defaults for some data. What somebody gave is put on top of them.
  static func defaults(for data: Data, _ given: Settings) throws -> Settings

  /// The data with a part of it held out.
  static func split(_ data: Data, _ settings: Settings, member: Int) throws -> DataParts<Data>

  /// Two sets of examples as one.
  static func joined(_ data: Data, _ other: Data) throws -> Data

  /// Whether each member of an ensemble holds out another part. Then the preparation is learned from all data.
  static var splitsByMember: Bool { get }

  /// Learns what the network's inputs and outputs are. Settings that were left open may be decided here.
  static func prepare(_ data: Data, _ settings: inout Settings) throws -> Preparation

  /// A network with random weights.
  static func network(
    _ settings: Settings, _ preparation: Preparation, using random: inout RandomSource
  ) throws -> Network

  /// Changes random weights by what the training data shows, before training.
  static func initialize(
    _ network: inout Network, from data: Data, _ settings: Settings, _ preparation: Preparation)

  static func work(
    _ training: Data, validation: Data?, _ settings: Settings, _ preparation: Preparation
  ) throws -> Work

  /// Chooses what is chosen on the validation part.
  static func calibrate(_ model: Model<Self>, on validation: Data) throws -> Calibration?

  /// Called once at the end of training, with all of the data.
  static func finish(_ model: inout Model<Self>, _ data: Data)

  /// Remarks on what will be trained on.
  static func remarks(
    _ parts: DataParts<Data>, _ settings: Settings, _ preparation: Preparation
  ) throws -> [String]

  /// The preparation with room for what new data has beyond it, what it knows already in its place.
  ///
  /// - Throws: what the data has that the model does not know, unless `grows`.
  static func fit(
    _ preparation: Preparation, to data: Data, _ settings: Settings, grows: Bool
  ) throws -> Preparation

  // MARK: Answers

  /// An input of a line of text.
  static func input(_ text: String, _ model: Model<Self>, _ options: Options) throws -> Input

  /// The inputs of a file that is of the task's own format; `nil`: it is read as texts.
  static func inputs(
    contentsOf path: String, _ model: Model<Self>, _ options: Options, note: (String) -> Void
  ) throws -> [TaskInput<Input>]?

  /// The column of a table that inputs are read from where none is said, such as that of training.
  static func inputColumn(_ settings: Settings) -> String?

  /// What standard input is as a whole, for tasks that read no text from it; `nil`: a text a line.
  static func standardInput(_ model: Model<Self>, _ options: Options) throws -> Input?

  /// What is answered where no input was given; `nil`: lines of standard input are read.
  static func defaultInput(_ model: Model<Self>, _ options: Options) throws -> Input?

  /// Answers inputs, each by itself: what others are given beside an input does not change its answer.
  static func answers(
    _ inputs: [Input], _ model: Model<Self>, _ options: Options, _ session: AnswerSession
  ) throws -> [Answer]

  /// Scores a model on data that it has not seen.
  static func evaluate(
    _ data: Data, _ model: Model<Self>, _ options: Options, _ session: AnswerSession
  ) throws -> ScoreReport

  /// What a model is scored on where no data is given; `nil`: that is an error.
  static func ownData(_ model: Model<Self>) -> Data?

  /// Has the networks read made-up inputs and says by name what they read and give: what an export writes. Parameters are
  /// named already.
  static func trace(_ trace: inout Trace, _ model: Model<Self>) throws

  // MARK: Description

  /// What the model is, in a line.
  static func title(_ model: Model<Self>) -> String
  /// Properties of the data and of the network that no setting says.
  static func facts(_ model: Model<Self>) -> [Fact]
  /// The layers from input to output, to be drawn.
  static func layers(_ model: Model<Self>) -> [LayerDescription]
  /// Files beside the model that show what it does, such as a plot. They may be missing when it is loaded.
  static func pictures(_ model: Model<Self>) throws -> [String: [UInt8]]
}

extension TaskDefinition {
  public static var name: String { about.name }
  public static func defaults(for data: Data, _ given: Settings) throws -> Settings { Settings() }
  public static var splitsByMember: Bool { false }
  public static func initialize(
    _ network: inout Network, from data: Data, _ settings: Settings, _ preparation: Preparation
  ) {}
  public static func calibrate(_ model: Model<Self>, on validation: Data) throws -> Calibration? { nil }
  public static func finish(_ model: inout Model<Self>, _ data: Data) {}
  public static func ownData(_ model: Model<Self>) -> Data? { nil }
  public static func remarks(
    _ parts: DataParts<Data>, _ settings: Settings, _ preparation: Preparation
  ) -> [String] { [] }
  public static func inputs(
    contentsOf path: String, _ model: Model<Self>, _ options: Options, note: (String) -> Void
  ) throws -> [TaskInput<Input>]? { nil }
  public static func inputColumn(_ settings: Settings) -> String? { nil }
  public static func standardInput(_ model: Model<Self>, _ options: Options) throws -> Input? { nil }
  public static func defaultInput(_ model: Model<Self>, _ options: Options) throws -> Input? { nil }
  public static func facts(_ model: Model<Self>) -> [Fact] { [] }
  public static func pictures(_ model: Model<Self>) throws -> [String: [UInt8]] { [:] }
}

/// Settings of a task.
public protocol TaskSettings: SettingSet, Equatable {
  var learning: LearningSettings { get set }
  /// Kinds of data with defaults of their own, for help.
  static var variants: [(name: String, settings: Self)] { get }
}

extension TaskSettings {
  public static var variants: [(name: String, settings: Self)] { [] }
}

/// What a task does, in words.
public struct TaskAbout: Sendable {
  /// The name, as in `config.json` and on the command line.
  public let name: String
  /// What it does, in a line.
  public let summary: String
  /// More of it, with examples.
  public let discussion: String
  /// The files that it is trained on and evaluated with.
  public let files: [TaskFile]
  /// What its use takes after the model: `TEXT`.
  public let inputName: String
  /// What a person must know before trusting it; a part of the model card.
  public let limits: String
  /// The form of answers where none is asked for.
  public let format: AnswerFormat
  /// All forms that answers may have.
  public let formats: [AnswerFormat]
  /// Whether answers are shown while they are made.
  public let streams: Bool

  public init(
    _ name: String, _ summary: String, discussion: String, files: [TaskFile], inputName: String,
    limits: String,
    format: AnswerFormat = .text, documents: [AnswerFormat] = [], streams: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.files = files
    self.inputName = inputName
    self.limits = limits
    self.format = format
    formats = AnswerFormat.common + documents
    self.streams = streams
  }
}

/// A file that a task takes.
public struct TaskFile: Sendable {
  /// For a usage line: `DATA`.
  public let name: String
  public let help: String
  /// How many there must be, and how many there may be.
  public let count: ClosedRange<Int>

  public init(_ name: String, count: ClosedRange<Int> = 1...1, _ help: String) {
    self.name = name
    self.help = help
    self.count = count
  }
}

/// A set of examples.
public protocol TaskData: Sendable {
  /// Where it came from, for messages.
  var source: String { get }
  /// SHA-256 of what was read; empty where it was made in memory.
  var hash: String { get }
  /// How much there is of what: examples, tokens, labels.
  var facts: [Fact] { get }
}

/// A property and its value, for a person.
public struct Fact: Sendable, Codable, Equatable {
  public let name: String
  public let value: String

  public init(_ name: String, _ value: some Any) {
    self.name = name
    self.value = "\(value)"
  }
}

/// Data as it is used in a training.
public struct DataParts<Data: Sendable>: Sendable {
  public var training: Data
  /// Chooses the epoch; `nil`: the last one is kept.
  public var validation: Data?
  /// Scored once, at the end; `nil`: the validation part is what scores come from.
  public var test: Data?

  public init(training: Data, validation: Data? = nil, test: Data? = nil) {
    self.training = training
    self.validation = validation
    self.test = test
  }
}

/// What a model keeps beside its settings and weights.
public protocol ModelPart: Sendable {
  /// What stands in `config.json`.
  associatedtype Stored: Codable & Sendable
  var stored: Stored { get }
  /// What stands in files of its own, such as `tokenizer.json`.
  var files: [String: [UInt8]] { get }
  /// Reads it back.
  ///
  /// - Throws: `ModelFileError` when it is damaged.
  init(_ stored: Stored, _ files: ModelFiles) throws
}

/// Nothing that is chosen on a validation part.
public struct NoCalibration: Codable, Sendable, Equatable {
  public init() {}
}

/// What a task that is training tells and obeys.
public struct TaskSession {
  /// Takes what happens.
  public let report: (TaskEvent) -> Void
  /// Whether a person asked to stop.
  public let shouldStop: () -> Bool
  /// Keeps checkpoints and logs; what it holds is gone on with.
  public let journal: TrainingJournal?

  public init(
    report: @escaping (TaskEvent) -> Void = { _ in }, shouldStop: @escaping () -> Bool = { false },
    journal: TrainingJournal? = nil
  ) {
    self.report = report
    self.shouldStop = shouldStop
    self.journal = journal
  }

  public func note(_ text: String) { report(.note(text)) }
}

/// What happens while a task is at work.
public enum TaskEvent: Sendable {
  /// A part of the work begins.
  case phase(String)
  case note(String)
  case training(TrainingEvent)
  /// Scores on the part that was held out.
  case scored(ScoreReport)
}

/// What a task that answers tells and obeys.
public struct AnswerSession {
  /// Takes remarks for a person.
  public let note: (String) -> Void
  /// Takes an answer while it is made, and says whether to go on; `nil`: nobody wants it.
  public let stream: ((String) -> Bool)?
  public let shouldStop: () -> Bool

  public init(
    note: @escaping (String) -> Void = { _ in }, stream: ((String) -> Bool)? = nil,
    shouldStop: @escaping () -> Bool = { false }
  ) {
    self.note = note
    self.stream = stream
    self.shouldStop = shouldStop
  }
}

/// An input and where it came from.
public struct TaskInput<Input: Sendable>: Sendable {
  /// What tells it apart in its file.
  public var id: String?
  /// Its line there, from 1.
  public var line: Int?
  public var input: Input

  public init(_ input: Input, id: String? = nil, line: Int? = nil) {
    self.input = input
    self.id = id
    self.line = line
  }
}
