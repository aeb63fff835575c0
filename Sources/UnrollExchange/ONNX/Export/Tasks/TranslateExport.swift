import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A translator as a graph.
///
/// It reads `source` `[batch, source_time]`, `source_lengths` `[batch]`, `target` `[batch, time]`, the tokens said so far
/// from the mark of the beginning on, and `target_lengths` `[batch]`. It gives `scores` `[batch, time, vocabulary]`,
/// what a softmax makes probabilities of each next token of, `attention` `[batch, time, source_time]`, and the states
/// of the decoder's layers after the last token, `h_n.0`, `c_n.0`, … `[1, batch, units]`.
///
/// Where states go in, they are `h.0`, `c.0`, …, and with input feeding `said` `[batch, features]`, with coverage
/// `covered` `[batch, source_time]`; the first are what the graph without them gives for no target tokens, as
/// `h_0.0`, `c_0.0`, …
struct TranslateExport {
  private struct Configuration: Decodable {
    var model: TranslationSettings
  }

  private let settings: TranslationSettings
  private let weights: ExportWeights
  private var graph = GraphBuilder(name: "translate")

  static func bytes(_ folder: LoadedModel, _ options: ONNXExport.Options) throws -> [UInt8] {
    let settings = try folder.settings(as: Configuration.self).model
    var export = TranslateExport(
      settings: settings, weights: ExportWeights(folder.tensors, file: folder.path))
    return try export.bytes(takesStates: options.takesStates, file: folder.path)
  }

  private init(settings: TranslationSettings, weights: ExportWeights) {
    self.settings = settings
    self.weights = weights
  }

  private var layers: Int { settings.decoderLayers }
  private var hasMemory: Bool { settings.cell == .lstm }
  private var table: ExportWeights { weights.below(weights.has("target.weight") ? "target" : "source") }

  /// What the decoder reads of the source.
  private struct Memory {
    /// `[B, S, A]`.
    let keys: String
    /// What the encoder made of each token, and the token's own vector, `[B, S, 2H + E]`.
    let values: String
    /// `[B, 1, S]`.
    let mask: String
  }

  /// What the decoder carries from token to token.
  private struct State {
    var layers: [ExportedStates]
    var said: String?
    var covered: String?
  }

  private mutating func bytes(takesStates: Bool, file: String) throws(ExchangeError) -> [UInt8] {
    let source = graph.transposed(
      graph.input("source", [.named("batch"), .named("source_time")], .int64), [1, 0])
    let sourceSteps = graph.steps(graph.input("source_lengths", [.named("batch")], .int64), of: source)
    let target = graph.transposed(graph.input("target", [.named("batch"), .named("time")], .int64), [1, 0])
    let steps = graph.steps(graph.input("target_lengths", [.named("batch")], .int64), of: target)
    let x = try vectors(source, weights.below("source"))
    let (read, _) = try graph.recurrent(x, weights.below("encoder"), settings.cell, sourceSteps)
    let memory = try remembered(read, words: x, sourceSteps)
    let start = try startState(read, sourceSteps)
    let state = takesStates ? stateInputs() : start
    let vectors = try vectors(target, table)
    let (said, attention, final) =
      settings.inputFeeding || settings.coverage
      ? try stepped(vectors, memory, state, steps) : try whole(vectors, memory, state, steps)
    let scores = try graph.linear(
      said, "tied", weight: try table.tensor("weight", rank: 2), bias: try weights.tensor("bias", rank: 1))
    let vocabulary = try table.tensor("weight", rank: 2).shape[0]
    graph.output(
      graph.batchFirst(scores, steps), as: "scores", [.named("batch"), .named("time"), .fixed(vocabulary)])
    graph.output(
      graph.batchFirst(attention, steps), as: "attention",
      [.named("batch"), .named("time"), .named("source_time")])
    for (layer, pair) in zip(final.layers, start.layers).enumerated() {
      writeStates(pair.0, "_n.\(layer)")
      writeStates(pair.1, "_0.\(layer)")
    }
    if let said = final.said {
      graph.output(said, as: "said_n", [.named("batch"), .fixed(settings.embeddingSize)])
    }
    if let covered = final.covered {
      graph.output(covered, as: "covered_n", [.named("batch"), .named("source_time")])
    }
    return try graph.bytes(description: "a translator", file: file)
  }

  private mutating func writeStates(_ state: ExportedStates, _ suffix: String) {
    let shape: [GraphBuilder.Extent] = [.fixed(1), .named("batch"), .fixed(settings.hiddenSize)]
    graph.output(state.hidden, as: "h" + suffix, shape)
    if let cell = state.cell { graph.output(cell, as: "c" + suffix, shape) }
  }

