import UnrollCore

/// A model as it was found in its folder, each file checked against the manifest.
public struct LoadedModel: Sendable {
  /// The folder, as given.
  package let path: String
  package let task: String
  /// The weights, in the order of the file.
  package let tensors: [Safetensors.NamedTensor]
  /// The metadata of the file of weights.
  package let metadata: [String: String]
  /// The task's further files.
  package let otherFiles: [String: [UInt8]]
  fileprivate let configuration: [UInt8]

  /// The task's settings. An error names the key that did not fit.
  package func settings<Settings: Decodable>(
    as type: Settings.Type = Settings.self
  ) throws(ModelFileError) -> Settings {
    try ModelDirectory.decode(
      ModelDirectory.Configuration<Settings>.self, configuration,
      file: "\(path)/\(ModelDirectory.configuration)"
    ).settings
  }

  /// One of the further files; an error if the model has none of that name.
  package func file(_ name: String) throws(ModelFileError) -> [UInt8] {
    guard let bytes = otherFiles[name] else {
      throw ModelFileError(
        .missing, file: "\(path)/\(name)", expected: "this file in the model", found: "nothing")
    }
    return bytes
  }
}

extension LoadedModel {
  /// Finds out whether weights are there and of the shapes that the settings ask for, before memory is made for them.
  ///
  /// - Parameter isWhole: whether the file may hold no other.
  /// - Throws: `ModelFileError` that names the first that is not.
  package func expect(
    _ weights: [(name: String, shape: Shape)], isWhole: Bool = false
  ) throws(ModelFileError) {
    let shapes = Dictionary(tensors.map { ($0.name, $0.tensor.shape) }) { first, _ in first }
    for (name, shape) in weights where shapes[name] != shape {
      throw ModelFileError(
        .damaged, file: "\(path)/\(ModelDirectory.weights)", place: name,
        expected: "the shape \(shape) that \(ModelDirectory.configuration) asks for",
        found: shapes[name].map { "\($0)" } ?? "none of this name")
    }
    guard isWhole else { return }
    let names = Set(weights.map(\.name))
    if let other = tensors.first(where: { !names.contains($0.name) }) {
      throw ModelFileError(
        .damaged, file: "\(path)/\(ModelDirectory.weights)", place: other.name,
        expected: "the weights that \(ModelDirectory.configuration) asks for", found: "one more")
    }
  }
}

extension ModelDirectory {
  /// Loads a model.
  ///
  /// - Parameter task: the task it must be of; `nil` takes any.
  package static func load(_ path: String, task: String? = nil) throws(ModelFileError) -> LoadedModel {
    guard let kind = try FileSystem.kind(of: path) else {
      throw ModelFileError(.missing, file: path, expected: "the folder of a model", found: "nothing")
    }
    // A link to the folder itself is the user's own; those inside of the folder are not followed.
    if kind == .file || kind == .other {
      throw ModelFileError(.unsupported, file: path, expected: "the folder of a model", found: kind.rawValue)
    }
    let (header, configurationBytes) = try readHeader(in: path)
    if let task, header.task != task {
      throw ModelFileError(
        .otherTask, file: path, expected: "a model of the task \(task)",
        found: "one of the task \(header.task)")
    }
    let manifest = try readManifest(in: path)
    try check(configurationBytes, configuration, manifest, in: path)
    let weightBytes = try contents(weights, in: path)
    try check(weightBytes, weights, manifest, in: path)
    var others: [String: [UInt8]] = [:]
    for name in manifest.files.keys.sorted() where !ownNames.contains(name) {
      if manifest.files[name]?.optional == true, try FileSystem.kind(of: "\(path)/\(name)") == nil {
        continue
      }
      let bytes = try contents(name, in: path)
      try check(bytes, name, manifest, in: path)
      others[name] = bytes
    }
    // As they are written: elements of a byte would take four times the memory that the file does.
    let decoded = weightBytes.withUnsafeBytes { raw in
      Result { () throws(ModelFileError) in
        try Safetensors.decode(raw, file: "\(path)/\(weights)", types: [.single])
      }
    }
    let (tensors, metadata) = try decoded.get()
    return LoadedModel(
      path: path, task: header.task, tensors: tensors, metadata: metadata, otherFiles: others,
      configuration: configurationBytes)
  }

