import UnrollTraining

/// A trained model of some task: what can be saved, loaded and described whatever the task is.
public protocol TaskModel: Sendable {
  /// The task's name, as in `config.json` and on the command line.
  static var task: String { get }

  /// Loads a model from its folder.
  ///
  /// - Throws: `ModelFileError` when the folder is damaged, missing or of another task.
  init(contentsOf path: String) throws

  /// Saves the model as a folder, in place of an older one, as a whole.
  ///
  /// - Throws: `ModelFileError` when the place cannot be written.
  func save(to path: String) throws

  /// What a person wants to know of the model.
  var description: ModelDescription { get }
}

/// A model in words and numbers.
public struct ModelDescription: Sendable {
  /// Pairs of a property and its value, in groups with a heading.
  public struct Group: Sendable {
    public let heading: String
    public let rows: [(name: String, value: String)]

    package init(heading: String, rows: [(name: String, value: String)]) {
      self.heading = heading
      self.rows = rows
    }
  }
  /// What the model is, in a line.
  public let title: String
  public let groups: [Group]
  /// Each parameter, its shape and its number of elements.
  public let parameters: [(name: String, shape: String, count: Int)]

  package init(
    title: String, groups: [Group], parameters: [(name: String, shape: String, count: Int)]
  ) {
    self.title = title
    self.groups = groups
    self.parameters = parameters
  }
}

/// All tasks. A new task is a folder of its own and a line here.
public enum TaskRegistry {
  public static let all: [any TaskModel.Type] = [Forecaster.self] + working + [NetworkModel.self]

  /// The tasks that say themselves what they take.
  public static let working: [any WorkingTask.Type] = [
    Classifier.self, Tagger.self, LanguageModel.self, Translator.self,
  ]

  /// Loads a model of any task.
  ///
  /// - Parameter others: types of models beside those of the tasks.
  /// - Throws: `ModelFileError` when the folder is damaged, missing or of a task that this version lacks.
  public static func load(_ path: String, others: [any TaskModel.Type] = []) throws -> any TaskModel {
    let all = all + others
    let name = try ModelDirectory.load(path).task
    guard let type = all.first(where: { $0.task == name }) else {
      throw ModelFileError(
        .otherTask, file: path, expected: "a task of \(all.map { $0.task }.joined(separator: ", "))",
        found: name)
    }
    return try type.init(contentsOf: path)
  }
}