  private mutating func stateInputs() -> State {
    let shape: [GraphBuilder.Extent] = [.fixed(1), .named("batch"), .fixed(settings.hiddenSize)]
    var all: [ExportedStates] = []
    for layer in 0..<layers {
      all.append(
        ExportedStates(
          hidden: graph.input("h.\(layer)", shape), cell: hasMemory ? graph.input("c.\(layer)", shape) : nil))
    }
    return State(
      layers: all,
      said: settings.inputFeeding
        ? graph.input("said", [.named("batch"), .fixed(settings.embeddingSize)]) : nil,
      covered: settings.coverage ? graph.input("covered", [.named("batch"), .named("source_time")]) : nil)
  }

  /// k times the rows of a table; see `TranslationNetwork`.
  private mutating func vectors(_ tokens: String, _ table: ExportWeights) throws(ExchangeError) -> String {
    let scale = 0.5 * Float(settings.embeddingSize).squareRoot()
    return graph.times(try graph.looked(up: tokens, in: table), graph.number(scale))
  }

  private mutating func remembered(
    _ read: String, words: String, _ steps: ExportedSteps
  ) throws(ExchangeError) -> Memory {
    let states = graph.transposed(read, [1, 0, 2])
    return Memory(
      keys: try graph.linear(states, weights.below("attention.key")),
      values: graph.concatenated([states, graph.transposed(words, [1, 0, 2])], axis: 2),
      mask: graph.transposed(steps.mask, [1, 2, 0]))
  }

  /// s⁰ of all layers.
  private mutating func startState(_ read: String, _ steps: ExportedSteps) throws(ExchangeError) -> State {
    let start = graph.apply("Tanh", try graph.linear(graph.mean(read, steps), weights.below("bridge")))
    let (h, parts) = (settings.hiddenSize, hasMemory ? 2 : 1)
    var all: [ExportedStates] = []
    for layer in 0..<layers {
      let place = layer * parts * h
      let hidden = graph.unsqueezed(graph.part(start, axis: 1, place..<place + h), [0])
      let cell =
        hasMemory ? graph.unsqueezed(graph.part(start, axis: 1, place + h..<place + 2 * h), [0]) : nil
      all.append(ExportedStates(hidden: hidden, cell: cell))
    }
    func zeros(_ width: String) -> String { graph.expanded(graph.number(0), [steps.batch, width]) }
    return State(
      layers: all, said: settings.inputFeeding ? zeros(graph.list([settings.embeddingSize])) : nil,
      covered: settings.coverage ? zeros(graph.extent(read, axis: 0)) : nil)
  }

  /// What was read, by states and by words, along the last axis.
  private func parted(
    _ read: String, axis: Int, _ graph: inout GraphBuilder
  ) -> (context: String, words: String) {
    let states = 2 * settings.hiddenSize
    return (
      graph.part(read, axis: axis, 0..<states),
      graph.part(read, axis: axis, states..<states + settings.embeddingSize)
    )
  }

