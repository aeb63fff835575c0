import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Translates texts, or turns any sequence into another, by a recurrent encoder and decoder with attention.
///
///     let translator = try Translator.train(on: pairs)
///     let german = try translator.translate(["a dog runs ."])[0].text
public struct Translator: Sendable {
  /// How it was built and trained.
  public let settings: TranslationSettings
  let source: TranslationTokenizer
  let target: TranslationTokenizer
  let network: TranslationNetwork
  let limits: TranslationLimits
  let summary: TranslationSummary
}

/// How translations are looked for.
public struct TranslationSearch: Sendable, Equatable {
  /// Hypotheses that are followed at a time; 1: greedy.
  public var beam = 5
  /// α of the length penalty ((5 + length) / 6)^α that log-probabilities are divided by (Wu et al. 2016, equation 14);
  /// 0: none, and short translations win.
  public var lengthPenalty = 1.0
  /// The number of translations of a text.
  public var best = 1

  public init(beam: Int = 5, lengthPenalty: Double = 1, best: Int = 1) {
    self.beam = beam
    self.lengthPenalty = lengthPenalty
    self.best = best
  }

  /// Until nothing better can come: where a network is sure, those beside the right hypothesis end early, and as many of
  /// them as the beam is wide say nothing.
  var search: BeamSearch {
    BeamSearch(
      width: max(beam, best), lengthPenalty: lengthPenalty, best: best, stopping: .whenDecided)
  }
}

/// What a text became.
public struct Translation: Sendable {
  /// One way to say it.
  public struct Candidate: Sendable {
    public let text: String
    /// ln p of its tokens over the length penalty: what candidates are compared by.
    public let score: Double
    /// ln p of its tokens, the end included.
    public let logProbability: Double
  }

  /// The likeliest candidate's text.
  public var text: String { candidates.first?.text ?? "" }
  /// Likeliest first.
  public let candidates: [Candidate]
  /// The tokens that were read.
  public let sourceTokens: [String]
  /// The tokens of the likeliest candidate, and `</s>`.
  public let targetTokens: [String]
  /// How much each target token looked at each source token: a row of sum 1 for each target token.
  public let attention: [[Float]]
}

extension Translator {
  /// Translates texts, one by one: what others are given beside a text does not change what becomes of it.
  ///
  /// A text of more tokens than twice the longest of training is cut into pieces, at white space where there is any,
  /// and its translation is theirs one after the other. A text without tokens becomes an empty one.
  ///
  /// - Parameters:
  ///   - others: models of the same target vocabulary whose probabilities are averaged with this one's.
  /// - Throws: `TranslationError.otherVocabulary`.
  public func translate(
    _ texts: [String], search: TranslationSearch = .init(), with others: [Translator] = []
  ) throws -> [Translation] {
    let models = [self] + others
    let own = target.tokenizer.tokenizerJSON()
    for other in others
    where other.target.kind != target.kind || other.target.tokenizer.tokenizerJSON() != own {
      throw TranslationError.otherVocabulary(expected: target.count, found: other.target.count)
    }
    let pieces = texts.map { self.pieces(of: $0) }
    let sources = pieces.joined().map { piece in models.map { $0.source.encode(piece.text) } }
    let decoder = TranslationDecoder(
      networks: models.map(\.network), limits: limits, bansUnknown: target.kind == .subwords)
    let found = try Kernels.flushingDenormals { () throws(ShapeError) in
      try decoder(sources, search.search, attends: true)
    }
    var next = 0
    return pieces.map { pieces in
      let parts = pieces.indices.map { index in
        translation(of: pieces[index].text, sources[next + index][0], found[next + index])
      }
      next += pieces.count
      return Self.joined(parts, pieces.map(\.separator))
    }
  }

  private func translation(
    of text: String, _ ids: [Int32], _ found: [TranslationDecoder.Found]
  ) -> Translation {
    let sourceTokens = source.words(of: text, count: ids.count) ?? source.texts(ids)
    // Without a token there is nothing to say.
    guard !ids.isEmpty, let best = found.first else {
      return Translation(
        candidates: [.init(text: "", score: 0, logProbability: 0)], sourceTokens: [], targetTokens: [],
        attention: [])
    }
    let candidates = found.map { result in
      Translation.Candidate(
        text: says(result, sourceTokens), score: result.sequence.score,
        logProbability: result.sequence.logProbability)
    }
    let tokens = tokens(best, sourceTokens)
    return Translation(
      candidates: candidates, sourceTokens: sourceTokens,
      targetTokens: tokens + (best.sequence.isComplete ? [SpecialToken.end.spelling] : []),
      attention: Array(best.attention.prefix(tokens.count + (best.sequence.isComplete ? 1 : 0))))
  }

  /// The tokens of a target; for one that is unknown, the source token that it looked at most.
  private func tokens(_ found: TranslationDecoder.Found, _ sourceTokens: [String]) -> [String] {
    zip(found.sequence.tokens, target.texts(found.sequence.tokens)).enumerated().map { place, token in
      guard token.0 == SpecialToken.unknown.id, place < found.attention.count,
        let most = found.attention[place].indices.max(by: {
          found.attention[place][$0] < found.attention[place][$1]
        }), most < sourceTokens.count
      else { return token.1 }
      return sourceTokens[most]
    }
  }

  private func says(_ found: TranslationDecoder.Found, _ sourceTokens: [String]) -> String {
    guard found.sequence.tokens.contains(SpecialToken.unknown.id) else {
      return target.decode(found.sequence.tokens)
    }
    return tokens(found, sourceTokens).joined(separator: target.kind == .words ? " " : "")
  }

  /// Pieces of a long text, and what stood behind each.
  private func pieces(of text: String) -> [(text: String, separator: String)] {
    guard text.utf8.count > limits.source, source.encode(text).count > limits.source else {
      return [(text, "")]
    }
    let characters = Array(text)
    let middle = characters.count / 2
    guard middle > 0 else { return [(text, "")] }
    // The white space nearest to the middle, within the middle half.
    let reach = characters.count / 4
    let cut = (0...reach).lazy.flatMap { [middle - $0, middle + $0] }
      .first { characters.indices.contains($0) && characters[$0].isWhitespace }
    var left = pieces(of: String(characters[..<(cut ?? middle)]))
    left[left.count - 1].separator = cut == nil ? "" : " "
    return left + pieces(of: String(characters[(cut.map { $0 + 1 } ?? middle)...]))
  }

  private static func joined(_ parts: [Translation], _ separators: [String]) -> Translation {
    guard parts.count > 1 else { return parts[0] }
    var text = ""
    for (part, separator) in zip(parts, separators) { text += part.text + separator }
    let (score, probability) = parts.reduce((0, 0)) {
      ($0.0 + ($1.candidates.first?.score ?? 0), $0.1 + ($1.candidates.first?.logProbability ?? 0))
    }
    let columns = parts.reduce(0) { $0 + $1.sourceTokens.count }
    var attention: [[Float]] = []
    var before = 0
    for part in parts {
      let after = columns - before - part.sourceTokens.count
      attention += part.attention.map {
        Array(repeating: 0, count: before) + $0 + Array(repeating: 0, count: after)
      }
      before += part.sourceTokens.count
    }
    return Translation(
      candidates: [.init(text: text, score: score, logProbability: probability)],
      sourceTokens: parts.flatMap(\.sourceTokens), targetTokens: parts.flatMap(\.targetTokens),
      attention: attention)
  }
}

extension Translator {
  /// All weights by name.
  package var weights: [(name: String, value: Tensor)] { network.parameters }
}
