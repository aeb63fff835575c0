/// Texts as ids, and each distinct token as the pieces that it is spelled with.
package struct SpelledTexts: Sendable {
  /// For each text, the id of each token.
  package var ids: [[Int32]] = []
  /// For each text, the place of each token in `spellings`; empty lists where tokens are read as wholes.
  package var forms: [[Int32]] = []
  /// The rows of the table of pieces that each distinct token is the mean of.
  package var spellings: [[Int32]] = []
  /// Texts that were longer than what is read of one.
  package var cut = 0

  package init() {}
}

/// Turns texts into ids, and words into rows of a table that pieces of words share.
package struct TextSpeller: Sendable {
  package let tokenizer: any Tokenizer
  /// The rows of the table of pieces; 0: tokens are read as wholes.
  package let pieces: Int
  package let maximumLength: Int

  package init(tokenizer: any Tokenizer, pieces: Int, maximumLength: Int) {
    self.tokenizer = tokenizer
    // What is cut into pieces already has no spelling of its own.
    self.pieces = tokenizer is WordTokenizer ? pieces : 0
    self.maximumLength = maximumLength
  }

  package func callAsFunction(_ texts: some Sequence<String>) -> SpelledTexts {
    var result = SpelledTexts()
    var places: [String: Int32] = [:]
    for text in texts {
      guard pieces > 0, let words = tokenizer as? WordTokenizer else {
        let ids = tokenizer.encode(text)
        if ids.count > maximumLength { result.cut += 1 }
        result.ids.append(Array(ids.prefix(maximumLength)))
        continue
      }
      let found = words.words(in: text)
      if found.count > maximumLength { result.cut += 1 }
      let read = found.prefix(maximumLength)
      result.ids.append(words.encode(words: read))
      result.forms.append(
        read.map { word in
          if let place = places[word] { return place }
          let place = Int32(result.spellings.count)
          result.spellings.append(spelling(word))
          places[word] = place
          return place
        })
    }
    return result
  }

  /// The tokens of a text as a person reads them, as many as are read.
  package func words(in text: String) -> [String] {
    if let words = tokenizer as? WordTokenizer { return Array(words.words(in: text).prefix(maximumLength)) }
    return tokenizer.encode(text).prefix(maximumLength).map { tokenizer.decode([$0]) }
  }

  /// The rows of all runs of three to five characters of a word between its marks of begin and end (Bojanowski et
  /// al. 2017, section 3.2), by the hash FNV-1a.
  private func spelling(_ word: String) -> [Int32] {
    // What is longer is no word, and its beginning tells enough.
    let letters = ["<"] + word.unicodeScalars.prefix(40).map { String($0) } + [">"]
    var rows: [Int32] = []
    for start in letters.indices {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for end in start..<min(start + 5, letters.count) {
        for byte in letters[end].utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        if end - start >= 2 { rows.append(Int32((hash >> 16) % UInt64(pieces))) }
      }
    }
    return rows
  }
}
