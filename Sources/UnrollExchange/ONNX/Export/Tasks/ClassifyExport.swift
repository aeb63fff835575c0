import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A classifier as a graph.
///
/// Of texts it reads `tokens` `[batch, time]` and, where words are read by their pieces, `pieces`
/// `[batch, time, pieces]`, −1 where there are fewer; of sequences `frames` `[batch, time, width]`, scaled and cut as
/// `config.json` says; and `lengths` `[batch]`. It gives `probabilities` `[batch, labels]`.
enum ClassifyExport {
  private struct Configuration: Decodable {
    var model: ClassifierSettings
  }

  static func bytes(_ folder: LoadedModel, _ options: ONNXExport.Options) throws -> [UInt8] {
    try ONNXExport.refuseStates(options, folder)
    let settings = try folder.settings(as: Configuration.self).model
    let members = try ONNXExport.members(folder)
    var graph = GraphBuilder(name: "classify")
    let readsTokens = members[0].has("words.weight")
    let hasPieces = members[0].has("pieces.weight")
    let first = readsTokens ? "words.weight" : members[0].has("project.weight") ? "project.weight" : nil
    let width =
      try first.map { try members[0].tensor($0, rank: 2).shape[1] }
      ?? members[0].tensor("core.layers.0.forward.cell.weightInput", rank: 2).shape[1]
    let main: String
    var pieces: String?
    if readsTokens {
      main = graph.transposed(graph.input("tokens", [.named("batch"), .named("time")], .int64), [1, 0])
      if hasPieces {
        let input = graph.input("pieces", [.named("batch"), .named("time"), .named("pieces")], .int64)
        pieces = graph.transposed(input, [1, 0, 2])
      }
    } else {
      main = graph.transposed(
        graph.input("frames", [.named("batch"), .named("time"), .fixed(width)]), [1, 0, 2])
    }
    let steps = graph.steps(graph.input("lengths", [.named("batch")], .int64), of: main)
    var chances: [String] = []
    for weights in members {
      var x = main
      if readsTokens {
        x = try graph.looked(up: main, in: weights.below("words"))
        if let pieces {
          x = graph.plus(x, try graph.meanLookedUp(pieces, in: weights.below("pieces"), axis: 2))
        }
      } else if weights.has("project.weight") {
        x = graph.apply("Tanh", try graph.linear(x, weights.below("project")))
      }
      let logits = try Self.logits(x, weights, settings, steps, &graph)
      chances.append(settings.isMultiLabel ? graph.apply("Sigmoid", logits) : graph.softmax(logits))
    }
    let labels = try members[0].tensor("head.weight", rank: 2).shape[0]
    graph.output(graph.average(chances), as: "probabilities", [.named("batch"), .fixed(labels)])
    return try graph.bytes(description: "a classifier", file: folder.path)
  }

  private static func logits(
    _ x: String, _ weights: ExportWeights, _ settings: ClassifierSettings, _ steps: ExportedSteps,
    _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    let (outputs, _) = try graph.recurrent(x, weights.below("core"), settings.cell, steps)
    let both = settings.poolsInputs ? graph.concatenated([outputs, x], axis: 2) : outputs
    let features = settings.hiddenSize * (settings.bidirectional ? 2 : 1)
    var pooled: [String] = []
    for (index, kind) in settings.pooling.enumerated() {
      switch kind {
      case .last:
        pooled.append(
          graph.finalState(outputs, steps, features: features, bidirectional: settings.bidirectional))
        if settings.poolsInputs { pooled.append(graph.mean(x, steps)) }
      case .mean: pooled.append(graph.mean(both, steps))
      case .max: pooled.append(graph.largest(both, steps))
      case .attention:
        pooled.append(try attention(both, weights.below("pools.\(index).attention"), steps, &graph))
      }
    }
    return try graph.linear(graph.concatenated(pooled, axis: 1), weights.below("head"))
  }

  private static func attention(
    _ x: String, _ weights: ExportWeights, _ steps: ExportedSteps, _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    let query = try weights.tensor("query", rank: 1)
    let hidden = graph.apply("Tanh", try graph.linear(x, weights.below("hidden")))
    let column = try graph.weight(weights.path + ".query", query.reshaped(to: [query.shape.count, 1]))
    // `[T, B, 1]` to `[B, 1, T]`.
    let scores = graph.transposed(graph.apply("MatMul", hidden, column), [1, 2, 0])
    let mask = graph.transposed(steps.mask, [1, 2, 0])
    let (context, _) = graph.attended(scores, graph.transposed(x, [1, 0, 2]), mask: mask)
    return graph.squeezed(context, [1])
  }
}
