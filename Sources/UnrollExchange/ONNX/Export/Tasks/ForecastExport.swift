import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A forecaster as a graph.
///
/// A row of a batch is one target of one window; the targets of a window stand side by side. It reads `segments`
/// `[segments, batch, features]`, `window` `[batch, look-back]`, and what the model looks at of `context`
/// `[batch, segments ahead, features]`, `known_past` `[batch, look-back, known]`, `known_ahead`
/// `[batch, steps, known]`, `past_phases` `[batch, look-back]` and `future_phases` `[batch, steps]`, as the forecaster
/// makes them of a window on its own scale. It gives `outputs` `[batch, steps, levels]` on that scale, the mean of the
/// members.
struct ForecastExport {
  private struct Configuration: Decodable {
    var model: ForecastSettings
    var targets: [String]
  }

  private struct Inputs {
    let segments: String
    let window: String
    var context: String?
    var knownPast: String?
    var knownAhead: String?
    var pastPhases: String?
    var futurePhases: String?
  }

  private let settings: ForecastSettings
  private let targets: Int
  private var graph = GraphBuilder(name: "forecast")

  static func bytes(_ folder: LoadedModel, _ options: ONNXExport.Options) throws -> [UInt8] {
    try ONNXExport.refuseStates(options, folder)
    let configuration = try folder.settings(as: Configuration.self)
    var export = ForecastExport(settings: configuration.model, targets: max(1, configuration.targets.count))
    return try export.bytes(try ONNXExport.members(folder), file: folder.path)
  }

  private init(settings: ForecastSettings, targets: Int) {
    self.settings = settings
    self.targets = targets
  }

  private var ahead: Int { (settings.horizon + settings.segment - 1) / settings.segment }
  private var written: Int { ahead * settings.segment }
  private var count: Int { settings.lookBack / settings.segment }

  private mutating func bytes(_ members: [ExportWeights], file: String) throws(ExchangeError) -> [UInt8] {
    let first = members[0]
    let batch = GraphBuilder.Extent.named("batch")
    let width = try first.tensor("embed.weight", rank: 2).shape[1]
    var inputs = Inputs(
      segments: graph.input("segments", [.fixed(count), batch, .fixed(width)]),
      window: graph.input("window", [batch, .fixed(settings.lookBack)]))
    if let context = first.optional("context.weight") {
      inputs.context = graph.input("context", [batch, .fixed(ahead), .fixed(context.shape[1])])
    }
    if let effect = first.optional("effect") {
      let known = GraphBuilder.Extent.fixed(effect.shape[1])
      inputs.knownPast = graph.input("known_past", [batch, .fixed(settings.lookBack), known])
      inputs.knownAhead = graph.input("known_ahead", [batch, .fixed(written), known])
    }
    if first.has("cycle") {
      inputs.pastPhases = graph.input("past_phases", [batch, .fixed(settings.lookBack)], .int64)
      inputs.futurePhases = graph.input("future_phases", [batch, .fixed(written)], .int64)
    }
    var outputs: [String] = []
    for weights in members { outputs.append(try member(inputs, weights)) }
    let levels = settings.loss == .quantile ? settings.levels.count : 1
    graph.output(graph.average(outputs), as: "outputs", [batch, .fixed(written), .fixed(levels)])
    return try graph.bytes(description: "a forecaster", file: file)
  }

