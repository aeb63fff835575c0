import Foundation
import Testing
import UnrollCore
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Operators, whole graphs and model folders.
@Suite struct ONNXGraphTests {
  static let operators = ONNXCase.all("onnx_operators")
  static let exported = ONNXCase.all("onnx_pytorch")

  @Test func theFilesAreThere() {
    #expect(Self.operators.count == 153)
    #expect(Self.exported.count == 6)
  }

  /// 2e-6 of the largest: one operation in single precision, on both sides.
  @Test(arguments: operators) func operatorGivesWhatTheRuntimeGives(_ example: ONNXCase) throws {
    let model = try ONNXModel(example.model, file: example.name)
    let found = try model.run(example.values(for: model))
    for port in model.outputs {
      let value = try #require(found[port.name])
      #expect(value.type == port.type)
      expectClose(value.tensor, try #require(example.outputs[port.name]), 2e-6, port.name)
    }
  }

  /// Models of both of PyTorch's exporters, at sizes that they were not exported with. 1e-5: single precision.
  @Test(arguments: exported) func exportedByPyTorch(_ example: ONNXCase) throws {
    let model = try ONNXModel(example.model, file: example.name)
    let found = try model.run(example.values(for: model))
    for (name, expected) in example.outputs { expectClose(found[name]?.tensor, expected, 1e-5, name) }
  }

  @Test(arguments: exported) func becomesAFolderAndComesBack(_ example: ONNXCase) throws {
    let model = try GraphModel(example.model, file: example.name)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "graph-\(UInt64.random(in: 0...(.max)))")
    defer { try? FileManager.default.removeItem(at: path) }
    try model.save(to: path.path)
    let loaded = try #require(try ExchangeModels.load(path.path) as? GraphModel)
    let (first, second) = (try model.run(arrays: example.inputs), try loaded.run(arrays: example.inputs))
    #expect(first.map(\.name) == model.model.outputs.map(\.name))
    for (a, b) in zip(first, second) { #expect(a.tensor == b.tensor) }
    #expect(!loaded.description.parameters.isEmpty)
    // The weights stand in their own file alone.
    let graph = try FileSystem.contents(of: path.path + "/graph.onnx", limit: 1 << 30)
    #expect(graph.count < example.model.count)
  }
}
