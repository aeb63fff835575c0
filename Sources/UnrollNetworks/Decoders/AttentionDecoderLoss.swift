import UnrollCore

/// Targets as an `AttentionDecoder` learns them: what it reads, and what it is to write.
public struct DecoderTargets: Sendable {
  /// The tokens read, of the vocabulary: each sequence behind the begin token.
  public let inputs: TokenBatch
  /// The token to write at each packed row; V + k: the k-th token of the row's own source that the vocabulary lacks.
  public let labels: [Int32]

  /// - Parameters:
  ///   - sequences: the tokens of each target, without begin and end; numbers of `ExtraTokens` where they are copied.
  ///   - begin: what each target is read behind.
  ///   - end: what each target ends with.
  ///   - vocabularySize: V; a number beyond is read as `unknown`.
  public init(
    _ sequences: [[Int32]], begin: Int32, end: Int32, vocabularySize: Int = .max, unknown: Int32 = 0
  ) {
    let read = sequences.map { [begin] + $0.map { Int($0) < vocabularySize ? $0 : unknown } }
    inputs = TokenBatch(read)
    labels = inputs.layout.packing(sequences.map { $0 + [end] })
  }

  /// The number of tokens to write.
  public var count: Int { labels.count }
}

extension AttentionDecoder {
  /// How targets are learned.
  public struct LossOptions: Sendable, Equatable {
    /// ε of softened labels. With copying it softens the labels of the vocabulary's part.
    public var smoothing = 0.0
    /// The share of tokens read that are the decoder's own (Bengio et al. 2015).
    public var sampling: Float = 0
    /// How much reading again costs beside −ln p, with coverage, while training.
    public var coverageWeight = 1.0
    /// Whether to go step by step although all steps could be run together.
    public var stepping = false

    public init(smoothing: Double = 0, sampling: Float = 0) {
      self.smoothing = smoothing
      self.sampling = sampling
    }
  }

  /// Σ over the tokens of targets of −ln P, the weight being their number.
  ///
  /// - Throws: `ShapeError` when the targets are not those of the memory's sequences.
  public func loss(
    _ targets: DecoderTargets, _ memory: DecoderMemory, _ options: LossOptions = .init(),
    random: inout RandomSource?
  ) throws(ShapeError) -> LossSum {
    guard targets.inputs.layout.batch == memory.start.shape[0] else {
      throw ShapeError(
        place: "AttentionDecoder.loss", expected: "\(memory.start.shape[0]) targets",
        found: [targets.inputs.layout.batch])
    }
    let oneByOne =
      options.stepping || configuration.inputFeeding || configuration.coverage || options.sampling > 0
    guard oneByOne else {
      let start = initialState(memory, order: targets.inputs.layout.order)
      let (all, _) = try readouts(targets.inputs, start, memory, random: &random)
      return try entropy(all, targets, memory, smoothing: options.smoothing)
    }
    let (all, coverage) = try stepped(targets, memory, options, random: &random)
    var loss = try entropy(all, targets, memory, smoothing: options.smoothing)
    if let coverage { loss.sum = loss.sum + coverage.affine(times: options.coverageWeight, plus: 0) }
    return loss
  }

  /// All tokens of the targets, one step after the other, and what coverage costs.
  private func stepped(
    _ targets: DecoderTargets, _ memory: DecoderMemory, _ options: LossOptions, random: inout RandomSource?
  ) throws(ShapeError) -> (all: Readouts, coverage: Variable?) {
    let layout = targets.inputs.layout
    var state = initialState(memory, order: layout.order)
    let read = memory.attention.selecting(layout.order)
    var steps: [Readouts] = []
    var cost: Variable?
    for (t, count) in layout.counts.enumerated() {
      var ids = Array(targets.inputs.ids[layout.offsets[t]..<layout.offsets[t + 1]])
      if options.sampling > 0, random != nil, let last = steps.last {
        try replace(&ids, options.sampling, guessing: last.readout.detached, &random!)
      }
      if state.layers[0][0].shape[0] > count { state = state.prefix(count) }
      let before = state.coverage
      let (readouts, next) = try step(ids, state, read, random: &random)
      steps.append(readouts)
      // Paid for in training alone: validation compares cross-entropies.
      if let before, random != nil {
        let part = try Loss.coverage(readouts.attention, coverage: before)
        cost = cost.map { $0 + part } ?? part
      }
      state = next
    }
    func joined(_ parts: [Variable], width: Int) -> Variable {
      parts.isEmpty
        ? Variable(Tensor(repeating: 0, shape: [0, width], precision: memory.start.value.precision))
        : Variable.concatenated(parts, axis: 0)
    }
    let all = Readouts(
      readout: joined(steps.map(\.readout), width: front.outputSize),
      attention: joined(configuration.copies ? steps.map(\.attention) : [], width: read.steps),
      gate: configuration.copies ? joined(steps.compactMap(\.gate), width: 1) : nil)
    return (all, cost)
  }

  /// Puts the decoder's likeliest tokens in the place of some.
  private func replace(
    _ ids: inout [Int32], _ share: Float, guessing last: Variable, _ random: inout RandomSource
  ) throws(ShapeError) {
    let logits = try logits(last).value.converted(to: .single)
    let columns = logits.shape.columns
    logits.withUnsafeElements { elements in
      for row in ids.indices where random.uniform() < share {
        ids[row] = Int32(
          TokenSampler.best(
            UnsafeBufferPointer(rebasing: elements[row * columns..<(row + 1) * columns])))
      }
    }
  }

  private func entropy(
    _ all: Readouts, _ targets: DecoderTargets, _ memory: DecoderMemory, smoothing: Double
  ) throws(ShapeError) -> LossSum {
    guard let gate = all.gate, let source = memory.source else {
      return try output.loss(all.readout, targets.labels, table: front.table, smoothing: smoothing)
    }
    // No tensor of probabilities over the extended vocabulary: of each row, that of its label.
    let isKnown = targets.labels.map { Int($0) < vocabularySize }
    let known = zip(targets.labels, isKnown).map { $1 ? $0 : -1 }
    let generated = try output.lossesOfRows(all.readout, known, table: front.table)
    let marks = source.marks(
      of: targets.labels, targets.inputs.layout, steps: memory.attention.steps,
      precision: all.attention.value.precision)
    let copied = (all.attention * Variable(marks)).sum(axis: -1, keepingAxis: true)
    let count = targets.count
    var sum = try Variable.pointerLoss(
      losses: generated, isKnown: isKnown, gate: gate.reshaped(to: [count]),
      copied: copied.reshaped(to: [count])
    ).sum()
    if smoothing > 0 {
      let soft = try output.aboveMean(all.readout, known, table: front.table)
      sum = sum + soft.affine(times: smoothing, plus: 0)
    }
    return LossSum(sum: sum, weight: Double(count))
  }
}

extension CopySource {
  /// 1 where a step of a row's source holds the row's label, `[N, steps]`.
  func marks(of labels: [Int32], _ layout: SequenceLayout, steps: Int, precision: Precision) -> Tensor {
    let places = ids.map { ids in
      var places: [Int32: [Int]] = [:]
      for (step, id) in ids.enumerated() { places[id, default: []].append(step) }
      return places
    }
    var marks = Tensor.zeros([labels.count, steps])
    marks.withUnsafeMutableElements { elements in
      for (t, count) in layout.counts.enumerated() {
        for place in 0..<count {
          let row = layout.offsets[t] + place
          for step in places[layout.order[place]][labels[row]] ?? [] { elements[row * steps + step] = 1 }
        }
      }
    }
    return marks.converted(to: precision)
  }
}
