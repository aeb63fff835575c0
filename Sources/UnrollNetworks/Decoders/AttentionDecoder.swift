import UnrollCore

/// A recurrent decoder that looks at a memory by attention and never asks where the memory came from: many to many of
/// unequal length.
///
///     x = front(yₜ₋₁)                             E features
///     s⁰ = tanh(W_b · mean of the memory + b)      the states before the first token
///     qₜ, s¹ₜ = layer₁(x, s¹ₜ₋₁)                   with input feeding: [x; oₜ₋₁]
///     aₜ, cₜ = attention(qₜ, memory)               cₜ = Σ aₜₛ xₛ
///     hˡₜ = layerₗ([hˡ⁻¹ₜ; cₜ]) + hˡ⁻¹ₜ              h¹ = q
///     oₜ = tanh(W_o [hₜ; cₜ] + b)                  (Luong et al. 2015, equation 5)
///        + tanh(W_l Σ aₜₛ vₛ + b)                  with a lexicon: what the steps that were read are by themselves
///     p(yₜ) = softmax(W oₜ + b)                    W the table of token vectors, or its own
///
/// The first layer asks before the others read what was found (Wu et al. 2016, section 3.2): with the tokens of the target
/// known, every layer runs over the whole target at once, and yet upper layers carry on what was read. The way from the
/// vectors v of the steps read to the token written that goes round all states is that of Nguyen and Chiang (2018,
/// section 4): rare words are translated as words.
///
/// With copying (See, Liu and Manning 2017, section 2.2), a token of the source may be written although the vocabulary
/// lacks it:
///
///     g = σ(w · [cₜ; hₜ; x] + b)      P(y) = g·p(y) + (1 − g)·Σ aₜₛ over the steps s that hold y
///
/// and g = 1 where the source is empty.
///
/// With coverage (section 2.3), attention knows the sum of its weights so far and pays for reading again what it read.
public struct AttentionDecoder: Module {
  /// What a decoder is made of.
  public struct Configuration: Sendable, Equatable {
    /// How a state looks at the memory.
    public enum AttentionKind: String, Sendable, Codable, CaseIterable {
      /// v·tanh(W q + U x) (Bahdanau et al. 2015); learns faster from little data.
      case additive
      /// q·W x (Luong et al. 2015, "general"); a step takes less time.
      case multiplicative
    }

    public var cell = CellKind.gru
    /// H, the units of a layer.
    public var hiddenSize: Int
    public var layers = 1
    /// V, the features of a row of the memory.
    public var memorySize: Int
    public var attention = AttentionKind.additive
    /// Whether a step reads the readout of the step before (Luong et al. 2015, section 3.3).
    public var inputFeeding = false
    /// Whether attention knows what was read before, and pays for reading it again; additive attention alone.
    public var coverage = false
    /// The features of v; `nil`: no lexicon.
    public var lexiconSize: Int?
    /// Whether tokens of the source may be copied.
    public var copies = false
    /// The output.
    public var output = NextStepHead.Kind.tied
    /// Of the memory, between layers, and before the output.
    public var dropout: Float = 0
    /// The id of a token that is not in the vocabulary: what is read where one was copied.
    public var unknown: Int32 = 0

    public init(hiddenSize: Int, memorySize: Int) {
      self.hiddenSize = hiddenSize
      self.memorySize = memorySize
    }
  }

  public let configuration: Configuration
  /// The vectors of tokens.
  public var front: TokenFront
  public var layers: [AnyRecurrentNetwork]
  /// W_b.
  public var bridge: Linear
  public var additive: AdditiveAttention?
  public var general: GeneralAttention?
  /// W_o.
  public var readout: Linear
  /// W_l.
  public var lexicon: Linear?
  public var output: NextStepHead
  /// w and b of g.
  public var copyGate: Linear?

