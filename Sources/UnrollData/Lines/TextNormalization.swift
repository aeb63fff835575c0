/// Which of the ways to write the same characters a text is brought to (Unicode Standard Annex 15).
public enum TextNormalization: String, Sendable, Codable, CaseIterable {
  /// Letters with their marks as one scalar where there is one: `é`.
  case nfc
  /// Letters and marks apart: `e` and an acute accent.
  case nfd
  /// As it is.
  case none

  /// The text in this form, on one line: white space at its ends is taken off, any within it is one space.
  package func callAsFunction(_ text: String) -> String {
    let words = text.unicodeScalars.split { $0.properties.isWhitespace }
    let line = words.map { String($0) }.joined(separator: " ")
    switch self {
    case .nfc: return CanonicalComposition.normalized(Blanks.visible(line))
    case .nfd: return CanonicalComposition.decomposed(Blanks.visible(line))
    case .none: return Blanks.visible(line)
    }
  }
}
