import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A tagger as a graph.
///
/// It reads `words` `[batch, time]`, `characters` `[batch, time, letters]`, −1 where a word has fewer, `features`
/// `[batch, time, slots]`, affixes and the shape of each word, and `lengths` `[batch]`; what the model does not look
/// at is no input. It gives `scores` `[batch, time, tags]` and the `tags` that are decided `[batch, time]`, −1 beyond the
/// lengths: each by itself, or all of a sentence together.
enum TagExport {
  private struct Configuration: Decodable {
    var model: TaggerSettings
    var tags: [String]
    var scheme: String?
  }

  private struct Inputs {
    let words: String
    let characters: String?
    let features: String?
  }

  static func bytes(_ folder: LoadedModel, _ options: ONNXExport.Options) throws -> [UInt8] {
    try ONNXExport.refuseStates(options, folder)
    let configuration = try folder.settings(as: Configuration.self)
    let settings = configuration.model
    let members = try ONNXExport.members(folder)
    var graph = GraphBuilder(name: "tag")
    func input(_ name: String, _ axis: GraphBuilder.Extent? = nil) -> String {
      let extents = [GraphBuilder.Extent.named("batch"), .named("time")] + (axis.map { [$0] } ?? [])
      return graph.transposed(graph.input(name, extents, .int64), axis == nil ? [1, 0] : [1, 0, 2])
    }
    let inputs = Inputs(
      words: input("words"),
      characters: members[0].has("characters.table.weight") ? input("characters", .named("letters")) : nil,
      features: members[0].has("features.weight")
        ? input("features", .fixed(settings.prefixes + settings.suffixes + 1)) : nil)
    let steps = graph.steps(graph.input("lengths", [.named("batch")], .int64), of: inputs.words)
    var all: [String] = []
    let hasField = members[0].has("field.transitions")
    for weights in members {
      let scores = try emissions(inputs, weights, settings, steps, &graph)
      all.append(!hasField && members.count > 1 ? graph.softmax(scores, logarithm: true) : scores)
    }
    let tags = try members[0].tensor("head.weight", rank: 2).shape[0]
    let (batch, time) = (GraphBuilder.Extent.named("batch"), GraphBuilder.Extent.named("time"))
    let scores = graph.average(all)
    graph.output(graph.batchFirst(scores, steps), as: "scores", [batch, time, .fixed(tags)])
    let chosen =
      hasField
      ? try graph.likeliest(
        scores, try LinearChainScores(members, constraints: constraints(configuration, count: tags)), steps)
      : graph.apply("ArgMax", scores, attributes: [.integer("axis", 2), .integer("keepdims", 0)])
    let exists = graph.squeezed(graph.cast(steps.mask, .bool), [2])
    let shown = graph.transposed(graph.apply("Where", exists, chosen, graph.whole(-1)), [1, 0])
    graph.output(shown, as: "tags", [batch, time], .int64)
    return try graph.bytes(description: "a tagger", file: folder.path)
  }

  /// What may follow what, where tags spell entities.
  private static func constraints(_ configuration: Configuration, count: Int) -> TagConstraints? {
    guard configuration.scheme != nil, configuration.tags.count == count else { return nil }
    return TagConstraints(tags: configuration.tags, scheme: .bioes)
  }

  private static func emissions(
    _ inputs: Inputs, _ weights: ExportWeights, _ settings: TaggerSettings, _ steps: ExportedSteps,
    _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    var parts = [try graph.looked(up: inputs.words, in: weights.below("words"))]
    if let characters = inputs.characters {
      parts.append(try spelled(characters, like: inputs.words, weights.below("characters"), settings, &graph))
    }
    if let features = inputs.features {
      let slots = settings.prefixes + settings.suffixes + 1
      let rows = try graph.looked(up: features, in: weights.below("features"))
      parts.append(graph.reshaped(rows, [0, 0, slots * settings.featureSize]))
    }
    let x = graph.concatenated(parts, axis: 2)
    let (outputs, _) = try graph.recurrent(x, weights.below("encoder"), settings.cell, steps)
    return try graph.linear(outputs, weights.below("head"))
  }

  /// The vector of each word from its characters `[T, B, K]`: `[T, B, 2 · units]`.
  private static func spelled(
    _ characters: String, like words: String, _ weights: ExportWeights, _ settings: TaggerSettings,
    _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    let flat = graph.apply(
      "Reshape", characters,
      graph.concatenated([graph.list([-1]), graph.extent(characters, axis: 2)], axis: 0))
    let letters = graph.transposed(flat, [1, 0])
    let exists = graph.cast(graph.apply("GreaterOrEqual", letters, graph.whole(0)), .int64)
    let steps = graph.steps(graph.summed(exists, axis: 0), of: letters)
    let x = try graph.looked(up: graph.apply("Max", letters, graph.whole(0)), in: weights.below("table"))
    let (outputs, _) = try graph.recurrent(x, weights.below("encoder"), settings.cell, steps)
    let features = 2 * settings.characterHidden
    let pooled = graph.finalState(outputs, steps, features: features, bidirectional: true)
    let shape = graph.concatenated(
      [graph.extent(words, axis: 0), graph.extent(words, axis: 1), graph.list([features])], axis: 0)
    return graph.apply("Reshape", pooled, shape)
  }
}
