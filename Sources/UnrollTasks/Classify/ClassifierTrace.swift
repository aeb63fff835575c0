import UnrollCore
import UnrollNetworks

/// Reads `tokens` and, where tokens are read by their pieces, `pieces`; of sequences `frames`, scaled and cut as
/// `config.json` says; and `lengths`. Gives `probabilities`, `[batch, labels]`.
extension Classifier: TracedModel {
  public func trace(_ trace: inout Trace) throws {
    for (member, network) in networks.enumerated() { trace.parameters(of: network, "members.\(member)") }
    let layout = trace.lengths("lengths")
    let batch: ClassifyBatch =
      switch networks[0].front {
      case .tokens(let front): .tokens(trace.tokens("tokens", for: front, layout))
      case .frames(let front): .frames(trace.frames("frames", features: front.inputSize, layout))
      }
    var none: RandomSource?
    let probabilities = try networks.map { network in
      let logits = try network(batch, random: &none)
      return settings.isMultiLabel ? logits.sigmoid() : logits.softmax()
    }
    trace.gives("probabilities", .mean(of: probabilities))
  }
}
