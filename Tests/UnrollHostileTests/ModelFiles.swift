import Foundation
import SampleModels
import UnrollTraining

/// The files of a sound model, to be bent.
struct ModelFiles: Sendable {
  static let kinds = SampleModels.Kind.allCases

  /// A name that no file has any more.
  private(set) var files: [String: [UInt8]] = [:]
  /// What the manifest says, where that is not what the files are.
  private var manifest: [UInt8]?

  private static let models: Result<[SampleModels.Kind: ModelFiles], any Error> = Result {
    let folder = try Folder()
    var all: [SampleModels.Kind: ModelFiles] = [:]
    for kind in kinds {
      let path = "\(folder.path)/\(kind.rawValue)"
      try SampleModels.save(kind, to: path)
      var model = ModelFiles()
      for name in try FileSystem.names(in: path) where name != "manifest.json" && name != "README.md" {
        model.files[name] = try FileSystem.contents(of: "\(path)/\(name)", limit: 1 << 24)
      }
      all[kind] = model
    }
    return all
  }

  static func of(_ kind: SampleModels.Kind) throws -> ModelFiles { try models.get()[kind] ?? ModelFiles() }

  func text(_ name: String) -> String { String(decoding: files[name] ?? [], as: UTF8.self) }

  func with(_ bytes: [UInt8]?, _ name: String) -> ModelFiles {
    var copy = self
    copy.files[name] = bytes
    return copy
  }

  func with(_ text: String, _ name: String) -> ModelFiles { with(Array(text.utf8), name) }

  func manifest(_ text: String) -> ModelFiles {
    var copy = self
    copy.manifest = Array(text.utf8)
    return copy
  }

  /// The entry of a file in a manifest.
  static func entry(_ name: String, _ bytes: [UInt8]) -> String {
    "\"\(name)\":{\"bytes\":\(bytes.count),\"sha256\":\"\(SHA256.hexadecimal(bytes))\"}"
  }

  /// The entries of all files.
  var entries: [String] { files.sorted { $0.key < $1.key }.map { Self.entry($0.key, $0.value) } }

  static func manifest(_ entries: [String]) -> String {
    "{\"version\":1,\"files\":{\(entries.joined(separator: ","))}}"
  }

  /// Writes the folder, with a manifest that confirms every file unless another was given.
  func write(to path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: "\(path)/\(name)")) }
    let confirmed = manifest ?? Array(Self.manifest(entries).utf8)
    try Data(confirmed).write(to: URL(filePath: "\(path)/manifest.json"))
  }
}
