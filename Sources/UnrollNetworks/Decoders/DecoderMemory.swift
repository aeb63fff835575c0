import UnrollCore

/// What an `AttentionDecoder` reads: the outputs of an encoder of any kind, prepared once for all steps.
public struct DecoderMemory: Sendable {
  /// The rows that attention looks at, sequences as given.
  public let attention: AttentionMemory
  /// The states before the first token, side by side, `[B, …]`, sequences as given.
  public let start: Variable
  /// What may be copied; `nil`: nothing.
  public let source: CopySource?
}

/// The tokens of sources that a decoder may copy, numbered beyond the vocabulary where that lacks them.
///
/// Of a vocabulary of V tokens, V + k is the k-th different token of a source that is not in it. Each source counts its
/// own: V + 0 of one is another token than V + 0 of the next.
public struct CopySource: Sendable, Equatable {
  /// For each source the number of each of its steps.
  public let ids: [[Int32]]
  /// The numbers beyond the vocabulary that any source uses.
  public let extraCount: Int
  /// V.
  public let vocabularySize: Int

  public init(_ ids: [[Int32]], vocabularySize: Int) {
    self.ids = ids
    self.vocabularySize = vocabularySize
    extraCount = max(0, Int(ids.joined().max() ?? -1) + 1 - vocabularySize)
  }

  /// Sources in another order, or repeated.
  func selecting(_ sources: [Int]) -> CopySource {
    CopySource(ids: sources.map { ids[$0] }, extraCount: extraCount, vocabularySize: vocabularySize)
  }

  private init(ids: [[Int32]], extraCount: Int, vocabularySize: Int) {
    self.ids = ids
    self.extraCount = extraCount
    self.vocabularySize = vocabularySize
  }
}

/// The tokens of one source that a vocabulary lacks, numbered beyond it.
public struct ExtraTokens<Token: Hashable & Sendable>: Sendable {
  /// Token V + k at k.
  public private(set) var tokens: [Token] = []
  private var numbers: [Token: Int32] = [:]
  /// V.
  public let vocabularySize: Int

  /// - Parameter vocabularySize: V.
  public init(vocabularySize: Int) { self.vocabularySize = vocabularySize }

  /// The numbers of a source's tokens: their ids, or new numbers of their own where they are unknown.
  public mutating func source(_ ids: [Int32], _ spelled: [Token], unknown: Int32) -> [Int32] {
    zip(ids, spelled).map { id, token in
      guard id == unknown else { return id }
      if let number = numbers[token] { return number }
      let number = Int32(vocabularySize + tokens.count)
      numbers[token] = number
      tokens.append(token)
      return number
    }
  }

  /// The numbers of a target's tokens: where one is unknown and the source holds it, the source's.
  public func target(_ ids: [Int32], _ spelled: [Token], unknown: Int32) -> [Int32] {
    zip(ids, spelled).map { id, token in id == unknown ? numbers[token] ?? id : id }
  }

  /// The token of a number beyond the vocabulary.
  public subscript(number: Int32) -> Token? {
    let index = Int(number) - vocabularySize
    return tokens.indices.contains(index) ? tokens[index] : nil
  }
}
