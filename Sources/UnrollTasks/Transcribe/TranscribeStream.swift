import UnrollCore
import UnrollData
import UnrollNetworks

/// Transcribes sound while it comes in, by a model that reads forward only.
///
///     let stream = try TranscribeStream(transcriber)
///     while let samples = next() {
///       for line in try stream.push(samples) { print(line.text) }     // lines that ended in a pause
///       show(stream.partial)                                          // what may still change
///     }
///     if let line = try stream.finish() { print(line.text) }
///
/// A line ends where nothing is said for half a second. What is found does not depend on how samples were divided, and is
/// what the model says of the whole in a file. Memory is that of a line. One thread at a time.
public final class TranscribeStream {
  /// Seconds without a character that end a line, and the seconds that no line exceeds.
  private static let (pause, longest) = (0.5, 40.0)

  private let steps: SpeechSteps
  private let decoder: CTCDecoder
  private let heads: [CTCHead]
  private let sessions: [AnyStreamingSession]
  private var features: FeatureStream
  private var normalizer: StreamingNormalizer
  /// Normalised frames that steps to come read.
  private var waiting: FeatureFrames
  /// Frames and steps so far, and the first frame that is loud enough to be heard.
  private var frames = 0
  private var count = 0
  private var heard: Int?
  /// ln p of each class at each step of the line, and its first step.
  private var scores: [Float] = []
  private var lineStart = 0
  /// Steps since the last character; `nil`: there was none in this line.
  private var silentSteps: Int?
  /// Samples so far, at the model's rate.
  private var samples = 0

  /// - Throws: `ShapeError` when the model reads in both directions; what is wrong with the search.
  public init(_ model: Transcriber, _ search: CTCSearch = CTCSearch()) throws {
    steps = SpeechSteps(model.settings, model.preparation.statistics)
    decoder = try CTCDecoder(model.preparation.text, search, model.calibration)
    heads = model.networks.map(\.head)
    sessions = try model.networks.map { try $0.encoder.network.streaming() }
    features = try FeatureStream(steps.features)
    normalizer = steps.normalizer
    waiting = FeatureFrames(width: steps.features.bands)
  }

  /// Samples a second that are taken.
  public var sampleRate: Int { steps.features.sampleRate }

  /// Takes samples of one channel, and gives the lines that ended.
  public func push(_ new: [Float]) throws -> [Transcript] {
    samples += new.count
    return try take(features.push(new)).map(transcript)
  }

  /// Gives the line that was not ended, if there is one, and starts anew.
  public func finish() throws -> [Transcript] { try ended().map(transcript) }

  /// The whole of some sound as one transcript; nothing was pushed before.
  ///
  /// - Parameters:
  ///   - next: gives samples, none at the end.
  ///   - line: is given each line once it ended.
  func whole(
    _ next: () throws -> [Float], line: (Transcript) -> Void = { _ in }, stop: () -> Bool = { false }
  ) throws -> Transcript {
    var lines: [CTCLine] = []
    func add(_ new: [CTCLine]) {
      lines += new
      for own in new { line(transcript(own)) }
    }
    while !stop() {
      let block = try next()
      if block.isEmpty { break }
      samples += block.count
      add(try take(features.push(block)))
    }
    let seconds = Double(samples) / Double(sampleRate)
    add(try ended())
    return Transcript(lines, seconds: seconds, step: steps.seconds)
  }

  private func transcript(_ line: CTCLine) -> Transcript {
    Transcript([line], seconds: line.end, step: steps.seconds)
  }

  private func ended() throws -> [CTCLine] {
    var lines = try take(features.finish())
    let all = steps.steps(frames: frames)
    while count < all {
      waiting.values += repeatElement(
        0, count: max(0, steps.stack - waiting.count) * steps.features.bands)
      lines += try step()
    }
    lines += [endLine()].compactMap { $0 }
    for session in sessions { session.reset() }
    normalizer.reset()
    waiting = FeatureFrames(width: steps.features.bands)
    (frames, count, lineStart, samples, heard) = (0, 0, 0, 0, nil)
    return lines
  }

  /// What the line says so far.
  public var partial: String { silentSteps == nil ? "" : decoder(lineScores).text }

  private var lineScores: Tensor {
    let classes = heads[0].symbolCount + 1
    return Tensor(scores, shape: [scores.count / classes, classes])
  }

  private func take(_ raw: FeatureFrames) throws -> [CTCLine] {
    if heard == nil, let place = raw.values.firstIndex(where: { $0 > SpeechSteps.quietest }) {
      heard = frames + place / raw.width
    }
    frames += raw.count
    waiting.append(normalizer.push(raw))
    var lines: [CTCLine] = []
    while waiting.count >= steps.stack { lines += try step() }
    return lines
  }

  /// Reads a step off the waiting frames.
  private func step() throws -> [CTCLine] {
    let x = Array(waiting.values[..<steps.width])
    waiting.values.removeFirst(steps.stride * steps.features.bands)
    count += 1
    let logits = try zip(heads, sessions).map { head, session in
      let h = session.step(x)
      return try head.output(Variable(Tensor(h, shape: [1, h.count])))
    }
    let found = Variable.mean(of: logits).logSoftmax().value.elements
    scores += found
    let isHeard = heard.map { $0 < (count - 1) * steps.stride + steps.stack } ?? false
    if isHeard, found.indices.dropFirst().contains(where: { found[$0] > found[0] }) {
      silentSteps = 0
    } else {
      silentSteps = silentSteps.map { $0 + 1 }
    }
    let length = Double(count - lineStart) * steps.seconds
    let isOver = silentSteps.map { Double($0) * steps.seconds >= Self.pause || length >= Self.longest }
    if silentSteps == nil, length >= Self.pause {
      // Nothing was said: only what may be the start of something is kept.
      let (kept, classes) = (Int(Self.pause / 2 / steps.seconds), heads[0].symbolCount + 1)
      scores.removeFirst(max(0, scores.count - kept * classes))
      lineStart = count - scores.count / classes
    }
    return isOver == true ? [endLine()].compactMap { $0 } : []
  }

  private func endLine() -> CTCLine? {
    defer { (scores, silentSteps, lineStart) = ([], nil, count) }
    guard silentSteps != nil else { return nil }
    let text = decoder(lineScores)
    // Before the end of the sound, samples reach further than steps.
    let end = min(Double(count) * steps.seconds, Double(samples) / Double(sampleRate))
    return text.text.isEmpty ? nil : CTCLine(start: Double(lineStart) * steps.seconds, end: end, text: text)
  }
}
