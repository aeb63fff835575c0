import SampleModels
import UnrollCore
import UnrollExchange
import UnrollNetworks
import UnrollTasks
import UnrollTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of its own in `TMPDIR`.
final class WorkFolder {
  let path: String

  init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    path = "\(parent)/unroll-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileSystem.makeFolder(path)
  }

  /// Writes a file without waiting for a disk.
  static func write(_ bytes: [UInt8], _ path: String) throws {
    guard let file = fopen(path, "w") else {
      throw ModelFileError(.system, file: path, expected: "to write it", found: "error \(errno)")
    }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }
}

/// Model folders of every task of which one file is made anew for each input, with a manifest that confirms it.
struct ModelFolders {
  private let folder = try? WorkFolder()
  private var models: [(path: String, files: [String: [UInt8]])] = []

  init() throws {
    guard let folder else { return }
    for kind in SampleModels.Kind.allCases {
      let path = "\(folder.path)/\(kind.rawValue)"
      try SampleModels.save(kind, to: path)
      var files: [String: [UInt8]] = [:]
      for name in try FileSystem.names(in: path) where name != "README.md" && name != "manifest.json" {
        files[name] = try FileSystem.contents(of: "\(path)/\(name)", limit: 1 << 24)
      }
      models.append((path, files))
    }
  }

  /// The configurations that the models have, each behind the number of its model.
  var configurations: [[UInt8]] {
    models.enumerated().map { [UInt8($0)] + ($1.files["config.json"] ?? []) }
  }

  /// The manifests that the models have.
  func manifests() throws -> [[UInt8]] {
    try models.enumerated().map {
      [UInt8($0)] + (try FileSystem.contents(of: "\($1.path)/manifest.json", limit: 1 << 24))
    }
  }

  /// The first byte tells the model, the others are its `config.json`.
  func config(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    var (path, files) = models[Int(first) % models.count]
    files["config.json"] = Array(bytes.dropFirst())
    try WorkFolder.write(files["config.json"] ?? [], "\(path)/config.json")
    try WorkFolder.write(Self.manifest(files), "\(path)/manifest.json")
    try Self.use(try ExchangeModels.load(path))
  }

  func manifest(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    let path = models[Int(first) % models.count].path
    try WorkFolder.write(Array(bytes.dropFirst()), "\(path)/manifest.json")
    _ = try ExchangeModels.load(path)
  }

  /// A model that is taken must run, or say why it does not.
  private static func use(_ model: any SavedModel) throws {
    let description = model.description
    precondition(!description.title.isEmpty)
    guard let traced = model as? any TracedModel else { return }
    do { _ = try ONNXExport.probe(traced, ProbeSize(batch: 2, steps: 3)) } catch is ShapeError {}
  }

  private static func manifest(_ files: [String: [UInt8]]) -> [UInt8] {
    let entries = files.sorted { $0.key < $1.key }.map {
      "\"\($0.key)\":{\"bytes\":\($0.value.count),\"sha256\":\"\(SHA256.hexadecimal($0.value))\"}"
    }
    return Array("{\"version\":1,\"files\":{\(entries.joined(separator: ","))}}".utf8)
  }
}

/// A checkpoint of which `checkpoint.json` is made anew for each input.
struct CheckpointFolder {
  private let folder = try? WorkFolder()
  private let weights: [UInt8]
  private let optimizer: [UInt8]

  init() throws {
    let tensors: [Safetensors.NamedTensor] = [("a", .zeros([2]))]
    weights = try Safetensors.encode(tensors, file: "x")
    let state = ["rule": "sgd", "slots": "", "steps": ""]
    optimizer = try Safetensors.encode([], metadata: state, file: "x")
  }

  func run(_ bytes: [UInt8]) throws {
    guard let folder else { return }
    let files = [
      ("checkpoint.json", bytes), ("model.safetensors", weights), ("optimizer.safetensors", optimizer),
      ("best.safetensors", weights), ("carry.safetensors", weights),
    ]
    for (name, bytes) in files { try WorkFolder.write(bytes, "\(folder.path)/\(name)") }
    let entries = files.map {
      "\"\($0.0)\":{\"bytes\":\($0.1.count),\"sha256\":\"\(SHA256.hexadecimal($0.1))\"}"
    }
    let manifest = "{\"version\":1,\"files\":{\(entries.joined(separator: ","))}}"
    try WorkFolder.write(Array(manifest.utf8), "\(folder.path)/manifest.json")
    _ = try TrainingSnapshot(contentsOf: folder.path)
  }
}
