import UnrollCore
import UnrollData
import UnrollNetworks

/// What a text became.
public struct PairAnswer: TaskAnswer, Equatable {
  /// One way to say it.
  public struct Candidate: Codable, Sendable, Equatable {
    public let text: String
    /// ln p of its tokens over the length penalty: what candidates are compared by.
    public let score: Double
    /// ln p of its tokens, the end included.
    public let logProbability: Double
  }

  /// The likeliest candidate's text.
  public let text: String
  /// Likeliest first, where several were asked for.
  public var candidates: [Candidate]?
  /// The tokens that were read and written (and `</s>`), and how much each one written looked at each one read: a row of
  /// sum 1 for each token written. Where that was asked for.
  public var sourceTokens: [String]?
  public var targetTokens: [String]?
  public var attention: [[Float]]?

  private enum CodingKeys: String, CodingKey { case text, candidates, sourceTokens, targetTokens, attention }

  public var columns: [String] { candidates == nil ? ["text"] : ["text", "score"] }
  public var rows: [[String]] {
    candidates?.map { [$0.text, NumberText.decimal($0.score, places: 4)] } ?? [[text]]
  }
}

/// Finds the likeliest targets of sources, by one network or the mean of several.
package struct PairWriter: Sendable {
  private let networks: [SequenceToSequence]
  private let preparation: PairPreparation
  private let settings: PairSettings
  /// How words become a text, from what was read; `nil`: with spaces between them.
  private let joining: (@Sendable (_ words: [String], _ source: String) -> String)?

  package init(
    _ networks: [SequenceToSequence], _ preparation: PairPreparation, _ settings: PairSettings,
    joining: (@Sendable (_ words: [String], _ source: String) -> String)? = nil
  ) {
    (self.networks, self.preparation, self.settings) = (networks, preparation, settings)
    self.joining = joining
  }

  /// A target that was found.
  package struct Found: Sendable {
    package let sequence: DecodedSequence
    /// A row for each token and the end token, a column for each source token.
    let attention: [[Float]]
  }

  /// Hypotheses that are computed together.
  private static let rows = 256

  /// - Parameters:
  ///   - sources: for each text its ids; with copying its numbers.
  ///   - attends: whether attention is wanted.
  /// - Returns: for each text, the best first.
  package func write(_ sources: [[Int32]], _ search: BeamSearch, attends: Bool = false) throws -> [[Found]] {
    var search = search
    let bansUnknown = settings.copy || preparation.target.kind == .subwords
    search.constraints.banned =
      [SpecialToken.padding.id, SpecialToken.begin.id] + (bansUnknown ? [SpecialToken.unknown.id] : [])
    var results = sources.map { _ in [Found]() }
    // Sources of about a length end at about the same time.
    let order = sources.indices.sorted { (sources[$0].count, $0) < (sources[$1].count, $1) }
    let size = max(1, Self.rows / search.width)
    for start in stride(from: 0, to: order.count, by: size) {
      let chosen = order[start..<min(order.count, start + size)]
      let found = try decode(chosen.map { sources[$0] }, search, attends: attends)
      for (index, result) in zip(chosen, found) { results[index] = result }
    }
    return results
  }

  private func decode(_ sources: [[Int32]], _ search: BeamSearch, attends: Bool) throws -> [[Found]] {
    let copying = settings.copy ? CopySource(sources, vocabularySize: preparation.target.count) : nil
    let batch = TokenBatch(sources.map { $0.inVocabulary(preparation.source.count) })
    let members = try networks.map { try $0.stepDecoder(batch, copying: copying) }
    let found = try search(
      EnsembleDecoder(members), start: SpecialToken.begin.id, end: SpecialToken.end.id,
      limits: sources.map { preparation.limit($0.count, settings) }, keepsAttention: attends)
    return zip(sources, found).map { source, sequences in
      sequences.map { Found(sequence: $0, attention: $0.attention.map { Array($0.prefix(source.count)) }) }
    }
  }

  // MARK: Texts

  /// A text as a network reads it.
  private struct Source {
    let text: String
    /// With copying numbers beyond the vocabulary.
    let ids: [Int32]
    let tokens: [String]
    let extra: ExtraTokens<String>
  }

  /// Writes what texts become, one by one: what others are given beside a text does not change what becomes of it.
  ///
  /// - Parameter note: takes remarks on what was not read.
  func answers(_ texts: [String], _ options: PairSearch, note: (String) -> Void) throws -> [PairAnswer] {
    var cut = 0
    let sources = texts.map { text -> Source in
      let all = preparation.source.encode(text)
      let ids = Array(all.prefix(settings.maximumLength))
      if ids.count < all.count { cut += 1 }
      var extra = ExtraTokens<String>(vocabularySize: preparation.target.count)
      return Source(
        text: text, ids: settings.copy ? preparation.copyNumbers(text, ids, &extra) : ids,
        tokens: preparation.source.spelled(text, ids), extra: extra)
    }
    if cut > 0 {
      note("\(cut) texts are longer than \(settings.maximumLength) tokens: their ends were not read")
    }
    // What is unknown without copying is put in by what was looked at.
    let found = try write(sources.map(\.ids), options.search, attends: true)
    return zip(sources, found).map { answer($0, $1, options) }
  }

  private func answer(_ source: Source, _ found: [Found], _ options: PairSearch) -> PairAnswer {
    // Without a token there is nothing to say.
    guard !source.ids.isEmpty, let best = found.first else {
      return PairAnswer(text: "", candidates: options.top > 1 ? [] : nil)
    }
    var answer = PairAnswer(text: text(best, source))
    if options.top > 1 {
      answer.candidates = found.map {
        .init(text: text($0, source), score: $0.sequence.score, logProbability: $0.sequence.logProbability)
      }
    }
    if options.explain || options.plot != nil {
      let end = best.sequence.isComplete ? [SpecialToken.end.spelling] : []
      answer.sourceTokens = source.tokens
      answer.targetTokens = tokens(best, source) + end
      answer.attention = Array(best.attention.prefix(best.sequence.tokens.count + end.count))
    }
    return answer
  }

  /// The tokens of a target. One that the vocabulary lacks is a word of the source: the one that was copied, or the one
  /// looked at most.
  private func tokens(_ found: Found, _ source: Source) -> [String] {
    found.sequence.tokens.enumerated().map { place, id in
      if let copied = source.extra[id] { return copied }
      guard id == SpecialToken.unknown.id, place < found.attention.count,
        let most = found.attention[place].indices.max(by: {
          found.attention[place][$0] < found.attention[place][$1]
        }), most < source.tokens.count
      else { return preparation.target.texts([id])[0] }
      return source.tokens[most]
    }
  }

  private func text(_ found: Found, _ source: Source) -> String {
    if let joining, preparation.target.kind == .words { return joining(tokens(found, source), source.text) }
    let ids = found.sequence.tokens
    guard ids.contains(where: { $0 == SpecialToken.unknown.id || Int($0) >= preparation.target.count }) else {
      return preparation.target.decode(ids)
    }
    return tokens(found, source).joined(separator: preparation.target.kind == .words ? " " : "")
  }
}

extension PairAnswer {
  /// The answer as lines for a person: candidates with scores, where each token looked.
  public var shown: String {
    var lines = candidates?.map { "\(NumberText.decimal($0.score, places: 4))\t\($0.text)" } ?? [text]
    if let attention, let sourceTokens, let targetTokens {
      lines.append(AlignmentPlot(source: sourceTokens, target: targetTokens, attention: attention).text)
    }
    return lines.joined(separator: "\n")
  }
}
