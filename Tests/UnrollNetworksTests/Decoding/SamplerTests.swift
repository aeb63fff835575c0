import Testing
import UnrollCore
import UnrollNetworks

@Suite struct SamplerTests {
  private static let logits: [Float] = [1, 3, -.infinity, 2, 3, .nan, 0]

  private static func candidates(_ sampler: TokenSampler, _ logits: [Float] = logits) -> [TokenSampler
    .Candidate]
  {
    logits.withUnsafeBufferPointer { sampler.candidates($0) }
  }

  private static func probabilities(_ logits: [Double]) -> [Double] {
    let powers = logits.map(exponential)
    return powers.map { $0 / powers.reduce(0, +) }
  }

  @Test(arguments: [0.5, 1, 2.0]) func probabilitiesAreThoseOfTheSoftmax(_ temperature: Double) {
    let found = Self.candidates(TokenSampler(temperature: temperature))
    #expect(found.map(\.token) == [0, 1, 3, 4, 6])
    let expected = Self.probabilities([1, 3, 2, 3, 0].map { $0 / temperature })
    for (found, expected) in zip(found, expected) { #expect(abs(found.probability - expected) < 1e-12) }
  }

  @Test func cutsKeepTheLikeliest() {
    #expect(Self.candidates(TokenSampler(topK: 3)).map(\.token) == [1, 4, 3])
    #expect(Self.candidates(TokenSampler(topK: 1)).map(\.token) == [1])
    #expect(Self.candidates(TokenSampler(topK: 0)).map(\.token) == [1])
    #expect(Self.candidates(TokenSampler(topK: 100)).count == 5)
    // Probabilities 0.39, 0.39, 0.14, 0.05, 0.02.
    #expect(Self.candidates(TokenSampler(topP: 0.3)).map(\.token) == [1])
    #expect(Self.candidates(TokenSampler(topP: 0.5)).map(\.token) == [1, 4])
    #expect(Self.candidates(TokenSampler(topP: 0.9)).map(\.token) == [1, 4, 3])
    #expect(Self.candidates(TokenSampler(topP: 0)).map(\.token) == [1])
    #expect(Self.candidates(TokenSampler(topP: 1)).count == 5)
    // Of the three likeliest, two hold 0.85.
    #expect(Self.candidates(TokenSampler(topK: 3, topP: 0.8)).map(\.token) == [1, 4])
    #expect(Self.candidates(TokenSampler(temperature: 0)).map(\.token) == [1])
  }

  /// Against sorting everything, over sizes and cuts.
  @Test(arguments: [1, 7, 8, 9, 16, 33, 1000]) func cutsAgreeWithSorting(_ count: Int) {
    var random = RandomSource(seed: UInt64(count))
    // Few distinct logits: ties must fall to the smaller token.
    let logits = (0..<count).map { _ in Float(random.below(12)) / 2 }
    let all = Self.probabilities(logits.map(Double.init))
    let order = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
    for k in [1, 2, 5, count] {
      #expect(
        Self.candidates(TokenSampler(topK: k), logits).map(\.token).sorted() == order.prefix(k).sorted())
    }
    for p in [0.1, 0.5, 0.75, 0.99] {
      var (sum, kept): (Double, [Int]) = (0, [])
      for token in order where sum < p - 1e-12 {
        kept.append(token)
        sum += all[token]
      }
      #expect(Self.candidates(TokenSampler(topP: p), logits).map(\.token) == kept, "p = \(p)")
    }
  }

  @Test func drawsFollowTheProbabilities() {
    var random = RandomSource(seed: 3)
    let sampler = TokenSampler(temperature: 1.5, topK: 4, topP: 0.97)
    let expected = Self.candidates(sampler)
    var counts: [Int: Int] = [:]
    let draws = 20000
    for _ in 0..<draws { counts[sampler(Self.logits, using: &random), default: 0] += 1 }
    #expect(Set(counts.keys) == Set(expected.map(\.token)))
    for candidate in expected {
      let share = Double(counts[candidate.token] ?? 0) / Double(draws)
      // Five standard deviations of a share of 20 000 draws.
      #expect(abs(share - candidate.probability) < 5 * (0.25 / Double(draws)).squareRoot())
    }
    var (one, two) = (RandomSource(seed: 9), RandomSource(seed: 9))
    #expect(
      (0..<50).map { _ in sampler(Self.logits, using: &one) }
        == (0..<50).map { _ in sampler(Self.logits, using: &two) })
  }

  @Test func oddLogitsHaveAnAnswer() {
    var random = RandomSource(seed: 1)
    #expect(TokenSampler()([.nan, .nan], using: &random) == 0)
    #expect(TokenSampler()([-.infinity, -.infinity], using: &random) == 0)
    #expect(TokenSampler(topP: 0.5)([0, .infinity], using: &random) == 1)
    #expect(TokenSampler()([.nan, 2], using: &random) == 1)
    #expect(TokenSampler(temperature: 1e-300)([1, 2], using: &random) == 1)
    #expect(TokenSampler()([], using: &random) == 0)
  }
}
