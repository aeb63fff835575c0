/// A source of random numbers that is passed in, saved and resumed: there is no global one.
///
/// xoshiro256** of Blackman and Vigna (2018, "Scrambled linear pseudorandom number generators"), seeded by
/// SplitMix64. Equal seeds give equal numbers on every machine.
public struct RandomSource: RandomNumberGenerator, Sendable, Equatable, Codable {
  private var state: [UInt64]
  private enum CodingKeys: CodingKey { case state }

  /// A source that is a function of the seed alone.
  public init(seed: UInt64) {
    var mixer = seed
    state = (0..<4).map { _ in
      mixer &+= 0x9E37_79B9_7F4A_7C15
      var z = mixer
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// Takes up a stored source.
  ///
  /// - Throws: `DecodingError` for what is no state of one: it would end the process, or give zeros for ever.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    state = try container.decode([UInt64].self, forKey: .state)
    guard state.count == 4, state.contains(where: { $0 != 0 }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .state, in: container, debugDescription: "\(state.count) numbers that are no state")
    }
  }

  public mutating func next() -> UInt64 {
    func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotate(state[1] &* 5, 7) &* 9
    let t = state[1] << 17
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= t
    state[3] = rotate(state[3], 45)
    return result
  }

  /// A new source, independent of what this one gives from now on.
  public mutating func split() -> RandomSource { RandomSource(seed: next()) }

  /// Uniform in `[0, 1)`, in steps of 2⁻²⁴.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Normal with mean 0 and variance 1, by the polar method of Marsaglia.
  public mutating func normal() -> Float {
    while true {
      let u = 2 * Double(next() >> 11) * 0x1p-53 - 1
      let v = 2 * Double(next() >> 11) * 0x1p-53 - 1
      let s = u * u + v * v
      if s > 0 && s < 1 { return Float(u * (-2 * naturalLogarithm(s) / s).squareRoot()) }
    }
  }

  /// Uniform in `0 ..< bound`, without bias.
  public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

extension Tensor {
  /// Independent uniform numbers in a range.
  public static func uniform(
    _ range: ClosedRange<Float>, shape: Shape, using random: inout RandomSource
  ) -> Tensor {
    let width = range.upperBound - range.lowerBound
    return Tensor(
      (0..<shape.count).map { _ in range.lowerBound + width * random.uniform() }, shape: shape)
  }

  /// Independent normal numbers.
  public static func normal(
    mean: Float = 0, deviation: Float = 1, shape: Shape, using random: inout RandomSource
  ) -> Tensor {
    Tensor((0..<shape.count).map { _ in mean + deviation * random.normal() }, shape: shape)
  }
}
