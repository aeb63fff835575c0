import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Music that a model wrote.
public struct Composition: TaskAnswer, Equatable {
  /// The file that it goes on from; empty where there is none.
  public let primer: String
  /// The pitches that sound at each step, as MIDI counts them, ascending.
  public let steps: [[Int]]
  /// The pitch of a melody that was kept, at each step; `nil` where there was none, −1 where it rests.
  public let melody: [Int]?
  /// How many of the steps are the primer's.
  public let primerSteps: Int
  public let stepsPerQuarter: Int
  /// Quarter notes a minute.
  public let tempo: Double
  public let beats: Int
  /// General MIDI's number, from 1.
  public let instrument: Int
  public let repeatsNotes: Bool
  /// How surprising the composed steps are to the model, on the mean.
  public let natsPerStep: Double

  public var shown: String {
    let notes = midi.notes().notes.count
    let bars = (steps.count + stepsPerQuarter * beats - 1) / (stepsPerQuarter * beats)
    let nats = natsPerStep.isFinite ? ", \(NumberText.decimal(natsPerStep, places: 2)) nats a step" : ""
    return "\(bars) bars, \(steps.count) steps, \(notes) notes\(nats)"
  }
  public var columns: [String] { ["step", "pitches"] }
  public var rows: [[String]] {
    steps.enumerated().map { ["\($0 + 1)", $1.map(String.init).joined(separator: " ")] }
  }
  public var file: [UInt8]? { midi.bytes }

  /// The score: the melody in a track of its own, where there is one.
  public var midi: MIDIFile {
    let ticks = Self.ticksPerStep
    func notes(_ steps: [[Int]], track: Int) -> [MIDINote] {
      PianoRoll(steps: steps).notes(ticksPerStep: ticks, joins: !repeatsNotes).map {
        var note = $0
        note.track = track
        note.channel = UInt8(track)
        return note
      }
    }
    var all: [MIDINote]
    if let melody {
      all = notes(melody.map { $0 < 0 ? [] : [$0] }, track: 0)
      all += notes(zip(steps, melody).map { step, own in step.filter { $0 != own } }, track: 1)
    } else {
      all = notes(steps, track: 0)
    }
    let program = UInt8(instrument - 1)
    var file = MIDIFile(
      notes: all, beatsPerMinute: tempo, ticksPerQuarter: ticks * stepsPerQuarter,
      programs: [0: program, 1: program])
    if beats <= 255 {
      file.tracks[0].insert(.init(tick: 0, message: .timeSignature(UInt8(beats), power: 2)), at: 1)
    }
    // Rests at the end are a part of the music.
    let end = steps.count * ticks
    for track in file.tracks.indices { file.tracks[track][file.tracks[track].count - 1].tick = end }
    return file
  }

  private static let ticksPerStep = 120

  package func plot(title: String) -> PianoRollPlot {
    PianoRollPlot(
      title: title, steps: steps, melody: melody, primerSteps: primerSteps,
      stepsPerBar: stepsPerQuarter * beats, joins: !repeatsNotes)
  }
}

/// What music goes on from.
public struct ComposePrimer: Sendable {
  public let place: String
  /// The keys of each step, 0 to 87, ascending.
  public let steps: [[Int32]]

  public init(place: String = "", steps: [[Int32]] = []) {
    self.place = place
    self.steps = steps
  }
}

extension ComposeTask {
  public static func input(_ text: String, _ model: Composer, _ options: ComposeOptions) throws
    -> ComposePrimer
  {
    throw DataError(.missingFile, file: text, expected: "a file of music", found: "no such file")
  }

  public static func inputs(
    contentsOf path: String, _ model: Composer, _ options: ComposeOptions, note: (String) -> Void
  ) throws -> [TaskInput<ComposePrimer>]? {
    try music(path, model, note).map {
      TaskInput(ComposePrimer(place: $0.place, steps: $0.steps), id: $0.place)
    }
  }

  private static func music(_ path: String, _ model: Composer, _ note: (String) -> Void) throws
    -> [ComposeData.Piece]
  {
    try withoutActuallyEscaping(note) { note in
      var reader = ComposeReader(model.settings, note: note)
      return try reader.pieces([path], strict: true)
    }
  }

  public static func defaultInput(_ model: Composer, _ options: ComposeOptions) -> ComposePrimer? {
    ComposePrimer()
  }

