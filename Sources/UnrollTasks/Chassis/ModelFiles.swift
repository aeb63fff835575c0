import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// The files of a model that is being read, for its parts.
public struct ModelFiles: Sendable {
  let folder: LoadedModel

  init(_ folder: LoadedModel) { self.folder = folder }

  /// The bytes of a file.
  ///
  /// - Throws: `ModelFileError` when the model has none of this name.
  public func bytes(_ name: String) throws(ModelFileError) -> [UInt8] { try folder.file(name) }

  /// A tokenizer of a kind.
  ///
  /// - Throws: `ModelFileError` when it is missing, damaged or of another kind.
  public func tokenizer<Kind>(_ name: String, as kind: Kind.Type = Kind.self) throws(ModelFileError) -> Kind {
    let file = "\(folder.path)/\(name)"
    let bytes = try bytes(name)
    let tokenizer: any Tokenizer
    do {
      tokenizer = try TokenizerFile.read(bytes, name: file)
    } catch {
      throw ModelFileError(.damaged, file: file, expected: "a tokenizer of this library", found: "\(error)")
    }
    guard let tokenizer = tokenizer as? Kind else {
      throw ModelFileError(
        .damaged, file: file, expected: "a tokenizer of the kind that the settings ask for",
        found: "another kind")
    }
    return tokenizer
  }

  /// An error in what `config.json` holds of a part.
  public func damaged(_ place: String, expected: String, found: some Any) -> ModelFileError {
    ModelFileError(
      .damaged, file: "\(folder.path)/config.json", place: "settings.preparation.\(place)",
      expected: expected,
      found: "\(found)")
  }
}

/// What `config.json` holds of a model.
struct ModelConfiguration<Task: TaskDefinition>: Codable {
  var settings: StoredSettings<Task.Settings>
  var preparation: Task.Preparation.Stored
  var calibration: Task.Calibration?
  var training: TrainingRecord
}

extension Model: TracedModel {
  public func trace(_ trace: inout Trace) throws {
    for (member, network) in networks.enumerated() { trace.parameters(of: network, "members.\(member)") }
    try Task.trace(&trace, self)
  }
}

extension Model: SavedModel {
  public static var task: String { Task.name }

  /// Loads a model from its folder.
  ///
  /// - Throws: `ModelFileError` when the folder is damaged, missing or of another task.
  public init(contentsOf path: String) throws { try self.init(ModelDirectory.load(path, task: Task.name)) }

  /// The model of a folder that was read and checked.
  ///
  /// - Throws: `ModelFileError`.
  public init(_ folder: LoadedModel) throws {
    let configuration: ModelConfiguration<Task> = try folder.settings()
    settings = configuration.settings.settings
    do {
      try settings.checkAll()
    } catch {
      throw ModelFileError(
        .damaged, file: "\(folder.path)/config.json", place: "settings.settings.\(error.name)",
        expected: error.expected, found: error.found)
    }
    preparation = try Task.Preparation(configuration.preparation, ModelFiles(folder))
    calibration = configuration.calibration
    record = configuration.training
    networks = try Self.networks(folder, settings, preparation)
  }

  /// Networks with the folder's weights: as many and of such shapes as the settings ask for, and no other.
  private static func networks(
    _ folder: LoadedModel, _ settings: Task.Settings, _ preparation: Task.Preparation
  ) throws -> [Task.Network] {
    let file = "\(folder.path)/model.safetensors"
    // Shapes alone: no memory is made for weights before the file is known to hold them.
    let empty = try Task.Network.declared { try Task.network(settings, preparation, using: &$0) }
    let members = settings.learning.members
    try folder.expect(
      (0..<members).flatMap { member in
        empty.parameterShapes.map { (name: "members.\(member).\($0.name)", shape: $0.shape) }
      }, isWhole: true)
    return try (0..<members).map { member in
      var network = empty
      try network.takeWeights(folder.tensors, prefix: "members.\(member)", file: file)
      return network
    }
  }

  /// Saves the model as a folder, in place of an older one, as a whole.
  ///
  /// - Throws: `ModelFileError` when the place cannot be written.
  public func save(to path: String) throws {
    var stored = settings
    stored.learning.members = networks.count
    let configuration = ModelConfiguration<Task>(
      settings: StoredSettings(stored), preparation: preparation.stored, calibration: calibration,
      training: record)
    try ModelDirectory.write(
      to: path, task: Task.name, settings: configuration,
      tensors: networks.enumerated().flatMap { $1.namedWeights(prefix: "members.\($0)") },
      card: ModelCard(self).text,
      otherFiles: preparation.files.merging(try Task.pictures(self)) { own, _ in own })
  }
}
