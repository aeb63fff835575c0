import UnrollCore
import UnrollData
import UnrollNetworks

/// How much there is of pairs.
struct TokenTotals: Sendable {
  private(set) var count = 0
  private(set) var sourceTokens = 0
  /// An end token each included.
  private(set) var targetTokens = 0
  private(set) var longestSource = 0

  mutating func add(source: Int, target: Int) {
    count += 1
    sourceTokens += source
    targetTokens += target + 1
    longestSource = max(longestSource, source)
  }
}

/// Pairs of token sequences, held compactly: four bytes a token.
package struct TokenPairs: Sendable {
  private var sourceIds: [Int32] = []
  private var targetIds: [Int32] = []
  private var sourceEnds: [Int] = []
  private var targetEnds: [Int] = []
  private(set) var totals = TokenTotals()

  var count: Int { sourceEnds.count }

  package init() {}

  package mutating func append(source: [Int32], target: [Int32]) {
    sourceIds += source
    targetIds += target
    sourceEnds.append(sourceIds.count)
    targetEnds.append(targetIds.count)
    totals.add(source: source.count, target: target.count)
  }

  func source(_ index: Int) -> ArraySlice<Int32> {
    sourceIds[(index == 0 ? 0 : sourceEnds[index - 1])..<sourceEnds[index]]
  }

  func target(_ index: Int) -> ArraySlice<Int32> {
    targetIds[(index == 0 ? 0 : targetEnds[index - 1])..<targetEnds[index]]
  }

  /// Tokens of both sides, the end token included: what a batch is measured by.
  func length(_ index: Int) -> Int { source(index).count + target(index).count + 1 }
}

/// Pairs as a network reads them.
package struct TranslationBatch: Sendable {
  let source: TokenBatch
  let targets: DecoderTargets

  package init(_ pairs: TokenPairs, _ indices: [Int]) {
    source = TokenBatch(indices.map { Array(pairs.source($0)) })
    targets = DecoderTargets(
      indices.map { Array(pairs.target($0)) }, begin: SpecialToken.begin.id, end: SpecialToken.end.id)
  }

  init(_ pairs: TokenPairs) { self.init(pairs, Array(0..<pairs.count)) }
}