  /// A decoder with random weights behind the given front.
  public init(_ configuration: Configuration, front: TokenFront, using random: inout RandomSource) {
    self.configuration = configuration
    self.front = front
    let (e, h, memory) = (front.outputSize, configuration.hiddenSize, configuration.memorySize)
    let depth = max(1, configuration.layers)
    layers = (0..<depth).map { layer in
      let inputs = layer == 0 ? e + (configuration.inputFeeding ? e : 0) : h + memory
      return AnyRecurrentNetwork(configuration.cell, inputSize: inputs, hiddenSize: h, using: &random)
    }
    bridge = Linear(
      inputSize: memory, outputSize: h * depth * configuration.cell.stateParts, using: &random)
    switch configuration.attention {
    case .additive:
      additive = AdditiveAttention(
        querySize: h, memorySize: memory, hiddenSize: h, coverage: configuration.coverage, using: &random)
    case .multiplicative:
      general = GeneralAttention(querySize: h, memorySize: memory, using: &random)
    }
    readout = Linear(inputSize: h + memory, outputSize: e, using: &random)
    lexicon = configuration.lexiconSize.map { Linear(inputSize: $0, outputSize: e, using: &random) }
    output = NextStepHead(configuration.output, features: e, count: front.table.count, using: &random)
    copyGate =
      configuration.copies
      ? Linear(inputSize: memory + h + e, outputSize: 1, using: &random) : nil
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try bridge.forEachParameter(parameterName(path, "bridge"), body)
    for index in layers.indices {
      try layers[index].forEachParameter(parameterName(path, "stack.\(index)"), body)
    }
    try additive?.forEachParameter(parameterName(path, "attention"), body)
    try general?.forEachParameter(parameterName(path, "attention"), body)
    try readout.forEachParameter(parameterName(path, "readout"), body)
    try lexicon?.forEachParameter(parameterName(path, "lexicon"), body)
    try output.forEachParameter(parameterName(path, "output"), body)
    try copyGate?.forEachParameter(parameterName(path, "copy"), body)
  }

  /// V, the number of tokens.
  public var vocabularySize: Int { front.table.count }
}

extension AttentionDecoder {
  /// Prepares what is to be read.
  ///
  /// - Parameters:
  ///   - encoded: the rows of the memory, packed, from any encoder: `[N, V]`.
  ///   - vectors: v, with a lexicon: what the same steps are by themselves.
  ///   - source: with copying: the tokens of the same steps.
  ///   - random: randomness for dropout when training; `nil`: none.
  /// - Throws: `ShapeError` when something does not fit.
  public func memory(
    _ encoded: PackedSequence, vectors: PackedSequence? = nil, source: CopySource? = nil,
    random: inout RandomSource?
  ) throws(ShapeError) -> DecoderMemory {
    let read = PackedSequence(rows: dropped(encoded.rows, &random), layout: encoded.layout)
    var memory: AttentionMemory
    if let additive { memory = try additive.memory(read) } else { memory = try general!.memory(read) }
    if let size = configuration.lexiconSize {
      guard let vectors, vectors.rows.shape == [encoded.rows.shape.rows, size] else {
        throw ShapeError(
          place: "AttentionDecoder.vectors", expected: "[\(encoded.rows.shape.rows), \(size)]",
          found: vectors?.rows.shape ?? [0])
      }
      memory = AttentionMemory(
        keys: memory.keys, values: .concatenated([memory.values, vectors.sequenceMajor], axis: -1),
        segments: memory.segments)
    }
    if configuration.copies, source?.ids.map(\.count) != encoded.layout.lengths {
      throw ShapeError(
        place: "AttentionDecoder.source", expected: "the tokens of \(encoded.layout.batch) sequences",
        found: [source?.ids.count ?? 0])
    }
    let start = try bridge(try read.rows.meanOverSteps(read.layout)).tanh()
    return DecoderMemory(
      attention: memory, start: start, source: configuration.copies ? source : nil)
  }

