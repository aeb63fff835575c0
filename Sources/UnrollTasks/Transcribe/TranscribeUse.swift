import UnrollCore
import UnrollData
import UnrollNetworks

/// Sound cut into pieces that are short enough to be read at once, where it is quietest.
struct SoundPieces {
  /// A piece is no longer than this, in seconds; one that is longer is cut between the two.
  static let (longest, least) = (40.0, 20.0)
  /// A cut stands in the middle of the quietest so many seconds.
  private static let quiet = 0.3

  private let rate: Int
  private var waiting: [Float] = []
  private var start = 0

  init(rate: Int) { self.rate = rate }

  /// Takes samples, and gives a piece if there is a whole one, with the sample that it begins at.
  mutating func push(_ samples: [Float]) -> [(start: Int, samples: [Float])] {
    waiting += samples
    var pieces: [(Int, [Float])] = []
    while waiting.count > Int(Self.longest * Double(rate)) { pieces.append(take(cut())) }
    return pieces
  }

  /// What is left.
  mutating func finish() -> (start: Int, samples: [Float]) { take(waiting.count) }

  private mutating func take(_ count: Int) -> (Int, [Float]) {
    let piece = (start, Array(waiting[..<count]))
    waiting.removeFirst(count)
    start += count
    return piece
  }

  private func cut() -> Int {
    let (width, hop) = (max(1, Int(Self.quiet * Double(rate))), max(1, rate / 100))
    let last = Int(Self.longest * Double(rate)) - width
    var (best, place) = (Double.infinity, last)
    for from in stride(from: Int(Self.least * Double(rate)), through: last, by: hop) {
      let energy = waiting[from..<from + width].reduce(0.0) { $0 + Double($1) * Double($1) }
      if energy < best { (best, place) = (energy, from) }
    }
    return place + width / 2
  }
}

/// Transcribes sounds.
struct SpeechReader {
  /// Where no sample is louder, −60 dB of the full scale, nothing is said.
  static let silence: Float = 0.001

  private let networks: [CTCNetwork<FrameFront>]
  private let steps: SpeechSteps
  private let decoder: CTCDecoder
  private let stream: TranscribeStream?

  init(_ model: Transcriber, _ options: CTCSearch) throws {
    stream = model.settings.ctc.bidirectional ? nil : try TranscribeStream(model, options)
    networks = model.networks
    steps = SpeechSteps(model.settings, model.preparation.statistics)
    decoder = try CTCDecoder(model.preparation.text, options, model.calibration)
  }

  var rate: Int { steps.features.sampleRate }

  /// A piece of one of several sounds.
  private struct Piece {
    let sound: Int
    let start: Double
    let frames: FeatureFrames
    let seconds: Double
  }

  /// Pieces that are read together.
  private static let together = 32

  /// The texts of sounds, each by itself: in pieces, or by a model that reads forward only, as they come in.
  func transcripts(_ inputs: [TranscribeInput], note: @escaping (String) -> Void) throws -> [Transcript] {
    guard let stream else { return try pieces(inputs, note: note) }
    return try inputs.map { input in
      let next = try Self.blocks(of: input, rate: rate, note)
      return try stream.whole(next)
    }
  }

  private func pieces(_ inputs: [TranscribeInput], note: @escaping (String) -> Void) throws -> [Transcript] {
    var found = inputs.map { _ in [CTCLine]() }
    var lengths = [Double](repeating: 0, count: inputs.count)
    var waiting: [Piece] = []
    func flush() throws {
      let features = SpeechFeatures(waiting.map(\.frames), steps)
      var texts = [CTCText?](repeating: nil, count: waiting.count)
      try CTCReader.forEach(features, networks) { texts[$0] = decoder($1) }
      for (piece, text) in zip(waiting, texts) {
        guard let text else { continue }
        found[piece.sound].append(
          CTCLine(start: piece.start, end: piece.start + piece.seconds, text: text))
      }
      waiting = []
    }
    for (place, input) in inputs.enumerated() {
      try forEachPiece(input, note) { start, samples in
        lengths[place] = Double(start + samples.count) / Double(rate)
        guard samples.contains(where: { abs($0) > Self.silence }) else { return }
        waiting.append(
          Piece(
            sound: place, start: Double(start) / Double(rate),
            frames: try steps.frames(Sound(samples: samples, sampleRate: rate)),
            seconds: Double(samples.count) / Double(rate)))
        if waiting.count == Self.together { try flush() }
      }
    }
    try flush()
    return zip(found, lengths).map { Transcript($0, seconds: $1, step: steps.seconds) }
  }

