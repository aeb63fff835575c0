import UnrollTraining

/// All tasks. A new task is a folder of its own and a line here.
public enum TaskRegistry {
  public static let tasks: [any TaskDefinition.Type] = [
    ForecastTask.self, ClassifyTask.self, TagTask.self, GenerateTask.self, TranslateTask.self,
    SummarizeTask.self, ComposeTask.self, DrawTask.self, WatchTask.self, TranscribeTask.self,
    IdentifyTask.self, RecognizeTask.self, ReadTask.self,
  ]

  /// The task of a name.
  public static func task(_ name: String) -> (any TaskDefinition.Type)? {
    tasks.first { $0.about.name == name }
  }

  /// Loads a model of any task.
  ///
  /// - Parameter others: kinds of models beside those of the tasks.
  /// - Throws: `ModelFileError` when the folder is damaged, missing or of a kind that is not known.
  public static func load(_ path: String, others: [any SavedModel.Type] = []) throws -> any SavedModel {
    let folder = try ModelDirectory.load(path)
    let all = tasks.map { modelType($0) } + others
    guard let type = all.first(where: { $0.task == folder.task }) else {
      throw ModelFileError(
        .otherTask, file: path, expected: "a model of \(all.map { $0.task }.joined(separator: ", "))",
        found: folder.task)
    }
    return try type.init(folder)
  }

  private static func modelType<Task: TaskDefinition>(_ task: Task.Type) -> any SavedModel.Type {
    Model<Task>.self
  }
}
