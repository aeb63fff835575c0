extension Tokenizer {
  /// A tokenizer that knows all tokens of this one by the same ids, and behind them those of more texts.
  ///
  /// Byte pairs know every text and stay as they are.
  package func grown(
    by texts: some Sequence<String>, minimumCount: Int = 1, maximumSize: Int = .max
  ) throws(DataError) -> any Tokenizer {
    if let words = self as? WordTokenizer {
      let other = WordTokenizer.train(
        on: texts, splitting: words.splitting, lowercases: words.lowercases, minimumCount: minimumCount,
        normalizes: words.normalizes)
      return WordTokenizer(
        words.table.grown(by: other.table, maximumSize: maximumSize), splitting: words.splitting,
        lowercases: words.lowercases, normalizes: words.normalizes)
    }
    if let characters = self as? CharacterTokenizer {
      let other = CharacterTokenizer.train(on: texts, minimumCount: minimumCount)
      return CharacterTokenizer(characters.table.grown(by: other.table, maximumSize: maximumSize))
    }
    return self
  }
}

extension TokenTable {
  /// This table, and behind it what only the other has.
  fileprivate func grown(by other: TokenTable, maximumSize: Int) -> TokenTable {
    var table = self
    for id in SpecialToken.allCases.count..<max(SpecialToken.allCases.count, other.count)
    where table.count < maximumSize { table.insert(other[id]) }
    return table
  }
}
