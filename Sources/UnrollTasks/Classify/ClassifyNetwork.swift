import UnrollCore
import UnrollNetworks

/// A recurrent network that reads steps in both directions and says one thing of all of them.
///
/// Legend: N steps of B examples, E features of a step, H units, C labels.
///
///     x_t = w[token] + mean of p[pieces of the token]         of texts
///     x_t = frame, or tanh(W_e frame + b_e)                    of sequences
///     h_t = core(x_1 … x_T)_t                                  in both directions: 2H features
///     v   = pooled over t of [h_t, x_t]                        in each of the ways asked for, side by side
///     y   = W_o v + b_o                                        logits
///
/// An example without steps has v = 0: it is judged by b_o alone.
struct ClassifyNetwork: Module {
  let settings: ClassifierSettings
  var words: Embedding?
  var pieces: Embedding?
  var project: Linear?
  var core: AnyRecurrentNetwork
  var pools: [SequencePooling]
  var head: Linear

  /// What a network reads: ids below a bound, or frames of a width.
  enum Input: Equatable {
    case tokens(vocabulary: Int, pieces: Int)
    case frames(width: Int)
  }

  init(_ settings: ClassifierSettings, _ input: Input, labels: Int, using random: inout RandomSource) {
    self.settings = settings
    let features: Int
    switch input {
    case .tokens(let vocabulary, let rows):
      features = max(1, settings.embeddingSize)
      words = Embedding(count: vocabulary, size: features, using: &random)
      if rows > 0 { pieces = Embedding(count: rows, size: features, using: &random) }
    case .frames(let width):
      features = settings.embeddingSize > 0 ? settings.embeddingSize : width
      if settings.embeddingSize > 0 {
        project = Linear(inputSize: width, outputSize: features, using: &random)
      }
    }
    core = AnyRecurrentNetwork(
      settings.cell, inputSize: features, hiddenSize: settings.hiddenSize, layers: settings.layers,
      bidirectional: settings.bidirectional, dropout: settings.dropout, using: &random)
    let outputs = core.outputSize
    let inputs = settings.poolsInputs ? features : 0
    pools = settings.pooling.map { kind in
      // Of the inputs there is no last state to speak of: their mean stands in for it.
      SequencePooling(
        kind, features: kind == .last ? outputs : outputs + inputs, bidirectional: settings.bidirectional,
        using: &random)
    }
    head = Linear(
      inputSize: settings.pooling.count * (outputs + inputs), outputSize: labels, using: &random)
  }

  /// - Returns: `[B, C]`, in the order in which the examples were given.
  /// - Throws: `ShapeError` when the batch was made for another network.
  func callAsFunction(_ batch: ClassifyBatch, random: inout RandomSource?) throws(ShapeError) -> Variable {
    try judge(read(batch, random: &random), batch.layout, random: &random)
  }

  /// x, `[N, E]`.
  func read(_ batch: ClassifyBatch, random: inout RandomSource?) throws(ShapeError) -> Variable {
    let x = try read(batch)
    return words != nil || project != nil ? Dropout(rate: settings.dropout)(x, random: &random) : x
  }

  /// y of x.
  func judge(
    _ x: Variable, _ layout: SequenceLayout, random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let core = core.droppingWeights(rate: settings.weightDropout, random: &random)
    let (outputs, _) = try core(PackedSequence(rows: x, layout: layout), random: &random)
    var both = outputs
    if settings.poolsInputs {
      both = PackedSequence(rows: .concatenatedColumns([outputs.rows, x]), layout: layout)
    }
    var pooled: [Variable] = []
    for pool in pools {
      pooled.append(try pool(pool.kind == .last ? outputs : both))
      if pool.kind == .last, settings.poolsInputs { pooled.append(try x.meanOverSteps(layout)) }
    }
    let vector = pooled.count == 1 ? pooled[0] : .concatenatedColumns(pooled)
    return try head(Dropout(rate: settings.dropout)(vector, random: &random))
  }

  private func read(_ batch: ClassifyBatch) throws(ShapeError) -> Variable {
    if let frames = batch.frames {
      let rows = Variable(frames)
      guard let project else { return rows }
      return try project(rows).tanh()
    }
    guard let words else {
      throw ShapeError(place: "ClassifyNetwork", expected: "frames", found: [batch.ids.count])
    }
    let x = try words(batch.ids)
    guard let pieces, !batch.spellings.isEmpty else { return x }
    let layout = SequenceLayout(lengths: batch.spellings.map(\.count))
    let spelled = try pieces(layout.packing(batch.spellings)).meanOverSteps(layout)
    return x + spelled.gatheringRows(batch.forms)
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try words?.forEachParameter(parameterName(path, "words"), body)
    try pieces?.forEachParameter(parameterName(path, "pieces"), body)
    try project?.forEachParameter(parameterName(path, "project"), body)
    try core.forEachParameter(parameterName(path, "core"), body)
    for index in pools.indices {
      try pools[index].forEachParameter(parameterName(path, "pools.\(index)"), body)
    }
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}
