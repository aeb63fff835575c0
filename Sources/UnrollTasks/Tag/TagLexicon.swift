import UnrollCore
import UnrollData
import UnrollNetworks

/// What a tagger knows of words before it reads a sentence: tables of words, characters, affixes and shapes.
package struct TagLexicon: Sendable {
  /// Whole words, in small letters.
  package let words: WordTokenizer
  let characters: CharacterTokenizer
  /// Affixes and shapes, by the names that `WordShape` gives them.
  let features: WordTokenizer
  let prefixes: Int
  let suffixes: Int

  /// A word as a network reads it.
  struct Form: Sendable {
    /// The word's id.
    let word: Int32
    /// The ids of its characters, of a very long word those at its ends.
    var characters: [Int32]
    /// The ids of its affixes and its shape, as many for every word.
    var features: [Int32]
  }

  /// The most characters of a word that are read, half of them at either end.
  static let longestWord = 40
  /// An affix, a shape or a character that occurs in fewer different words is unknown.
  private static let rarest = 2

  /// Tables of the words of sentences.
  init(_ sentences: some Sequence<[String]>, _ settings: TagSettings) {
    var words = WordTokenizer.Trainer(splitting: .whitespace, lowercases: true)
    var characters = CharacterTokenizer.Trainer()
    var features = WordTokenizer.Trainer(splitting: .whitespace)
    var seen: Set<String> = []
    for word in sentences.joined() {
      words.add(word: word)
      guard seen.insert(word).inserted else { continue }
      characters.add(word)
      for feature in WordShape.features(word, prefixes: settings.prefixes, suffixes: settings.suffixes) {
        features.add(word: feature)
      }
    }
    self.init(
      words: words.finish(minimumCount: settings.minimumCount),
      characters: characters.finish(minimumCount: Self.rarest),
      features: features.finish(minimumCount: Self.rarest), prefixes: settings.prefixes,
      suffixes: settings.suffixes)
  }

  init(
    words: WordTokenizer, characters: CharacterTokenizer, features: WordTokenizer, prefixes: Int,
    suffixes: Int
  ) {
    self.words = words
    self.characters = characters
    self.features = features
    self.prefixes = prefixes
    self.suffixes = suffixes
  }

  /// A word in ids.
  func form(_ word: String) -> Form {
    var ids = characters.encode(word)
    if ids.count > Self.longestWord {
      ids = ids.prefix(Self.longestWord / 2) + ids.suffix(Self.longestWord / 2)
    }
    return Form(
      word: words.encode(words: [word])[0], characters: ids,
      features: features.encode(
        words: WordShape.features(word, prefixes: prefixes, suffixes: suffixes)))
  }
}

/// Sentences as places in a list of the different words that they hold.
struct TagWords: Sendable {
  /// The id of each different word.
  private(set) var ids: [Int32] = []
  /// How each of them is written.
  private(set) var forms = TokenForms()
  var sentences: [[Int32]] = []

  init(_ sentences: some Sequence<some Sequence<String>>, _ lexicon: TagLexicon) {
    var places: [String: Int32] = [:]
    self.sentences = sentences.map { sentence in
      sentence.map { word in
        if let place = places[word] { return place }
        let place = Int32(ids.count)
        places[word] = place
        let form = lexicon.form(word)
        ids.append(form.word)
        forms.characters.append(form.characters)
        forms.features.append(form.features)
        return place
      }
    }
  }

  /// Some sentences as a network reads them.
  func batch(_ chosen: [Int]) -> TokenBatch {
    let places = chosen.map { sentences[$0] }
    return TokenBatch(places.map { $0.map { ids[Int($0)] } }, places: places, of: forms)
  }
}
