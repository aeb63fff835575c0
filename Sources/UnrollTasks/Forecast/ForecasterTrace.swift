import UnrollCore
import UnrollNetworks

/// A row of a batch is one target of one window; the targets of a window stand side by side. Reads `segments`
/// `[segments, batch, features]`, `window` `[batch, look-back]`, and what the model looks at of `context` `[batch,
/// segments ahead, features]`, `known_past` `[batch, look-back, known]`, `known_ahead` `[batch, steps, known]`,
/// `past_phases` `[batch, look-back]` and `future_phases` `[batch, steps]`, as the forecaster makes them of a window on
/// its own scale. Gives `outputs` `[batch, steps, levels]` on that scale.
extension Forecaster: TracedModel {
  public func trace(_ trace: inout Trace) throws {
    for (member, network) in networks.enumerated() { trace.parameters(of: network, "members.\(member)") }
    let network = networks[0]
    if network.targets > 1 { trace.groupRows(by: network.targets) }
    let (n, m) = (settings.segments, settings.horizonSegments)
    func rows(_ name: String, _ axes: [Trace.Axis]) -> Tensor {
      let tensor = trace.numbers(name, axes)
      let shape = tensor.shape
      return Variable(tensor).reshaped(to: [shape[0] * shape[1], shape[2]]).value
    }
    var input = ForecastNetwork.Input(
      segments: rows("segments", [.fixed(n), .batch, .fixed(network.front.inputSize)]),
      window: trace.numbers("window", [.batch, .fixed(settings.lookBack)]))
    if let context = network.context {
      input.context = rows("context", [.batch, .fixed(m), .fixed(context.inputSize)])
    }
    if let effect = network.effect {
      let known = Trace.Axis.fixed(effect.shape[1])
      input.knownPast = rows("known_past", [.batch, .fixed(settings.lookBack), known])
      input.knownAhead = rows("known_ahead", [.batch, .fixed(settings.writtenSteps), known])
    }
    if let cycle = network.cycle {
      input.pastPhases = trace.symbols(
        "past_phases", below: cycle.count, [.batch, .fixed(settings.lookBack)])
      input.futurePhases = trace.symbols(
        "future_phases", below: cycle.count, [.batch, .fixed(settings.writtenSteps)])
    }
    var none: RandomSource?
    trace.gives("outputs", .mean(of: try networks.map { try $0(input, random: &none) }))
  }
}
