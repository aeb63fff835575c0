import Testing
import UnrollCore
import UnrollExchange
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// General networks as ONNX graphs, held against their own numbers by this library's reader of ONNX.
/// `scripts/check-onnx` holds them against ONNX Runtime.
@Suite struct ONNXExportTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let layers: [NetworkLayer]
    var heads: [NetworkLayer] = []
  }

  private static func recurrent(
    _ cell: CellKind, inputs: Int = 5, units: Int = 7, layers: Int = 1, bidirectional: Bool = false,
    projection: Int? = nil
  ) -> NetworkLayer {
    NetworkLayer(
      .recurrent, name: "core", inputs: inputs, outputs: units, cell: cell, layers: layers,
      bidirectional: bidirectional, projection: projection)
  }

  static let examples: [Example] = {
    var all: [Example] = []
    for cell in CellKind.allCases where cell != .layerNormLSTM {
      for (layers, bidirectional) in [(1, false), (2, true)] {
        all.append(
          Example(
            testDescription: "\(cell.rawValue), \(layers) layers",
            layers: [recurrent(cell, layers: layers, bidirectional: bidirectional)]))
      }
    }
    all.append(
      Example(
        testDescription: "projection",
        layers: [recurrent(.lstm, layers: 2, bidirectional: true, projection: 3)]))
    for kind in [NetworkLayer.Kind.lastStep, .finalState, .mean, .max] {
      all.append(
        Example(
          testDescription: "\(kind.rawValue)",
          layers: [
            NetworkLayer(.embedding, name: "table", inputs: 11, outputs: 5),
            recurrent(.gru, bidirectional: true),
            NetworkLayer(kind), NetworkLayer(.linear, name: "mix", inputs: 14, outputs: 3, bias: false),
            NetworkLayer(.relu),
          ],
          heads: [
            NetworkLayer(.linear, name: "a", inputs: 3, outputs: 2),
            NetworkLayer(.linear, name: "b", inputs: 3, outputs: 1),
          ]))
    }
    for kind in [NetworkLayer.Kind.tanh, .sigmoid, .softmax, .logSoftmax] {
      all.append(
        Example(testDescription: "\(kind.rawValue)", layers: [recurrent(.elman), NetworkLayer(kind)]))
    }
    return all
  }()

  static func model(_ example: Example) throws -> NetworkModel {
    var random = RandomSource(seed: 5)
    let settings = NetworkSettings(layers: example.layers, heads: example.heads)
    let weights = try settings.check(file: "test").map { name, extents in
      (name: name, tensor: Tensor.normal(deviation: 0.5, shape: Shape(extents), using: &random))
    }
    return try NetworkModel(settings, weights: weights)
  }

  @Test(
    arguments: examples,
    [ProbeSize(batch: 3, steps: 5), ProbeSize(batch: 1, steps: 1), ProbeSize(batch: 8, steps: 9, seed: 3)])
  func graphGivesTheSame(_ example: Example, _ size: ProbeSize) throws {
    let model = try Self.model(example)
    let graph = try ONNXModel(try model.onnx(), file: example.testDescription)
    let probe = try ONNXExport.probe(model, size)
    let values = probe.inputs.reduce(into: [String: ONNXTensor]()) { values, input in
      if let port = graph.inputs.first(where: { $0.name == input.name }) {
        values[input.name] = Operators.converted(ONNXTensor(input.value.tensor), to: port.type)
      }
    }
    let found = try graph.run(values)
    #expect(Set(found.keys) == Set(probe.outputs.map(\.name)))
    for (name, expected) in probe.outputs { expectClose(found[name]?.tensor, expected, 1e-5, name) }
  }

  /// Sequences without steps keep their state, and give what a pool of nothing gives.
  @Test(arguments: examples) func emptySequences(_ example: Example) throws {
    let model = try Self.model(example)
    let graph = try ONNXModel(try model.onnx(), file: example.testDescription)
    let probe = try ONNXExport.probe(model, ProbeSize(batch: 3, steps: 4))
    var arrays = Dictionary(uniqueKeysWithValues: probe.inputs.map { ($0.name, $0.value.tensor) })
    arrays["lengths"] = Tensor([4, 0, 1])
    let values = graph.inputs.reduce(into: [String: ONNXTensor]()) { values, port in
      if let array = arrays[port.name] {
        values[port.name] = Operators.converted(ONNXTensor(array), to: port.type)
      }
    }
    let found = try graph.run(values)
    for (name, expected) in try model.run(arrays: arrays) {
      expectClose(found[name]?.tensor, expected, 1e-5, name)
    }
  }

  /// A sequence in two pieces, with the states of the first as those before the second, is the whole sequence.
  @Test(arguments: examples.prefix(13)) func statesGoInAndOut(_ example: Example) throws {
    guard example.layers[0].bidirectional != true else { return }
    let model = try Self.model(example)
    let graph = try ONNXModel(try model.onnx(takesStates: true), file: example.testDescription)
    let probe = try ONNXExport.probe(model, ProbeSize(batch: 2, steps: 6))
    let x = ONNXTensor(try #require(probe.inputs.first { $0.name == "input" }).value.tensor)
    var states = Dictionary(
      uniqueKeysWithValues: model.zeroStates(batch: 2).map { ($0.name, ONNXTensor($0.tensor)) })
    func run(_ x: ONNXTensor) throws -> [String: ONNXTensor] {
      var values = states
      values["input"] = x
      values["lengths"] = ONNXTensor(integers: [Int64(x.shape[1]), Int64(x.shape[1])], shape: [2])
      return try graph.run(values)
    }
    let whole = try run(x)
    var pieces: [ONNXTensor] = []
    for range in [0..<2, 2..<6] {
      let found = try run(Operators.part(x, axis: 1, range))
      pieces.append(try #require(found["output"]))
      for name in states.keys { states[name] = found[name + "_n"] }
    }
    let output = try #require(whole["output"])
    for (piece, range) in zip(pieces, [0..<2, 2..<6]) {
      expectClose(piece.tensor, Operators.part(output, axis: 1, range).tensor, 1e-6, "output")
    }
  }
}
