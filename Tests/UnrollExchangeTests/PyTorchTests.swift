import Foundation
import Testing
import UnrollCore
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Networks of PyTorch with its outputs; `scripts/check-pytorch --goldens` makes the files.
struct PyTorchCase: Sendable, CustomTestStringConvertible {
  let name: String
  let configuration: String
  let weights: [String: Tensor]
  let inputs: [String: Tensor]
  let outputs: [String: Tensor]

  var testDescription: String { name }
  var tensors: [Safetensors.NamedTensor] { weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  static let all = [0, 1, 2, 3, 9].compactMap { PyTorchCase("pytorch_\($0)") }

  init?(_ name: String) {
    guard
      let url = Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Goldens"),
      let (tensors, metadata) = try? Safetensors.read(url.path)
    else { return nil }
    self.name = name
    configuration = metadata["config"] ?? ""
    func part(_ prefix: String) -> [String: Tensor] {
      tensors.reduce(into: [:]) { result, entry in
        if entry.name.hasPrefix(prefix) { result[String(entry.name.dropFirst(prefix.count))] = entry.tensor }
      }
    }
    (weights, inputs, outputs) = (part("weights/"), part("in/"), part("out/"))
  }

  func modules(_ json: String? = nil) throws -> PyTorchConfiguration {
    try ModelDirectory.decode(
      PyTorchConfiguration.self, Array((json ?? configuration).utf8), file: "net.json")
  }

  func model() throws -> NetworkModel {
    try NetworkModel(try modules(), tensors, file: name, configuration: "net.json")
  }
}

@Suite struct PyTorchTests {
  @Test func theFilesAreThere() { #expect(PyTorchCase.all.count == 5) }

  /// 1e-5: single precision, a few steps.
  @Test(arguments: PyTorchCase.all) func outputsAgree(_ example: PyTorchCase) throws {
    let found = try example.model().run(arrays: example.inputs)
    #expect(Set(found.map(\.name)) == Set(example.outputs.keys))
    for (name, tensor) in found {
      if let expected = example.outputs[name] { expectClose(tensor, expected, 1e-5, name) }
    }
  }

  @Test(arguments: PyTorchCase.all) func comesBackFromItsFolder(_ example: PyTorchCase) throws {
    let model = try example.model()
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "network-\(UInt64.random(in: 0...(.max)))")
    defer { try? FileManager.default.removeItem(at: path) }
    try model.save(to: path.path)
    let loaded = try #require(try ExchangeModels.load(path.path) as? NetworkModel)
    let (first, second) = (try model.run(arrays: example.inputs), try loaded.run(arrays: example.inputs))
    for (a, b) in zip(first, second) { #expect(a.tensor == b.tensor) }
    #expect(loaded.description.parameters.count == model.weights.count)
  }

  /// The state dictionary has the names, shapes and, but for the two biases, the numbers that PyTorch wrote.
  @Test(arguments: PyTorchCase.all) func goesBackAsItCame(_ example: PyTorchCase) throws {
    let model = try example.model()
    let back = Dictionary(uniqueKeysWithValues: try model.pytorchWeights().map { ($0.name, $0.tensor) })
    #expect(Set(back.keys) == Set(example.weights.keys))
    for (name, tensor) in example.weights {
      let isBias = name.contains("bias_ih") || name.contains("bias_hh")
      #expect(isBias ? back[name]?.shape == tensor.shape : back[name] == tensor, "\(name)")
    }
    let again = try NetworkModel(
      try example.modules(try model.pytorchConfiguration()), back.map { ($0.key, $0.value) }, file: "back",
      configuration: "back.json")
    for (a, b) in zip(try model.run(arrays: example.inputs), try again.run(arrays: example.inputs)) {
      expectClose(a.tensor, b.tensor, 1e-6, a.name)
    }
  }

  /// A network that was put together wrongly must not pass for PyTorch's.
  @Test(arguments: PyTorchCase.all) func theProbeSeesOtherWeights(_ example: PyTorchCase) throws {
    let model = try example.model()
    let index = try #require(model.weights.firstIndex { $0.name.hasSuffix("weightInput") })
    var weights = model.weights
    weights[index].tensor[0] += 0.5
    weights[index].tensor[weights[index].tensor.shape.count - 1] -= 0.5
    let changed = try NetworkModel(model.settings, weights: weights)
    let reference = PyTorchReference(try example.modules(), example.tensors, file: example.name)
    try reference.probe(model)
    #expect(throws: ExchangeError.self) { try reference.probe(changed) }
  }

  @Test(arguments: [
    (#"{"modules": [{"name": "l", "type": "LSTM", "peephole": true}]}"#, "peephole"),
    (#"{"modules": [{"name": "l", "type": "Conv1d"}]}"#, "Conv1d"),
    (#"{"modules": [{"name": "l", "type": "LSTM", "input_size": 9}]}"#, "input_size"),
    (#"{"modules": [{"name": "l", "type": "RNN", "nonlinearity": "elu"}]}"#, "nonlinearity"),
    (#"{"modules": [{"name": "l", "type": "LSTM", "num_layers": 2}]}"#, "l.weight_ih_l1"),
    (#"{"modules": [{"name": "l", "type": "LSTM", "bias": false}]}"#, "l.bias_hh_l0"),
    (#"{"modules": [{"name": "l", "type": "LSTM"}, {"name": "f", "type": "Linear"}]}"#, "f.weight"),
    (#"{"modules": [], "head": []}"#, "head"),
    (#"{"modules": [{"type": "Softmax", "dim": 1}, {"name": "l", "type": "LSTM"}]}"#, "dim"),
  ])
  func whatDoesNotFitIsRefused(_ json: String, _ word: String) throws {
    var random = RandomSource(seed: 1)
    func matrix(_ shape: Shape) -> Tensor { .normal(deviation: 1, shape: shape, using: &random) }
    let tensors: [Safetensors.NamedTensor] = [
      ("l.bias_hh_l0", matrix([8])), ("l.bias_ih_l0", matrix([8])), ("l.weight_hh_l0", matrix([8, 2])),
      ("l.weight_ih_l0", matrix([8, 3])),
    ]
    let good = #"{"modules": [{"name": "l", "type": "LSTM", "input_size": 3, "dropout": 0.5}]}"#
    func make(_ json: String) throws -> NetworkModel {
      let modules = try ModelDirectory.decode(PyTorchConfiguration.self, Array(json.utf8), file: "net.json")
      return try NetworkModel(modules, tensors, file: "weights", configuration: "net.json")
    }
    #expect(try make(good).settings.layers.count == 1)
    let error = #expect(throws: ModelFileError.self) { try make(json) }
    #expect("\(try #require(error))".contains(word))
  }

  /// Cells that PyTorch does not have are refused, not bent.
  @Test(arguments: [
    ["weightInput", "weightRecurrent", "bias", "peephole"],
    ["weightInput", "weightRecurrent", "bias", "gainInput"],
  ])
  func cellsWithoutCounterpart(_ parameters: [String]) {
    let weights = parameters.map {
      (name: "core.layers.0.forward.cell.\($0)", tensor: Tensor.zeros([12, 3]))
    }
    #expect(throws: ModelFileError.self) { try PyTorchWeights.exported(weights, file: "model") }
    let resetBefore: [Safetensors.NamedTensor] = [
      ("core.layers.0.forward.cell.weightInput", .zeros([9, 2])),
      ("core.layers.0.forward.cell.weightRecurrent", .zeros([9, 3])),
      ("core.layers.0.forward.cell.bias", .zeros([9])),
    ]
    #expect(throws: ModelFileError.self) { try PyTorchWeights.exported(resetBefore, file: "model") }
  }
}
