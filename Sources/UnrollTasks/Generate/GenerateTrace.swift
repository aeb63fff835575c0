import UnrollCore
import UnrollNetworks

extension GenerateTask {
  /// Reads `tokens` and `lengths`, and states `h.0`, `c.0`, …, one of each layer. Gives `scores`, `[batch, time,
  /// vocabulary]`, what a softmax makes probabilities of the next token of, and the states after the last step, `h_n.0`,
  /// `c_n.0`, …
  public static func trace(_ trace: inout Trace, _ model: LanguageModel) throws {
    let network = model.networks[0]
    let layout = trace.lengths("lengths")
    let tokens = trace.tokens("tokens", for: network.front, layout)
    let state = trace.layerStates(sizes: network.encoder.network.stateSizes)
    var none: RandomSource?
    let (features, final) = try network.features(tokens, state: state, random: &none)
    trace.gives("scores", try network.logits(features), layout)
    trace.gives(layerStates: final)
  }
}
