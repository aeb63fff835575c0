import UnrollCore

/// How much fits into a batch.
package struct BatchBudget: Sendable, Equatable {
  /// What counts as a token.
  package enum Counting: Sendable, Equatable {
    /// The tokens of the examples. Fits networks that do no work on padding.
    case real
    /// The longest example's tokens, once for each example.
    case padded
  }

  /// The most tokens in a batch. An example that is longer fills a batch alone.
  package let tokens: Int
  package let counting: Counting
  /// The most examples in a batch.
  package let examples: Int

  package init(tokens: Int, counting: Counting = .real, examples: Int = .max) {
    self.tokens = max(1, tokens)
    self.counting = counting
    self.examples = max(1, examples)
  }

  /// Whether a batch of `count` examples, `total` tokens and a longest one of `longest` is within the budget.
  fileprivate func allows(count: Int, total: Int, longest: Int) -> Bool {
    guard count <= examples else { return false }
    return counting == .real ? total <= tokens : longest <= tokens / count
  }
}

/// Groups examples of about equal length into batches, in an order that the random source decides.
///
/// Examples that come gather in a pool. A full pool is shuffled, sorted by length (the longest first, equals as
/// they were shuffled), cut into batches by the budget, and its batches are given out in a random order. Every
/// example is in exactly one batch. Examples without tokens count as one token.
///
/// Equal examples, budgets and sources give equal batches, on every machine.
package struct LengthBatcher<Example> {
  private let budget: BatchBudget
  private let poolTokens: Int
  private var random: RandomSource?
  private var pool: [(example: Example, length: Int)] = []
  private var tokens = 0

  /// - Parameters:
  ///   - pool: how many batches' tokens are sorted together; more mean more even lengths and more memory.
  ///   - random: nil keeps the order of the examples as far as sorting lets it, and the longest batch first.
  package init(_ budget: BatchBudget, pool: Int = 64, random: RandomSource?) {
    self.budget = budget
    let (tokens, overflow) = budget.tokens.multipliedReportingOverflow(by: max(1, pool))
    poolTokens = overflow ? .max : tokens
    self.random = random
  }

  /// Takes an example; the batches of a pool that it fills, or none.
  package mutating func add(_ example: Example, length: Int) -> [[Example]] {
    pool.append((example, max(1, length)))
    tokens += max(1, length)
    return tokens >= poolTokens ? finish() : []
  }

  /// The batches of all examples that wait.
  package mutating func finish() -> [[Example]] {
    if var source = random {
      pool.shuffle(using: &source)
      random = source
    }
    var batches: [[Example]] = []
    var batch: [Example] = []
    var (total, longest) = (0, 0)
    // Sorted with their places: the standard library does not promise a stable order.
    let order = pool.indices.sorted { (pool[$0].length, $1) > (pool[$1].length, $0) }
    for index in order {
      let (example, length) = pool[index]
      let most = max(longest, length)
      if !batch.isEmpty, !budget.allows(count: batch.count + 1, total: total + length, longest: most) {
        batches.append(batch)
        (batch, total, longest) = ([], 0, 0)
      }
      batch.append(example)
      (total, longest) = (total + length, max(longest, length))
    }
    if !batch.isEmpty { batches.append(batch) }
    (pool, tokens) = ([], 0)
    if var source = random {
      batches.shuffle(using: &source)
      random = source
    }
    return batches
  }

  /// The batches of an epoch over examples that are held in memory, as positions of their lengths.
  package static func epoch(
    lengths: [Int], _ budget: BatchBudget, pool: Int = 64, random: inout RandomSource
  ) -> [[Int]] where Example == Int {
    // The whole epoch is shuffled, then sorted pool by pool: batches differ from epoch to epoch.
    let order = Array(lengths.indices).shuffled(using: &random)
    var batcher = LengthBatcher<Int>(budget, pool: pool, random: random.split())
    var batches: [[Int]] = []
    for index in order { batches += batcher.add(index, length: lengths[index]) }
    batches += batcher.finish()
    return batches.shuffled(using: &random)
  }
}
