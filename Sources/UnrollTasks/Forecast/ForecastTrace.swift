import UnrollCore
import UnrollNetworks

extension ForecastTask {
  /// A row of a batch is one target of one window; the targets of a window stand side by side. Reads `segments`
  /// `[segments, batch, features]`, `window` `[batch, look-back]`, and what the model looks at of `context` `[batch,
  /// segments ahead, features]`, `known_past` `[batch, look-back, known]`, `known_ahead` `[batch, steps, known]`,
  /// `past_phases` `[batch, look-back]` and `future_phases` `[batch, steps]`, as the forecaster makes them of a window on
  /// its own scale. Gives `outputs` `[batch, steps, levels]` on that scale.
  public static func trace(_ trace: inout Trace, _ model: Forecaster) throws {
    let network = model.networks[0]
    let window = model.settings.window
    if network.targets > 1 { trace.groupRows(by: network.targets) }
    func rows(_ name: String, _ axes: [Trace.Axis]) -> Tensor {
      let tensor = trace.numbers(name, axes)
      let shape = tensor.shape
      return Variable(tensor).reshaped(to: [shape[0] * shape[1], shape[2]]).value
    }
    var input = ForecastNetwork.Input(
      segments: rows("segments", [.fixed(window.segments), .batch, .fixed(network.front.inputSize)]),
      window: trace.numbers("window", [.batch, .fixed(window.lookBack)]))
    if let context = network.context {
      input.context = rows("context", [.batch, .fixed(window.horizonSegments), .fixed(context.inputSize)])
    }
    if let effect = network.effect {
      let known = Trace.Axis.fixed(effect.shape[1])
      input.knownPast = rows("known_past", [.batch, .fixed(window.lookBack), known])
      input.knownAhead = rows("known_ahead", [.batch, .fixed(window.writtenSteps), known])
    }
    if let cycle = network.cycle {
      input.pastPhases = trace.symbols("past_phases", below: cycle.count, [.batch, .fixed(window.lookBack)])
      input.futurePhases = trace.symbols(
        "future_phases", below: cycle.count, [.batch, .fixed(window.writtenSteps)])
    }
    var none: RandomSource?
    trace.gives("outputs", .mean(of: try model.networks.map { try $0(input, random: &none) }))
  }
}
