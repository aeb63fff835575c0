/// What the field `K:` says: by how many semitones each letter is raised.
struct ABCKey: Equatable {
  private static let letters: [Character] = ["F", "C", "G", "D", "A", "E", "B"]
  private static let modes = [
    "mix": -1, "dor": -2, "min": -3, "aeo": -3, "m": -3, "phr": -4, "loc": -5, "lyd": 1,
  ]

  /// −1, 0 or 1 for each letter that is not natural.
  private(set) var shifts: [Character: Int] = [:]

  /// - Returns: `nil` where the text names no key.
  init?(_ text: String) {
    var rest = text.drop { $0.isWhitespace }
    guard !rest.isEmpty, !rest.hasPrefix("none"), !rest.hasPrefix("clef") else { return }
    if rest.hasPrefix("HP") || rest.hasPrefix("Hp") {
      // The Highland pipes' scale: F and C are sharp.
      shifts = ["F": 1, "C": 1]
      return
    }
    guard let tonic = rest.popFirst(), let place = Self.letters.firstIndex(of: tonic) else { return nil }
    // Sharps are counted up the circle of fifths from C.
    var sharps = place - 1
    if rest.first == "#" || rest.first == "b" { sharps += rest.removeFirst() == "#" ? 7 : -7 }
    let mode = rest.drop { $0.isWhitespace }.prefix { $0.isLetter }.lowercased()
    sharps += mode == "m" ? -3 : Self.modes[String(mode.prefix(3))] ?? 0
    guard abs(sharps) <= 7 else { return nil }
    for letter in sharps > 0 ? Self.letters.prefix(sharps) : Self.letters.suffix(-sharps) {
      shifts[letter] = sharps > 0 ? 1 : -1
    }
  }
}
