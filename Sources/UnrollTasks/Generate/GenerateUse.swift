import UnrollCore
import UnrollData
import UnrollNetworks

/// What a language model made of a prompt: its continuation, or its score.
public struct Generation: TaskAnswer, Equatable {
  public let prompt: String
  /// The prompt and what the model wrote behind it.
  public let text: String
  /// How surprising the prompt is, where that was asked for.
  public let score: TextScore?

  public var shown: String { score?.shown ?? text }
  public var columns: [String] { ["prompt", "text", "nats per token"] }
  public var rows: [[String]] {
    [[prompt, text, score.map { NumberText.decimal($0.natsPerToken, places: 6) } ?? ""]]
  }
}

extension GenerateTask {
  public static func input(_ text: String, _ model: LanguageModel, _ options: GenerateOptions) -> String {
    text
  }

  public static func defaultInput(_ model: LanguageModel, _ options: GenerateOptions) -> String? {
    options.score ? nil : options.prompt ?? ""
  }

  public static func answers(
    _ inputs: [String], _ model: LanguageModel, _ options: GenerateOptions, _ session: AnswerSession
  ) throws -> [Generation] {
    try inputs.map { prompt in
      if options.score {
        let score = try model.score(prompt)
        _ = session.stream?(score.shown + "\n")
        return Generation(prompt: prompt, text: prompt, score: score)
      }
      let unknown = model.unknownTokens(in: prompt)
      if !unknown.isEmpty {
        let shown = unknown.prefix(8).map { quoted($0) }.joined(separator: ", ")
        let more = unknown.count > 8 ? " and \(unknown.count - 8) more" : ""
        session.note(
          "the model does not know \(shown)\(more) of the prompt, and reads an unknown token there")
      }
      guard session.stream?(prompt) ?? true else {
        return Generation(prompt: prompt, text: prompt, score: nil)
      }
      let text = try model.generate(
        prompt: prompt, length: options.length, sampler: options.sampler, seed: options.seed,
        stop: options.stop
      ) { piece in session.stream?(piece) ?? true && !session.shouldStop() }
      _ = session.stream?("\n")
      return Generation(prompt: prompt, text: prompt + text, score: nil)
    }
  }

  public static func evaluate(
    _ data: GenerateData, _ model: LanguageModel, _ options: GenerateOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let tokenizer = model.tokenizer
    var score = TextScore()
    var examples: [ScoreReport.Example] = []
    var scorer = LanguageScorer(model)
    var learner = options.adapt ? DynamicScorer(model, options.adaptation) : nil
    func take(_ id: Int32, _ nats: Float) {
      score.add(id, nats)
      guard examples.count < mostExamples else { return }
      examples.append(
        ScoreReport.Example(
          place: "\(score.tokenCount)", input: "", truth: tokenizer.decode([id]), answer: "",
          probability: exponential(-Double(nats)), error: Double(nats)))
    }
    try data.corpus.forEachPiece(chunkSize: 1 << 14) { piece in
      guard !session.shouldStop() else { return }
      let tokens = tokenizer.encode(piece)
      if learner == nil { try scorer.add(tokens, take) } else { try learner?.add(tokens, take) }
      score.characterCount += CharacterTokenizer.count(piece)
    }
    try learner?.finish(take)
    guard score.tokenCount > 0 else {
      throw DataError(.emptyFile, file: data.source, expected: "text to score", found: "none")
    }
    var report = score.report(model.preparation.kind)
    report.examples = examples
    return report
  }

  /// Tokens that are kept one by one.
  private static let mostExamples = 1_000_000
}

extension Model where Task == GenerateTask {
  /// What cuts text into tokens.
  public var tokenizer: any Tokenizer { preparation.tokenizer }

  /// Continues a text.
  ///
  /// The same model, prompt, sampler and seed give the same text on every run and any number of threads.
  ///
  /// - Parameters:
  ///   - prompt: what the text starts with; characters or words that the vocabulary lacks are read as unknown. May be
  ///     empty.
  ///   - length: the most tokens to produce.
  ///   - sampler: how tokens are drawn.
  ///   - stop: texts that end the continuation, which does not hold them.
  ///   - onText: takes the continuation piece by piece as it is produced, and says whether to go on.
  /// - Returns: the continuation, without the prompt.
  @discardableResult
  public func generate(
    prompt: String = "", length: Int = 500, sampler: TokenSampler = TokenSampler(), seed: UInt64 = 0,
    stop: [String] = [], onText: (String) -> Bool = { _ in true }
  ) throws -> String {
    let stream = try LanguageStream(self)
    var decoder = StreamingDecoder(tokenizer)
    for id in tokenizer.encode(prompt) {
      stream.read(id)
      _ = decoder.push(id)
    }
    var random = RandomSource(seed: seed)
    var filter = StopSequences(stop)
    var text = ""
    func give(_ piece: String) -> Bool {
      text += piece
      return piece.isEmpty || onText(piece)
    }
    for _ in 0..<max(0, length) {
      var logits = try stream.logits().elements
      // Only tokens that stand for text.
      for token in SpecialToken.allCases where Int(token.id) < logits.count {
        logits[Int(token.id)] = -.infinity
      }
      let id = Int32(sampler(logits, using: &random))
      stream.read(id)
      guard give(filter.push(decoder.push(id))), !filter.hasStopped else { return text }
    }
    _ = give(filter.push(decoder.finish()) + filter.finish())
    return text
  }

  /// How surprising each token of a text is after those before it. Of what comes before the text nothing is known.
  ///
  /// The score of a text without tokens has none; its averages are not numbers.
  public func score(_ text: String) throws -> TextScore {
    var score = TextScore()
    var scorer = LanguageScorer(self)
    try scorer.add(tokenizer.encode(text)) { id, nats in
      score.add(id, nats)
      score.tokens.append(TextScore.Token(id, nats, tokenizer))
    }
    score.characterCount = CharacterTokenizer.count(text)
    return score
  }

  /// The characters or words of a text that the vocabulary lacks, each once.
  package func unknownTokens(in text: String) -> [String] {
    let parts = (tokenizer as? WordTokenizer)?.words(in: text) ?? text.map(String.init)
    var seen: Set<String> = []
    return parts.filter { tokenizer.encode($0).contains(SpecialToken.unknown.id) && seen.insert($0).inserted }
  }
}
