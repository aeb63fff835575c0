import UnrollCore
import UnrollData
import UnrollNetworks

/// A sequence-to-sequence network with attention.
///
///     v = k·E_s[source]                           [S, E]
///     x = encoder(v)                              both directions, [S, 2H]
///     s⁰ = tanh(W_b · mean x + b)                 the decoder's states before the first token
///     qₜ, s¹ₜ = layer₁(k·E_t[yₜ₋₁], s¹ₜ₋₁)         with input feeding: [k·E_t[yₜ₋₁]; oₜ₋₁]
///     aₜ, cₜ = attention(qₜ, x)                   cₜ = Σ aₜₛ xₛ
///     hˡₜ = layerₗ([hˡ⁻¹ₜ; cₜ]) + hˡ⁻¹ₜ             h¹ = q
///     oₜ = tanh(W_o [hₜ; cₜ] + b)                 (Luong et al. 2015, equation 5)
///        + tanh(W_l Σ aₜₛ vₛ + b)                 what the words read are by themselves
///     p(yₜ) = softmax(E_t oₜ + b)                 one table for reading and for saying
///
/// The first layer asks before the others read what was found (Wu et al. 2016, section 3.2): with the tokens of the
/// target known, every layer runs over the whole target at once, and yet upper layers carry on what was read. The way
/// from the words read to the word said that goes round all states is that of Nguyen and Chiang (2018, section 4): rare
/// words are translated as words. k = √E / 2, since a table of small vectors serves the head and larger ones the cells.
package struct TranslationNetwork: Module {
  let settings: TranslationSettings
  var sourceTable: Embedding
  /// `nil`: the source's.
  var targetTable: Embedding?
  var encoder: AnyRecurrentNetwork
  var bridge: Linear
  var layers: [AnyRecurrentNetwork]
  var additive: AdditiveAttention?
  var general: GeneralAttention?
  var readout: Linear
  var lexicon: Linear
  var bias: Parameter

  package init(
    _ settings: TranslationSettings, sourceCount: Int, targetCount: Int, using random: inout RandomSource
  ) {
    self.settings = settings
    let (e, h) = (settings.embeddingSize, settings.hiddenSize)
    // The table is the head as well: vectors of about unit length keep the first logits small.
    let deviation = 1 / Float(e).squareRoot()
    sourceTable = Embedding(count: sourceCount, size: e, deviation: deviation, using: &random)
    targetTable =
      settings.isJoint ? nil : Embedding(count: targetCount, size: e, deviation: deviation, using: &random)
    encoder = AnyRecurrentNetwork(
      settings.cell, inputSize: e, hiddenSize: h, layers: settings.encoderLayers, bidirectional: true,
      dropout: settings.dropout, using: &random)
    let memory = encoder.outputSize
    layers = (0..<settings.decoderLayers).map { layer in
      let inputs = layer == 0 ? e + (settings.inputFeeding ? e : 0) : h + memory
      return AnyRecurrentNetwork(settings.cell, inputSize: inputs, hiddenSize: h, using: &random)
    }
    bridge = Linear(
      inputSize: memory, outputSize: h * settings.decoderLayers * settings.stateParts, using: &random)
    switch settings.attention {
    case .additive:
      additive = AdditiveAttention(
        querySize: h, memorySize: memory, hiddenSize: h, coverage: settings.coverage, using: &random)
    case .multiplicative:
      general = GeneralAttention(querySize: h, memorySize: memory, using: &random)
    }
    readout = Linear(inputSize: h + memory, outputSize: e, using: &random)
    lexicon = Linear(inputSize: e, outputSize: e, using: &random)
    bias = Parameter(.zeros([settings.isJoint ? sourceCount : targetCount]))
  }

  package mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try sourceTable.forEachParameter(parameterName(path, "source"), body)
    try targetTable?.forEachParameter(parameterName(path, "target"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try bridge.forEachParameter(parameterName(path, "bridge"), body)
    for index in layers.indices {
      try layers[index].forEachParameter(parameterName(path, "decoder.\(index)"), body)
    }
    try additive?.forEachParameter(parameterName(path, "attention"), body)
    try general?.forEachParameter(parameterName(path, "attention"), body)
    try readout.forEachParameter(parameterName(path, "readout"), body)
    try lexicon.forEachParameter(parameterName(path, "lexicon"), body)
    try body(parameterName(path, "bias"), &bias)
  }

  /// E_t.
  var table: Embedding { targetTable ?? sourceTable }
}

extension TranslationSettings {
  /// The tensors of a layer's state.
  var stateParts: Int { cell == .lstm ? 2 : 1 }
}

extension TranslationNetwork {
  /// What the decoder starts from.
  struct Encoded {
    let memory: AttentionMemory
    /// s⁰ of all layers, `[B, layers · parts · H]`, sequences as given.
    let start: Variable
  }

  /// The decoder between two steps; rows are readers.
  struct State {
    var layers: [AnyRecurrentNetwork.State]
    /// oₜ₋₁, with input feeding.
    var fed: Variable?
    /// The sum of the attention so far, with coverage.
    var covered: Variable?

    /// The state of other rows.
    func selecting(_ rows: [Int32]) -> State {
      State(
        layers: layers.map { $0.map { $0.gather(rows) } }, fed: fed?.gather(rows),
        covered: covered?.gather(rows))
    }

    /// The first rows alone.
    func prefix(_ count: Int) -> State {
      State(
        layers: layers.map { $0.map { $0.rows(0..<count) } }, fed: fed?.rows(0..<count),
        covered: covered?.rows(0..<count))
    }
  }

  private func remember(_ read: PackedSequence) throws(ShapeError) -> AttentionMemory {
    if let additive { return try additive.memory(read) }
    return try general!.memory(read)
  }

  /// - Returns: cₜ, Σ aₜₛ vₛ and aₜ.
  private func attend(
    _ query: Variable, _ memory: AttentionMemory, covered: Variable?
  ) throws(ShapeError) -> (context: Variable, words: Variable, weights: Variable) {
    let (read, weights): (Variable, Variable)
    if let additive {
      (read, weights) = try additive(query, memory, covered: covered)
    } else {
      (read, weights) = try general!(query, memory, covered: nil)
    }
    let states = encoder.outputSize
    return (read.columns(0..<states), read.columns(states..<read.shape.columns), weights)
  }

  /// oₜ.
  private func said(
    _ hidden: Variable, _ context: Variable, _ words: Variable, random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let read = dropped(Variable.concatenated([hidden, context], axis: -1), &random)
    return dropped(try readout(read).tanh() + lexicon(words).tanh(), &random)
  }

  private func dropped(_ x: Variable, _ random: inout RandomSource?) -> Variable {
    Dropout(rate: settings.dropout)(x, random: &random)
  }

  /// Some tokens lose their vectors.
  private func thinned(_ ids: [Int32], _ random: inout RandomSource?) -> [Int32] {
    guard settings.wordDropout > 0, random != nil else { return ids }
    return ids.map { random!.uniform() < settings.wordDropout ? -1 : $0 }
  }

  func encode(_ source: TokenBatch, random: inout RandomSource?) throws(ShapeError) -> Encoded {
    let vectors = try vectors(source.ids, of: sourceTable, random: &random)
    let (outputs, _) = try encoder(
      PackedSequence(rows: vectors, layout: source.layout), random: &random)
    let read = PackedSequence(rows: dropped(outputs.rows, &random), layout: source.layout)
    let keyed = try remember(read)
    let words = PackedSequence(rows: vectors, layout: source.layout).sequenceMajor
    let memory = AttentionMemory(
      keys: keyed.keys, values: .concatenated([keyed.values, words], axis: -1), segments: keyed.segments)
    let start = try bridge(try read.rows.meanOverSteps(source.layout)).tanh()
    return Encoded(memory: memory, start: start)
  }

  /// The state before the first token, for readers in another order.
  func initialState(_ encoded: Encoded, order: [Int]) -> State {
    let start = encoded.start.gather(order.map(Int32.init))
    let (h, parts) = (settings.hiddenSize, settings.stateParts)
    let states = layers.indices.map { layer in
      (0..<parts).map { part in
        start.columns((layer * parts + part) * h..<(layer * parts + part + 1) * h)
      }
    }
    let zeros = Tensor(
      repeating: 0, shape: [order.count, settings.embeddingSize], precision: start.value.precision)
    return State(
      layers: states, fed: settings.inputFeeding ? Variable(zeros) : nil,
      covered: settings.coverage ? encoded.memory.selecting(order).uncovered : nil)
  }

  /// oₜ for all tokens of the target, packed, every layer at once.
  func read(
    _ target: TokenBatch, _ encoded: Encoded, random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let layout = target.layout
    let start = initialState(encoded, order: layout.order)
    let vectors = try vectors(target.ids, of: table, random: &random)
    let readers = layout.counts.flatMap { layout.order[..<$0] }
    let memory = encoded.memory.selecting(readers)
    var (below, context, words) = (vectors, vectors, vectors)
    for (index, layer) in layers.enumerated() {
      let input = index == 0 ? vectors : Variable.concatenated([dropped(below, &random), context], axis: -1)
      let (outputs, _) = try layer(
        PackedSequence(rows: input, layout: layout), initialState: [start.layers[index]], random: &random)
      if index == 0 {
        (context, words, _) = try attend(outputs.rows, memory, covered: nil)
        below = outputs.rows
      } else {
        below = outputs.rows + below
      }
    }
    return try said(below, context, words, random: &random)
  }

  /// One token for each reader.
  ///
  /// - Parameter vectors: E_t[yₜ₋₁] `[readers, E]`.
  /// - Returns: oₜ, the attention's weights `[readers, S]` and the state after.
  func step(
    _ vectors: Variable, _ state: State, _ memory: AttentionMemory, random: inout RandomSource?
  ) throws(ShapeError) -> (said: Variable, weights: Variable, state: State) {
    let layout = SequenceLayout(lengths: Array(repeating: 1, count: vectors.shape[0]))
    var next = state
    var (below, context, words, weights) = (vectors, vectors, vectors, vectors)
    for (index, layer) in layers.enumerated() {
      let parts =
        index == 0
        ? [vectors, state.fed].compactMap { $0 } : [dropped(below, &random), context]
      let (outputs, after) = try layer(
        PackedSequence(rows: .concatenated(parts, axis: -1), layout: layout),
        initialState: [state.layers[index]], random: &random)
      next.layers[index] = after[0]
      if index == 0 {
        (context, words, weights) = try attend(outputs.rows, memory, covered: state.covered)
        below = outputs.rows
      } else {
        below = outputs.rows + below
      }
    }
    let said = try said(below, context, words, random: &random)
    if state.fed != nil { next.fed = said }
    if let covered = state.covered { next.covered = covered + weights }
    return (said, weights, next)
  }

  /// The logits of the next token.
  func logits(_ said: Variable) throws(ShapeError) -> Variable {
    try said.linear(table.weight.variable, bias: bias.variable)
  }

  /// k times the rows of a table.
  private func vectors(
    _ ids: [Int32], of table: Embedding, random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let scale = 0.5 * Double(settings.embeddingSize).squareRoot()
    return dropped(try table(thinned(ids, &random)).affine(times: scale, plus: 0), &random)
  }

  /// What the decoder reads at the tokens before: k·E_t[yₜ₋₁].
  func vectors(_ ids: [Int32], random: inout RandomSource?) throws(ShapeError) -> Variable {
    try vectors(ids, of: table, random: &random)
  }
}
