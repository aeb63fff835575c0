import UnrollCore

/// A model as a folder that people recognise.
///
/// | file | holds |
/// |---|---|
/// | `config.json` | the format and its version, the task, and the task's settings |
/// | `model.safetensors` | the weights |
/// | `README.md` | the model card; people may edit it, so it has no checksum |
/// | others | what the task adds, such as `tokenizer.json` |
/// | `manifest.json` | size and SHA-256 of each file above, written last |
///
/// A save replaces the folder as a whole: after a crash at any moment, the old model or the new one is there, and what a
/// person put into the folder; what the crash left beside it goes with the next save. Files that are there to be looked
/// at, such as pictures, may be deleted.
/// Loading runs nothing, follows no link out of the folder, and checks every byte that it uses.
package enum ModelDirectory {
  package static let format = "unroll-model"
  package static let version = 1

  static let configuration = "config.json"
  static let weights = "model.safetensors"
  static let card = "README.md"
  static let manifest = "manifest.json"
  static let ownNames: Set = [configuration, weights, card, manifest]
  package static let maximumJSONSize = 16 << 20

  /// What `config.json` holds. The settings stand in an object of their own, so that no key collides.
  struct Configuration<Settings> {
    var format = ModelDirectory.format
    var version = ModelDirectory.version
    var task: String
    var settings: Settings
  }

  /// The part of `config.json` that is alike for all tasks.
  struct Header: Codable {
    var format: String
    var version: Int
    var task: String
  }

  /// Finds out, before any training, whether a model could be saved at a path: its folder must exist and take
  /// new files, and the path must be free, an empty folder, or an older model.
  ///
  /// - Returns: the task of an older model that stands there.
  @discardableResult
  package static func standing(at path: String) throws(ModelFileError) -> String? {
    try checkWritable(path)
    return try FileSystem.kind(of: path) == nil ? nil : (try? readHeader(in: path))?.header.task
  }

  /// The same without a look at what stands there.
  package static func checkWritable(_ path: String) throws(ModelFileError) {
    let place = try SavePlace(path)
    Leftovers.clear(place)
    _ = try replacedNames(try SavePlace(path), given: path)
    let spare = place.spare()
    try FileSystem.makeFolder(spare)
    do throws(ModelFileError) {
      try FileSystem.create("\(spare)/\(configuration)", [])
      try FileSystem.removeFile("\(spare)/\(configuration)")
      try FileSystem.removeFolder(spare)
    } catch {
      try? FileSystem.removeFile("\(spare)/\(configuration)")
      try? FileSystem.removeFolder(spare)
      throw error
    }
  }

  /// Saves a model, in place of an older one if one stands there. Files in that folder which are not the
  /// model's are kept.
  ///
  /// - Parameters:
  ///   - task: the name of the task, checked when the model is loaded.
  ///   - settings: what the task needs to build the model again.
  ///   - card: the text of `README.md`.
  ///   - otherFiles: more files of the model, by plain names.
  ///   - optional: those of them that the model does without, should they be missing when it is loaded; pictures
  ///     (`.svg`, `.png`) always are.
  package static func write(
    to path: String, task: String, settings: some Encodable, tensors: [Safetensors.NamedTensor],
    metadata: [String: String] = [:], card: String, otherFiles: [String: [UInt8]] = [:],
    optional: Set<String> = []
  ) throws(ModelFileError) {
    try plan(
      to: path, task: task, settings: settings, tensors: tensors, metadata: metadata, card: card,
      otherFiles: otherFiles, optional: optional
    ).run()
  }

  package static func plan(
    to path: String, task: String, settings: some Encodable, tensors: [Safetensors.NamedTensor],
    metadata: [String: String] = [:], card: String, otherFiles: [String: [UInt8]] = [:],
    optional: Set<String> = []
  ) throws(ModelFileError) -> SavePlan {
    Leftovers.clear(try SavePlace(path))
    let place = try SavePlace(path)
    let old = try replacedNames(place, given: path)
    let configurationPath = "\(path)/\(configuration)"
    var files: [(name: String, bytes: [UInt8])] = [
      (configuration, try encode(Configuration(task: task, settings: settings), file: configurationPath)),
      (weights, try Safetensors.encode(tensors, metadata: metadata, file: "\(path)/\(weights)")),
    ]
    for (name, bytes) in otherFiles.sorted(by: { $0.key < $1.key }) {
      guard isPlain(name), !ownNames.contains(name) else {
        throw ModelFileError(
          .unsupported, file: path, expected: "a plain name that the model's own files do not use",
          found: "\"\(name)\"")
      }
      files.append((name, bytes))
    }
    let spared = optional.union(otherFiles.keys.filter { $0.hasSuffix(".svg") || $0.hasSuffix(".png") })
    let manifestBytes = try encode(Manifest(files, optional: spared), file: "\(path)/\(manifest)")
    files.append((Self.card, Array(card.utf8)))
    files.append((manifest, manifestBytes))
    return SavePlan(files, to: place, replacing: old?.replaced, keeping: old?.kept ?? [])
  }

  /// The names in the older model at a place, and those in its folder that are not the model's; `nil` if the
  /// place is free.
  private static func replacedNames(
    _ place: SavePlace, given path: String
  ) throws(ModelFileError) -> (replaced: [String], kept: [String])? {
    guard let kind = place.kind else { return nil }
    func occupied(_ found: String) -> ModelFileError {
      ModelFileError(.occupied, file: path, expected: "a free name or an older model", found: found)
    }
    guard kind == .folder else { throw occupied(kind.rawValue) }
    let names = try FileSystem.names(in: place.path)
    guard try FileSystem.shareMount(place.path, place.parent), place.path != "/" else {
      throw occupied("a folder that a file system is mounted on; name a folder inside of it")
    }
    if names.isEmpty { return nil }
    guard names.contains(configuration) else { throw occupied("a folder that holds other things") }
    guard let header = try? readHeader(in: place.path).header, header.format == format else {
      throw occupied("a folder whose \(configuration) is not that of a model of this library")
    }
    let listed = (try? readManifest(in: place.path)).map { Set($0.files.keys) } ?? []
    let own = ownNames.union(listed)
    return (names.filter(own.contains), names.filter { !own.contains($0) })
  }

  /// Whether a name names a file of the folder itself, on every platform, and never one outside of it.
  static func isPlain(_ name: String) -> Bool {
    let letters = name.unicodeScalars
    return !letters.isEmpty && letters.count <= 128 && letters.first != "."
      && letters.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
      }
  }

  static func encode(_ value: some Encodable, file: String) throws(ModelFileError) -> [UInt8] {
    func refused(_ error: any Error) -> ModelFileError {
      ModelFileError(.unsupported, file: file, expected: "values that JSON can hold", found: "\(error)")
    }
    let tree: JSONTree
    do { tree = try JSONTree(value) } catch { throw refused(error) }
    let bytes = JSONWriter.utf8(tree, .indented, sortsKeys: true) + [UInt8(ascii: "\n")]
    guard bytes.count <= maximumJSONSize else {
      throw ModelFileError(
        .unsupported, file: file, expected: "at most \(maximumJSONSize) bytes", found: "\(bytes.count)")
    }
    // What is written can be read.
    do throws(JSONError) { _ = try JSONValue(bytes) } catch { throw ModelFileError(error, file: file) }
    return bytes
  }
}

extension ModelDirectory.Configuration: Encodable where Settings: Encodable {}
extension ModelDirectory.Configuration: Decodable where Settings: Decodable {}
