import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension TextScore {
  /// The score as lines of a name and a number.
  func table(_ tokens: LanguageSettings.Tokens) -> String {
    func decimal(_ value: Double) -> String { NumberText.decimal(value, places: 4) }
    let unknown = unknownCount > 0 ? ", \(unknownCount) of them not in the vocabulary" : ""
    let rows = [
      ("cross-entropy", "\(decimal(natsPerToken)) nats per token"),
      ("bits per character", decimal(bitsPerCharacter)),
      ("perplexity", "\(decimal(perplexity)) per token"),
      ("tokens", "\(tokenCount) \(tokens.rawValue)\(unknown)"),
      ("characters", "\(characterCount)"),
    ]
    return rows.map { name, value in
      name + String(repeating: " ", count: 20 - name.count) + value + "\n"
    }.joined()
  }

  /// The score as one line of JSON; what is not a number is left out.
  func json(of text: String) -> String {
    func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
    return ScoreLine(
      text: text, nats: totalNats, natsPerToken: finite(natsPerToken),
      bitsPerCharacter: finite(bitsPerCharacter), perplexity: finite(perplexity),
      tokens: tokens.map(TokenLine.init)
    ).json
  }
}

extension TextScore.Token {
  /// The token as one line of JSON.
  var json: String { TokenLine(self).json }
}

/// A text and its score, as programs read it.
private struct ScoreLine: Encodable {
  let text: String
  let nats: Double
  let natsPerToken: Double?
  let bitsPerCharacter: Double?
  let perplexity: Double?
  let tokens: [TokenLine]
}

/// A token and its surprise, as programs read it.
private struct TokenLine: Encodable {
  let token: String
  let nats: Float
  let bits: Float

  init(_ token: TextScore.Token) {
    self.token = token.text
    nats = token.nats
    bits = token.nats * 1.442_695
  }
}

extension Encodable {
  fileprivate var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts and finite numbers: there is nothing in them that JSON could not hold.
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
