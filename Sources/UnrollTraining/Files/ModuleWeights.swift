import UnrollCore
import UnrollNetworks

extension Module {
  /// Saves all parameters by name to a safetensors file. After a crash at any moment the old file or the new one is
  /// there, whole.
  ///
  ///     try network.save(to: "network.safetensors")
  ///
  /// - Throws: `ModelFileError` when the file cannot be written, and when a stored parameter is not visited by
  ///   `forEachParameter` and so would not be saved.
  public func save(to path: String, metadata: [String: String] = [:]) throws(ModelFileError) {
    do throws(ModuleError) {
      try checkParameters()
    } catch {
      throw ModelFileError(
        .unsupported, file: path, expected: "a module whose parameters can all be saved", found: "\(error)")
    }
    try Safetensors.write(namedWeights(), metadata: metadata, to: path)
  }

  /// Takes all parameters from a safetensors file, such as `save` writes: each by its name, in its shape, and none that
  /// this module has not.
  ///
  ///     var network = LSTM(inputSize: 128, hiddenSize: 256, using: &random)
  ///     try network.load(from: "network.safetensors")
  ///
  /// - Throws: `ModelFileError` when the file cannot be read or does not fit; the module is unchanged then.
  public mutating func load(from path: String) throws(ModelFileError) {
    let (tensors, _) = try Safetensors.read(path)
    var loaded = self
    try loaded.takeWeights(tensors, file: path)
    let names = Set(loaded.parameters.map(\.name))
    if let extra = tensors.first(where: { !names.contains($0.name) }) {
      throw ModelFileError(
        .unsupported, file: path, place: "tensor \"\(extra.name)\"",
        expected: "the parameters of \(Self.self) alone", found: "one that it has not")
    }
    self = loaded
  }

  /// The parameters by name, as a file of weights holds them.
  ///
  /// - Parameter prefix: stands before each name, with a dot, unless empty.
  package func namedWeights(prefix: String = "") -> [Safetensors.NamedTensor] {
    parameters.map { (parameterName(prefix, $0.name), $0.value) }
  }

  /// Takes the parameters from a file's tensors.
  ///
  /// - Throws: `ModelFileError` when one is not there or has another shape; the module is unchanged then.
  package mutating func takeWeights(
    _ tensors: [Safetensors.NamedTensor], prefix: String = "", file: String
  ) throws(ModelFileError) {
    let byName = Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    var copy = self
    var failure: ModelFileError?
    copy.forEachParameter(prefix) { name, parameter in
      guard failure == nil else { return }
      guard let tensor = byName[name] else {
        failure = ModelFileError(
          .damaged, file: file, place: name, expected: "a tensor of shape \(parameter.shape)",
          found: "none of this name")
        return
      }
      guard tensor.shape == parameter.shape else {
        failure = ModelFileError(
          .damaged, file: file, place: name, expected: "shape \(parameter.shape)",
          found: "shape \(tensor.shape)")
        return
      }
      parameter.value = tensor
    }
    if let failure { throw failure }
    self = copy
  }
}

extension LoadedModel {
  /// Finds out whether the weights of a module are there, whole and of its shapes, before memory is made for them.
  ///
  /// - Parameter module: may be declared alone, without numbers.
  /// - Throws: `ModelFileError` that names the first that is not.
  package func expect(_ module: some Module, prefix: String = "") throws(ModelFileError) {
    try expect(module.parameterShapes.map { (parameterName(prefix, $0.name), $0.shape) })
  }
}
