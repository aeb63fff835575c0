import UnrollCore
import UnrollNetworks

extension Classifier: ProbedModel {
  public func probe(_ size: ProbeSize) throws -> NetworkProbe {
    var random = RandomSource(seed: size.seed)
    var probe = NetworkProbe()
    let lengths = size.lengths
    let layout = SequenceLayout(lengths: lengths)
    let batch: ClassifyBatch
    switch encoder.input {
    case .tokens(let vocabulary, let pieces):
      let ids = random.symbols(lengths, below: vocabulary)
      probe.readsSymbols("tokens", ids, steps: size.steps)
      if pieces > 0 {
        let spellings = lengths.map { length in
          (0..<length).map { _ in random.symbols([1 + random.below(4)], below: pieces)[0] }
        }
        var next: Int32 = 0
        let forms = lengths.map { length in
          defer { next += Int32(length) }
          return Array(next..<next + Int32(length))
        }
        batch = .tokens(
          TokenBatch(ids, places: forms, of: TokenForms(pieces: spellings.flatMap { $0 })))
        probe.readsLists("pieces", spellings, steps: size.steps)
      } else {
        batch = .tokens(TokenBatch(ids))
      }
    case .frames(let width):
      let frames = Tensor.normal(deviation: 1, shape: [size.batch, size.steps, width], using: &random)
      let rows = lengths.enumerated().map { row, length in
        (0..<length).map { Int32(row * size.steps + $0) }
      }
      let flat = Variable(frames.reshaped(to: [size.batch * size.steps, width]))
      batch = .frames(PackedSequence(rows: flat.gatheringRows(layout.packing(rows)), layout: layout))
      probe.reads("frames", frames)
    }
    probe.readsLengths("lengths", lengths)
    var none: RandomSource?
    var sum: Variable?
    for network in networks {
      let logits = try network(batch, random: &none)
      let chances = settings.isMultiLabel ? logits.sigmoid() : logits.softmax()
      sum = sum.map { $0 + chances } ?? chances
    }
    if let sum { probe.gives("probabilities", (1 / Float(networks.count) * sum).value) }
    return probe
  }
}