  static func contents(_ name: String, in folder: String) throws(ModelFileError) -> [UInt8] {
    let isText = name == configuration || name == manifest
    return try FileSystem.contents(
      of: "\(folder)/\(name)", limit: isText ? maximumJSONSize : Safetensors.maximumFileSize,
      followingLinks: false)
  }

  static func readHeader(in folder: String) throws(ModelFileError) -> (header: Header, bytes: [UInt8]) {
    let file = "\(folder)/\(configuration)"
    let bytes = try contents(configuration, in: folder)
    let header: Header
    do throws(ModelFileError) {
      header = try decode(Header.self, bytes, file: file)
    } catch {
      // Bytes that the manifest disowns are damage; bytes that it confirms, or that have no manifest, are the
      // file of something else.
      if let manifest = try? readManifest(in: folder) {
        try check(bytes, configuration, manifest, in: folder)
      }
      throw error
    }
    guard header.format == format else {
      throw ModelFileError(
        .unsupported, file: file, place: "format", expected: "\"\(format)\"", found: "\"\(header.format)\"")
    }
    guard header.version == version else {
      throw ModelFileError(
        .unsupported, file: file, place: "version", expected: "\(version)", found: "\(header.version)")
    }
    return (header, bytes)
  }

  static func readManifest(in folder: String) throws(ModelFileError) -> Manifest {
    let file = "\(folder)/\(manifest)"
    let result = try decode(Manifest.self, try contents(manifest, in: folder), file: file)
    guard result.version == Manifest.version else {
      throw ModelFileError(
        .unsupported, file: file, place: "version", expected: "\(Manifest.version)",
        found: "\(result.version)")
    }
    for name in result.files.keys.sorted() where !isPlain(name) {
      throw ModelFileError(
        .damaged, file: file, expected: "plain names of files in the folder", found: "\"\(name)\"")
    }
    return result
  }

  static func check(
    _ bytes: [UInt8], _ name: String, _ manifest: Manifest, in folder: String
  ) throws(ModelFileError) {
    guard let expected = manifest.files[name] else {
      throw ModelFileError(
        .damaged, file: "\(folder)/\(Self.manifest)", expected: "an entry for \(name)", found: "none")
    }
    guard bytes.count == expected.bytes else {
      throw ModelFileError(
        .damaged, file: "\(folder)/\(name)", expected: "the \(expected.bytes) bytes of the manifest",
        found: "\(bytes.count) bytes")
    }
    let found = SHA256.hexadecimal(bytes)
    guard found == expected.sha256 else {
      throw ModelFileError(
        .damaged, file: "\(folder)/\(name)", expected: "the SHA-256 of the manifest, \(expected.sha256)",
        found: found)
    }
  }

  /// Decodes JSON; what does not fit is told with its place, such as `settings.layers[2].hiddenSize`, and its line.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], file: String
  ) throws(ModelFileError) -> Value {
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(bytes) } catch { throw ModelFileError(error, file: file) }
    do {
      return try json.decode(type)
    } catch let error as DecodingError {
      throw ModelFileError(error, in: json, file: file)
    } catch {
      throw ModelFileError(.damaged, file: file, expected: "JSON", found: "\(error)")
    }
  }
}

extension ModelFileError {
  init(_ error: JSONError, file: String) {
    self.init(.damaged, file: file, place: "line \(error.line)", expected: error.expected, found: error.found)
  }

  init(_ error: DecodingError, in json: JSONValue, file: String) {
    func name(_ path: [any CodingKey]) -> String? {
      let text = path.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
      return text.isEmpty ? nil : String(text.first == "." ? text.dropFirst() : text[...])
    }
    func make(_ context: DecodingError.Context, _ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(
        .damaged, file: file, place: name(context.codingPath), expected: expected,
        found: "\(found), on line \(json.line(at: context.codingPath))")
    }
    switch error {
    case .keyNotFound(let key, let context): self = make(context, "the key \"\(key.stringValue)\"", "none")
    case .typeMismatch(let type, let context): self = make(context, "a value of type \(type)", "another")
    case .valueNotFound(let type, let context): self = make(context, "a value of type \(type)", "null")
    case .dataCorrupted(let context):
      self = make(context, "a value that is allowed here", context.debugDescription)
    @unknown default:
      self.init(.damaged, file: file, expected: "JSON that can be decoded", found: "\(error)")
    }
  }
}
