import UnrollCore
import UnrollNetworks

/// Reads `tokens` or `input`, and `lengths`, and of each recurrent layer such as `lstm` states, `lstm.h` and `lstm.c`
/// `[layers · directions, batch, units]`. Gives `output`, or one array a head, and the states after the last steps,
/// `lstm.h_n` and `lstm.c_n`.
extension NetworkModel: TracedModel {
  public func trace(_ trace: inout Trace) throws {
    trace.parameters(of: network)
    let layout = trace.lengths("lengths")
    let count = settings.layers.first?.inputs ?? 0
    let input: GeneralNetwork.Input =
      readsTokens
      ? .symbols(trace.symbols("tokens", below: count, layout), layout)
      : .steps(trace.frames("input", features: count, layout))
    let recurrent = settings.layers.filter { $0.kind == .recurrent }
    var states: [[[Variable]]] = []
    for (layer, places) in zip(recurrent, zeroState(batch: 1)) where trace.takesStates {
      let parts = zip(["h", "c"], places[0]).map { name, part in
        trace.states(parameterName(layer.name, name), count: places.count, features: part.shape.columns)
      }
      states.append(places.indices.map { place in parts.map { $0[place] } })
    }
    let (outputs, finals) = try network.run(input, states: trace.takesStates ? states : nil)
    for (name, output) in outputs {
      switch output {
      case .rows(let x): trace.gives(name, x)
      case .sequence(let x): trace.gives(name, x.rows, x.layout)
      }
    }
    for (layer, places) in zip(recurrent, finals) {
      for (part, name) in zip(places[0].indices, ["h_n", "c_n"]) {
        trace.gives(parameterName(layer.name, name), states: places.map { $0[part] })
      }
    }
  }
}