  public static func answers(
    _ inputs: [ComposePrimer], _ model: Composer, _ options: ComposeOptions, _ session: AnswerSession
  ) throws -> [Composition] {
    let melody = try options.harmonize.map { path in
      let pieces = try music(path, model, session.note)
      if pieces.count > 1 { session.note("\(path): the first of \(pieces.count) pieces is harmonized") }
      return pieces[0].steps.map { $0.last }
    }
    if melody != nil, model.settings.head == .autoregressive, model.settings.order == .lowToHigh {
      session.note("the model says low notes first, and hears the melody of a step only behind them")
    }
    return try inputs.map { primer in
      let answer = try model.compose(
        primer: primer, melody: melody, options, shouldStop: session.shouldStop)
      if let path = options.plot {
        let title = primer.place.isEmpty ? "Composed" : "Composed, going on from \(primer.place)"
        try AtomicFile.write(
          Array(answer.plot(title: melody == nil ? title : "Harmonized").svg().utf8), to: path)
        session.note("drawn: \(path)")
      }
      return answer
    }
  }

  public static func evaluate(
    _ data: ComposeData, _ model: Composer, _ options: ComposeOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let hasTest = data.pieces.contains { $0.use == .test }
    let pieces = data.pieces.filter { (!hasTest || $0.use == .test) && !$0.steps.isEmpty }
    let score = try ComposeScore(model.networks, pieces.map(\.steps))
    let steps = score.losses.reduce(0) { $0 + max(0, $1.count - 1) }
    guard steps > 0 else {
      throw DataError(
        .badMusic, file: data.source, expected: "a piece of at least two steps", found: "none")
    }
    let examples = zip(pieces, score.losses).map { piece, losses in
      let mean = ComposeScore.mean(Array(losses.dropFirst()))
      return ScoreReport.Example(
        place: piece.place, input: "\(losses.count) steps", truth: "",
        answer: NumberText.decimal(mean.isFinite ? mean : 0, places: 4), error: mean.isFinite ? mean : 0)
    }
    let worst = examples.sorted { ($1.error, $0.place) < ($0.error, $1.place) }.prefix(5)
    return ScoreReport(
      [
        .init(
          "nats per step", score.perStep,
          note: "each step after those before it, over 88 keys, \(steps) steps of \(pieces.count) pieces"),
        .init("nats per step with the first", score.withFirst, note: "the first step of a piece counts too"),
        .init("steps", Double(steps)),
      ],
      tables: [
        .init(
          "most surprising pieces", columns: ["piece", "steps", "nats per step"],
          rows: worst.map { [$0.place, $0.input.replacing(" steps", with: ""), $0.answer] })
      ], examples: examples)
  }
}

extension Model where Task == ComposeTask {
  /// Composes music. The same model, primer, options and seed give the same music.
  ///
  /// - Parameters:
  ///   - primer: what the music goes on from.
  ///   - melody: the key of the highest voice at each step, and `nil` where it rests; the others are composed below it.
  public func compose(
    primer: ComposePrimer = ComposePrimer(), melody: [Int32?]? = nil,
    _ options: ComposeOptions = ComposeOptions(), shouldStop: () -> Bool = { false }
  ) throws -> Composition {
    try options.checkAll()
    let stream = try ComposeStream(networks)
    for keys in primer.steps { try stream.hear(keys) }
    var random = RandomSource(seed: options.seed)
    let count = melody?.count ?? options.bars * options.beats * settings.stepsPerQuarter
    var (steps, sum): ([[Int32]], Double) = ([], 0)
    for step in 0..<count where !shouldStop() {
      var fixed: [Int: Bool] = [:]
      if let key = melody?[step] {
        for above in Int(key)..<Keyboard.count { fixed[above] = above == Int(key) }
      }
      let (keys, logProbability) = try stream.next(
        temperature: options.temperature, fixed: fixed, using: &random)
      steps.append(keys)
      sum -= logProbability
    }
    let before = options.withPrimer ? primer.steps : []
    let pitches = { (keys: [Int32]) in keys.map { Int($0) + Keyboard.lowest } }
    let kept = melody.map { melody in
      before.map { _ in -1 } + melody.prefix(steps.count).map { $0.map { Int($0) + Keyboard.lowest } ?? -1 }
    }
    return Composition(
      primer: primer.place, steps: (before + steps).map(pitches), melody: kept, primerSteps: before.count,
      stepsPerQuarter: settings.stepsPerQuarter, tempo: options.tempo, beats: options.beats,
      instrument: options.instrument, repeatsNotes: options.repeatNotes,
      natsPerStep: steps.isEmpty ? 0 : sum / Double(steps.count))
  }
}
