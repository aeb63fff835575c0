/// A save as a list of steps: after any prefix of them, the path holds the old model or the new one, whole.
///
/// It is a value, so that a test can stop after every step and look.
package struct SavePlan {
  package enum Step: Equatable {
    case makeFolder(String)
    /// Makes the file and waits for the disk.
    case createFile(String, [UInt8])
    case synchronizeFolder(String)
    case move(String, to: String)
    case exchange(spare: String, shown: String)
    case removeFile(String)
    case removeFolder(String)

    package func run() throws(ModelFileError) {
      switch self {
      case .makeFolder(let path): try FileSystem.makeFolder(path)
      case .createFile(let path, let bytes): try FileSystem.create(path, bytes)
      case .synchronizeFolder(let path): try FileSystem.synchronize(folder: path)
      case .move(let old, let new): try FileSystem.move(old, to: new)
      case .exchange(let spare, let shown): try FileSystem.exchange(spare: spare, shown: shown)
      case .removeFile(let path): try FileSystem.removeFile(path)
      case .removeFolder(let path): try FileSystem.removeFolder(path)
      }
    }
  }

  /// Makes the new folder at a spare name and shows it at the path. A failure here leaves the old model.
  package private(set) var publish: [Step] = []
  /// Undoes the steps before the new folder is shown, as far as they were done.
  package private(set) var undo: [Step] = []
  /// Brings files that are not the model's back to the path, and removes the old model. A failure here leaves
  /// the rest of the old folder at the spare name: the new model is in place.
  package private(set) var tidy: [Step] = []

  /// - Parameters:
  ///   - files: in the order of writing.
  ///   - replacing: the names in the folder that stands there and are the old model's; `nil` if none stands there.
  ///   - keeping: the other names in it.
  init(
    _ files: [(name: String, bytes: [UInt8])], to place: SavePlace, replacing: [String]?,
    keeping: [String] = []
  ) {
    let spare = place.spare()
    publish.append(.makeFolder(spare))
    publish += files.map { .createFile("\(spare)/\($0.name)", $0.bytes) }
    publish.append(.synchronizeFolder(spare))
    undo = files.map { .removeFile("\(spare)/\($0.name)") } + [.removeFolder(spare)]
    guard let replacing else {
      publish += [.move(spare, to: place.path), .synchronizeFolder(place.parent)]
      return
    }
    publish += [.exchange(spare: spare, shown: place.path), .synchronizeFolder(place.parent)]
    // A foreign file whose name the new model needs stays in the old folder, which then is not removed.
    let taken = Set(files.map(\.name))
    let moved = keeping.filter { !taken.contains($0) }
    tidy += moved.map { .move("\(spare)/\($0)", to: "\(place.path)/\($0)") }
    if !moved.isEmpty { tidy.append(.synchronizeFolder(place.path)) }
    tidy += replacing.map { .removeFile("\(spare)/\($0)") }
    tidy.append(.removeFolder(spare))
  }

  package func run() throws(ModelFileError) {
    var shown = false
    do throws(ModelFileError) {
      for step in publish {
        try step.run()
        if case .move = step { shown = true }
        if case .exchange = step { shown = true }
      }
    } catch {
      if !shown { for step in undo { try? step.run() } }
      throw error
    }
    for step in tidy { try? step.run() }
  }
}