  /// oₜ.
  private func said(
    _ hidden: String, _ context: String, _ words: String, axis: Int, _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> String {
    let read = try graph.linear(graph.concatenated([hidden, context], axis: axis), weights.below("readout"))
    let own = try graph.linear(words, weights.below("lexicon"))
    return graph.plus(graph.apply("Tanh", read), graph.apply("Tanh", own))
  }

  /// Attention of queries `[B, Q, H]`; with coverage, of one query each.
  private func attend(
    _ query: String, _ memory: Memory, covered: String?, _ graph: inout GraphBuilder
  ) throws(ExchangeError) -> (context: String, weights: String) {
    let own = weights.below("attention")
    guard own.has("score") else {
      let scores = graph.apply("MatMul", query, graph.transposed(memory.keys, [0, 2, 1]))
      return graph.attended(scores, memory.values, mask: memory.mask)
    }
    // `[B, Q, 1, A]` and `[B, 1, S, A]`.
    let asked = graph.unsqueezed(try graph.linear(query, own.below("query")), [2])
    var sum = graph.plus(asked, graph.unsqueezed(memory.keys, [1]))
    if let covered {
      let slope = try graph.weight(own.path + ".coverage", try own.tensor("coverage", rank: 1))
      sum = graph.plus(sum, graph.times(graph.unsqueezed(covered, [1, 3]), slope))
    }
    let score = try own.tensor("score", rank: 1)
    let column = try graph.weight(own.path + ".score", score.reshaped(to: [score.shape.count, 1]))
    let scores = graph.squeezed(graph.apply("MatMul", graph.apply("Tanh", sum), column), [3])
    return graph.attended(scores, memory.values, mask: memory.mask)
  }

  /// All layers over the whole target `[T, B, E]`, one layer after the other.
  private mutating func whole(
    _ vectors: String, _ memory: Memory, _ state: State, _ steps: ExportedSteps
  ) throws(ExchangeError) -> (said: String, attention: String, final: State) {
    var final = state
    var (below, context, words, attention) = (vectors, vectors, vectors, vectors)
    for layer in 0..<layers {
      let input = layer == 0 ? vectors : graph.concatenated([below, context], axis: 2)
      let (outputs, last) = try graph.recurrent(
        input, weights.below("decoder.\(layer)"), settings.cell, steps, initial: [state.layers[layer]])
      final.layers[layer] = last[0]
      if layer == 0 {
        let (found, weights) = try attend(graph.transposed(outputs, [1, 0, 2]), memory, covered: nil, &graph)
        (context, words) = parted(graph.transposed(found, [1, 0, 2]), axis: 2, &graph)
        attention = graph.transposed(weights, [1, 0, 2])
        below = outputs
      } else {
        below = graph.plus(outputs, below)
      }
    }
    return (try said(below, context, words, axis: 2, &graph), attention, final)
  }

  /// Token after token, where each step needs what the step before said or read.
  private mutating func stepped(
    _ vectors: String, _ memory: Memory, _ state: State, _ steps: ExportedSteps
  ) throws(ExchangeError) -> (said: String, attention: String, final: State) {
    var initial: [String] = []
    for layer in state.layers { initial += [layer.hidden] + (layer.cell.map { [$0] } ?? []) }
    initial += [state.said, state.covered].compactMap { $0 }
    let (count, file) = (initial.count, weights.file)
    let outer = self
    let body = try graph.body("body") { inner throws(ExchangeError) in
      try outer.writeStep(&inner, memory)
    }
    let results = graph.apply(
      "Scan", inputs: initial + [vectors, steps.mask], outputs: count + 2,
      attributes: [body, .integer("num_scan_inputs", 2)])
    guard results.count == count + 2 else {
      throw ExchangeError(.damaged, file: file, expected: "\(count + 2) results", found: "\(results.count)")
    }
    var rest = results[...]
    var final = state
    for layer in 0..<layers {
      final.layers[layer].hidden = rest.removeFirst()
      if hasMemory { final.layers[layer].cell = rest.removeFirst() }
    }
    if settings.inputFeeding { final.said = rest.removeFirst() }
    if settings.coverage { final.covered = rest.removeFirst() }
    return (rest.removeFirst(), rest.removeFirst(), final)
  }

  /// One token for each sequence; where there is none, the state stays.
  private func writeStep(_ inner: inout GraphBuilder, _ memory: Memory) throws(ExchangeError) {
    let (batch, h) = (GraphBuilder.Extent.named("batch"), settings.hiddenSize)
    let shape: [GraphBuilder.Extent] = [.fixed(1), batch, .fixed(h)]
    var before: [ExportedStates] = []
    for _ in 0..<layers {
      before.append(
        ExportedStates(hidden: inner.input("h", shape), cell: hasMemory ? inner.input("c", shape) : nil))
    }
    let said = settings.inputFeeding ? inner.input("said", [batch, .fixed(settings.embeddingSize)]) : nil
    let covered = settings.coverage ? inner.input("covered", [batch, .named("source_time")]) : nil
    let x = inner.input("x", [batch, .fixed(settings.embeddingSize)])
    let mask = inner.input("mask", [batch, .fixed(1)])
    let steps = inner.steps(inner.cast(inner.squeezed(mask, [1]), .int64), of: inner.unsqueezed(x, [0]))
    var (below, context, words, attention) = (x, x, x, x)
    var after: [ExportedStates] = []
    for layer in 0..<layers {
      let parts = layer == 0 ? [x] + (said.map { [$0] } ?? []) : [below, context]
      let input = inner.unsqueezed(inner.concatenated(parts, axis: 1), [0])
      let (outputs, last) = try inner.recurrent(
        input, weights.below("decoder.\(layer)"), settings.cell, steps, initial: [before[layer]])
      after.append(last[0])
      let rows = inner.squeezed(outputs, [0])
      if layer == 0 {
        let (found, weights) = try attend(inner.unsqueezed(rows, [1]), memory, covered: covered, &inner)
        (context, words) = parted(inner.squeezed(found, [1]), axis: 1, &inner)
        attention = inner.squeezed(weights, [1])
        below = rows
      } else {
        below = inner.plus(rows, below)
      }
    }
    let spoken = try self.said(below, context, words, axis: 1, &inner)
    for (index, state) in after.enumerated() {
      keep(state.hidden, before[index].hidden, mask, "h_next", shape, &inner)
      if let cell = state.cell, let old = before[index].cell {
        keep(cell, old, mask, "c_next", shape, &inner)
      }
    }
    let width = GraphBuilder.Extent.fixed(settings.embeddingSize)
    if let said { keep(spoken, said, mask, "said_next", [batch, width], &inner) }
    if let covered {
      let sum = inner.plus(covered, inner.times(mask, attention))
      inner.output(sum, as: "covered_next", [batch, .named("source_time")])
    }
    inner.output(spoken, as: "spoken", [batch, width])
    inner.output(attention, as: "weights", [batch, .named("source_time")])
  }

  /// The new value where there is a token, else the old one.
  private func keep(
    _ new: String, _ old: String, _ mask: String, _ name: String, _ shape: [GraphBuilder.Extent],
    _ inner: inout GraphBuilder
  ) {
    let rest = inner.minus(inner.number(1), mask)
    inner.output(inner.plus(inner.times(mask, new), inner.times(rest, old)), as: name, shape)
  }
}