  /// Gives the samples of a sound at a rate, block by block; none at the end.
  static func blocks(
    of input: TranscribeInput, rate: Int, _ note: @escaping (String) -> Void
  ) throws -> () throws -> [Float] {
    guard let source = try input.reader else {
      var waiting = [try input.mono(rate: rate).samples]
      return { waiting.popLast() ?? [] }
    }
    let reader = try MonoSoundReader(source, sampleRate: rate)
    return {
      // A tenth of a second: who speaks waits for what was said.
      let block = try reader.read(frames: max(1, source.sampleRate / 10))
      if block.isEmpty { for remark in reader.remarks { note("\(source.name): \(remark)") } }
      return block
    }
  }

  private func forEachPiece(
    _ input: TranscribeInput, _ note: @escaping (String) -> Void, _ body: (Int, [Float]) throws -> Void
  ) throws {
    var pieces = SoundPieces(rate: rate)
    let next = try Self.blocks(of: input, rate: rate, note)
    while true {
      let samples = try next()
      if samples.isEmpty { break }
      for piece in pieces.push(samples) { try body(piece.start, piece.samples) }
    }
    let last = pieces.finish()
    try body(last.start, last.samples)
  }
}

extension TranscribeInput {
  /// Reads the whole of a file; `nil`: it is a part of one, or in memory.
  fileprivate var reader: SoundReader? {
    get throws {
      switch self {
      case .raw(let path, let rate): try SoundReader(path: path, raw: RawSoundFormat(sampleRate: rate))
      case .file(let path, 0, nil): try SoundReader(path: path)
      case .file, .sound: nil
      }
    }
  }
}

extension TranscribeTask {
  public static func input(
    _ text: String, _ model: Transcriber, _ options: TranscribeOptions
  ) throws -> TranscribeInput {
    // What is no file that is there.
    _ = try SoundReader(path: text)
    return .file(text)
  }

  public static func inputs(
    contentsOf path: String, _ model: Transcriber, _ options: TranscribeOptions, note: (String) -> Void
  ) throws -> [TaskInput<TranscribeInput>]? { [TaskInput(.file(path), id: path)] }

  public static func standardInput(_ model: Transcriber, _ options: TranscribeOptions) -> TranscribeInput? {
    options.rate.map { .raw("-", rate: $0) } ?? .file("-")
  }

  public static func answers(
    _ inputs: [TranscribeInput], _ model: Transcriber, _ options: TranscribeOptions, _ session: AnswerSession
  ) throws -> [Transcript] {
    func shown(_ found: Transcript) -> Transcript {
      var transcript = found
      transcript.subtitles = options.subtitles
      if !options.stream { _ = session.stream?(transcript.shown + "\n") }
      return transcript
    }
    guard options.stream else {
      return try SpeechReader(model, options.search).transcripts(inputs, note: session.note).map(shown)
    }
    guard !model.settings.ctc.bidirectional else {
      throw SettingError(
        "stream", expected: "a model that was trained with bidirectional off", found: "both directions")
    }
    let stream = try TranscribeStream(model, options.search)
    return try inputs.map { input in
      let next = try SpeechReader.blocks(of: input, rate: stream.sampleRate, session.note)
      return shown(
        try stream.whole(next, line: { _ = session.stream?($0.text + "\n") }, stop: session.shouldStop))
    }
  }

  public static func evaluate(
    _ data: TranscribeData, _ model: Transcriber, _ options: TranscribeOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let reader = try SpeechReader(model, options.search)
    let found = try reader.transcripts(data.examples.map(\.input)) { _ in }
    let truth = data.examples.map { CTCReport.Truth(place: $0.place, input: $0.id, text: $0.text) }
    return CTCReport.report(
      truth, found.map { (text: $0.text, confidence: $0.confidence) }, model.settings.ctc)
  }
}

extension Model where Task == TranscribeTask {
  /// What is said in files.
  ///
  /// - Throws: `DataError` when one cannot be read.
  public func transcribe(
    _ files: [String], options: TranscribeOptions = TranscribeOptions()
  ) throws -> [Transcript] { try answers(files.map { .file($0) }, options: options) }
}
