import UnrollCore

extension SequenceToSequence {
  /// Reads `source` and `source_lengths`, `target`, the tokens that the next are to follow, and `target_lengths`. Gives
  /// `scores` `[batch, time, vocabulary]`, what a softmax makes probabilities of each next token of, `attention` `[batch,
  /// time, source_time]`, with copying the probability `generated` that the next token is one of the vocabulary, and the
  /// states of the decoder's layers after the last token, `h_n.0`, `c_n.0`, …, with input feeding `input_feed_n`, with
  /// coverage `coverage_n`.
  ///
  /// Where states are read, they are called `h.0`, `c.0`, …, `input_feed` and `coverage`; the first are those that are
  /// given as `h_0.0`, `c_0.0`, …, and zeros.
  package func trace(_ trace: inout Trace) throws {
    var none: RandomSource?
    let sources = trace.lengths("source_lengths", steps: "source_time")
    let read = trace.tokens("source", for: source ?? decoder.front, sources)
    let targets = trace.lengths("target_lengths")
    let target = trace.tokens("target", for: decoder.front, targets)
    let copying = CopySource(sources.unpacking(read.ids), vocabularySize: decoder.vocabularySize)
    let memory = try memory(read, copying: copying, random: &none)
    let start = decoder.initialState(memory)
    var state = start
    if let layers = trace.layerStates(sizes: decoder.layers.flatMap(\.stateSizes)) {
      state.layers = layers
      if state.inputFeed != nil {
        state.inputFeed = Variable(
          trace.numbers("input_feed", [.batch, .fixed(decoder.front.outputSize)]))
      }
      if state.coverage != nil {
        state.coverage = Variable(trace.numbers("coverage", [.batch, .time(sources)]))
      }
    }
    let (all, last) = try decoder.run(target, state, memory)
    trace.gives("scores", try decoder.logits(all.readout), targets)
    trace.gives("attention", all.attention, targets)
    if let gate = all.gate {
      // Of an empty source nothing is attended to, and nothing copied.
      let copied = (1 - gate.sigmoid()) * all.attention.sum(axis: -1, keepingAxis: true)
      trace.gives("generated", 1 - copied, targets)
    }
    trace.gives(layerStates: start.layers, suffix: "_0")
    trace.gives(layerStates: last.layers)
    if let inputFeed = last.inputFeed { trace.gives("input_feed_n", inputFeed) }
    if let coverage = last.coverage { trace.gives("coverage_n", coverage) }
  }
}

extension AttentionDecoder {
  /// All tokens of targets, with states as the sequences were given.
  fileprivate func run(
    _ target: TokenBatch, _ state: State, _ memory: DecoderMemory
  ) throws(ShapeError) -> (readouts: Readouts, state: State) {
    var none: RandomSource?
    let layout = target.layout
    let sorted = state.gather(layout.sortedSequences)
    guard configuration.inputFeeding || configuration.coverage else {
      let (readouts, last) = try readouts(target, sorted, memory, random: &none)
      return (readouts, last.gather(layout.givenSequences))
    }
    // Each step needs what the one before gave.
    let read = memory.attention.selecting(layout.order)
    let vectors = try front(target, random: &none).rows
    let (outputs, last) = try StepOrder(layout, reversed: false).loop([vectors], initial: sorted.parts) {
      inputs, parts, _ throws(ShapeError) in
      var none: RandomSource?
      let (step, next) = try step(
        vectors: inputs[0], sorted.replacing(parts), read, random: &none)
      return ([step.readout, step.attention] + (step.gate.map { [$0] } ?? []), next.parts)
    }
    let readouts = Readouts(
      readout: outputs[0], attention: outputs[1], gate: outputs.count > 2 ? outputs[2] : nil)
    return (readouts, sorted.replacing(last).gather(layout.givenSequences))
  }
}

extension AttentionDecoder.State {
  /// All of its tensors.
  fileprivate var parts: [Variable] { layers.flatMap { $0 } + [inputFeed, coverage].compactMap { $0 } }

  /// The same with other tensors, in the order of `parts`.
  fileprivate func replacing(_ parts: [Variable]) -> AttentionDecoder.State {
    var rest = parts[...]
    let layers = layers.map { layer in layer.map { _ in rest.removeFirst() } }
    return AttentionDecoder.State(
      layers: layers, inputFeed: inputFeed.map { _ in rest.removeFirst() },
      coverage: coverage.map { _ in rest.removeFirst() })
  }
}
