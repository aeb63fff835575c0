import UnrollCore
import UnrollData
import UnrollNetworks

/// ln 10.
private let logTen = 2.302_585_092_994_045_7

extension NGramModel {
  /// The model of an ARPA file over tokens of the caller's.
  ///
  /// - Parameters:
  ///   - token: the token of a word, not negative; `nil`: it is never asked for, and what holds it is left out.
  /// - Throws: `NGramError` when nothing is left, or two words have one token.
  public init(_ file: ARPAModel, vocabularySize: Int, token: (String) -> Int32?) throws(NGramError) {
    let tokens = file.words.map { word -> Int32? in
      switch word {
      case "<s>": Special.start
      case "</s>": Special.end
      case "<unk>", "<UNK>": Special.unknown
      default: token(word)
      }
    }
    let entries = file.orders.lazy.flatMap { grams in
      (0..<grams.count).lazy.compactMap { index -> Entry? in
        let words = grams.words(index).compactMap { tokens[Int($0)] }
        guard words.count == grams.length else { return nil }
        return Entry(
          tokens: words, logProbability: logTen * grams.logProbabilities[index],
          backOff: logTen * grams.backOffs[index])
      }
    }
    try self.init(vocabularySize: vocabularySize, entries: entries)
  }
}

extension ARPAModel {
  /// A model in the form of an ARPA file.
  ///
  /// - Parameter words: the word of each token of the vocabulary; none holds white space.
  public init(_ model: NGramModel, words: [String]) {
    let special = [
      NGramModel.Special.start: "<s>", NGramModel.Special.end: "</s>", NGramModel.Special.unknown: "<unk>",
    ]
    self.init(words: [], orders: (1...max(1, model.order)).map { Grams(length: $0) })
    var places: [Int32: Int32] = [:]
    for entry in model.entries {
      if entry.tokens.count == 1 {
        places[entry.tokens[0]] = Int32(self.words.count)
        self.words.append(special[entry.tokens[0]] ?? words[Int(entry.tokens[0])])
      }
      // The format knows no sequence whose words have no entry of their own.
      let known = entry.tokens.compactMap { places[$0] }
      guard known.count == entry.tokens.count else { continue }
      orders[entry.tokens.count - 1].append(
        known, logProbability: entry.logProbability / logTen, backOff: entry.backOff / logTen)
    }
  }
}
