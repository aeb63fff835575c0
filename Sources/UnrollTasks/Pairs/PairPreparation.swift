import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// The tokens of one side.
public struct SideTokenizer: Sendable {
  let kind: TokenKind
  let tokenizer: any Tokenizer

  init(_ kind: TokenKind, _ tokenizer: any Tokenizer) {
    self.kind = kind
    if var pairs = tokenizer as? BytePairTokenizer {
      // Pieces of words know the space before them, so the first word gets one, too.
      pairs.addsPrefixSpace = true
      self.tokenizer = pairs
    } else {
      self.tokenizer = tokenizer
    }
  }

  var count: Int { tokenizer.vocabularySize }

  /// Pieces of words do not count the spaces before a text: of spaces alone there are none.
  package func encode(_ text: String) -> [Int32] {
    guard kind == .subwords else { return tokenizer.encode(text) }
    let trimmed = text.drop { $0 == " " }
    return trimmed.isEmpty ? [] : tokenizer.encode(String(trimmed))
  }

  func decode(_ ids: some Sequence<Int32>) -> String {
    let text = tokenizer.decode(ids)
    return kind == .subwords && text.hasPrefix(" ") ? String(text.dropFirst()) : text
  }

  /// Each token's text by itself, as a person reads it.
  func texts(_ ids: some Sequence<Int32>) -> [String] { ids.map { tokenizer.decode([$0]) } }

  /// A text whose tokens stand between spaces: words, or characters where there are none.
  func spaced(_ ids: [Int32]) -> String {
    kind == .characters ? texts(ids).joined(separator: " ") : decode(ids)
  }

  /// A text to be compared with others of the same source: a copied word that the vocabulary lacks stands by its number.
  func compared(_ ids: [Int32]) -> String {
    guard ids.contains(where: { Int($0) >= count }) else { return spaced(ids) }
    return ids.map { Int($0) < count ? texts([$0])[0] : "\($0)" }.joined(
      separator: kind == .subwords ? "" : " ")
  }

  /// What stands at each token of a text, unknown ones included.
  func spelled(_ text: String, _ ids: [Int32]) -> [String] {
    let words =
      switch kind {
      case .words: (tokenizer as? WordTokenizer)?.words(in: text) ?? []
      case .characters: text.map { String($0) }
      case .subwords: [String]()
      }
    return words.count >= ids.count && !words.isEmpty ? Array(words.prefix(ids.count)) : texts(ids)
  }
}

