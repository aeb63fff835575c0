/// Texts of scripts that are written from right to left, such as Arabic and Hebrew, in the order in which they meet an eye
/// that goes from right to left.
///
/// Texts are kept in logical order, in which numbers and words of other scripts run from left to right. Going from right
/// to left over a line one meets those backwards; with each of these runs reversed, characters come in the order of their
/// places. (Paragraphs of one direction alone: a simple part of Unicode Standard Annex 9.)
package enum RightToLeft {
  /// Whether most letters are of such scripts.
  package static func prevails(in texts: some Sequence<String>) -> Bool {
    var (own, other) = (0, 0)
    for scalar in texts.lazy.flatMap(\.unicodeScalars) {
      if isRightToLeft(scalar) { own += 1 } else if scalar.properties.isAlphabetic { other += 1 }
    }
    return own > other
  }

  /// A text in the order of its places from the right, or such an order as a text again.
  package static func reordered(_ text: String) -> String {
    let characters = Array(text)
    let kinds = characters.map(kind)
    var result: [Character] = []
    var start = 0
    while start < characters.count {
      var end = start + 1
      if kinds[start] == .letter || kinds[start] == .digit {
        while end < characters.count, let next = runEnd(kinds, end) { end = next }
        result += characters[start..<end].reversed()
      } else {
        result.append(characters[start])
      }
      start = end
    }
    return String(result)
  }

  /// The end of a run that goes on behind a place: with another of its characters, or with what stands between two.
  private static func runEnd(_ kinds: [Kind], _ place: Int) -> Int? {
    func isInside(_ kind: Kind) -> Bool { kind == .letter || kind == .digit }
    if isInside(kinds[place]) { return place + 1 }
    guard place + 1 < kinds.count, isInside(kinds[place - 1]), isInside(kinds[place + 1]) else { return nil }
    switch kinds[place] {
    case .separator: return place + 2
    // Numbers that a space parts stand from right to left.
    case .space: return kinds[place - 1] == .letter && kinds[place + 1] == .letter ? place + 2 : nil
    default: return nil
    }
  }

  private enum Kind { case letter, digit, separator, space, other }

  private static func kind(_ character: Character) -> Kind {
    guard let scalar = character.unicodeScalars.first else { return .other }
    if scalar.properties.numericType == .decimal { return .digit }
    if isRightToLeft(scalar) { return .other }
    if scalar.properties.isAlphabetic { return .letter }
    if scalar == " " { return .space }
    return ".,:/-'’".unicodeScalars.contains(scalar) ? .separator : .other
  }

  private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
    default: false
    }
  }
}
