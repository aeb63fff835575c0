/// What a save that was killed left beside the path that it was to write: the next save of the same path removes it, and
/// brings back what in it is not the library's.
///
/// The names of unfinished files and folders tell for which path they were made, and a save that is under way has them
/// locked: neither another path's are touched, nor another process's.
enum Leftovers {
  /// Clears what stands beside a path. Whatever cannot be removed stays where it is.
  static func clear(_ place: SavePlace) {
    for name in (try? FileSystem.names(in: place.parent)) ?? [] where name.hasPrefix(place.sparePrefix) {
      let path = place.sibling(name)
      guard let kind = try? FileSystem.kind(of: path), kind == .file || kind == .folder,
        let lock = try? FileLock(path)
      else { continue }
      if kind == .file { try? FileSystem.removeFile(path) } else { clear(folder: path, of: place) }
      withExtendedLifetime(lock) {}
    }
  }

  private static func clear(folder: String, of place: SavePlace) {
    guard let names = try? FileSystem.names(in: folder) else { return }
    let listed = (try? ModelDirectory.readManifest(in: folder)).map { Set($0.files.keys) }
    let isOld = folder.hasSuffix(FileSystem.asideSuffix)
    // Where a swap takes two renames, the path is empty between them.
    if isOld, listed != nil, (try? FileSystem.kind(of: place.path)) == .some(nil) {
      try? FileSystem.move(folder, to: place.path)
      return
    }
    // A folder without a manifest never was the model: all in it is the library's.
    let own =
      listed.map { $0.union(ModelDirectory.ownNames) } ?? (isOld ? ModelDirectory.ownNames : Set(names))
    for name in names {
      if own.contains(name) {
        try? FileSystem.removeFile("\(folder)/\(name)")
      } else {
        try? FileSystem.bringBack("\(folder)/\(name)", to: "\(place.path)/\(name)")
      }
    }
    try? FileSystem.removeFolder(folder)
  }
}

extension FileSystem {
  /// Moves a file or folder of a person to a path: where its other name stands already, one of both is enough, and where
  /// something else does, it gets a name beside it.
  static func bringBack(_ path: String, to wanted: String) throws(ModelFileError) {
    guard try kind(of: path) != nil else { return }
    if try areSame(path, wanted) { return try removeFile(path) }
    var free = wanted
    var number = 1
    while try kind(of: free) != nil {
      free = wanted + ".kept" + (number == 1 ? "" : "-\(number)")
      number += 1
    }
    try move(path, to: free)
  }
}
