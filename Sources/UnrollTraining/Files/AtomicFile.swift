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
    Leftovers.clear(place)
    let spare = place.spare()
    do throws(ModelFileError) {
      let lock = try FileSystem.createLocked(spare, bytes)
      try FileSystem.move(spare, to: place.path)
      withExtendedLifetime(lock) {}
    } catch {
      try? FileSystem.removeFile(spare)
      throw error
    }
    try FileSystem.synchronize(folder: place.parent)
  }
}

/// A path to be written: the folder that it lies in exists, and links on the way are followed.
package struct SavePlace {
  /// The path without links and dots.
  let path: String
  let parent: String
  /// What stands there now.
  let kind: FileSystem.Kind?

  package init(_ given: String) throws(ModelFileError) {
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
  package func spare() -> String {
    sibling(sparePrefix + String(UInt64.random(in: .min ... .max), radix: 36))
  }

  /// The path of a name in the same folder.
  func sibling(_ name: String) -> String { "\(parent == "/" ? "" : parent)/\(name)" }

  /// What the names of unfinished files and folders begin with.
  static let sparePrefix = ".unroll-"

  /// What those of this path begin with: they tell it by its hash (FNV-1a), so that nobody clears another's.
  var sparePrefix: String {
    let name = Self.split(path).name.utf8
    let hash = name.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    return "\(Self.sparePrefix)\(String(hash, radix: 36))-"
  }
}
