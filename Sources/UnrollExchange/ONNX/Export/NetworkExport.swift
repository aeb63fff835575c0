import UnrollCore
import UnrollNetworks
import UnrollTasks
import UnrollTraining

extension NetworkModel {
  /// The network as the bytes of an ONNX file.
  ///
  /// Inputs: `tokens` `[batch, time]` or `input` `[batch, time, features]`, and `lengths` `[batch]`. Outputs: `output`,
  /// or one for each head, `[batch, time, features]` with zeros beyond the lengths, or `[batch, features]`; and of each
  /// recurrent layer, such as `lstm`, the states after the last steps, `lstm.h_n` and `lstm.c_n`
  /// `[layers · directions, batch, units]`. Batch and time are free.
  ///
  /// - Parameter takesStates: whether the states before the first step are inputs, `lstm.h` and `lstm.c`, for
  ///   streams that come in pieces; else they are zeros.
  /// - Throws: `ExchangeError`.
  public func onnx(takesStates: Bool = false, file: String = "network") throws(ExchangeError) -> [UInt8] {
    var export = NetworkExport(model: self, takesStates: takesStates, file: file)
    return try export.bytes()
  }
}

private struct NetworkExport {
  let settings: NetworkSettings
  let takesStates: Bool
  let file: String
  let weights: ExportWeights
  var graph = GraphBuilder(name: "network")
  private var states: [(name: String, value: ExportedStates, layer: NetworkLayer)] = []

  init(model: NetworkModel, takesStates: Bool, file: String) {
    settings = model.settings
    self.takesStates = takesStates
    self.file = file
    weights = ExportWeights(model.weights, file: file)
  }

  mutating func bytes() throws(ExchangeError) -> [UInt8] {
    let first = settings.layers[0]
    let (batch, time) = (GraphBuilder.Extent.named("batch"), GraphBuilder.Extent.named("time"))
    var x: String
    if first.kind == .embedding {
      x = graph.transposed(graph.input("tokens", [batch, time], .int64), [1, 0])
    } else {
      x = graph.transposed(graph.input("input", [batch, time, .fixed(first.inputs ?? 0)]), [1, 0, 2])
    }
    let steps = graph.steps(graph.input("lengths", [batch], .int64), of: x)
    var features = first.inputs ?? 0
    var pooled = false
    var isBidirectional = false
    for layer in settings.layers {
      x = try add(layer, x, steps, features: features, isBidirectional: isBidirectional)
      features = layer.features ?? features
      if layer.kind == .recurrent { isBidirectional = layer.bidirectional == true }
      pooled = pooled || layer.pools
    }
    for head in settings.heads.isEmpty ? [nil] : settings.heads.map(Optional.some) {
      var y = x
      if let head { y = try graph.linear(x, weights.below(head.name), name: head.name) }
      let width = GraphBuilder.Extent.fixed(head?.outputs ?? features)
      if pooled {
        graph.output(y, as: head?.name ?? "output", [batch, width])
      } else {
        graph.output(graph.batchFirst(y, steps), as: head?.name ?? "output", [batch, time, width])
      }
    }
    for (name, value, layer) in states {
      let places = GraphBuilder.Extent.fixed((layer.layers ?? 1) * (layer.bidirectional == true ? 2 : 1))
      let units = layer.outputs ?? 0
      graph.output(
        value.hidden, as: parameterName(name, "h_n"), [places, batch, .fixed(layer.projection ?? units)])
      if let cell = value.cell {
        graph.output(cell, as: parameterName(name, "c_n"), [places, batch, .fixed(units)])
      }
    }
    return try graph.bytes(description: settings.source, file: file)
  }

  private mutating func add(
    _ layer: NetworkLayer, _ x: String, _ steps: ExportedSteps, features: Int, isBidirectional: Bool
  ) throws(ExchangeError) -> String {
    switch layer.kind {
    case .embedding:
      let table = try weights.below(layer.name).tensor("weight", rank: 2)
      return graph.apply("Gather", try graph.weight(parameterName(layer.name, "weight"), table), x)
    case .linear: return try graph.linear(x, weights.below(layer.name), name: layer.name)
    case .recurrent:
      let initial = takesStates ? stateInputs(layer) : nil
      let (outputs, final) = try graph.recurrent(
        x, weights.below(layer.name), layer.cell ?? .lstm, steps, initial: initial)
      states.append((layer.name, graph.joined(final), layer))
      return outputs
    case .tanh: return graph.apply("Tanh", x)
    case .relu: return graph.apply("Relu", x)
    case .sigmoid: return graph.apply("Sigmoid", x)
    case .softmax: return graph.apply("Softmax", x, attributes: [.integer("axis", -1)])
    case .logSoftmax: return graph.apply("LogSoftmax", x, attributes: [.integer("axis", -1)])
    case .lastStep: return graph.lastStep(x, steps)
    case .finalState: return graph.finalState(x, steps, features: features, bidirectional: isBidirectional)
    case .mean: return graph.mean(x, steps)
    case .max: return graph.largest(x, steps)
    }
  }

  private mutating func stateInputs(_ layer: NetworkLayer) -> [ExportedStates] {
    let (count, directions) = (layer.layers ?? 1, layer.bidirectional == true ? 2 : 1)
    let places = GraphBuilder.Extent.fixed(count * directions)
    let units = layer.outputs ?? 0
    let hidden = graph.input(
      parameterName(layer.name, "h"), [places, .named("batch"), .fixed(layer.projection ?? units)])
    let hasMemory = layer.cell == .lstm || layer.cell == .peepholeLSTM
    let cell =
      hasMemory ? graph.input(parameterName(layer.name, "c"), [places, .named("batch"), .fixed(units)]) : nil
    return (0..<count).map { index in
      let range = index * directions..<(index + 1) * directions
      return ExportedStates(
        hidden: graph.part(hidden, axis: 0, range), cell: cell.map { graph.part($0, axis: 0, range) })
    }
  }
}
