import Testing
import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Networks of described layers: what makes none, and what does not fit.
@Suite struct NetworkModelTests {
  private static let table = NetworkLayer(.embedding, name: "table", inputs: 5, outputs: 3)
  private static let core = NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 4, cell: .gru)

  struct Wrong: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let layers: [NetworkLayer]
    var heads: [NetworkLayer] = []
    /// A word that the error must say.
    let word: String
  }

  static let wrong: [Wrong] = [
    Wrong(testDescription: "no layers", layers: [], word: "at least one"),
    Wrong(testDescription: "a function first", layers: [NetworkLayer(.tanh), core], word: "first layer"),
    Wrong(testDescription: "an embedding later", layers: [core, table], word: "first layer only"),
    Wrong(
      testDescription: "a name twice",
      layers: [core, NetworkLayer(.linear, name: "core", inputs: 4, outputs: 2)], word: "name of its own"),
    Wrong(
      testDescription: "widths that do not meet",
      layers: [table, NetworkLayer(.linear, name: "a", inputs: 4, outputs: 2)], word: "3 inputs"),
    Wrong(
      testDescription: "no cell", layers: [NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 4)],
      word: "cell"),
    Wrong(
      testDescription: "a cell that is normalised",
      layers: [NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 4, cell: .layerNormLSTM)],
      word: "normalisation"),
    Wrong(
      testDescription: "a projection of a GRU",
      layers: [NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 4, cell: .gru, projection: 2)],
      word: "projection"),
    Wrong(
      testDescription: "no units",
      layers: [NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 0, cell: .gru)],
      word: "outputs of 1"),
    Wrong(
      testDescription: "units below zero", layers: [NetworkLayer(.linear, name: "a", inputs: -3, outputs: 4)],
      word: "inputs of 1"),
    Wrong(
      testDescription: "layers without end",
      layers: [NetworkLayer(.recurrent, name: "core", inputs: 3, outputs: 4, cell: .gru, layers: 1 << 40)],
      word: "256 layers"),
    Wrong(
      testDescription: "a recurrence after pooling",
      layers: [
        core, NetworkLayer(.mean), NetworkLayer(.recurrent, name: "b", inputs: 4, outputs: 4, cell: .gru),
      ], word: "one vector"),
    Wrong(
      testDescription: "pooling twice", layers: [core, NetworkLayer(.mean), NetworkLayer(.max)],
      word: "one vector"),
    Wrong(
      testDescription: "a head that is no map", layers: [core],
      heads: [NetworkLayer(.tanh, name: "a", inputs: 4)], word: "linear head"),
    Wrong(
      testDescription: "a head of another width", layers: [core],
      heads: [NetworkLayer(.linear, name: "a", inputs: 5, outputs: 1)], word: "linear head"),
    // As large as weights may be described; none are made before the file has them.
    Wrong(
      testDescription: "sizes that are not in the file",
      layers: [NetworkLayer(.recurrent, name: "core", inputs: 1 << 30, outputs: 1 << 30, cell: .lstm)],
      word: "none of this name"),
  ]

  @Test(arguments: wrong) func isRefused(_ example: Wrong) throws {
    let settings = NetworkSettings(layers: example.layers, heads: example.heads)
    let error = #expect(throws: ModelFileError.self) { try NetworkModel(settings, weights: []) }
    #expect("\(try #require(error))".contains(example.word), "\(error.map { "\($0)" } ?? "")")
  }

  private static func model(_ layers: [NetworkLayer]) throws -> NetworkModel {
    var random = RandomSource(seed: 5)
    let settings = NetworkSettings(layers: layers)
    let weights = try settings.check(file: "test").map { name, extents in
      (name: name, tensor: Tensor.normal(deviation: 0.5, shape: Shape(extents), using: &random))
    }
    return try NetworkModel(settings, weights: weights)
  }

  @Test func weightsThatNoLayerHas() throws {
    let model = try Self.model([Self.core])
    #expect(throws: ModelFileError.self) {
      try NetworkModel(model.settings, weights: model.weights + [("more", .zeros([1]))])
    }
    #expect(throws: ModelFileError.self) {
      try NetworkModel(model.settings, weights: Array(model.weights.dropLast()))
    }
  }

  /// No input traps: symbols that are none, features of another width, states of another shape.
  @Test func inputsThatDoNotFit() throws {
    let tokens = try Self.model([Self.table, Self.core])
    let features = try Self.model([Self.core])
    #expect(throws: ShapeError.self) { try tokens.run(tokens: [[5]]) }
    #expect(throws: ShapeError.self) { try tokens.run(tokens: [[-1]]) }
    #expect(throws: ShapeError.self) { try tokens.run(features: .zeros([1, 1, 3])) }
    #expect(throws: ShapeError.self) { try features.run(tokens: [[0]]) }
    #expect(throws: ShapeError.self) { try features.run(features: .zeros([2, 1, 4])) }
    #expect(throws: ShapeError.self) { try features.run(features: .zeros([2, 3])) }
    #expect(throws: ShapeError.self) { try features.run(features: .zeros([2, 1, 3]), lengths: [3]) }
    #expect(throws: ShapeError.self) { try features.run(features: .zeros([2, 1, 3]), state: []) }
    #expect(throws: ShapeError.self) {
      try features.run(features: .zeros([2, 1, 3]), state: features.zeroState(batch: 2))
    }
  }

  /// Nothing to read is legal.
  @Test func emptyBatches() throws {
    let model = try Self.model([Self.table, Self.core])
    #expect(try model.run(tokens: []).outputs["output"]?.shape == [0, 0, 4])
    let one = try model.run(tokens: [[], [1, 2]])
    #expect(one.outputs["output"]?.shape == [2, 2, 4])
    #expect(one.state[0][0][0].elements.prefix(4).allSatisfy { $0 == 0 })
  }
}
