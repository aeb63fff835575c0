import UnrollCore
import UnrollNetworks

extension Module {
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
