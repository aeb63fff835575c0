import UnrollCore
import UnrollNetworks

extension LanguageModel: ProbedModel {
  public func probe(_ size: ProbeSize) throws -> NetworkProbe {
    var random = RandomSource(seed: size.seed)
    var probe = NetworkProbe()
    let ids = random.symbols(size.lengths, below: tokenizer.vocabularySize)
    let batch = TokenBatch(ids)
    probe.readsSymbols("tokens", ids, steps: size.steps)
    probe.readsLengths("lengths", size.lengths)
    var none: RandomSource?
    let (features, state) = try network.features(batch, state: nil, random: &none)
    probe.gives("scores", rows: try network.logits(features), batch.layout, steps: size.steps)
    for (layer, parts) in state.enumerated() {
      for (name, part) in zip(["h", "c"], parts) {
        probe.gives("\(name)_n.\(layer)", state: part)
        probe.reads("\(name).\(layer)", .zeros(Shape([1] + part.shape.extents)))
      }
    }
    return probe
  }
}
