import UnrollCore
import UnrollNetworks

extension ClassifyTask {
  /// Reads `tokens` and, where tokens are read by their pieces, `pieces`; of sequences `frames`, scaled and cut as
  /// `config.json` says; and `lengths`. Gives `probabilities`, `[batch, labels]`.
  public static func trace(_ trace: inout Trace, _ model: Classifier) throws {
    let layout = trace.lengths("lengths")
    let batch: ClassifyNetwork.Batch
    if let front = model.networks[0].tokens {
      batch = .tokens(trace.tokens("tokens", for: front, layout))
    } else {
      batch = .frames(trace.frames("frames", features: model.networks[0].frames?.inputSize ?? 0, layout))
    }
    var none: RandomSource?
    let probabilities = try model.networks.map { network in
      let logits = try network.logits(network.read(batch, random: &none), random: &none)
      return model.settings.multiLabel ? logits.sigmoid() : logits.softmax()
    }
    trace.gives("probabilities", .mean(of: probabilities))
  }
}
