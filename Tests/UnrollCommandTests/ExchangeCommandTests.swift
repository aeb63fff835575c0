import Foundation
import Testing
import UnrollCore
import UnrollTraining

/// `unroll import`, `export` and `run`, as a person runs them.
@Suite(.serialized) struct ExchangeCommandTests {
  private static let network = """
    {"modules": [{"name": "lstm", "type": "LSTM", "input_size": 3}, {"type": "FinalState"}],
     "heads": [{"name": "fc", "type": "Linear"}]}
    """

  /// A folder with the weights of a small network, its description and an input.
  private static func folder() throws -> Folder {
    let folder = try Folder()
    var random = RandomSource(seed: 2)
    func tensor(_ shape: Shape) -> Tensor { .normal(deviation: 0.5, shape: shape, using: &random) }
    try Safetensors.write(
      [
        ("lstm.weight_ih_l0", tensor([16, 3])), ("lstm.weight_hh_l0", tensor([16, 4])),
        ("lstm.bias_ih_l0", tensor([16])), ("lstm.bias_hh_l0", tensor([16])), ("fc.weight", tensor([2, 4])),
        ("fc.bias", tensor([2])),
      ], to: "\(folder.path)/weights.safetensors")
    try Safetensors.write(
      [("input", tensor([2, 5, 3])), ("lengths", Tensor([5, 2]))], to: "\(folder.path)/input.safetensors")
    try network.write(toFile: "\(folder.path)/net.json", atomically: false, encoding: .utf8)
    return folder
  }

  private static func expect(_ line: String, in folder: Folder) throws -> Command.Outcome {
    let outcome = try Command.run(line, in: folder)
    #expect(outcome.code == 0, "unroll \(line): \(outcome.errors)")
    return outcome
  }

  private static func arrays(_ name: String, in folder: Folder) throws -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: try Safetensors.read("\(folder.path)/\(name)").tensors.map {
        ($0.name, $0.tensor)
      })
  }

  @Test func thereAndBackAndThroughONNX() throws {
    let folder = try Self.folder()
    _ = try Self.expect("import pytorch weights.safetensors --config net.json -o model", in: folder)
    let inspected = try Self.expect("inspect model", in: folder).output
    #expect(inspected.contains("lstm, 3 features to 1 × 4 units") && inspected.contains("fc.weight"))
    _ = try Self.expect("run model input.safetensors -o output.safetensors", in: folder)
    let output = try Self.arrays("output.safetensors", in: folder)
    #expect(Set(output.keys) == ["fc", "lstm.h_n", "lstm.c_n"])

    _ = try Self.expect("export pytorch model back.safetensors --config back.json", in: folder)
    #expect(
      Set(try Self.arrays("back.safetensors", in: folder).keys)
        == Set(try Self.arrays("weights.safetensors", in: folder).keys))
    _ = try Self.expect("import pytorch back.safetensors --config back.json -o again", in: folder)

    _ = try Self.expect("export onnx model net.onnx --probes probe", in: folder)
    #expect(try Self.arrays("probe-1.safetensors", in: folder).keys.contains("out/fc"))
    _ = try Self.expect("import onnx net.onnx -o graph", in: folder)
    #expect(try Self.expect("inspect graph", in: folder).output.contains("LSTM"))
    _ = try Self.expect("run graph input.safetensors -o graph.safetensors", in: folder)
    let found = try Self.arrays("graph.safetensors", in: folder)
    for (name, expected) in output {
      let (a, b) = (try #require(found[name]).elements, expected.elements)
      // The same kernels; the pooling is summed in another order.
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 } && a.count == b.count, "\(name)")
    }
    #expect(try Self.expect("run graph input.safetensors", in: folder).lines.count == 3)
  }

  /// The file that is missing or wrong, and the words that the error must have.
  @Test(arguments: [
    ("import pytorch nothing.safetensors --config net.json -o model", ["nothing.safetensors"]),
    ("import pytorch weights.safetensors --config nothing.json -o model", ["nothing.json"]),
    ("import pytorch weights.safetensors --config wrong.json -o model", ["wrong.json", "hidden", "option"]),
    ("import pytorch weights.safetensors --config small.json -o model", ["fc.", "none of them"]),
    ("import onnx weights.safetensors -o model", ["weights.safetensors"]),
    ("import onnx nothing.onnx -o model", ["nothing.onnx"]),
    ("export onnx nothing out.onnx", ["nothing"]),
    ("export pytorch input.safetensors out.safetensors", ["input.safetensors"]),
    ("run net.json input.safetensors", ["net.json"]),
  ])
  func whatIsWrongIsSaid(_ line: String, _ words: [String]) throws {
    let folder = try Self.folder()
    try #"{"modules": [{"name": "lstm", "type": "LSTM", "hidden": 4}]}"#.write(
      toFile: "\(folder.path)/wrong.json", atomically: false, encoding: .utf8)
    try #"{"modules": [{"name": "lstm", "type": "LSTM"}]}"#.write(
      toFile: "\(folder.path)/small.json", atomically: false, encoding: .utf8)
    let outcome = try Command.run(line, in: folder)
    #expect(outcome.code == 1 && outcome.output.isEmpty)
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/model"))
  }

  @Test func inputsThatDoNotFitAreSaid() throws {
    let folder = try Self.folder()
    _ = try Self.expect("import pytorch weights.safetensors --config net.json -o model", in: folder)
    try Safetensors.write([("input", .zeros([2, 5, 4]))], to: "\(folder.path)/wide.safetensors")
    try Safetensors.write([("inputs", .zeros([2, 5, 3]))], to: "\(folder.path)/other.safetensors")
    for name in ["wide", "other"] {
      let outcome = try Command.run("run model \(name).safetensors", in: folder)
      #expect(outcome.code == 1 && outcome.output.isEmpty && outcome.errors.contains("expected"))
    }
  }
}
