import UnrollCore

/// How the channels of sequences are brought to one scale, learned from what is trained on, and cut into frames.
package struct SequenceFrames: Sendable, Codable, Equatable {
  package struct Scale: Sendable, Codable, Equatable {
    package var mean: Float
    package var deviation: Float
    /// The deviation of the change from step to step, on the scale of the channel.
    package var change: Float
  }
  package var channels: [Scale]
  /// Whether values were missing, so that the network is told where.
  package var marksMissing: Bool
  package var differences: Bool
  package var frame: Int
  package var hop: Int
  package var maximumLength: Int

  /// Learns the scales of sequences.
  package init(
    of sequences: [NumericSequence], channels count: Int, differences: Bool = false, frame: Int = 1,
    hop: Int = 1,
    maximumLength: Int = 1000
  ) {
    self.differences = differences
    self.frame = frame
    self.hop = hop
    self.maximumLength = maximumLength
    channels = (0..<count).map { channel in
      var (number, sum, squares) = (0.0, 0.0, 0.0)
      var (steps, changes) = (0.0, 0.0)
      for sequence in sequences {
        var last = Float.nan
        for step in 0..<sequence.steps {
          let value = sequence.values[step * count + channel]
          guard !value.isNaN else { continue }
          number += 1
          sum += Double(value)
          squares += Double(value) * Double(value)
          if !last.isNaN {
            steps += 1
            changes += (Double(value) - Double(last)) * (Double(value) - Double(last))
          }
          last = value
        }
      }
      let mean = number > 0 ? sum / number : 0
      let variance = number > 0 ? max(0, squares / number - mean * mean) : 0
      // A channel that never changes carries nothing; dividing by its rounding would make it shout.
      let deviation = variance.squareRoot() > 1e-6 * max(1, abs(mean)) ? variance.squareRoot() : 1
      let change = steps > 0 ? (changes / steps).squareRoot() / deviation : 0
      return Scale(mean: Float(mean), deviation: Float(deviation), change: change > 1e-6 ? Float(change) : 1)
    }
    marksMissing = sequences.contains { $0.values.contains { $0.isNaN } }
  }

  /// The features of a step before it becomes part of a frame.
  package var stepWidth: Int { channels.count * (1 + (differences ? 1 : 0) + (marksMissing ? 1 : 0)) }
  /// The features of a frame.
  package var width: Int { stepWidth * frame }

  /// The number of frames of so many steps: as many as it takes to cover all.
  package func frames(of steps: Int) -> Int {
    let steps = min(steps, maximumLength)
    return steps == 0 ? 0 : steps <= frame ? 1 : (steps - frame + hop - 1) / hop + 1
  }

  /// Noise that makes a sequence another one of its kind.
  package struct Noise {
    package var noise: Float
    package var scaling: Float
    package var shift: Float

    package init(noise: Float, scaling: Float, shift: Float) {
      self.noise = noise
      self.scaling = scaling
      self.shift = shift
    }
  }

  /// The frames of a sequence, `[frames, width]`. A last frame that reaches beyond the end repeats the last step.
  package func callAsFunction(
    _ sequence: NumericSequence, _ noise: Noise? = nil, random: inout RandomSource?
  ) -> [Float] {
    let steps = min(sequence.steps, maximumLength)
    guard steps > 0 else { return [] }
    let rows = features(sequence, steps, noise, random: &random)
    let width = stepWidth
    guard frame > 1 else { return rows }
    var result: [Float] = []
    let count = frames(of: steps)
    result.reserveCapacity(count * width * frame)
    for index in 0..<count {
      for step in index * hop..<index * hop + frame {
        let place = min(step, steps - 1) * width
        result += rows[place..<place + width]
      }
    }
    return result
  }

  private func features(
    _ sequence: NumericSequence, _ steps: Int, _ noise: Noise?, random: inout RandomSource?
  ) -> [Float] {
    let count = channels.count
    let width = stepWidth
    var rows = [Float](repeating: 0, count: steps * width)
    let isNoisy = noise != nil && random != nil
    let factor = isNoisy && noise!.scaling > 0 ? 1 + noise!.scaling * random!.normal() : 1
    var offset = 0
    if isNoisy, noise!.shift > 0 {
      let most = Int(noise!.shift * Float(steps))
      offset = random!.below(2 * most + 1) - most
    }
    for (channel, scale) in channels.enumerated() {
      // What is missing is as it was last; at the start, as it is on average.
      var last: Float = 0
      var filled = [Float](repeating: 0, count: steps)
      for step in 0..<steps {
        let value = sequence.values[step * count + channel]
        if !value.isNaN { last = factor * (value - scale.mean) / scale.deviation }
        filled[step] = last
        if marksMissing, value.isNaN {
          rows[step * width + count * (differences ? 2 : 1) + channel] = 1
        }
      }
      for step in 0..<steps {
        let place = min(max(step + offset, 0), steps - 1)
        rows[step * width + channel] = filled[place]
        if differences, place > 0, place == step + offset {
          rows[step * width + count + channel] = (filled[place] - filled[place - 1]) / scale.change
        }
      }
    }
    if isNoisy, noise!.noise > 0 {
      let noisy = count * (differences ? 2 : 1)
      for step in 0..<steps {
        for feature in 0..<noisy { rows[step * width + feature] += noise!.noise * random!.normal() }
      }
    }
    return rows
  }

  /// Whether numbers of a file make a scale.
  package var isSound: Bool {
    !channels.isEmpty && channels.count <= 100_000 && (1...100_000).contains(frame) && hop >= 1
      && hop <= frame
      && maximumLength >= 1
      && channels.allSatisfy {
        $0.mean.isFinite && $0.deviation.isFinite && $0.deviation > 0 && $0.change.isFinite && $0.change > 0
      }
  }
}
