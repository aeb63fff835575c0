import UnrollData

/// A part of a recording, from a second to a second, and what was read of it.
struct CTCLine {
  let start: Double
  let end: Double
  let text: CTCText
}

/// What is said in a recording.
public struct Transcript: TaskAnswer, Equatable {
  /// A word and when it is said, in seconds.
  public struct Word: Codable, Sendable, Equatable {
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

  public let text: String
  /// The mean probability of the characters; of silence that of there being none.
  public let confidence: Double
  /// How long the recording is.
  public let seconds: Double
  public let words: [Word]
  /// How a person is shown it.
  var subtitles = TranscribeOptions.Subtitles.none

  private enum CodingKeys: String, CodingKey { case text, confidence, seconds, words }

  /// What was read of parts of a recording, in their order.
  ///
  /// - Parameter step: seconds from one step to the next.
  init(_ lines: [CTCLine], seconds: Double, step: Double) {
    func rounded(_ value: Double, _ places: Double = 1000) -> Double { (value * places).rounded() / places }
    var words: [Word] = []
    var (sum, count) = (0.0, 0)
    for line in lines {
      for word in line.text.words {
        words.append(
          Word(
            text: word.text, start: rounded(min(line.end, line.start + Double(word.steps.lowerBound) * step)),
            end: rounded(min(line.end, line.start + Double(word.steps.upperBound) * step)),
            confidence: rounded(word.confidence, 10_000)))
      }
      sum += line.text.confidence * Double(max(1, line.text.symbols.count))
      count += max(1, line.text.symbols.count)
    }
    text = lines.map(\.text.text).filter { !$0.isEmpty }.joined(separator: " ")
    confidence = rounded(count == 0 ? 1 : sum / Double(count), 10_000)
    self.seconds = rounded(seconds)
    self.words = words
  }

  public var columns: [String] { ["text", "confidence", "seconds"] }
  public var rows: [[String]] {
    [[text, NumberText.decimal(confidence, places: 4), NumberText.decimal(seconds, places: 3)]]
  }
  public var shown: String {
    switch subtitles {
    case .none: text
    case .srt: SubtitleText.srt(words)
    case .vtt: SubtitleText.vtt(words)
    }
  }
}

/// Words with times as subtitles.
package enum SubtitleText {
  /// A line is no longer than this, in characters and in seconds, and words of one stand no further apart.
  private static let (longest, seconds, pause) = (42, 6.0, 1.0)

  /// The words in lines.
  static func lines(_ words: [Transcript.Word]) -> [ArraySlice<Transcript.Word>] {
    var lines: [ArraySlice<Transcript.Word>] = []
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

  package static func srt(_ words: [Transcript.Word]) -> String {
    lines(words).enumerated().map { number, line in
      "\(number + 1)\n\(times(line, ","))\n\(text(line))\n\n"
    }.joined()
  }

  /// `&` and `<` begin something else in WebVTT.
  package static func vtt(_ words: [Transcript.Word]) -> String {
    "WEBVTT\n\n"
      + lines(words).map { line in
        let escaped = text(line).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        return "\(times(line, "."))\n\(escaped)\n\n"
      }.joined()
  }

  private static func text(_ line: ArraySlice<Transcript.Word>) -> String {
    line.map(\.text).joined(separator: " ")
  }

  private static func times(_ line: ArraySlice<Transcript.Word>, _ point: String) -> String {
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
