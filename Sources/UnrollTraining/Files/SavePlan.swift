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
    /// Gives a file of a person's a name in the new folder too, where the file system can.
    case link(String, as: String)
    /// Moves what is a person's to a path, unless it is there already.
    case bringBack(String, to: String)
    case removeFile(String)
    case removeFolder(String)

    package func run() throws(ModelFileError) {
      switch self {
      case .makeFolder(let path): try FileSystem.makeFolder(path)
      case .createFile(let path, let bytes): try FileSystem.create(path, bytes)
      case .synchronizeFolder(let path): try FileSystem.synchronize(folder: path)
      case .move(let old, let new): try FileSystem.move(old, to: new)
      case .exchange(let spare, let shown): try FileSystem.exchange(spare: spare, shown: shown)
      case .link(let path, let other): _ = FileSystem.link(path, as: other)
      case .bringBack(let path, let wanted): try FileSystem.bringBack(path, to: wanted)
      case .removeFile(let path): try FileSystem.removeFile(path)
      case .removeFolder(let path): try FileSystem.removeFolder(path)
      }
    }
  }

  /// Makes the new folder at a spare name and shows it at the path. A failure here leaves the old model.
  package private(set) var publish: [Step] = []
  /// Undoes the steps before the new folder is shown, as far as they were done.
  package private(set) var undo: [Step] = []
  /// Brings what is not the model's to the path, as far as it is not there, and removes the old model. A failure here
  /// leaves the rest of the old folder at the spare name: the new model is in place, and the next save tidies.
  package private(set) var tidy: [Step] = []
  /// Where the new folder is made.
  private let spare: String

  /// - Parameters:
  ///   - files: in the order of writing.
  ///   - replacing: the names in the folder that stands there and are the old model's; `nil` if none stands there.
  ///   - keeping: the other names in it.
  init(
    _ files: [(name: String, bytes: [UInt8])], to place: SavePlace, replacing: [String]?,
    keeping: [String] = []
  ) {
    spare = place.spare()
    let spare = spare
    publish.append(.makeFolder(spare))
    publish += files.map { .createFile("\(spare)/\($0.name)", $0.bytes) }
    undo = files.map { .removeFile("\(spare)/\($0.name)") }
    guard let replacing else {
      publish += [
        .synchronizeFolder(spare), .move(spare, to: place.path), .synchronizeFolder(place.parent),
      ]
      undo.append(.removeFolder(spare))
      return
    }
    // A person's files are in the new folder before it is shown: at no moment are they missing at the path. Folders have
    // one name only, and come after.
    let taken = Set(files.map(\.name))
    let linked = keeping.filter { !taken.contains($0) }
    publish += linked.map { .link("\(place.path)/\($0)", as: "\(spare)/\($0)") }
    undo += linked.map { .removeFile("\(spare)/\($0)") } + [.removeFolder(spare)]
    publish += [
      .synchronizeFolder(spare), .exchange(spare: spare, shown: place.path), .synchronizeFolder(place.parent),
    ]
    tidy += keeping.map { .bringBack("\(spare)/\($0)", to: "\(place.path)/\($0)") }
    if !keeping.isEmpty { tidy.append(.synchronizeFolder(place.path)) }
    tidy += replacing.map { .removeFile("\(spare)/\($0)") }
    tidy.append(.removeFolder(spare))
  }

  package func run() throws(ModelFileError) {
    var shown = false
    // Another process that clears up leaves alone what is locked.
    var lock: FileLock?
    do throws(ModelFileError) {
      for step in publish {
        try step.run()
        if case .makeFolder = step { lock = try? FileLock(spare) }
        if case .move = step { shown = true }
        if case .exchange = step { shown = true }
      }
    } catch {
      if !shown { for step in undo { try? step.run() } }
      throw error
    }
    for step in tidy { try? step.run() }
    withExtendedLifetime(lock) {}
  }
}
