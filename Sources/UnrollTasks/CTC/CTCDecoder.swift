import UnrollCore
import UnrollData
import UnrollNetworks

/// A text that was read off steps, and where its parts stand.
public struct CTCText: Sendable, Equatable {
  /// A symbol or a word.
  public struct Mark: Sendable, Equatable {
    public let text: String
    /// From the first of its steps to before the end.
    public let steps: Range<Int>
    /// The mean probability of its symbols.
    public let confidence: Double
  }

  public let text: String
  /// The mean probability of the symbols; where there are none, of the blank.
  public let confidence: Double
  public let symbols: [Mark]
  public let words: [Mark]
}

/// Finds texts in ln p of each class at each step.
struct CTCDecoder: Sendable {
  private enum Search: Sendable {
    case greedy
    case beam(CTCBeamSearch<NoScorer>)
    case characters(CTCBeamSearch<NGramScorer>)
    case words(CTCBeamSearch<LexiconScorer<NGramScorer>>)
  }

  private let alphabet: CTCAlphabet
  private let search: Search

  /// - Throws: `DataError` when files cannot be read; `SettingError` when the model knows nothing of the language.
  init(
    _ preparation: CTCPreparation, _ options: CTCSearch = CTCSearch(), _ calibration: CTCCalibration? = nil
  ) throws {
    alphabet = preparation.alphabet
    switch options.language {
    case .none:
      search = options.width == 1 ? .greedy : .beam(CTCBeamSearch(width: options.width))
    case .characters:
      guard let model = preparation.characters else {
        throw SettingError(
          "language", expected: "a model of characters, learned with character-order above 0", found: "none")
      }
      let weights = Self.weights(options, calibration?.characters)
      search = .characters(
        CTCBeamSearch(
          width: options.width,
          scorer: NGramScorer(model, weight: weights.weight, bonus: weights.bonus)))
    case .words:
      let scorer = try Self.words(preparation, options, Self.weights(options, calibration?.words))
      search = .words(CTCBeamSearch(width: options.width, scorer: scorer))
    }
  }

  private static func weights(
    _ options: CTCSearch, _ found: CTCCalibration.Weights?
  ) -> CTCCalibration.Weights {
    let found = found ?? CTCCalibration.Weights()
    return CTCCalibration.Weights(
      weight: options.languageWeight ?? found.weight, bonus: options.lengthBonus ?? found.bonus)
  }

  private static func words(
    _ preparation: CTCPreparation, _ options: CTCSearch, _ weights: CTCCalibration.Weights
  ) throws -> LexiconScorer<NGramScorer> {
    guard let arpa = try options.languageModel.map({ try ARPAModel(path: $0) }) ?? preparation.words else {
      throw SettingError(
        "language", expected: "a model of words, learned with word-order above 0, or a language-model",
        found: "none")
    }
    let alphabet = preparation.alphabet
    var (words, ids): ([String], [String: Int32]) = ([], [:])
    func add(_ word: String) {
      // A word with a character that the network does not know cannot be written.
      guard !word.isEmpty, alphabet.missing(in: [word]).isEmpty, ids[word] == nil else { return }
      ids[word] = Int32(words.count)
      words.append(word)
    }
    for word in arpa.words where !["<s>", "</s>", "<unk>", "<UNK>"].contains(word) { add(word) }
    if let path = options.lexicon {
      var reader = LineReader(try ByteSource(path: path))
      while let line = try reader.nextText() { add(CTCAlphabet.normalized(line, lowercase: false)) }
    }
    guard !words.isEmpty else {
      throw DataError(
        .emptyFile, file: options.lexicon ?? options.languageModel ?? "the model of words",
        expected: "words of characters that the model can write", found: "none")
    }
    let model = try NGramModel(arpa, vocabularySize: words.count) { ids[$0] }
    let scorer = NGramScorer(model, weight: weights.weight, bonus: weights.bonus)
    return LexiconScorer(
      Lexicon(words.map(alphabet.encode)), words: scorer,
      // Texts of single words have no separator: a class that never comes.
      separator: alphabet.space ?? -2, lookAhead: scorer.lookAhead(words.count))
  }

  /// - Parameter logProbabilities: `[T, K + 1]`.
  func callAsFunction(_ logProbabilities: Tensor) -> CTCText {
    let found: [DecodedSymbols]
    switch search {
    case .greedy: return text(CTCGreedyDecoder.decode(logProbabilities), logProbabilities)
    case .beam(let search): found = search(logProbabilities)
    case .characters(let search): found = search(logProbabilities)
    case .words(let search): found = search(logProbabilities)
    }
    let symbols = found.first?.symbols ?? []
    // What a search found has a path; only a table that is too large has no alignment.
    let placed = (try? CTCAlignment(logProbabilities, symbols).labels) ?? []
    return placed.count == symbols.count
      ? text(placed, logProbabilities)
      : text(symbols.map { PlacedSymbol(symbol: $0, steps: 0..<0, confidence: 0) }, logProbabilities)
  }

  private func text(_ placed: [PlacedSymbol], _ logProbabilities: Tensor) -> CTCText {
    // White space at the ends, and twice, says nothing.
    var kept: [PlacedSymbol] = []
    for symbol in placed {
      let isSpace = symbol.symbol == alphabet.space
      if isSpace, kept.last.map({ $0.symbol == alphabet.space }) ?? true { continue }
      kept.append(symbol)
    }
    if let last = kept.last, last.symbol == alphabet.space { kept.removeLast() }
    let words = kept.split { $0.symbol == alphabet.space }.map { mark(Array($0)) }
    let confidence =
      kept.isEmpty
      ? Self.blankProbability(logProbabilities) : kept.reduce(0) { $0 + $1.confidence } / Double(kept.count)
    return CTCText(
      text: alphabet.decode(kept.map(\.symbol)), confidence: confidence, symbols: kept.map { mark([$0]) },
      words: words)
  }

  private func mark(_ symbols: [PlacedSymbol]) -> CTCText.Mark {
    CTCText.Mark(
      text: alphabet.decode(symbols.map(\.symbol)),
      steps: symbols[0].steps.lowerBound..<symbols[symbols.count - 1].steps.upperBound,
      confidence: symbols.reduce(0) { $0 + $1.confidence } / Double(symbols.count))
  }

  private static func blankProbability(_ logProbabilities: Tensor) -> Double {
    let (steps, classes) = (logProbabilities.shape.rows, logProbabilities.shape.columns)
    guard steps > 0, classes > 0 else { return 1 }
    let elements = logProbabilities.elements
    return (0..<steps).reduce(0) { $0 + exponential(Double(elements[$1 * classes])) } / Double(steps)
  }
}
