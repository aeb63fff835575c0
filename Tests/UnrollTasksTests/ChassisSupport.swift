import UnrollData
import UnrollTasks
import UnrollTraining

extension ScoreReport {
  /// The value of a score; not a number where there is none.
  subscript(name: String) -> Double { scores.first { $0.name == name }?.value ?? .nan }
}

extension Model {
  /// Trains on files with settings in words: `epochs=2`, `multi-label`, `no-header`; `validation=` names a file.
  static func train(
    files: [String], words: [String], session: TaskSession = TaskSession()
  ) throws -> Model {
    var given = SettingValues()
    var validation: [String] = []
    let known = Task.Settings.descriptions()
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      if parts[0] == "validation" {
        validation.append(parts[1])
      } else if parts.count == 1, parts[0].hasPrefix("no-") {
        try given.set(String(parts[0].dropFirst(3)), "false", among: known)
      } else {
        try given.set(parts[0], parts.count > 1 ? parts[1] : "true", among: known)
      }
    }
    return try train(files: files, given: given, validation: validation, session: session)
  }
}

extension TaskSession {
  /// One that is asked to stop after so many questions.
  static func stopping(after count: Int) -> TaskSession {
    var asked = 0
    return TaskSession(shouldStop: {
      asked += 1
      return asked > count
    })
  }
}
