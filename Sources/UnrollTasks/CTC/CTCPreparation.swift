import UnrollData
import UnrollNetworks
import UnrollTraining

/// What a network knows of texts before it reads: the alphabet, and which characters and words follow which.
public struct CTCPreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    /// All symbols, in their order, as one text.
    var alphabet: String
    /// Whether models of characters and of words were learned.
    var characters: Bool
    var words: Bool
  }

  public let alphabet: CTCAlphabet
  /// Models of the texts; `nil` where none was learned.
  let characters: NGramModel?
  let words: ARPAModel?

  static let charactersFile = "characters.arpa"
  static let wordsFile = "words.arpa"

  /// Learns from texts.
  ///
  /// - Parameters:
  ///   - source: where they came from, for messages.
  ///   - known: symbols that are kept in their places.
  /// - Throws: `DataError` when no text holds a character.
  init(
    _ texts: [String], _ settings: CTCSettings, source: String, known: CTCAlphabet = CTCAlphabet([])
  ) throws {
    let texts = texts.map {
      CTCAlphabet.normalized($0, lowercase: settings.lowercase, form: settings.normalization)
    }
    alphabet = CTCAlphabet(known.symbols + known.missing(in: texts))
    guard !alphabet.symbols.isEmpty else {
      throw DataError(
        .emptyFile, file: source, expected: "texts to learn from",
        found: texts.isEmpty ? "none" : "\(texts.count) without a character")
    }
    characters = try Self.characters(texts, alphabet, order: settings.characterOrder)
    words = try Self.words(texts, order: settings.wordOrder)
  }

  private static func characters(
    _ texts: [String], _ alphabet: CTCAlphabet, order: Int
  ) throws -> NGramModel? {
    guard order > 0, !texts.isEmpty else { return nil }
    return try NGramModel.learn(
      sentences: texts.map(alphabet.encode), vocabularySize: alphabet.symbols.count + 1, order: order,
      smoothing: .wittenBell
    ).model
  }

  private static func words(_ texts: [String], order: Int) throws -> ARPAModel? {
    guard order > 0 else { return nil }
    let sentences = texts.map { $0.split(separator: " ").map { String($0) } }
    // What ARPA files name their own marks is no word.
    let words = Set(sentences.joined()).subtracting(["<s>", "</s>", "<unk>", "<UNK>"])
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard !words.isEmpty else { return nil }
    let ids = Dictionary(words.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    let model = try NGramModel.learn(
      sentences: sentences.map { $0.map { ids[$0] ?? NGramModel.Special.unknown } },
      vocabularySize: words.count, order: order
    ).model
    return ARPAModel(model, words: words)
  }

  /// The preparation with what it knows in its place, and the language of new texts.
  ///
  /// - Throws: what texts hold that the model cannot write, unless `grows`.
  func fit(
    to texts: [String], _ settings: CTCSettings, source: String, grows: Bool
  ) throws -> CTCPreparation {
    let normal = texts.map {
      CTCAlphabet.normalized($0, lowercase: settings.lowercase, form: settings.normalization)
    }
    let missing = alphabet.missing(in: normal)
    guard grows || missing.isEmpty else {
      throw DataError(
        .badLabel, file: source, expected: "characters that the model can write",
        found: missing.prefix(12).map { quoted(String($0)) }.joined(separator: ", ")
          + (missing.count > 12 ? " and \(missing.count - 12) more" : ""))
    }
    return try CTCPreparation(texts, settings, source: source, known: alphabet)
  }

  // MARK: Files

  public var stored: Stored {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: alphabet.symbols)
    return Stored(alphabet: String(text), characters: characters != nil, words: words != nil)
  }

  public var files: [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    if let characters { files[Self.charactersFile] = ARPAModel(characters, words: names).bytes }
    if let words { files[Self.wordsFile] = words.bytes }
    return files
  }

  /// The name of each class in an ARPA file, whose words hold no white space.
  private var names: [String] { ["<blank>"] + alphabet.symbols.map(Self.name) }
  private static func name(_ symbol: Unicode.Scalar) -> String { symbol == " " ? "<space>" : String(symbol) }

  /// - Throws: `ModelFileError` when what is stored is damaged.
  public init(_ stored: Stored, _ files: ModelFiles) throws {
    let symbols = Array(stored.alphabet.unicodeScalars)
    guard !symbols.isEmpty, Set(symbols).count == symbols.count else {
      throw files.damaged(
        "alphabet", expected: "different characters", found: "\(symbols.count) with repeats")
    }
    alphabet = CTCAlphabet(symbols)
    words = stored.words ? try Self.arpa(Self.wordsFile, files) : nil
    guard stored.characters else {
      characters = nil
      return
    }
    let arpa = try Self.arpa(Self.charactersFile, files)
    let classes = ["<blank>"] + symbols.map(Self.name)
    let ids = Dictionary(
      classes.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    do {
      characters = try NGramModel(arpa, vocabularySize: classes.count) { ids[$0] }
    } catch {
      throw files.damaged(Self.charactersFile, expected: "a model of characters", found: error)
    }
  }

  private static func arpa(_ name: String, _ files: ModelFiles) throws -> ARPAModel {
    let bytes = try files.bytes(name)
    do {
      return try ARPAModel(ByteSource(bytes, name: name))
    } catch {
      throw files.damaged(name, expected: "a model in the ARPA format", found: error)
    }
  }
}
