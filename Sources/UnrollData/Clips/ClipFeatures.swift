import UnrollCore

/// How the frames of clips become features on one scale, learned from what is trained on.
///
/// | frames | features |
/// |---|---|
/// | poses | see `PoseFeatures` |
/// | other values | the values, and their change since the frame before |
/// | pictures | the pixels less the mean of their clip, and their change since the frame before |
///
/// Of what is missing, the value of the frame before stands in, or of the first after it. Features have mean 0; those of a
/// kind share a deviation of 1, so that what hardly changes is not blown up.
package struct ClipFeatures: Sendable, Codable, Equatable {
  /// The values of a frame: names are not compared, for they may be written otherwise elsewhere.
  package let values: Int
  /// The size of pictures.
  package let width: Int?
  package let height: Int?
  /// How poses are looked at; `nil`: the frames are none.
  package let poses: PoseFeatures?
  /// The frames that each clip is brought to, evenly spaced; `nil`: as many as it has.
  package let steps: Int?
  private var means: [Float] = []
  private var deviations: [Float] = []

  /// Learns the scales.
  ///
  /// - Parameters:
  ///   - clips: at least one, all of the same frames.
  ///   - layout: where coordinates stand; `nil`: the values are no poses.
  ///   - steps: the frames that each clip is brought to.
  package init(
    of clips: [VideoClip], layout: PoseLayout?, parts: [PosePart] = PosePart.allCases, spans: [Int] = [1, 3],
    steps: Int? = nil
  ) {
    let frame = clips.first?.frame ?? .values([])
    values = frame.count
    if case .picture(let width, let height) = frame {
      (self.width, self.height) = (width, height)
    } else {
      (width, height) = (nil, nil)
    }
    poses = layout.map { PoseFeatures(layout: $0, parts: parts, spans: spans) }
    self.steps = steps
    learnScales(clips)
  }

  /// The number of features of a step.
  package var featureCount: Int { groups.reduce(0, +) }

  /// The number of features of each kind; those of other values are of a kind each.
  private var groups: [Int] {
    if let poses { return poses.widths }
    return width == nil ? Array(repeating: 1, count: 2 * values) : [values, values]
  }

  private mutating func learnScales(_ clips: [VideoClip]) {
    let count = featureCount
    var (sums, squares) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var numbers = sums
    var none: RandomSource?
    for clip in clips {
      let (rows, _) = raw(clip, nil, random: &none)
      for (place, value) in rows.enumerated() where value.isFinite {
        sums[place % count] += Double(value)
        squares[place % count] += Double(value) * Double(value)
        numbers[place % count] += 1
      }
    }
    let exact = zip(sums, numbers).map { $0 / max(1, $1) }
    means = exact.map { Float($0) }
    deviations = []
    var first = 0
    for group in groups {
      var variance = 0.0
      for place in first..<first + group {
        variance += max(0, squares[place] / max(1, numbers[place]) - exact[place] * exact[place])
      }
      let deviation = (variance / Double(max(1, group))).squareRoot()
      let size = exact[first..<first + group].reduce(0) { max($0, abs($1)) }
      // What never changes carries nothing; dividing by its rounding would make it shout.
      deviations += Array(repeating: deviation > 1e-6 * max(1, size) ? Float(deviation) : 1, count: group)
      first += group
    }
  }

  /// The features of a clip, `[steps, featureCount]`, and for each step the frame that it is made of.
  ///
  /// - Parameter noise: makes it another one of its kind, where randomness is given.
  package func callAsFunction(
    _ clip: VideoClip, _ noise: ClipAugmentation? = nil, random: inout RandomSource?
  ) -> (rows: [Float], frames: [Int]) {
    var (rows, frames) = raw(clip, noise, random: &random)
    let count = featureCount
    let level = random == nil ? 0 : noise?.noise ?? 0
    for place in rows.indices {
      let value = (rows[place] - means[place % count]) / deviations[place % count]
      // Far beyond what was trained on, a number says no more than that.
      rows[place] = value.isNaN ? 0 : min(max(value, -Self.most), Self.most)
      if level > 0 { rows[place] += level * random!.normal() }
    }
    return (rows, frames)
  }

  private static let most: Float = 50

  /// The number of steps of a clip without noise.
  package func stepCount(_ clip: VideoClip) -> Int { clip.steps == 0 ? 0 : steps ?? clip.steps }

  /// Features before they are brought to one scale.
  private func raw(
    _ clip: VideoClip, _ noise: ClipAugmentation?, random: inout RandomSource?
  ) -> (rows: [Float], frames: [Int]) {
    guard clip.steps > 0 else { return ([], []) }
    let width = poses?.layout.places.count ?? values
    var own = poses?.coordinates(clip.values, width: values, steps: clip.steps) ?? clip.values
    fill(&own, width: width, steps: clip.steps)
    var places: [Float]?
    if var source = random, let noise {
      places = noise.places(steps: clip.steps, count: steps, random: &source)
      random = source
    } else if let steps {
      let last = Float(clip.steps - 1)
      places = (0..<steps).map { steps > 1 ? min(last, last * Float($0) / Float(steps - 1)) : last / 2 }
    }
    if let places { own = Self.read(own, width: width, at: places) }
    let count = places?.count ?? clip.steps
    let frames = places.map { $0.map { Int($0.rounded()) } } ?? Array(0..<clip.steps)
    if var source = random, let noise {
      if let poses {
        own = poses.varied(own, steps: count, noise, random: &source)
      } else if noise.mirror, let across = self.width, source.uniform() < 0.5 {
        own = own.indices.map { own[$0 / across * across + across - 1 - $0 % across] }
      }
      random = source
    }
    return (poses?(own, steps: count) ?? changes(own, steps: count), frames)
  }

  /// Puts the value before, or else the first after it, in the place of what is missing. What is missing in all of a clip
  /// stays so, but for poses, whose joints then lie at 0.
  private func fill(_ rows: inout [Float], width: Int, steps: Int) {
    guard rows.contains(where: \.isNaN) else { return }
    for column in 0..<width {
      var last = Float.nan
      for step in 0..<steps {
        let place = step * width + column
        if rows[place].isNaN { rows[place] = last } else { last = rows[place] }
      }
      let first = (0..<steps).first { !rows[$0 * width + column].isNaN }
      for step in 0..<(first ?? steps) {
        rows[step * width + column] = first.map { rows[$0 * width + column] } ?? (poses == nil ? .nan : 0)
      }
    }
  }

  /// Rows at places between rows, by straight lines.
  private static func read(_ rows: [Float], width: Int, at places: [Float]) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(places.count * width)
    let last = rows.count / max(1, width) - 1
    for place in places {
      let before = min(max(0, Int(place)), last)
      let after = min(before + 1, last)
      let share = place - Float(before)
      for column in 0..<width {
        let (a, b) = (rows[before * width + column], rows[after * width + column])
        result.append(share == 0 ? a : a + share * (b - a))
      }
    }
    return result
  }

  /// Values and their change. Of pictures the mean of the clip is taken away first: how bright it is says little.
  private func changes(_ rows: [Float], steps: Int) -> [Float] {
    var level: Float = 0
    if width != nil { level = Float(rows.reduce(0.0) { $0 + Double($1) } / Double(max(1, rows.count))) }
    var result: [Float] = []
    result.reserveCapacity(2 * rows.count)
    for step in 0..<steps {
      let (own, before) = (step * values, max(0, step - 1) * values)
      for column in 0..<values { result.append(rows[own + column] - level) }
      for column in 0..<values { result.append(rows[own + column] - rows[before + column]) }
    }
    return result
  }

  /// Whether what a file holds makes features.
  package var isSound: Bool {
    (1...1_000_000).contains(values) && (width == nil) == (height == nil)
      && (width.map {
        $0 > 0 && (height ?? 0) > 0 && $0.multipliedReportingOverflow(by: height ?? 0) == (values, false)
      } ?? true)
      && (steps.map { (1...100_000).contains($0) } ?? true)
      && (poses.map { poses in
        poses.layout.isSound(values: values) && !poses.parts.isEmpty
          && poses.spans.allSatisfy { (1...1000).contains($0) }
      } ?? true)
      && means.count == featureCount && deviations.count == featureCount && featureCount > 0
      && means.allSatisfy(\.isFinite) && deviations.allSatisfy { $0.isFinite && $0 > 0 }
  }
}
