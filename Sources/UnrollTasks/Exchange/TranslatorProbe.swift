import UnrollCore
import UnrollNetworks

extension Translator: ProbedModel {
  /// Token after token, by the step that translating takes.
  public func probe(_ size: ProbeSize) throws -> NetworkProbe {
    var random = RandomSource(seed: size.seed)
    var probe = NetworkProbe()
    let sourceLengths = Array(size.lengths.map { $0 + 1 }.reversed())
    let sourceSteps = sourceLengths.max() ?? 0
    let read = random.symbols(sourceLengths, below: source.count)
    let said = random.symbols(size.lengths, below: target.count)
    probe.readsSymbols("source", read, steps: sourceSteps)
    probe.readsLengths("source_lengths", sourceLengths)
    probe.readsSymbols("target", said, steps: size.steps)
    probe.readsLengths("target_lengths", size.lengths)
    var none: RandomSource?
    let decoder = network.model.decoder
    let memory = try network.model.memory(TokenBatch(read), random: &none)
    var state = decoder.initialState(memory, order: Array(said.indices))
    add(state, "_0", "", &probe)
    var scores: [Variable] = []
    var attention: [Variable] = []
    for step in 0..<size.steps {
      let ids = said.map { step < $0.count ? $0[step] : 0 }
      let (readouts, next) = try decoder.step(ids, state, memory.attention, random: &none)
      // Where there is no token, the state stays.
      let rows = said.indices.map { Int32(step < said[$0].count ? $0 : said.count + $0) }
      func chosen(_ new: Variable, _ old: Variable) -> Variable {
        Variable.concatenatedRows([new, old]).gatheringRows(rows)
      }
      for layer in next.layers.indices {
        state.layers[layer] = zip(next.layers[layer], state.layers[layer]).map(chosen)
      }
      if let new = next.inputFeed, let old = state.inputFeed { state.inputFeed = chosen(new, old) }
      if let new = next.coverage, let old = state.coverage { state.coverage = chosen(new, old) }
      scores.append(try decoder.logits(readouts.readout))
      attention.append(readouts.attention)
    }
    let layout = SequenceLayout(lengths: said.map(\.count))
    // Time-major rows of all steps, of which those that exist are packed.
    let rows = layout.packing(
      said.indices.map { row in said[row].indices.map { Int32($0 * said.count + row) } })
    func packed(_ steps: [Variable]) -> Variable { Variable.concatenatedRows(steps).gatheringRows(rows) }
    probe.gives("scores", rows: packed(scores), layout, steps: size.steps)
    probe.gives("attention", rows: packed(attention), layout, steps: size.steps)
    add(state, "_n", nil, &probe)
    if let feed = state.inputFeed { probe.gives("said_n", feed.value) }
    if let coverage = state.coverage { probe.gives("covered_n", coverage.value) }
    return probe
  }

  /// - Parameter input: what stands behind the names of inputs; `nil`: these are none.
  private func add(
    _ state: AttentionDecoder.State, _ suffix: String, _ input: String?, _ probe: inout NetworkProbe
  ) {
    for (layer, parts) in state.layers.enumerated() {
      for (name, part) in zip(["h", "c"], parts) {
        probe.gives("\(name)\(suffix).\(layer)", state: part)
        if let input {
          probe.reads("\(name)\(input).\(layer)", part.value.reshaped(to: Shape([1] + part.shape.extents)))
        }
      }
    }
    guard input != nil else { return }
    if let feed = state.inputFeed { probe.reads("said", feed.value) }
    if let coverage = state.coverage { probe.reads("covered", coverage.value) }
  }
}
