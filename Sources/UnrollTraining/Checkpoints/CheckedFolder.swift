/// A folder of files under a manifest: it comes into being as a whole, and is read only where every file is as it was
/// written.
enum CheckedFolder {
  /// The steps that make the folder, the manifest last within it. Nothing may stand at the path.
  static func plan(_ files: [(name: String, bytes: [UInt8])], to path: String) throws(ModelFileError)
    -> SavePlan
  {
    let manifest = try ModelDirectory.encode(Manifest(files), file: "\(path)/\(ModelDirectory.manifest)")
    return try SavePlan.folder(files + [(ModelDirectory.manifest, manifest)], at: path)
  }

  /// All files of a folder, by name, each checked.
  static func read(_ path: String) throws(ModelFileError) -> [String: [UInt8]] {
    let manifest = try ModelDirectory.readManifest(in: path)
    var files: [String: [UInt8]] = [:]
    for name in manifest.files.keys.sorted() {
      let bytes = try ModelDirectory.contents(name, in: path)
      try ModelDirectory.check(bytes, name, manifest, in: path)
      files[name] = bytes
    }
    return files
  }

  /// Removes a folder of plain files. It loses its name first, so that a removal that ends half way leaves nothing that
  /// looks like a damaged folder.
  static func remove(_ path: String) throws(ModelFileError) {
    let place = try SavePlace(path)
    let spare = place.spare()
    try FileSystem.move(place.path, to: spare)
    try removeFiles(spare)
  }

  /// Removes what saves and removals that ended half way left in a folder.
  static func sweep(_ folder: String) {
    for name in (try? FileSystem.names(in: folder)) ?? [] where name.hasPrefix(SavePlace.sparePrefix) {
      let path = "\(folder)/\(name)"
      if (try? FileSystem.kind(of: path)) == .folder {
        try? removeFiles(path)
      } else {
        try? FileSystem.removeFile(path)
      }
    }
  }

  private static func removeFiles(_ path: String) throws(ModelFileError) {
    for name in try FileSystem.names(in: path) { try FileSystem.removeFile("\(path)/\(name)") }
    try FileSystem.removeFolder(path)
  }
}

extension SavePlan {
  /// The steps that make a folder of files as a whole. Nothing may stand at the path.
  package static func folder(
    _ files: [(name: String, bytes: [UInt8])], at path: String
  ) throws(ModelFileError) -> SavePlan {
    let place = try SavePlace(path)
    if let kind = place.kind {
      throw ModelFileError(.occupied, file: path, expected: "a free name", found: kind.rawValue)
    }
    return SavePlan(files, to: place, replacing: nil)
  }
}
