import UnrollCore

/// What is looked at of poses, beside each other.
public enum PosePart: String, Sendable, Codable, CaseIterable {
  /// The coordinates of joints, seen from the middle of their frame.
  case joints
  /// The distances of all pairs of joints.
  case distances
  /// How far each joint moves.
  case motion
  /// Where the middle of the joints is, seen from its mean over the clip.
  case path
}

/// Poses as features that do not depend on where somebody stands, and how large.
///
/// With p the coordinates of joint j in frame t, cₜ the mean of the joints of a frame, c the mean of all cₜ, and
/// s = mean ‖pₜⱼ − cₜ‖ over the clip:
///
///     joints       (pₜⱼ − cₜ) / s
///     distances    ‖pₜⱼ − pₜₖ‖ / s                 for j < k
///     motion       (pₜ₊ₙⱼ − pₜ₋ₙⱼ) / (2 n s)       for each span n, frames beyond the ends as those at the ends
///     path         (cₜ − c) / s
///
/// Distances and motion over two spans are what Yang et al. 2019 ("Make skeleton-based action recognition model smaller,
/// faster and better", section 3) read.
package struct PoseFeatures: Sendable, Codable, Equatable {
  var layout: PoseLayout
  var parts: [PosePart]
  /// n, in frames.
  var spans: [Int]

  /// As a person reads it.
  package var shown: String { "\(layout.joints) joints in \(layout.dimensions) dimensions" }
  /// Whether a mirror exchanges some joints.
  package var hasSides: Bool { layout.hasSides }

  /// The number of features of each part.
  var widths: [Int] {
    parts.map { part in
      switch part {
      case .joints: layout.joints * layout.dimensions
      case .distances: layout.joints * (layout.joints - 1) / 2
      case .motion: layout.joints * layout.dimensions * spans.count
      case .path: layout.dimensions
      }
    }
  }

  /// The coordinates of frames, `[steps, joints × dimensions]`. A frame without any number, or of zeros alone, as trackers
  /// give that lost somebody, is one that is missing.
  func coordinates(_ values: [Float], width: Int, steps: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(steps * layout.places.count)
    for step in 0..<steps {
      let own = layout.places.map { values[step * width + $0] }
      result += own.allSatisfy { $0 == 0 } ? own.map { _ in Float.nan } : own
    }
    return result
  }

  /// Turns, stretches and mirrors the coordinates of a clip around their middle.
  func varied(
    _ coordinates: [Float], steps: Int, _ noise: ClipAugmentation, random: inout RandomSource
  ) -> [Float] {
    let (joints, axes) = (layout.joints, layout.dimensions)
    let angle = noise.rotation > 0 ? Double((2 * random.uniform() - 1) * noise.rotation) * .pi / 180 : 0
    let (c, s) = (Float(cosine(angle)), Float(sine(angle)))
    let stretch = (0..<axes).map { _ in noise.scaling > 0 ? 1 + noise.scaling * random.normal() : 1 }
    let isMirrored = noise.mirror && random.uniform() < 0.5
    let middle = mean(coordinates, frames: 0..<steps)
    // Around the vertical, depth turns into breadth; in the plane, height does.
    let other = axes == 3 ? 2 : 1
    var result = coordinates
    for step in 0..<steps {
      for joint in 0..<joints {
        let source = (step * joints + (isMirrored ? layout.mirrored[joint] : joint)) * axes
        var point = (0..<axes).map { (coordinates[source + $0] - middle[$0]) * stretch[$0] }
        if isMirrored { point[0] = -point[0] }
        (point[0], point[other]) = (c * point[0] - s * point[other], s * point[0] + c * point[other])
        for axis in 0..<axes { result[(step * joints + joint) * axes + axis] = point[axis] }
      }
    }
    return result
  }

  /// The middle of the joints of some frames.
  private func mean(_ coordinates: [Float], frames: Range<Int>) -> [Float] {
    let axes = layout.dimensions
    var sums = [Double](repeating: 0, count: axes)
    for place in frames.lowerBound * layout.joints..<frames.upperBound * layout.joints {
      for axis in 0..<axes { sums[axis] += Double(coordinates[place * axes + axis]) }
    }
    return sums.map { Float($0 / Double(max(1, frames.count * layout.joints))) }
  }

  /// The features of coordinates without gaps, `[steps, Σ widths]`.
  package func callAsFunction(_ coordinates: [Float], steps: Int) -> [Float] {
    let (joints, axes) = (layout.joints, layout.dimensions)
    let row = joints * axes
    let middles = (0..<steps).map { mean(coordinates, frames: $0..<$0 + 1) }
    let center = mean(coordinates, frames: 0..<steps)
    var size = 0.0
    for step in 0..<steps {
      for joint in 0..<joints {
        var square: Float = 0
        for axis in 0..<axes {
          let difference = coordinates[step * row + joint * axes + axis] - middles[step][axis]
          square += difference * difference
        }
        size += Double(square.squareRoot())
      }
    }
    let radius = Float(size / Double(max(1, steps * joints)))
    let scale = radius > 0 && radius.isFinite ? 1 / radius : 1
    var result: [Float] = []
    result.reserveCapacity(steps * widths.reduce(0, +))
    for step in 0..<steps {
      let own = coordinates[step * row..<(step + 1) * row]
      for part in parts {
        switch part {
        case .joints:
          for (place, value) in own.enumerated() {
            result.append((value - middles[step][place % axes]) * scale)
          }
        case .distances: distances(Array(own), scale, &result)
        case .motion:
          for span in spans {
            let (before, after) = (max(0, step - span) * row, min(steps - 1, step + span) * row)
            let factor = scale / Float(2 * span)
            for place in 0..<row {
              result.append((coordinates[after + place] - coordinates[before + place]) * factor)
            }
          }
        case .path: for axis in 0..<axes { result.append((middles[step][axis] - center[axis]) * scale) }
        }
      }
    }
    return result
  }

  private func distances(_ frame: [Float], _ scale: Float, _ result: inout [Float]) {
    let axes = layout.dimensions
    for one in 0..<layout.joints {
      for other in one + 1..<layout.joints {
        var square: Float = 0
        for axis in 0..<axes {
          let difference = frame[one * axes + axis] - frame[other * axes + axis]
          square += difference * difference
        }
        result.append(square.squareRoot() * scale)
      }
    }
  }
}
