import UnrollCore
import UnrollNetworks

extension ComposeTask {
  /// Reads `frames` `[batch, time, 89]`, the keys of the step before as ones and the last where a piece begins, `lengths`,
  /// and states `h.0`, `c.0`, …, one of each layer. Gives `scores` `[batch, time, 88]`: what σ makes probabilities of where
  /// keys are independent, else the biases of keys in the head's order, beside `hidden` `[batch, time, H]`, its hidden
  /// biases; and the states after the last step, `h_n.0`, `c_n.0`, …
  public static func trace(_ trace: inout Trace, _ model: Composer) throws {
    let network = model.networks[0]
    let layout = trace.lengths("lengths")
    let frames = trace.frames("frames", features: Keyboard.inputSize, layout)
    let state = trace.layerStates(sizes: network.encoder.network.stateSizes)
    var none: RandomSource?
    let (features, final) = try network.features(frames, state: state, random: &none)
    switch network.head {
    case .independent(let linear): trace.gives("scores", try linear(features.rows), layout)
    case .autoregressive(let head):
      trace.gives("scores", try head.bias(features.rows), layout)
      trace.gives("hidden", try head.hidden(features.rows), layout)
    }
    trace.gives(layerStates: final)
  }
}
