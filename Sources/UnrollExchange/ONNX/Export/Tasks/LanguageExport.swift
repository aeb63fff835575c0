import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A language model as a graph.
///
/// It reads `tokens` `[batch, time]` and `lengths` `[batch]`, and gives `scores` `[batch, time, vocabulary]`, what a
/// softmax makes probabilities of the next token of, and the state of each layer after the last step, `h_n.0`,
/// `c_n.0`, … `[1, batch, units]`. Where states go in, they are `h.0`, `c.0`, …
enum LanguageExport {
  private struct Configuration: Decodable {
    var model: LanguageSettings
  }

  static func bytes(_ folder: LoadedModel, _ options: ONNXExport.Options) throws -> [UInt8] {
    let settings = try folder.settings(as: Configuration.self).model
    let weights = ExportWeights(folder.tensors, file: folder.path)
    let kind: CellKind = settings.cell == .lstm ? .lstm : .gru
    var graph = GraphBuilder(name: "generate")
    let tokens = graph.transposed(graph.input("tokens", [.named("batch"), .named("time")], .int64), [1, 0])
    let steps = graph.steps(graph.input("lengths", [.named("batch")], .int64), of: tokens)
    var widths: [Int] = []
    for layer in 0..<weights.count("layers") {
      widths.append(try weights.tensor("layers.\(layer).forward.cell.weightRecurrent", rank: 2).shape[1])
    }
    func shape(_ layer: Int) -> [GraphBuilder.Extent] { [.fixed(1), .named("batch"), .fixed(widths[layer])] }
    var initial: [ExportedStates]?
    if options.takesStates {
      initial = widths.indices.map { layer in
        ExportedStates(
          hidden: graph.input("h.\(layer)", shape(layer)),
          cell: kind == .lstm ? graph.input("c.\(layer)", shape(layer)) : nil)
      }
    }
    let x = try graph.looked(up: tokens, in: weights.below("embedding"))
    let (outputs, finals) = try graph.recurrent(x, weights, kind, steps, initial: initial)
    let scores = try Self.scores(outputs, weights, &graph)
    let vocabulary = try weights.tensor("embedding.weight", rank: 2).shape[0]
    graph.output(
      graph.batchFirst(scores, steps), as: "scores", [.named("batch"), .named("time"), .fixed(vocabulary)])
    for (layer, final) in finals.enumerated() {
      graph.output(final.hidden, as: "h_n.\(layer)", shape(layer))
      if let cell = final.cell { graph.output(cell, as: "c_n.\(layer)", shape(layer)) }
    }
    return try graph.bytes(description: "a language model", file: folder.path)
  }

  private static func scores(
    _ x: String, _ weights: ExportWeights, _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    let head = weights.below("head")
    if head.has("head.weight") { return try adaptive(x, head, &graph) }
    if head.has("weight") { return try graph.linear(x, head) }
    return try graph.linear(
      x, "tied", weight: try weights.tensor("embedding.weight", rank: 2),
      bias: try head.tensor("bias", rank: 1))
  }

  /// ln p of all tokens by an adaptive softmax.
  private static func adaptive(
    _ x: String, _ weights: ExportWeights, _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    let tails = weights.count("tail")
    let count = try weights.tensor("head.weight", rank: 2).shape[0] - tails
    let head = graph.softmax(try graph.linear(x, weights.below("head")), logarithm: true)
    var parts = [graph.part(head, axis: 2, 0..<count)]
    for tail in 0..<tails {
      let hidden = try graph.linear(x, weights.below("tail.\(tail).0"))
      let own = graph.softmax(try graph.linear(hidden, weights.below("tail.\(tail).1")), logarithm: true)
      parts.append(graph.plus(own, graph.part(head, axis: 2, count + tail..<count + tail + 1)))
    }
    return graph.concatenated(parts, axis: 2)
  }
}
