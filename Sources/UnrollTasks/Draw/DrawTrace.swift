import UnrollCore
import UnrollNetworks

extension DrawTask {
  /// Reads `frames` `[batch, time, 5 + labels]`: the offset of the step before on the model's scale, whether the pen drew
  /// on, was lifted or begins, and the label as a one; `lengths`; and states `h.0`, `c.0`, …, one of each layer. Gives
  /// `outputs` `[batch, time, 6·M + 3]`: π̂, μ of x, μ of y, σ̂ of x, σ̂ of y and ρ̂ of M densities, and what a softmax makes
  /// probabilities of the pen's states of; and the states after the last step, `h_n.0`, `c_n.0`, …
  public static func trace(_ trace: inout Trace, _ model: Drawer) throws {
    let network = model.networks[0]
    let layout = trace.lengths("lengths")
    let frames = trace.frames("frames", features: network.front.inputSize, layout)
    let state = trace.layerStates(sizes: network.encoder.network.stateSizes)
    var none: RandomSource?
    let (features, final) = try network.features(frames, state: state, random: &none)
    trace.gives("outputs", try network.head.output(features.rows), layout)
    trace.gives(layerStates: final)
  }
}
