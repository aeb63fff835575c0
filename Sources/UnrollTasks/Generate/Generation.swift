import UnrollCore
import UnrollData
import UnrollNetworks

extension LanguageModel {
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
    var watch = StopWatch(stop)
    var text = ""
    func give(_ piece: String) -> Bool {
      text += piece
      return piece.isEmpty || onText(piece)
    }
    for _ in 0..<max(0, length) {
      let id = Int32(draw(try stream.scores(), sampler, &random))
      stream.read(id)
      guard give(watch.push(decoder.push(id))), !watch.hasStopped else { return text }
    }
    _ = give(watch.push(decoder.finish()) + watch.finish())
    return text
  }

  /// The characters or words of a text that the vocabulary lacks, each once.
  public func unknownTokens(in text: String) -> [String] {
    var parts: [String] = []
    if let words = tokenizer as? WordTokenizer {
      parts = words.words(in: text)
    } else {
      parts = text.map(String.init)
    }
    var seen: Set<String> = []
    return parts.filter { part in
      tokenizer.encode(part).contains(SpecialToken.unknown.id) && seen.insert(part).inserted
    }
  }

  /// Draws a token that stands for text.
  private func draw(_ scores: Tensor, _ sampler: TokenSampler, _ random: inout RandomSource) -> Int {
    var scores = scores
    scores.withUnsafeMutableElements { scores in
      for token in SpecialToken.allCases where Int(token.id) < scores.count {
        scores[Int(token.id)] = -.infinity
      }
    }
    return scores.withUnsafeElements { sampler($0, using: &random) }
  }
}
