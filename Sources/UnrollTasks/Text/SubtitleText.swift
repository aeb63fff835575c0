/// A word and when it is said, in seconds.
public struct TimedWord: Codable, Sendable, Equatable {
  public let text: String
  public let start: Double
  public let end: Double
  /// The mean probability of its characters.
  public let confidence: Double

  public init(text: String, start: Double, end: Double, confidence: Double) {
    self.text = text
    self.start = start
    self.end = end
    self.confidence = confidence
  }
}

/// Words with times as subtitles.
package enum SubtitleText {
  /// A line is no longer than this, in characters and in seconds, and words of one stand no further apart.
  private static let (longest, seconds, pause) = (42, 6.0, 1.0)

  /// The words in lines.
  static func lines(_ words: [TimedWord]) -> [ArraySlice<TimedWord>] {
    var lines: [ArraySlice<TimedWord>] = []
    var (start, length) = (0, 0)
    for (place, word) in words.enumerated() {
      let grown = length + (place > start ? 1 : 0) + word.text.count
      if place > start,
        grown > longest || word.end - words[start].start > seconds
          || word.start - words[place - 1].end > pause
      {
        lines.append(words[start..<place])
        (start, length) = (place, word.text.count)
      } else {
        length = grown
      }
    }
    if start < words.count { lines.append(words[start...]) }
    return lines
  }

  package static func srt(_ words: [TimedWord]) -> String {
    lines(words).enumerated().map { number, line in
      "\(number + 1)\n\(times(line, ","))\n\(text(line))\n\n"
    }.joined()
  }

  /// `&` and `<` begin something else in WebVTT.
  package static func vtt(_ words: [TimedWord]) -> String {
    "WEBVTT\n\n"
      + lines(words).map { line in
        let escaped = text(line).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        return "\(times(line, "."))\n\(escaped)\n\n"
      }.joined()
  }

  private static func text(_ line: ArraySlice<TimedWord>) -> String {
    line.map(\.text).joined(separator: " ")
  }

  private static func times(_ line: ArraySlice<TimedWord>, _ point: String) -> String {
    guard let first = line.first, let last = line.last else { return "" }
    return "\(clock(first.start, point)) --> \(clock(last.end, point))"
  }

  /// `00:01:02,345`.
  private static func clock(_ seconds: Double, _ point: String) -> String {
    let all = Int((max(0, seconds) * 1000).rounded())
    func padded(_ number: Int, _ digits: Int) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    return "\(padded(all / 3_600_000, 2)):\(padded(all / 60_000 % 60, 2)):\(padded(all / 1000 % 60, 2))"
      + "\(point)\(padded(all % 1000, 3))"
  }
}
