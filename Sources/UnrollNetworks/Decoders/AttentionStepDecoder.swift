import UnrollCore

/// An `AttentionDecoder` in the middle of its targets: what a search runs on. A value: a copy goes its own way.
public struct AttentionStepDecoder: StepDecoder {
  private let decoder: AttentionDecoder
  private let whole: DecoderMemory
  /// The sequence that each row reads.
  private var readers: [Int]
  private var memory: AttentionMemory
  public private(set) var state: AttentionDecoder.State

  /// A row for each sequence of the memory, before the first token.
  public init(_ decoder: AttentionDecoder, _ memory: DecoderMemory) {
    self.decoder = decoder
    whole = memory
    readers = Array(0..<memory.start.shape[0])
    self.memory = memory.attention
    state = decoder.initialState(memory, order: readers)
  }

  public mutating func select(_ rows: [Int]) {
    readers = rows.map { readers[$0] }
    memory = whole.attention.selecting(readers)
    state = state.selecting(rows)
  }

  public mutating func step(_ tokens: [Int32]) throws(ShapeError) -> DecoderStep {
    guard tokens.count == readers.count else {
      throw ShapeError(
        place: "AttentionStepDecoder.step", expected: "[\(readers.count)]", found: [tokens.count])
    }
    // What was copied from beyond the vocabulary is read as unknown.
    let size = decoder.vocabularySize
    let read = tokens.map { Int($0) < size ? $0 : decoder.configuration.unknown }
    var none: RandomSource?
    let (readouts, next) = try decoder.step(read, state, memory, random: &none)
    state = next
    let logits = try decoder.logits(readouts.readout)
    guard let gate = readouts.gate, let source = whole.source else {
      return DecoderStep(scores: logits.value, attention: readouts.attention.value)
    }
    let mixed = Self.mixed(
      logits.softmax().value, gate.sigmoid().value, readouts.attention.value, source, readers)
    return DecoderStep(
      scores: Variable(mixed).log().value, isNormalized: true, attention: readouts.attention.value)
  }

  /// g·p + (1 − g)·a, `[rows, V + extra]`.
  private static func mixed(
    _ p: Tensor, _ g: Tensor, _ a: Tensor, _ source: CopySource, _ readers: [Int]
  ) -> Tensor {
    let (from, to, steps) = (p.shape.columns, p.shape.columns + source.extraCount, a.shape.columns)
    let (p, g, a) = (p.doubles, g.doubles, a.doubles)
    var mixed = [Double](repeating: 0, count: readers.count * to)
    for (row, reader) in readers.enumerated() {
      for token in 0..<from { mixed[row * to + token] = g[row] * p[row * from + token] }
      for (step, token) in source.ids[reader].enumerated() {
        mixed[row * to + Int(token)] += (1 - g[row]) * a[row * steps + step]
      }
    }
    return Tensor(doubles: mixed, shape: [readers.count, to]).converted(to: .single)
  }
}
