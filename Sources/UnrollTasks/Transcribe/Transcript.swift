import UnrollData

/// A part of a recording, from a second to a second, and what was read of it.
struct CTCLine {
  let start: Double
  let end: Double
  let text: CTCText
}

/// What is said in a recording.
public struct Transcript: TaskAnswer, Equatable {
  public typealias Word = TimedWord

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
