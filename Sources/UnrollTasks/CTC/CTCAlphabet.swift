import UnrollData

/// The symbols that a network of connectionist temporal classification writes: Unicode scalars of normalization form C.
/// Symbol n is class n + 1 of the network; class 0 is the blank, which no text holds.
public struct CTCAlphabet: Sendable, Equatable {
  public let symbols: [Unicode.Scalar]
  private let classes: [Unicode.Scalar: Int32]

  init(_ symbols: [Unicode.Scalar]) {
    self.symbols = symbols
    classes = Dictionary(
      symbols.enumerated().map { ($1, Int32($0) + 1) }, uniquingKeysWith: { first, _ in first })
  }

  /// The symbols of texts, in the order of their numbers in Unicode.
  init(of texts: some Sequence<String>) {
    self.init(Set(texts.lazy.flatMap(\.unicodeScalars)).sorted())
  }

  /// A text as it is learned from and compared: in a normal form, runs of white space as one space, none at the ends.
  static func normalized(_ text: String, lowercase: Bool, form: TextNormalization = .nfc) -> String {
    form(lowercase ? text.lowercased() : text).unicodeScalars.split {
      $0.properties.isWhitespace || $0 == "\0"
    }
    .map { String($0) }.joined(separator: " ")
  }

  /// The class of the space between words; `nil`: texts are single words.
  var space: Int32? { classes[" "] }

  /// The classes of a text; what the alphabet lacks is left out.
  func encode(_ text: String) -> [Int32] { text.unicodeScalars.compactMap { classes[$0] } }

  /// The text of classes.
  func decode(_ classes: some Sequence<Int32>) -> String {
    var text = String.UnicodeScalarView()
    for symbol in classes { text.append(scalar(symbol)) }
    return String(text)
  }

  private func scalar(_ symbol: Int32) -> Unicode.Scalar { symbols[Int(symbol) - 1] }

  /// The symbols of texts that the alphabet lacks.
  func missing(in texts: some Sequence<String>) -> [Unicode.Scalar] {
    Set(texts.lazy.flatMap(\.unicodeScalars)).filter { classes[$0] == nil }.sorted()
  }
}