/// What a network of pairs knows before it: the tokens of both sides, and how long a target becomes.
public struct PairPreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var tokens: String
    var joint: Bool
    var copies: Bool
    /// Target tokens for each source token of the training data.
    var ratio: Double
    /// The most source tokens that are read at once.
    var longest: Int
    /// The most target tokens of the training data.
    var longestTarget: Int
  }

  package let source: SideTokenizer
  let target: SideTokenizer
  public private(set) var stored: Stored

  /// Learns tokens from pairs.
  ///
  /// - Parameter splitting: how words are told apart.
  init(_ data: PairData, _ settings: PairSettings, splitting: WordSplitting) throws {
    var left = TokenizerTrainer(settings.tokens, splitting: splitting)
    var right = left
    let space = settings.tokens.tokens == .subwords ? " " : ""
    try data.visit { pair in
      left.add(space + pair.source)
      if settings.joint { left.add(space + pair.target) } else { right.add(space + pair.target) }
    }
    let kind = settings.tokens.tokens
    let source = SideTokenizer(kind, left.finish())
    let target = settings.joint ? source : SideTokenizer(kind, right.finish())
    var (sources, targets, longest, longestTarget) = (0, 0, 0, 0)
    try data.visit { pair in
      let (from, to) = (source.encode(pair.source).count, target.encode(pair.target).count)
      guard from > 0, to > 0 else { return }
      (sources, targets) = (sources + min(from, settings.maximumLength), targets + to + 1)
      (longest, longestTarget) = (max(longest, min(from, settings.maximumLength)), max(longestTarget, to))
    }
    guard sources > 0 else {
      throw DataError(
        .emptyFile, file: data.source, expected: "a pair of texts to learn from", found: "none with two sides"
      )
    }
    stored = Stored(
      tokens: kind.rawValue, joint: settings.joint, copies: settings.copy,
      ratio: Double(targets) / Double(sources), longest: longest, longestTarget: longestTarget)
    (self.source, self.target) = (source, target)
  }

  private init(_ source: SideTokenizer, _ target: SideTokenizer, _ stored: Stored) {
    (self.source, self.target, self.stored) = (source, target, stored)
  }

  private static let sourceFile = "tokenizer.json"
  /// Where the target has a vocabulary of its own.
  private static let targetFile = "tokenizer.target.json"

  public var files: [String: [UInt8]] {
    var files = [Self.sourceFile: source.tokenizer.tokenizerJSON()]
    if !stored.joint { files[Self.targetFile] = target.tokenizer.tokenizerJSON() }
    return files
  }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    guard let kind = TokenKind(rawValue: stored.tokens) else {
      throw files.damaged("tokens", expected: "a kind of tokens", found: stored.tokens)
    }
    let lengths = 1...10_000_000
    guard stored.ratio.isFinite, stored.ratio >= 0, lengths.contains(stored.longest),
      (0...10_000_000).contains(stored.longestTarget)
    else { throw files.damaged("ratio", expected: "a ratio of at least 0 and lengths", found: stored.ratio) }
    self.stored = stored
    source = SideTokenizer(kind, try files.tokenizer(Self.sourceFile, kind: kind))
    target = stored.joint ? source : SideTokenizer(kind, try files.tokenizer(Self.targetFile, kind: kind))
  }

  /// The same with room for the words of more pairs.
  func grown(by data: PairData, _ settings: PairSettings) throws -> PairPreparation {
    var (sources, targets): ([String], [String]) = ([], [])
    try data.visit { pair in
      sources.append(pair.source)
      targets.append(pair.target)
    }
    func grown(_ side: SideTokenizer, _ texts: [String]) throws -> SideTokenizer {
      SideTokenizer(
        side.kind,
        try side.tokenizer.grown(
          by: texts, minimumCount: settings.tokens.minimumCount, maximumSize: settings.tokens.vocabularySize))
    }
    let source = try grown(source, stored.joint ? sources + targets : sources)
    return PairPreparation(source, stored.joint ? source : try grown(target, targets), stored)
  }

  /// The ids of a pair; `nil` where a side is empty, or too long where sources are not cut. With copying, targets are
  /// numbered by what their source holds.
  func tokens(of pair: PairData.Pair, _ settings: PairSettings) -> (source: [Int32], target: [Int32])? {
    var from = source.encode(pair.source)
    var to = target.encode(pair.target)
    let most = settings.maximumLength
    if settings.cutsSources { from = Array(from.prefix(most)) }
    if from.isEmpty || to.isEmpty || from.count > most || to.count > most { return nil }
    if stored.copies {
      var extra = ExtraTokens<String>(vocabularySize: target.count)
      let numbers = copyNumbers(pair.source, from, &extra)
      to = extra.target(to, target.spelled(pair.target, to), unknown: SpecialToken.unknown.id)
      return (numbers, to)
    }
    return (from, to)
  }

  /// The ids of a source in the target's vocabulary, unknown tokens numbered beyond it.
  func copyNumbers(_ text: String, _ ids: [Int32], _ extra: inout ExtraTokens<String>) -> [Int32] {
    extra.source(ids, source.spelled(text, ids), unknown: SpecialToken.unknown.id)
  }

  /// The most tokens for a source of a length: twice the usual, and some; no more than any target of the training data and
  /// some where targets do not grow with their sources.
  func limit(_ count: Int, _ settings: PairSettings) -> Int {
    settings.cutsSources ? stored.longestTarget + 5 : Int(min(1e6, 2 * stored.ratio * Double(count))) + 20
  }
}
