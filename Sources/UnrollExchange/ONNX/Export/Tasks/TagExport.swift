import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A tagger as a graph.
///
/// It reads `words` `[batch, time]`, `characters` `[batch, time, letters]`, −1 where a word has fewer, `features`
/// `[batch, time, slots]`, affixes and the shape of each word, and `lengths` `[batch]`; what the model does not look
/// at is no input. It gives `scores` `[batch, time, tags]`. Where tags are decided together, `transitions`
/// `[tags, tags]`, `start` and `end` `[tags]` are the scores of the steps from tag to tag.
enum TagExport {
  private struct Configuration: Decodable {
    var model: TaggerSettings
  }

  private struct Inputs {
    let words: String
    let characters: String?
    let features: String?
  }

  static func bytes(_ folder: LoadedModel, _ options: ONNXExport.Options) throws -> [UInt8] {
    try ONNXExport.refuseStates(options, folder)
    let settings = try folder.settings(as: Configuration.self).model
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
    graph.output(
      graph.batchFirst(graph.average(all), steps), as: "scores",
      [.named("batch"), .named("time"), .fixed(tags)])
    if hasField {
      for (name, rank) in [("transitions", 2), ("start", 1), ("end", 1)] {
        var parts: [String] = []
        for weights in members {
          parts.append(
            try graph.weight(weights.path + "." + name, try weights.tensor("field.\(name)", rank: rank)))
        }
        graph.output(graph.average(parts), as: name, Array(repeating: .fixed(tags), count: rank))
      }
    }
    return try graph.bytes(description: "a tagger", file: folder.path)
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
