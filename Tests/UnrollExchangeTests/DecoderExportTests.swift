import Testing
import UnrollCore
import UnrollExchange
import UnrollNetworks

/// Sequence-to-sequence networks as ONNX graphs: whole layers where the target is known, a loop where each step needs
/// what the one before gave.
@Suite struct DecoderExportTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var cell: CellKind
    var change: @Sendable (inout AttentionDecoder.Configuration) -> Void
    var testDescription: String
  }

  static let examples: [Example] = CellKind.allCases.flatMap { cell in
    [
      Example(cell: cell, change: { $0.layers = 2 }, testDescription: "\(cell.rawValue), two layers"),
      Example(
        cell: cell,
        change: {
          ($0.inputFeeding, $0.coverage, $0.copies, $0.layers) = (true, true, true, 2)
        }, testDescription: "\(cell.rawValue), input feeding, coverage and copying"),
      Example(
        cell: cell,
        change: {
          ($0.attention, $0.inputFeeding, $0.lexiconSize, $0.output) = (.multiplicative, true, nil, .full)
        }, testDescription: "\(cell.rawValue), multiplicative, input feeding, no lexicon"),
    ]
  }

  private struct Model: TracedModel {
    let network: SequenceToSequence

    init(_ example: Example) {
      var random = RandomSource(seed: 8)
      let front = TokenFront(count: 11, size: 6, scale: 1.5, using: &random)
      let encoder = RecurrentEncoder(
        example.cell, inputSize: 6, hiddenSizes: [5], bidirectional: true, using: &random)
      var configuration = AttentionDecoder.Configuration(hiddenSize: 7, memorySize: encoder.outputSize)
      configuration.cell = example.cell
      configuration.lexiconSize = 6
      example.change(&configuration)
      network = SequenceToSequence(
        source: TokenFront(count: 9, size: 6, using: &random), encoder: encoder,
        decoder: AttentionDecoder(configuration, front: front, using: &random))
    }

    func trace(_ trace: inout Trace) throws {
      trace.parameters(of: network)
      try network.trace(&trace)
    }
  }

  @Test(arguments: examples, [false, true])
  func graphGivesTheSame(_ example: Example, _ takesStates: Bool) throws {
    let model = Model(example)
    let options = ONNXExport.Options(takesStates: takesStates)
    let result = try ONNXExport.export(model, name: "test", file: "test", options)
    let graph = try ONNXModel(result.bytes, file: "test")
    try ONNXExport.compare(
      graph, try ONNXExport.probe(model, ProbeSize(batch: 6, steps: 7, seed: 3), options))
    let names = Set(graph.inputs.map(\.name))
    #expect(names.contains("h.0") == takesStates)
    #expect(names.isSuperset(of: ["source", "source_lengths", "target", "target_lengths"]))
  }

  /// Of a source without tokens nothing is copied.
  @Test func emptySources() throws {
    let example = Example(
      cell: .gru, change: { ($0.copies, $0.coverage) = (true, true) }, testDescription: "copying")
    let model = Model(example)
    let graph = try ONNXModel(
      try ONNXExport.export(model, name: "test", file: "test").bytes, file: "test")
    let found = try graph.run([
      "source": ONNXTensor(integers: [1, 2, 3, 4], shape: [2, 2]),
      "source_lengths": ONNXTensor(integers: [0, 2], shape: [2]),
      "target": ONNXTensor(integers: [5, 6, 7, 8], shape: [2, 2]),
      "target_lengths": ONNXTensor(integers: [2, 1], shape: [2]),
    ])
    var none: RandomSource?
    let memory = try model.network.memory(
      TokenBatch([[], [3, 4]]), copying: CopySource([[], [3, 4]], vocabularySize: 11), random: &none)
    var decoder = AttentionStepDecoder(model.network.decoder, memory)
    let step = try decoder.step([5, 7])
    let generated = try #require(found["generated"]).tensor.elements
    #expect(generated[0] == 1 && generated[1] == 1)
    // Of the other, P of a token that its source lacks is what was generated.
    let scores = try #require(found["scores"]).tensor
    let p = Variable(scores.reshaped(to: [4, 11])).softmax().value
    let own = Variable(step.logProbabilities).exp().value
    #expect(abs(generated[2] * p[2 * 11 + 9] - own[1 * own.shape.columns + 9]) < 1e-5)
    #expect(generated[2] < 1 && generated[3] == 0)
  }

  /// A target in two pieces, with the states of the first as those before the second, is the whole target.
  @Test(arguments: examples) func statesGoInAndOut(_ example: Example) throws {
    let model = Model(example)
    let options = ONNXExport.Options(takesStates: true)
    let graph = try ONNXModel(
      try ONNXExport.export(model, name: "test", file: "test", options).bytes, file: "test")
    let probe = try ONNXExport.probe(model, ProbeSize(batch: 2, steps: 5), options)
    var values: [String: ONNXTensor] = [:]
    for (name, value) in probe.inputs {
      let type = graph.inputs.first { $0.name == name }?.type ?? .float
      values[name] = Operators.converted(ONNXTensor(value.tensor), to: type)
    }
    let target = try #require(values["target"])
    let steps = target.shape[1]
    func run(_ range: Range<Int>, _ values: [String: ONNXTensor]) throws -> [String: ONNXTensor] {
      var values = values
      values["target"] = Operators.part(target, axis: 1, range)
      values["target_lengths"] = ONNXTensor(
        integers: [Int64(range.count), Int64(range.count)], shape: [2])
      return try graph.run(values)
    }
    let whole = try run(0..<steps, values)
    let first = try run(0..<2, values)
    var next = values
    for name in values.keys {
      let parts = name.split(separator: ".")
      let after = parts.count == 2 ? "\(parts[0])_n.\(parts[1])" : name + "_n"
      if let state = first[after] { next[name] = state }
    }
    let second = try run(2..<steps, next)
    for name in ["scores", "attention"] {
      let expected = try #require(whole[name])
      expectClose(
        first[name]?.tensor, Operators.part(expected, axis: 1, 0..<2).tensor, 1e-5, name)
      expectClose(
        second[name]?.tensor, Operators.part(expected, axis: 1, 2..<steps).tensor, 1e-5, name)
    }
  }
}
