import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A trained model of a task.
///
///     let classifier = try Classifier.train(on: data)
///     try classifier.save(to: "stars")
///     let answers = try Classifier(contentsOf: "stars").answers(["What a film!"])
public struct Model<Task: TaskDefinition>: Sendable {
  /// How the model is built and was trained.
  public internal(set) var settings: Task.Settings
  /// What was learned from data beside the weights.
  public internal(set) var preparation: Task.Preparation
  /// What was chosen on the validation part.
  public internal(set) var calibration: Task.Calibration?
  /// How training went.
  public internal(set) var record: TrainingRecord
  /// The members of the ensemble; one where there is none.
  public package(set) var networks: [Task.Network]

  /// The number of numbers that training could change.
  public var parameterCount: Int { networks.reduce(0) { $0 + $1.parameterCount } }

  /// All weights by name, as the file of weights holds them.
  package var weights: [(name: String, value: Tensor)] {
    networks.enumerated().flatMap { member, network in
      network.namedWeights(prefix: "members.\(member)").map { ($0.name, $0.tensor) }
    }
  }

  /// Trains a model.
  ///
  /// The same call with the same seed gives the same bits, on any number of threads, unless a time limit cuts it short.
  ///
  /// - Parameters:
  ///   - settings: the task's defaults for the data when `nil`.
  ///   - validation: what the epoch is chosen by; a share of the data when `nil`, which then is not learned from.
  ///   - start: a model to go on from: its vocabulary, labels and network are kept.
  ///   - grows: whether what the data has beyond `start` is added to it; otherwise it is an error.
  ///   - session: takes events, and is asked whether to stop; the best weights so far are kept then.
  /// - Throws: `SettingError`, what is wrong with the data, or `TrainingError` when training goes astray.
  public static func train(
    on data: Task.Data, settings: Task.Settings? = nil, validation: Task.Data? = nil,
    from start: Model? = nil,
    grows: Bool = false, session: TaskSession = TaskSession()
  ) throws -> Model {
    var settings = try settings ?? start?.settings ?? Task.defaults(for: data, Task.Settings())
    // What was decided for the network stays decided.
    for field in Task.Settings.fields where field.group == .network {
      if let start, let value = field.get(start.settings) { field.set(&settings, value) }
    }
    try settings.checkAll()
    return try TrainingRun(
      data: data, validation: validation, settings: settings, start: start, grows: grows, session: session
    ).run()
  }

  /// Trains a model on files.
  ///
  /// - Parameter given: the settings that somebody gave; others are the task's defaults for the data.
  /// - Throws: `DataError`, `SettingError` or `TrainingError`.
  public static func train(
    files: [String], given: SettingValues = SettingValues(), validation: [String] = [],
    from start: Model? = nil,
    grows: Bool = false, session: TaskSession = TaskSession()
  ) throws -> Model {
    var settings = start?.settings ?? Task.Settings()
    try settings.take(given)
    // What cannot be is said before files are read.
    try settings.checkAll()
    if let start { try start.checkNetwork(settings) }
    let data = try Task.read(files, settings, note: session.note)
    let judges = try validation.isEmpty ? nil : Task.read(validation, settings, note: session.note)
    do {
      if start == nil {
        settings = try Task.defaults(for: data, settings)
        try settings.take(given)
      }
      return try train(
        on: data, settings: settings, validation: judges, from: start, grows: grows, session: session)
    } catch var error as SettingError {
      error.data = data.source
      throw error
    }
  }

  /// What is gone on from keeps its network.
  private func checkNetwork(_ settings: Task.Settings) throws(SettingError) {
    for field in Task.Settings.fields where field.group == .network {
      let (own, other) = (field.get(self.settings), field.get(settings))
      guard own != other else { continue }
      throw SettingError(
        field.name, expected: "\(own?.text ?? "none"), as in the model that training goes on from",
        found: other?.text ?? "none")
    }
  }

  /// Answers inputs, each by itself.
  public func answers(
    _ inputs: [Task.Input], options: Task.Options = Task.Options(), session: AnswerSession = AnswerSession()
  ) throws -> [Task.Answer] {
    try options.checkAll()
    return try Kernels.flushingDenormals { try Task.answers(inputs, self, options, session) }
  }

  /// Scores the model on data that it has not seen.
  public func evaluate(
    on data: Task.Data, options: Task.Options = Task.Options(), session: AnswerSession = AnswerSession()
  ) throws -> ScoreReport {
    try options.checkAll()
    return try Kernels.flushingDenormals { try Task.evaluate(data, self, options, session) }
  }

  /// Scores the model on files, read as those of its training unless somebody says otherwise.
  public func evaluate(
    files: [String], given: SettingValues = SettingValues(), options: Task.Options = Task.Options(),
    session: AnswerSession = AnswerSession()
  ) throws -> ScoreReport {
    var settings = settings
    try settings.take(given)
    let own = files.isEmpty ? Task.ownData(self) : nil
    var report = try evaluate(
      on: own ?? Task.read(files, settings, note: session.note), options: options, session: session)
    if own != nil { return report }
    report.source = files.joined(separator: ", ")
    return report
  }
}

/// A model of some kind that can be saved, loaded and described.
public protocol SavedModel: Sendable {
  /// The kind's name, as in `config.json` and on the command line.
  static var task: String { get }

  /// Loads a model from a folder that was read and checked.
  ///
  /// - Throws: `ModelFileError`.
  init(_ folder: LoadedModel) throws

  /// Saves the model as a folder, in place of an older one, as a whole.
  ///
  /// - Throws: `ModelFileError` when the place cannot be written.
  func save(to path: String) throws

  /// What a person wants to know of the model.
  var description: ModelDescription { get }
}

extension SavedModel {
  /// Loads a model from its folder.
  ///
  /// - Throws: `ModelFileError` when the folder is damaged, missing or of another kind.
  public init(contentsOf path: String) throws { try self.init(ModelDirectory.load(path, task: Self.task)) }
}
