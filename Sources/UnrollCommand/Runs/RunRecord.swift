import UnrollCore
import UnrollTasks
import UnrollTraining

/// What a folder of a run says of the training that it belongs to: the file `run.json`.
struct RunRecord: Codable, Equatable {
  /// Data that the training reads.
  struct DataFile: Codable, Equatable {
    /// As it was said.
    var path: String
    var sha256: String
  }

  var format = RunRecord.format
  var version = RunRecord.version
  var task: String
  /// The words after `unroll train <task>`.
  var words: [String]
  /// The folder that relative paths start from.
  var folder: String
  var data: [DataFile]
  /// The version of the command.
  var program: String
  /// The kernels that computed: others give other last bits.
  var kernels: String

  static let file = "run.json"
  static let format = "unroll-run"
  static let version = 1

  /// The kernels that compute in this process.
  static var kernelsHere: String { Kernels.serving(.single).name }

  /// - Parameter files: what the training reads.
  init(task: String, words: [String], files: [String]) throws {
    self.task = task
    self.words = words
    folder = try FileSystem.resolved(".")
    data = try files.map { DataFile(path: $0, sha256: try Self.hash($0)) }
    program = Main.version
    kernels = Self.kernelsHere
  }

  /// Reads the record of a run.
  ///
  /// - Throws: `ModelFileError` when there is none, or one that cannot be read.
  init(contentsOf run: String) throws {
    let path = "\(run)/\(Self.file)"
    guard try FileSystem.kind(of: path) != nil else {
      throw ModelFileError(
        .missing, file: run, expected: "the folder of a training that did not end", found: "no \(Self.file)")
    }
    let bytes = try FileSystem.contents(of: path, limit: ModelDirectory.maximumJSONSize)
    struct Header: Decodable {
      var format: String
      var version: Int
    }
    let header = try ModelDirectory.decode(Header.self, bytes, file: path)
    guard header.format == Self.format, header.version == Self.version else {
      throw ModelFileError(
        .damaged, file: path, expected: "\(Self.format) of version \(Self.version)",
        found: "\(header.format) of version \(header.version)")
    }
    self = try ModelDirectory.decode(RunRecord.self, bytes, file: path)
  }

  var encoded: [UInt8] {
    get throws {
      JSONWriter.utf8(try JSONTree(self), .indented, sortsKeys: true) + [UInt8(ascii: "\n")]
    }
  }

  /// - Throws: `ModelFileError` when the data is not what the training began with.
  func checkData() throws {
    for file in data {
      let found = try Self.hash(file.path)
      guard found == file.sha256 else {
        throw ModelFileError(
          .unsupported, file: file.path,
          expected: "the data that the training began with, of SHA-256 \(file.sha256.prefix(16))…",
          found: "\(found.prefix(16))…")
      }
    }
  }

  /// The SHA-256 of a file; of a folder, that of the names and hashes of what is in it.
  static func hash(_ path: String) throws -> String {
    guard path != "-" else {
      throw ModelFileError(
        .unsupported, file: path, expected: "data in files, which a checkpoint can be gone on with",
        found: "standard input")
    }
    return try hash(path, depth: 0)
  }

  private static func hash(_ path: String, depth: Int) throws -> String {
    guard try FileSystem.kind(of: path) != nil else {
      throw ModelFileError(.missing, file: path, expected: "a file", found: "nothing")
    }
    let resolved = try FileSystem.resolved(path)
    var hash = SHA256()
    if try FileSystem.kind(of: resolved) == .folder {
      guard depth < 16 else {
        throw ModelFileError(
          .unsupported, file: path, expected: "at most 16 folders in one another", found: "more")
      }
      for name in try FileSystem.names(in: resolved) where !name.hasPrefix(".") {
        let line = "\(name) \(try self.hash("\(resolved)/\(name)", depth: depth + 1))\n"
        Array(line.utf8).withUnsafeBytes { hash.update($0) }
      }
    } else {
      try FileSystem.forEachPart(of: resolved) { hash.update($0) }
    }
    return hash.hexadecimal()
  }
}
