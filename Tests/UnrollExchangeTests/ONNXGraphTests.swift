import Foundation
import SampleModels
import SwiftProtobuf
import Testing
import UnrollCore
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Operators, whole graphs and model folders.
@Suite struct ONNXGraphTests {
  static let operators = ONNXCase.all("onnx_operators")
  static let more = ONNXCase.all("onnx_more")
  static let exported = ONNXCase.all("onnx_pytorch")

  @Test func theFilesAreThere() {
    #expect(Self.operators.count == 153)
    #expect(Self.more.count == 127)
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

  /// 1e-5: sums of many terms in another order, and powers.
  @Test(arguments: more) func otherOperatorsGiveWhatTheRuntimeGives(_ example: ONNXCase) throws {
    let model = try ONNXModel(example.model, file: example.name)
    let found = try model.run(example.values(for: model))
    for port in model.outputs {
      let value = try #require(found[port.name])
      #expect(value.type == port.type)
      expectClose(value.tensor, try #require(example.outputs[port.name]), 1e-5, port.name)
    }
  }

  /// Whole numbers are exact beyond what a double can tell, and wrap as their type does.
  @Test(
    arguments: [
      ("Add", 7, [Int64.max - 1, -5], [1, 7], [Int64.max, 2]),
      ("Mul", 7, [3_037_000_501, 2], [3_037_000_499, -3], [-9_223_372_036_709_301_617, -6]),
      ("Sub", 13, [0, 5], [1, 5], [-1, 0]), ("Div", 13, [-1, 9], [2, 4], [Int64.max, 2]),
      ("Max", 13, [-1, 5], [1, 3], [-1, 5]),
      ("Min", 13, [-1, 5], [1, 3], [1, 3]), ("Div", 7, [.min, 7], [-1, -2], [.min, -3]),
      ("Mod", 13, [-1, 7], [10, 4], [5, 3]),
      ("Add", 6, [Int64(Int32.max), 1], [1, 1], [Int64(Int32.min), 2]),
      ("Pow", 7, [3, -2], [39, 5], [4_052_555_153_018_976_267, -32]),
    ] as [(String, Int32, [Int64], [Int64], [Int64])])
  func wholeNumbersAreExact(
    _ name: String, _ type: Int32, _ a: [Int64], _ b: [Int64], _ expected: [Int64]
  ) throws {
    var model = WireModel.empty()
    model.graph.input = ["a", "b"].map { WireValueInfo($0, [2]) }
    model.graph.output = [WireValueInfo("y", [2])]
    for index in 0..<2 { model.graph.input[index].type.tensorType.elemType = type }
    model.graph.output[0].type.tensorType.elemType = type
    model.graph.node = [WireNode(name, ["a", "b"], ["y"])]
    let graph = try ONNXModel(try model.serializedBytes(), file: name)
    let element = try #require(ONNXTensor.ElementType(rawValue: Int(type)))
    let values = [("a", a), ("b", b)].map { ($0, ONNXTensor(integers: $1, shape: [2], type: element)) }
    let found = try graph.run(Dictionary(uniqueKeysWithValues: values))["y"]?.integers
    #expect(found == expected)
  }

  /// Models of both of PyTorch's exporters, at sizes that they were not exported with. 1e-5: single precision.
  @Test(arguments: exported) func exportedByPyTorch(_ example: ONNXCase) throws {
    let model = try ONNXModel(example.model, file: example.name)
    let found = try model.run(example.values(for: model))
    for (name, expected) in example.outputs { expectClose(found[name]?.tensor, expected, 1e-5, name) }
  }

  /// No sequences, and sequences without steps, go through a graph that leaves extents open.
  @Test(arguments: [(0, 3), (2, 0), (0, 0)]) func nothingToRead(_ batch: Int, _ steps: Int) throws {
    let example = try #require(Self.exported.first { $0.name == "tagger_script" })
    let model = try ONNXModel(example.model, file: example.name)
    let tokens = ONNXTensor(integers: Array(repeating: 1, count: batch * steps), shape: [batch, steps])
    let found = try model.run(["tokens": tokens])
    #expect(found[model.outputs[0].name]?.shape == [batch, steps, 4])
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
