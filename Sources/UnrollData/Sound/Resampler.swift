import UnrollCore

/// Changes the sample rate of one channel, piece by piece: the bits do not depend on the pieces.
///
/// With x at the old rate, y at the new one, and r = new / old,
///
///     y[n] = Σₖ x[k] · h(n / r − k),    h(t) = g · c · sinc(c · t) · w(t / s),    c = 0.96 · min(1, r)
///
/// where w is Kaiser's window and s its half width, 80 samples at the lower of the two rates. What lies below 0.92 of
/// the lower Nyquist frequency is kept, and what would fold back is gone, both to −100 dB. For each of the fractional
/// parts of n / r the taps are scaled by g to the sum 1. Before its start and behind its end, sound is silent;
/// ⌈frames · r⌉ frames come out, of which the first stands where the first stood.
public struct Resampler: Sendable {
  /// Rates whose ratio lies beyond this are not converted.
  public static let highestRatio = 256

  /// old / new in lowest terms: `step` old samples for every `scale` new ones.
  private let step: Int
  private let scale: Int
  private let half: Int
  private let taps: Int
  /// `[rows, taps]`: the taps for the fractional parts 0/rows, 1/rows and so on; one more where rows are interpolated.
  private let table: [Float]
  private let rows: Int
  private let isInterpolated: Bool

  /// Samples from `half − 1` before the centre of the next output on.
  private var history: [Float]
  /// Where in the history the taps of the next output start, and the fractional part of its place, in 1/scale.
  private var start = 0
  private var fraction = 0
  /// The old sample at or before the place of the next output, and how many old samples came.
  private var centre = 0
  private var pushed = 0

  /// - Throws: When the ratio of the rates lies beyond `highestRatio`.
  public init(from old: Int, to new: Int) throws(DataError) {
    guard old > 0, new > 0, old / Self.highestRatio <= new, new / Self.highestRatio <= old else {
      throw .badSound(
        "sound", "sample rates of at most \(Self.highestRatio) to 1", "\(old) Hz to become \(new) Hz")
    }
    let divisor = Self.greatestDivisor(old, new)
    (step, scale) = (old / divisor, new / divisor)
    let ratio = min(1, Double(scale) / Double(step))
    half = Int((Self.crossings / ratio).rounded(.up))
    // A multiple of eight is summed in whole vectors.
    taps = (2 * half + 7) / 8 * 8
    let fine = max(16, Int(1024 * ratio))
    isInterpolated = scale > fine
    rows = isInterpolated ? fine : scale
    table = scale == step ? [] : Self.table(ratio: ratio, half: half, taps: taps, rows: rows, isInterpolated)
    history = [Float](repeating: 0, count: scale == step ? 0 : half - 1)
  }

  private static let crossings = 80.0
  /// Kaiser's β for 100 dB.
  private static let shape = 0.1102 * (100 - 8.7)

  private static func greatestDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestDivisor(b, a % b) }

  private static func table(
    ratio: Double, half: Int, taps: Int, rows: Int, _ isInterpolated: Bool
  ) -> [Float] {
    let cutoff = 0.96 * ratio
    let width = crossings / ratio
    var table: [Float] = []
    table.reserveCapacity((rows + 1) * taps)
    for row in 0..<(isInterpolated ? rows + 1 : rows) {
      let values = (0..<taps).map { tap -> Double in
        let t = Double(row) / Double(rows) + Double(half - 1 - tap)
        let place = t / width
        guard abs(place) < 1 else { return 0 }
        let angle = Double.pi * cutoff * t
        let sinc = t == 0 ? 1 : sine(angle) / angle
        return sinc * Window.besselI0(shape * (1 - place * place).squareRoot())
      }
      let sum = values.reduce(0, +)
      table += values.map { Float($0 / sum) }
    }
    return table
  }

  /// Takes samples and gives those that are complete.
  public mutating func push(_ samples: [Float]) -> [Float] {
    if scale == step { return samples }
    pushed += samples.count
    history += samples
    return outputs(until: Int.max)
  }

  /// Gives what is left, as if silence followed, and is as new then.
  public mutating func finish() -> [Float] {
    if scale == step { return [] }
    history += [Float](repeating: 0, count: taps)
    let rest = outputs(until: pushed)
    history = [Float](repeating: 0, count: half - 1)
    (start, fraction, centre, pushed) = (0, 0, 0, 0)
    return rest
  }

  /// All outputs whose taps are there and whose centre lies before `end`.
  private mutating func outputs(until end: Int) -> [Float] {
    var result: [Float] = []
    let ready = history.count - start - taps + 1
    if ready > 0 { result.reserveCapacity(min(ready, 1 << 24) / step * scale + scale) }
    while start + taps <= history.count, centre < end {
      result.append(output())
      let next = fraction + step
      start += next / scale
      centre += next / scale
      fraction = next % scale
    }
    let used = min(start, history.count)
    if used > 1 << 14 || used == history.count {
      history.removeFirst(used)
      start -= used
    }
    return result
  }

  private func output() -> Float {
    guard isInterpolated else { return dot(row: fraction) }
    let place = Double(fraction) / Double(scale) * Double(rows)
    let row = min(Int(place), rows - 1)
    let part = Float(place - Double(row))
    return dot(row: row) * (1 - part) + dot(row: row + 1) * part
  }

  private func dot(row: Int) -> Float {
    let x = history.span.extracting(start..<(start + taps))
    let h = table.span.extracting((row * taps)..<(row * taps + taps))
    var sum = SIMD8<Float>.zero
    var tap = 0
    while tap &+ 8 <= x.count {
      for lane in 0..<8 { sum[lane] += x[tap &+ lane] * h[tap &+ lane] }
      tap &+= 8
    }
    return sum.sum()
  }
}

extension Sound {
  /// The sound at another rate, each channel by itself.
  ///
  /// - Throws: When the ratio of the rates lies beyond `Resampler.highestRatio`.
  public func resampled(to rate: Int) throws(DataError) -> Sound {
    if rate == sampleRate { return self }
    return try resampled(by: Resampler(from: sampleRate, to: rate), rate: rate)
  }

  /// The sound played faster by a factor, for more and other examples of speech: 0.9 and 1.1 are usual (Ko et al. 2015,
  /// "Audio augmentation for speech recognition"). Pitch rises with the speed.
  ///
  /// - Parameter percent: The speed, where 100 leaves everything as it is.
  public func atSpeed(percent: Int) throws(DataError) -> Sound {
    if percent == 100 { return self }
    return try resampled(by: Resampler(from: percent, to: 100), rate: sampleRate)
  }

  private func resampled(by resampler: Resampler, rate: Int) throws(DataError) -> Sound {
    let columns = (0..<channels).map { channel in
      var resampler = resampler
      let column =
        channels == 1 ? samples : ChannelChoice.channel(channel + 1).apply(samples, channels: channels)
      return resampler.push(column) + resampler.finish()
    }
    guard channels > 1, let count = columns.first?.count else {
      return Sound(samples: columns.first ?? [], sampleRate: rate, remarks: remarks)
    }
    let together = (0..<count).flatMap { frame in columns.map { $0[frame] } }
    return Sound(samples: together, sampleRate: rate, channels: channels, remarks: remarks)
  }
}
