import UnrollCore
import UnrollData
import UnrollNetworks

/// Examples as a network reads them: the steps that exist, longest example first.
struct ClassifyBatch {
  let layout: SequenceLayout
  /// Of texts: the id of each packed row.
  var ids: [Int32] = []
  /// The place of each packed row in `spellings`; −1: none.
  var forms: [Int32] = []
  /// The rows of the table of pieces of the batch's distinct tokens.
  var spellings: [[Int32]] = []
  /// Of sequences: `[N, width]`.
  var frames: Tensor?
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
    case .texts(let texts): return Self.batch(texts, places, settings, random: &random)
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
      var batch = ClassifyBatch(layout: layout)
      batch.frames = Tensor(packed, shape: [layout.rows, width])
      return batch
    }
  }

  private static func batch(
    _ texts: EncodedTexts, _ places: [Int], _ settings: ClassifierSettings, random: inout RandomSource?
  ) -> ClassifyBatch {
    var batch = ClassifyBatch(layout: SequenceLayout(lengths: places.map { texts.ids[$0].count }))
    batch.ids = batch.layout.packing(places.map { texts.ids[$0] })
    let hasForms = !texts.forms.isEmpty
    if hasForms { batch.forms = batch.layout.packing(places.map { texts.forms[$0] }) }
    if random != nil, settings.tokenDropout > 0 {
      let rate = Float(settings.tokenDropout)
      for row in batch.ids.indices where random!.uniform() < rate {
        batch.ids[row] = SpecialToken.unknown.id
        if hasForms { batch.forms[row] = -1 }
      }
    }
    var seen: [Int32: Int32] = [:]
    for row in batch.forms.indices where batch.forms[row] >= 0 {
      let form = batch.forms[row]
      if let place = seen[form] {
        batch.forms[row] = place
      } else {
        let place = Int32(batch.spellings.count)
        seen[form] = place
        batch.forms[row] = place
        batch.spellings.append(texts.spellings[Int(form)])
      }
    }
    return batch
  }
}

/// What turns inputs into what a network reads.
enum ClassifierEncoder: Sendable {
  case texts(TextEncoder)
  case sequences(SequenceEncoder)
}
