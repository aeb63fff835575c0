/// A text that is not a duration, and why.
package struct DurationError: Error, Equatable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String {
    "\"\(text)\" is not a duration: \(reason); write for example 90s, 10m or 1h30m"
  }
}

/// Durations as people type and read them.
package enum DurationText {
  /// In seconds: ten years.
  package static let longest = 3650.0 * 86_400

  private static let units: [(name: Character, seconds: Double)] = [
    ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
  ]

  /// Reads "10m", "90s", "1h30m", "1.5h", "2d"; a number alone is seconds. Units go from large to small, each once.
  package static func parse(_ text: String) throws(DurationError) -> Duration {
    func failure(_ reason: String) -> DurationError { DurationError(text: text, reason: reason) }
    let characters = text.filter { $0 != " " }
    guard !characters.isEmpty else { throw failure("it is empty") }
    var total = 0.0
    var digits = ""
    var last = -1
    for character in characters {
      if character.isASCII && character.isNumber || character == "." {
        digits.append(character)
        continue
      }
      guard let index = units.firstIndex(where: { $0.name == character }) else {
        throw failure(
          character == "-" ? "it is negative" : "\"\(character)\" is not one of the units d, h, m, s")
      }
      guard !digits.isEmpty else { throw failure("no number stands before \"\(character)\"") }
      guard let number = Double(digits) else { throw failure("\"\(digits)\" is not a number") }
      guard index > last else {
        throw failure("\"\(character)\" may not follow \"\(units[last].name)\"")
      }
      total += number * units[index].seconds
      digits = ""
      last = index
    }
    if !digits.isEmpty {
      guard last < 0 else { throw failure("\"\(digits)\" has no unit") }
      guard let number = Double(digits) else { throw failure("\"\(digits)\" is not a number") }
      total = number
    }
    guard total <= longest else { throw failure("it is longer than ten years") }
    return .seconds(total)
  }

  /// What `parse` reads back, to the second: "1h30m", "45s", "0s".
  package static func brief(_ duration: Duration) -> String {
    var seconds = wholeSeconds(duration)
    var text = ""
    for unit in units {
      let size = Int(unit.seconds)
      if seconds >= size { text += "\(seconds / size)\(unit.name)" }
      seconds %= size
    }
    return text.isEmpty ? "0s" : text
  }

  /// A clock's face: "0:42", "12:05", "1:02:03".
  package static func clock(_ duration: Duration) -> String {
    let seconds = wholeSeconds(duration)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let tail = two(seconds % 60)
    if seconds < 3600 { return "\(seconds / 60):\(tail)" }
    return "\(seconds / 3600):\(two(seconds / 60 % 60)):\(tail)"
  }

  /// Rounded to the nearest second; nothing is shorter than no time at all.
  private static func wholeSeconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    return max(Int(seconds) + (attoseconds >= 500_000_000_000_000_000 ? 1 : 0), 0)
  }
}

extension Duration {
  /// In seconds, with their fraction.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
