/// How a line is cut into tokens before n-grams are counted. Names and results are those of sacreBLEU (Post 2018).
public enum BLEUTokenizer: String, Sendable, Codable, CaseIterable {
  /// At white space alone.
  case none
  /// The rules of NIST's mteval-v13a, sacreBLEU's default: punctuation apart, but within numbers.
  case v13a = "13a"
  /// Each character, for languages without spaces between words.
  case char
  /// The rules of NIST's mteval-v14 for all scripts: punctuation apart but within numbers, symbols apart.
  case intl

  typealias Scalar = Unicode.Scalar

  /// The tokens of a line, white space at its end taken off.
  public func tokens(_ line: String) -> [String] {
    var scalars = Array(line.unicodeScalars)
    while let last = scalars.last, last.isSpace { scalars.removeLast() }
    switch self {
    case .none: break
    case .char: return scalars.filter { !$0.isSpace }.map { String($0) }
    case .v13a: scalars = Self.western(scalars)
    case .intl: scalars = Self.international(scalars)
    }
    return scalars.split(whereSeparator: \.isSpace).map { part in
      var text = String.UnicodeScalarView()
      text.append(contentsOf: part)
      return String(text)
    }
  }

  private static func western(_ line: [Scalar]) -> [Scalar] {
    var text = replacing(line, "<skipped>", "")
    text = replacing(text, "-\n", "")
    text = replacing(text, "\n", " ")
    for (entity, character) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
      text = replacing(text, entity, character)
    }
    text = [" "] + text + [" "]
    text = spaced(text) { isWesternPunctuation($0) }
    text = afterFirst(text, { !isDigit($0) }, isPointOrComma)
    text = beforeSecond(text, isPointOrComma) { !isDigit($0) }
    return afterFirst(text, isDigit, { $0 == "-" })
  }

  private static func international(_ line: [Scalar]) -> [Scalar] {
    var text = afterFirst(line, { !$0.isNumber }, \.isPunctuation)
    text = beforeSecond(text, \.isPunctuation) { !$0.isNumber }
    return spaced(text, \.isSymbol)
  }

  /// x → ␣x␣ for each x of a kind.
  private static func spaced(_ text: [Scalar], _ kind: (Scalar) -> Bool) -> [Scalar] {
    text.flatMap { kind($0) ? [" ", $0, " "] : [$0] }
  }

  /// xy → x␣y␣ for each pair, from left to right, no scalar in two pairs.
  private static func afterFirst(
    _ text: [Scalar], _ first: (Scalar) -> Bool, _ second: (Scalar) -> Bool
  ) -> [Scalar] { pairs(text, first, second) { [$0, " ", $1, " "] } }

  /// xy → ␣x␣y for each pair, from left to right, no scalar in two pairs.
  private static func beforeSecond(
    _ text: [Scalar], _ first: (Scalar) -> Bool, _ second: (Scalar) -> Bool
  ) -> [Scalar] { pairs(text, first, second) { [" ", $0, " ", $1] } }

  private static func pairs(
    _ text: [Scalar], _ first: (Scalar) -> Bool, _ second: (Scalar) -> Bool,
    _ result: (Scalar, Scalar) -> [Scalar]
  ) -> [Scalar] {
    var changed: [Scalar] = []
    changed.reserveCapacity(text.count + 16)
    var index = 0
    while index < text.count {
      if index + 1 < text.count, first(text[index]), second(text[index + 1]) {
        changed += result(text[index], text[index + 1])
        index += 2
      } else {
        changed.append(text[index])
        index += 1
      }
    }
    return changed
  }

  private static func replacing(_ text: [Scalar], _ pattern: String, _ replacement: String) -> [Scalar] {
    let pattern = Array(pattern.unicodeScalars)
    guard text.contains(pattern[0]) else { return text }
    var changed: [Scalar] = []
    var index = 0
    while index < text.count {
      if text[index...].starts(with: pattern) {
        changed += replacement.unicodeScalars
        index += pattern.count
      } else {
        changed.append(text[index])
        index += 1
      }
    }
    return changed
  }

  private static func isDigit(_ scalar: Scalar) -> Bool { ("0"..."9") ~= scalar }
  private static func isPointOrComma(_ scalar: Scalar) -> Bool { scalar == "." || scalar == "," }

  /// The ASCII marks but `'`, `,`, `-` and `.`; the blank is one of them, as in the published rules.
  private static func isWesternPunctuation(_ scalar: Scalar) -> Bool {
    switch scalar {
    case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
    default: false
    }
  }
}

extension Unicode.Scalar {
  /// White space, and the separators of ASCII that older standards count as such.
  var isSpace: Bool { properties.isWhitespace || (0x1C...0x1F) ~= value }

  var isPunctuation: Bool {
    switch properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      true
    default: false
    }
  }

  var isSymbol: Bool {
    switch properties.generalCategory {
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: true
    default: false
    }
  }

  var isNumber: Bool {
    switch properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }
}