  /// The decoder between two steps; rows are readers.
  public struct State: Sendable {
    public var layers: [AnyRecurrentNetwork.State]
    /// oₜ₋₁, with input feeding.
    public var inputFeed: Variable?
    /// The sum of the attention so far, `[rows, S]`, with coverage.
    public var coverage: Variable?

    /// The state of other rows.
    public func selecting(_ rows: [Int]) -> State { gather(rows.map(Int32.init)) }

    func gather(_ rows: [Int32]) -> State {
      State(
        layers: layers.map { $0.map { $0.gather(rows) } }, inputFeed: inputFeed?.gather(rows),
        coverage: coverage?.gather(rows))
    }

    /// The first rows alone.
    func prefix(_ count: Int) -> State {
      State(
        layers: layers.map { $0.map { $0.rows(0..<count) } }, inputFeed: inputFeed?.rows(0..<count),
        coverage: coverage?.rows(0..<count))
    }
  }

  /// The state before the first token, for readers in another order: reader r reads sequence `order[r]`.
  public func initialState(_ memory: DecoderMemory, order: [Int]) -> State {
    initialState(memory.start.gather(order.map(Int32.init)), memory.attention.selecting(order))
  }

  /// The state before the first token of the sequences of a memory.
  func initialState(_ memory: DecoderMemory) -> State { initialState(memory.start, memory.attention) }

  private func initialState(_ start: Variable, _ memory: AttentionMemory) -> State {
    let (h, parts) = (configuration.hiddenSize, configuration.cell.stateParts)
    let states = layers.indices.map { layer in
      (0..<parts).map { part in
        start.columns((layer * parts + part) * h..<(layer * parts + part + 1) * h)
      }
    }
    let zeros = Tensor(repeating: 0, shape: [1, front.outputSize], precision: start.value.precision)
    return State(
      layers: states,
      inputFeed: configuration.inputFeeding ? Variable(zeros).repeated(forRowsOf: start) : nil,
      coverage: configuration.coverage ? memory.zeroCoverage : nil)
  }

  /// What a decoder makes of tokens before they become probabilities.
  public struct Readouts: Sendable {
    /// oₜ, `[N, E]`.
    public let readout: Variable
    /// aₜ, `[N, S]`.
    public let attention: Variable
    /// The argument of σ in g, `[N, 1]`, with copying.
    public let gate: Variable?
  }

  /// Every layer over all tokens of the target at once: needs neither input feeding nor coverage.
  ///
  /// - Parameter start: the state before the first token, in the order of the target's layout.
  /// - Returns: what all tokens are made of, and the state after the last.
  func readouts(
    _ target: TokenBatch, _ start: State, _ memory: DecoderMemory, random: inout RandomSource?
  ) throws(ShapeError) -> (readouts: Readouts, state: State) {
    let layout = target.layout
    let vectors = try front(target, random: &random).rows
    var final = start
    let read = memory.attention.selecting(layout.counts.flatMap { layout.order[..<$0] })
    var (below, look) = (vectors, Look(context: vectors, lexicon: nil, weights: vectors))
    for (index, layer) in layers.enumerated() {
      let input =
        index == 0 ? vectors : Variable.concatenated([dropped(below, &random), look.context], axis: -1)
      let (outputs, last) = try layer(
        PackedSequence(rows: input, layout: layout), initialState: [start.layers[index]], random: &random)
      final.layers[index] = last[0]
      if index == 0 {
        look = try attend(outputs.rows, read, coverage: nil)
        below = outputs.rows
      } else {
        below = outputs.rows + below
      }
    }
    return (try readouts(below, look, vectors, read, random: &random), final)
  }

