import UnrollCore
import UnrollData
import UnrollNetworks

/// Clips ready to be cut into batches.
struct ClipInputs: Sendable {
  let clips: [VideoClip]
  let features: ClipFeatures
  /// The steps of each.
  let lengths: [Int]

  init(_ clips: [VideoClip], _ features: ClipFeatures) {
    self.clips = clips
    self.features = features
    lengths = clips.map { features.stepCount($0) }
  }

  /// Some clips as a network reads them, and for each step the frame that it was made of.
  ///
  /// - Parameter random: randomness for noise; `nil`: clips as they are.
  func batch(
    _ places: [Int], _ noise: ClipAugmentation?, random: inout RandomSource?
  ) -> (frames: PackedSequence, origins: [[Int]]) {
    let width = features.featureCount
    let all = places.map { features(clips[$0], noise, random: &random) }
    let layout = SequenceLayout(lengths: all.map(\.frames.count))
    var packed: [Float] = []
    packed.reserveCapacity(layout.rows * width)
    for (step, count) in layout.counts.enumerated() {
      for place in 0..<count {
        packed += all[layout.order[place]].rows[step * width..<(step + 1) * width]
      }
    }
    return (
      PackedSequence(rows: Variable(Tensor(packed, shape: [layout.rows, width])), layout: layout),
      all.map(\.frames)
    )
  }

  /// All clips in batches for use.
  var batches: [[Int]] {
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: 16 * 1024, examples: 256), random: nil)
    var batches: [[Int]] = []
    for (place, length) in lengths.enumerated() { batches += batcher.add(place, length: length) }
    return batches + batcher.finish()
  }
}
