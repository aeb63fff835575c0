import UnrollCore
import UnrollData
import UnrollNetworks

/// Examples as a network reads them: the steps that exist, longest example first.
enum ClassifyBatch {
  case tokens(TokenBatch)
  /// Frames `[N, width]`.
  case frames(PackedSequence)

  var layout: SequenceLayout {
    switch self {
    case .tokens(let tokens): tokens.layout
    case .frames(let frames): frames.layout
    }
  }
}

/// All examples of a set, ready to be cut into batches.
enum EncodedExamples: Sendable {
  case texts(EncodedTexts)
  case sequences([ClassifierData.Sequence], SequenceEncoder)

  init(_ inputs: ClassifierData.Inputs, _ encoder: ClassifierEncoder) {
    switch (inputs, encoder) {
    case (.texts(let texts), .texts(let encoder)): self = .texts(encoder(texts))
    case (.sequences(let sequences, _), .sequences(let encoder)): self = .sequences(sequences, encoder)
    default: preconditionFailure("the kind of input was checked before")
    }
  }

  var count: Int { lengths.count }

  /// The steps of each example.
  var lengths: [Int] {
    switch self {
    case .texts(let texts): texts.ids.map(\.count)
    case .sequences(let all, let encoder): all.map { encoder.frames(of: $0.steps) }
    }
  }

  /// A batch of some examples.
  ///
  /// - Parameter random: randomness for noise; `nil`: as they are.
  func batch(_ places: [Int], _ settings: ClassifierSettings, random: inout RandomSource?) -> ClassifyBatch {
    switch self {
    case .texts(let texts):
      let ids = places.map { texts.ids[$0] }
      guard !texts.forms.isEmpty else { return .tokens(TokenBatch(ids)) }
      return .tokens(
        TokenBatch(
          ids, places: places.map { texts.forms[$0] }, of: TokenForms(pieces: texts.spellings)))
    case .sequences(let all, let encoder):
      let noise = SequenceEncoder.Noise(
        noise: settings.noise, scaling: settings.scaling, shift: settings.shift)
      let width = encoder.width
      let layout = SequenceLayout(lengths: places.map { encoder.frames(of: all[$0].steps) })
      let rows = places.map { encoder(all[$0], noise, random: &random) }
      var packed: [Float] = []
      packed.reserveCapacity(layout.rows * width)
      for (step, count) in layout.counts.enumerated() {
        for place in 0..<count { packed += rows[layout.order[place]][step * width..<(step + 1) * width] }
      }
      return .frames(
        PackedSequence(rows: Variable(Tensor(packed, shape: [layout.rows, width])), layout: layout))
    }
  }
}

/// What turns inputs into what a network reads.
enum ClassifierEncoder: Sendable {
  case texts(TextEncoder)
  case sequences(SequenceEncoder)
}
