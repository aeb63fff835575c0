import UnrollCore

/// How the next token is drawn from logits: sharpened or flattened by a temperature, and cut to the likeliest.
///
/// The order is temperature, then `topK`, then `topP`. Equal logits and equal randomness give the same token on every
/// machine: probabilities are computed in double precision and of equals the smaller index comes first. A logit that
/// is not a number counts as −∞.
public struct TokenSampler: Sendable, Equatable {
  /// p ∝ e^(logit / temperature); 0: always the likeliest.
  public var temperature: Double
  /// Only the k likeliest tokens; `nil`: all.
  public var topK: Int?
  /// Only the smallest set of likeliest tokens whose probabilities sum to at least this (nucleus sampling; Holtzman et
  /// al. 2020, section 3.1); `nil`: all.
  public var topP: Double?

  public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  /// A token that may be drawn.
  public struct Candidate: Sendable, Equatable {
    public let token: Int
    /// Its probability among the candidates.
    public let probability: Double
  }

  /// The likeliest token; of equals the first, and 0 where there is none.
  public static func best(_ logits: UnsafeBufferPointer<Float>) -> Int {
    var best = 0
    for index in logits.indices where !logits[index].isNaN {
      if logits[best].isNaN || logits[index] > logits[best] { best = index }
    }
    return best
  }

  /// What may be drawn, with probabilities that sum to 1; likeliest first where a cut applies, else in the order of
  /// tokens.
  public func candidates(_ logits: UnsafeBufferPointer<Float>) -> [Candidate] {
    guard !logits.isEmpty else { return [] }
    let top = Self.best(logits)
    guard temperature > 0, logits[top].isFinite else { return [Candidate(token: top, probability: 1)] }
    let most = Double(logits[top])
    var weighted: [Candidate] = []
    weighted.reserveCapacity(logits.count)
    for (token, logit) in logits.enumerated() {
      let weight = logit.isNaN ? 0 : exponential((Double(logit) - most) / temperature)
      if weight > 0 { weighted.append(Candidate(token: token, probability: weight)) }
    }
    if let topK, topK < weighted.count {
      weighted = Self.sorted(Self.likeliest(max(1, topK), of: weighted))
    }
    if let topP, topP < 1 { weighted = Self.nucleus(weighted, topP) }
    let total = weighted.reduce(0) { $0 + $1.probability }
    return weighted.map { Candidate(token: $0.token, probability: $0.probability / total) }
  }

  /// Draws a token.
  ///
  /// - Parameter logits: one a token; at least one.
  public func callAsFunction(
    _ logits: UnsafeBufferPointer<Float>, using random: inout RandomSource
  ) -> Int {
    let candidates = candidates(logits)
    guard candidates.count > 1 else { return candidates.first?.token ?? 0 }
    var rest = Double(random.next() >> 11) * 0x1p-53
    for candidate in candidates {
      rest -= candidate.probability
      if rest < 0 { return candidate.token }
    }
    return candidates[candidates.count - 1].token
  }

  /// Draws a token.
  public func callAsFunction(_ logits: [Float], using random: inout RandomSource) -> Int {
    logits.withUnsafeBufferPointer { callAsFunction($0, using: &random) }
  }

  private static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
    a.probability != b.probability ? a.probability > b.probability : a.token < b.token
  }

  private static func sorted(_ candidates: [Candidate]) -> [Candidate] { candidates.sorted(by: precedes) }

  /// The k first of the order, in any order: a heap of those kept, the last of the order on top.
  private static func likeliest(_ k: Int, of candidates: [Candidate]) -> [Candidate] {
    var heap: [Candidate] = []
    func sink(_ start: Int) {
      var parent = start
      while 2 * parent + 1 < heap.count {
        var child = 2 * parent + 1
        if child + 1 < heap.count, precedes(heap[child], heap[child + 1]) { child += 1 }
        guard precedes(heap[parent], heap[child]) else { return }
        heap.swapAt(parent, child)
        parent = child
      }
    }
    heap = Array(candidates.prefix(k))
    for parent in (0..<heap.count / 2).reversed() { sink(parent) }
    for candidate in candidates.dropFirst(k) where precedes(candidate, heap[0]) {
      heap[0] = candidate
      sink(0)
    }
    return heap
  }

  private static func nucleus(_ candidates: [Candidate], _ mass: Double) -> [Candidate] {
    let total = candidates.reduce(0) { $0 + $1.probability }
    // Below this, all that is less likely sums to less than what may be left out: it need not be sorted.
    let least = max(0, 1 - mass) * total / Double(candidates.count)
    let sorted = sorted(candidates.filter { $0.probability >= least })
    var sum = 0.0
    var count = 0
    while count < sorted.count && (count == 0 || sum < mass * total) {
      sum += sorted[count].probability
      count += 1
    }
    return Array(sorted[..<count])
  }
}
