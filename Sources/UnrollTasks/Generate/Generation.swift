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
    var decoder = try decoder()
    var pieces = StreamingDecoder(tokenizer)
    // The first token says that nothing is known of what came before.
    let read = [SpecialToken.begin.id] + tokenizer.encode(prompt)
    for id in read.dropFirst() { _ = pieces.push(id) }
    for id in read.dropLast() { decoder.read([id]) }
    var random = RandomSource(seed: seed)
    var watch = StopWatch(stop)
    var (text, isStopped) = ("", false)
    func give(_ piece: String) -> Bool {
      text += piece
      return piece.isEmpty || onText(piece)
    }
    try sampler(
      &decoder, after: read[read.count - 1], limit: length,
      constraints: DecodingConstraints(banned: SpecialToken.allCases.map(\.id)), using: &random
    ) { id in
      isStopped = !give(watch.push(pieces.push(id))) || watch.hasStopped
      return !isStopped
    }
    if !isStopped { _ = give(watch.push(pieces.finish()) + watch.finish()) }
    return text
  }

  /// The model one token at a time, with nothing read.
  package func decoder() throws(ShapeError) -> NextStepDecoder {
    try NextStepDecoder(network.front, network.encoder.network, network.head)
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
}
