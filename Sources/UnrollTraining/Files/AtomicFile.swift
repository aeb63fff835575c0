/// Files that are old or new, never half.
package enum AtomicFile {
  /// Writes a file beside the path, brings it to the disk, and renames it to the path.
  ///
  /// After a crash at any moment the path holds the old contents or the new ones. A link is written through.
  package static func write(_ bytes: [UInt8], to path: String) throws(ModelFileError) {
    let place = try SavePlace(path)
    if place.kind == .folder || place.kind == .other {
      throw ModelFileError(
        .occupied, file: path, expected: "a file or a free name",
        found: place.kind?.rawValue ?? "nothing")
    }
    let spare = place.spare()
    do throws(ModelFileError) {
      try FileSystem.create(spare, bytes)
      try FileSystem.move(spare, to: place.path)
    } catch {
      try? FileSystem.removeFile(spare)
      throw error
    }
    try FileSystem.synchronize(folder: place.parent)
  }
}

/// A path to be written: the folder that it lies in exists, and links on the way are followed.
struct SavePlace {
  /// The path without links and dots.
  let path: String
  let parent: String
  /// What stands there now.
  let kind: FileSystem.Kind?

  init(_ given: String) throws(ModelFileError) {
    var trimmed = Substring(given)
    while trimmed.count > 1 && trimmed.last == "/" { trimmed.removeLast() }
    let plain = String(trimmed)
    if let found = try FileSystem.kind(of: plain) {
      if found == .link, (try? FileSystem.resolved(plain)) == nil {
        throw ModelFileError(
          .occupied, file: given, expected: "a free name", found: "a symbolic link that leads nowhere")
      }
      path = try FileSystem.resolved(plain)
      parent = Self.split(path).folder
      kind = try FileSystem.kind(of: path)
      return
    }
    let (folder, name) = Self.split(plain)
    guard let parentKind = try FileSystem.kind(of: folder) else {
      throw ModelFileError(
        .missing, file: given, expected: "the folder \(folder) to write into", found: "nothing there")
    }
    let resolvedFolder = try FileSystem.resolved(folder)
    guard try FileSystem.kind(of: resolvedFolder) == .folder else {
      throw ModelFileError(
        .missing, file: given, expected: "\(folder) to be a folder", found: parentKind.rawValue)
    }
    parent = resolvedFolder
    path = resolvedFolder == "/" ? "/\(name)" : "\(resolvedFolder)/\(name)"
    kind = nil
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
  }

  /// A free name in the same folder; its length does not depend on the path's, which may be the longest allowed.
  func spare() -> String {
    let number = String(UInt64.random(in: .min ... .max), radix: 36)
    return "\(parent == "/" ? "" : parent)/\(Self.sparePrefix)\(number)"
  }

  /// What the names of unfinished files and folders begin with.
  static let sparePrefix = ".unroll-"
}
