import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

@Suite struct ModuleFileTests {
  private static func network(_ seed: UInt64, hidden: Int = 5) -> GRU {
    var random = RandomSource(seed: seed)
    return GRU(inputSize: 3, hiddenSize: hidden, layers: 2, bidirectional: true, using: &random)
  }

  @Test func whatIsSavedIsLoaded() throws {
    let folder = try ScratchFolder()
    let saved = Self.network(1)
    let path = folder.path + "/network.safetensors"
    try saved.save(to: path, metadata: ["note": "mine"])
    var loaded = Self.network(2)
    try loaded.load(from: path)
    #expect(loaded.parameters.map(\.name) == saved.parameters.map(\.name))
    #expect(loaded.parameters.map(\.value) == saved.parameters.map(\.value))
    #expect(try Safetensors.read(path).metadata == ["note": "mine"])
  }

  /// A file of another module changes nothing, and the error names what does not fit.
  @Test func whatDoesNotFitIsRefused() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/network.safetensors"
    try Self.network(1, hidden: 6).save(to: path)
    var network = Self.network(2)
    let before = network.parameters.map(\.value)
    #expect { try network.load(from: path) } throws: { "\($0)".contains("layers.0.forward.cell.weightInput") }
    var tensors = Self.network(1).parameters.map { (name: $0.name, tensor: $0.value) }
    tensors.append(("layers.9.extra", .zeros([1])))
    try Safetensors.write(tensors, to: path)
    #expect { try network.load(from: path) } throws: { "\($0)".contains("layers.9.extra") }
    try Safetensors.write(Array(tensors.dropLast(2)), to: path)
    #expect(throws: ModelFileError.self) { try network.load(from: path) }
    #expect(throws: ModelFileError.self) { try network.load(from: folder.path + "/nothing") }
    #expect(network.parameters.map(\.value) == before)
  }

  private struct Forgetful: Module {
    var weight = Parameter(Tensor([1, 2]))
    var gate = Parameter(Tensor([1, 2, 3]))
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try body(parameterName(path, "weight"), &weight) }
  }

  @Test func whatWouldBeLostIsNotSaved() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/network.safetensors"
    #expect { try Forgetful().save(to: path) } throws: { "\($0)".contains("\"gate\"") }
    #expect(throws: ModelFileError.self) { try Safetensors.read(path) }
  }

  /// Gradients of two halves of a batch are those of the whole.
  @Test func gradientsOfPartsAdd() throws {
    var random = RandomSource(seed: 5)
    struct Tagger: Module {
      var table: Embedding
      var head: Linear
      mutating func forEachParameter(
        _ path: String, _ body: (String, inout Parameter) throws -> Void
      ) rethrows {
        try table.forEachParameter(parameterName(path, "table"), body)
        try head.forEachParameter(parameterName(path, "head"), body)
      }
    }
    let model = Tagger(
      table: Embedding(count: 40, size: 4, using: &random),
      head: Linear(inputSize: 4, outputSize: 3, using: &random))
    func gradients(_ words: [Int32], _ labels: [Int32]) throws -> Gradients {
      let (_, gradients) = try valueWithGradient(of: model) { model throws(ShapeError) in
        try Loss.crossEntropy(model.head(model.table(words)), labels, reduction: .sum)
      }
      return gradients
    }
    let (words, labels): ([Int32], [Int32]) = ([3, 7, 3, 9, 30, 7], [0, 1, 2, 0, 1, 2])
    var sum = try gradients(Array(words[..<2]), Array(labels[..<2]))
    sum.add(try gradients(Array(words[2...]), Array(labels[2...])))
    let whole = try gradients(words, labels)
    #expect(sum.names == whole.names)
    for (found, expected) in zip(sum.tensors, whole.tensors) {
      for (a, b) in zip(found.elements, expected.elements) { #expect(abs(a - b) < 1e-6) }
    }
    guard case .rows = sum.values[0] else {
      Issue.record("the gradient of a look-up is of some rows")
      return
    }
  }
}