  /// One token for each reader.
  ///
  /// - Parameters:
  ///   - tokens: yₜ₋₁, one a reader, of the vocabulary.
  ///   - memory: of as many readers, or more.
  public func step(
    _ tokens: [Int32], _ state: State, _ memory: AttentionMemory, random: inout RandomSource?
  ) throws(ShapeError) -> (readouts: Readouts, state: State) {
    let layout = SequenceLayout(lengths: Array(repeating: 1, count: tokens.count))
    let vectors = try front(TokenBatch(ids: tokens, layout: layout), random: &random).rows
    return try step(vectors: vectors, state, memory, random: &random)
  }

  /// The same from the vectors of the tokens.
  func step(
    vectors: Variable, _ state: State, _ memory: AttentionMemory, random: inout RandomSource?
  ) throws(ShapeError) -> (readouts: Readouts, state: State) {
    let layout = SequenceLayout(lengths: Array(repeating: 1, count: vectors.shape[0]))
    var next = state
    var (below, look) = (vectors, Look(context: vectors, lexicon: nil, weights: vectors))
    for (index, layer) in layers.enumerated() {
      let parts =
        index == 0
        ? [vectors, state.inputFeed].compactMap { $0 } : [dropped(below, &random), look.context]
      let (outputs, after) = try layer(
        PackedSequence(rows: .concatenated(parts, axis: -1), layout: layout),
        initialState: [state.layers[index]], random: &random)
      next.layers[index] = after[0]
      if index == 0 {
        look = try attend(outputs.rows, memory, coverage: state.coverage)
        below = outputs.rows
      } else {
        below = outputs.rows + below
      }
    }
    let readouts = try readouts(below, look, vectors, memory, random: &random)
    if state.inputFeed != nil { next.inputFeed = readouts.readout }
    if let coverage = state.coverage { next.coverage = coverage + look.weights }
    return (readouts, next)
  }

  /// What the token after a readout is scored by, `[N, V]`.
  public func logits(_ readout: Variable) throws(ShapeError) -> Variable {
    try output.logits(readout, table: front.table)
  }
}

extension AttentionDecoder {
  /// cₜ, Σ aₜₛ vₛ and aₜ.
  private struct Look {
    let context: Variable
    let lexicon: Variable?
    let weights: Variable
  }

  private func attend(
    _ query: Variable, _ memory: AttentionMemory, coverage: Variable?
  ) throws(ShapeError) -> Look {
    let (read, weights): (Variable, Variable)
    if let additive {
      (read, weights) = try additive(query, memory, coverage: coverage)
    } else {
      (read, weights) = try general!(query, memory, coverage: nil)
    }
    guard lexicon != nil else { return Look(context: read, lexicon: nil, weights: weights) }
    let states = configuration.memorySize
    return Look(
      context: read.columns(0..<states), lexicon: read.columns(states..<read.shape.columns),
      weights: weights)
  }

  private func readouts(
    _ hidden: Variable, _ look: Look, _ vectors: Variable, _ memory: AttentionMemory,
    random: inout RandomSource?
  ) throws(ShapeError) -> Readouts {
    let read = dropped(Variable.concatenated([hidden, look.context], axis: -1), &random)
    var sum = try readout(read).tanh()
    if let lexicon, let own = look.lexicon { sum = sum + (try lexicon(own).tanh()) }
    var gate = try copyGate.map { gate throws(ShapeError) in
      try gate(.concatenated([look.context, hidden, vectors], axis: -1))
    }
    let lengths = memory.lengths.prefix(hidden.shape[0])
    if let open = gate, lengths.contains(0) {
      // Of an empty source nothing can be copied.
      let wide = Tensor(lengths.map { $0 == 0 ? 1e4 : 0 }, shape: open.shape)
      gate = open + Variable(wide.converted(to: open.value.precision))
    }
    return Readouts(readout: dropped(sum, &random), attention: look.weights, gate: gate)
  }

  private func dropped(_ x: Variable, _ random: inout RandomSource?) -> Variable {
    Dropout(rate: configuration.dropout)(x, random: &random)
  }
}
