import UnrollCore
import UnrollData
import UnrollNetworks

/// Pairs of token sequences, held compactly: four bytes a token.
struct TokenPairs: Sendable {
  private var sourceIds: [Int32] = []
  private var targetIds: [Int32] = []
  private var sourceEnds: [Int] = []
  private var targetEnds: [Int] = []

  var count: Int { sourceEnds.count }
  /// Tokens of the target sides, an end token each included.
  var targetTokens: Int { targetIds.count + count }
  var sourceTokens: Int { sourceIds.count }
  private(set) var longestSource = 0
  /// The largest target for a source of any length, as a line above them: see `TranslationLimit`.
  private(set) var longestTarget = 0

  mutating func append(source: [Int32], target: [Int32]) {
    sourceIds += source
    targetIds += target
    sourceEnds.append(sourceIds.count)
    targetEnds.append(targetIds.count)
    longestSource = max(longestSource, source.count)
    longestTarget = max(longestTarget, target.count)
  }

  func source(_ index: Int) -> ArraySlice<Int32> {
    sourceIds[(index == 0 ? 0 : sourceEnds[index - 1])..<sourceEnds[index]]
  }

  func target(_ index: Int) -> ArraySlice<Int32> {
    targetIds[(index == 0 ? 0 : targetEnds[index - 1])..<targetEnds[index]]
  }

  /// Tokens of both sides.
  func length(_ index: Int) -> Int { source(index).count + target(index).count + 1 }
}

/// Pairs as a network reads them: sources, targets behind the begin token, and what is to be said.
struct TranslationBatch: Sendable {
  let source: TokenBatch
  let target: TokenBatch
  /// The token to say at each packed row of the target.
  let labels: [Int32]

  init(_ pairs: TokenPairs, _ indices: [Int]) {
    source = TokenBatch(indices.map { Array(pairs.source($0)) })
    target = TokenBatch(indices.map { [SpecialToken.begin.id] + pairs.target($0) })
    labels = target.layout.packing(indices.map { pairs.target($0) + [SpecialToken.end.id] })
  }
}
