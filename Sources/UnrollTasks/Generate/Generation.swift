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

/// Watches text that is produced piece by piece for one of some texts that end it. What may be the beginning of one
/// is held back until it is known.
struct StopWatch {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  private(set) var hasStopped = false

  /// - Parameter stops: empty ones are left out.
  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// - Returns: what is known to come before any end; empty after it.
  mutating func push(_ piece: String) -> String {
    guard !hasStopped else { return "" }
    held += Array(piece.utf8)
    if let end = held.indices.first(where: { start in stops.contains { held[start...].starts(with: $0) } }) {
      hasStopped = true
      return String(decoding: held[..<end], as: UTF8.self)
    }
    let free = held.indices.first { start in stops.contains { $0.starts(with: held[start...]) } }
    let known = held[..<(free ?? held.count)]
    held.removeFirst(known.count)
    return String(decoding: known, as: UTF8.self)
  }

  /// - Returns: what was held back, at the end of the text.
  mutating func finish() -> String {
    defer { held = [] }
    return hasStopped ? "" : String(decoding: held, as: UTF8.self)
  }
}