  private mutating func member(_ inputs: Inputs, _ weights: ExportWeights) throws(ExchangeError) -> String {
    var (segments, window) = (inputs.segments, inputs.window)
    var added: String?
    if let past = inputs.knownPast, let next = inputs.knownAhead {
      window = graph.minus(window, try effects(past, weights, steps: settings.lookBack))
      segments = replacingValues(segments, by: window)
      added = try effects(next, weights, steps: written)
    }
    if let past = inputs.pastPhases, let next = inputs.futurePhases {
      let table = try weights.tensor("cycle", rank: 2)
      let pattern = try graph.weight(weights.path + ".cycle", table.reshaped(to: [table.shape.count]))
      let laid = graph.apply("Gather", pattern, past)
      let last = graph.part(laid, axis: 1, settings.lookBack - 1..<settings.lookBack)
      window = graph.minus(window, graph.minus(laid, last))
      segments = replacingValues(segments, by: window)
      let following = graph.minus(graph.apply("Gather", pattern, next), last)
      added = added.map { graph.plus($0, following) } ?? following
    }
    var read = try graph.linear(segments, weights.below("embed"))
    if weights.has("mix.weight") { read = graph.plus(read, try mixed(window, weights.below("mix"))) }
    let batch = graph.extent(window, axis: 0)
    func steps(_ number: Int, _ count: String, of x: String) -> ExportedSteps {
      graph.steps(graph.apply("Expand", graph.whole(number), count), of: x)
    }
    let shown = graph.apply("Relu", read)
    let (_, states) = try graph.recurrent(
      shown, weights.below("core"), settings.cell, steps(count, batch, of: shown))
    let places = try places(inputs, weights, batch)
    let rows = graph.unsqueezed(graph.reshaped(places, [-1, settings.hiddenSize]), [0])
    let repeated = states.map { state in
      ExportedStates(hidden: repeating(state.hidden), cell: state.cell.map { repeating($0) })
    }
    let all = graph.extent(rows, axis: 1)
    let (outputs, _) = try graph.recurrent(
      rows, weights.below("core"), settings.cell, steps(1, all, of: rows), initial: repeated)
    let levels = settings.loss == .quantile ? settings.levels.count : 1
    var result = graph.reshaped(try graph.linear(outputs, weights.below("head")), [-1, written, levels])
    if weights.has("skip.weight") {
      result = graph.plus(result, graph.unsqueezed(try graph.linear(window, weights.below("skip")), [2]))
    }
    return added.map { graph.plus(result, graph.unsqueezed($0, [2])) } ?? result
  }

  /// States `[1, B, H]` once for each segment ahead: `[1, B · m, H]`.
  private mutating func repeating(_ state: String) -> String {
    let one = graph.list([1])
    let expanded = graph.expanded(graph.unsqueezed(state, [2]), [one, one, graph.list([ahead]), one])
    return graph.reshaped(expanded, [0, -1, settings.hiddenSize])
  }

  /// What is read where a segment is written: `[B, m, H]`.
  private mutating func places(
    _ inputs: Inputs, _ weights: ExportWeights, _ batch: String
  ) throws(ExchangeError) -> String {
    let one = graph.list([1])
    let places = try graph.weight(weights.path + ".places", try weights.tensor("places", rank: 2))
    var result = graph.expanded(graph.unsqueezed(places, [0]), [batch, one, one])
    if let names = weights.optional("targets") {
      let table = try graph.weight(weights.path + ".targets", names)
      let windows = graph.apply("Div", batch, graph.list([targets]))
      let rows = graph.expanded(graph.unsqueezed(table, [0]), [windows, one, one])
      result = graph.plus(result, graph.reshaped(rows, [-1, 1, settings.hiddenSize]))
    }
    guard let context = inputs.context else { return result }
    return graph.apply("Relu", graph.plus(result, try graph.linear(context, weights.below("context"))))
  }

  /// What covariates `[B, steps, known]` do to the values of their steps: of the effects on all targets, those on the
  /// row's own, `[B, steps]`.
  private mutating func effects(
    _ covariates: String, _ weights: ExportWeights, steps: Int
  ) throws(ExchangeError) -> String {
    // The parameter is kept in steps of an eighth.
    let effect = try weights.tensor("effect", rank: 2)
    let all = graph.times(
      try graph.linear(covariates, weights.path + ".effect", weight: effect, bias: nil), graph.number(8))
    let apart = graph.reshaped(all, [-1, targets, steps, targets])
    var own = Tensor.zeros([targets, 1, targets])
    for target in 0..<targets { own[target * targets + target] = 1 }
    let chosen = graph.times(apart, try graph.weight("own", own))
    return graph.reshaped(graph.summed(chosen, axis: 3), [-1, steps])
  }

  /// The segments with their values replaced by those of a window `[B, L]`.
  private mutating func replacingValues(_ segments: String, by window: String) -> String {
    let cut = graph.transposed(graph.reshaped(window, [0, count, settings.segment]), [1, 0, 2])
    let rest = graph.apply(
      "Slice", segments, graph.list([settings.segment]), graph.list([Int(Int32.max)]), graph.list([2]))
    return graph.concatenated([cut, rest], axis: 2)
  }

  /// What each row reads of the segments of all targets of its window: `[n, B, H]`.
  private mutating func mixed(_ window: String, _ weights: ExportWeights) throws(ExchangeError) -> String {
    let apart = graph.reshaped(window, [-1, targets, count, settings.segment])
    let together = graph.reshaped(
      graph.transposed(apart, [2, 0, 1, 3]), [count, -1, targets * settings.segment])
    let read = graph.unsqueezed(try graph.linear(together, weights), [2])
    let one = graph.list([1])
    let shared = graph.expanded(read, [one, one, graph.list([targets]), one])
    return graph.reshaped(shared, [count, -1, settings.hiddenSize])
  }
}
