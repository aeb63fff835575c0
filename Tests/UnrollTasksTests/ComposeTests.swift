import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Music that is easily learned: four chords that follow on each other, with a beginning of its own.
enum ComposeSupport {
  static let chords: [[Int32]] = [[27, 39, 43, 46], [32, 39, 44, 48], [34, 41, 46, 50], [27, 39, 43, 51]]

  static func data(_ count: Int = 12, length: Int = 24) throws -> ComposeData {
    try ComposeData(
      (0..<count).map { piece in
        .init(place: "piece \(piece)", steps: (0..<length).map { chords[(piece + $0) % chords.count] })
      })
  }

  static func settings(_ head: ComposeSettings.Head) -> ComposeSettings {
    var settings = ComposeSettings()
    settings.network = RecurrentSettings(cell: .gru, hiddenSize: 16, dropout: 0.1)
    settings.head = head
    settings.headSize = 8
    settings.transpose = 2
    settings.stepsPerQuarter = 1
    ChassisCheck.small(&settings.learning)
    return settings
  }

  /// A model that knows the chords.
  static let trained: [ComposeSettings.Head: Composer] = {
    var models: [ComposeSettings.Head: Composer] = [:]
    for head in ComposeSettings.Head.allCases {
      var settings = settings(head)
      settings.network = RecurrentSettings(hiddenSize: 32, dropout: 0)
      settings.headSize = 16
      settings.transpose = 0
      settings.learning.epochs = 60
      settings.learning.batchSize = 4
      settings.learning.learningRate = 0.02
      settings.learning.seed = 1
      models[head] = try? data().trained(settings)
    }
    return models
  }()

  /// What was told while files were read.
  static func read(_ files: [String], _ settings: ComposeSettings = ComposeSettings()) throws -> (
    data: ComposeData, notes: [String]
  ) {
    var notes: [String] = []
    let data = try ComposeTask.read(files, settings) { notes.append($0) }
    return (data, notes)
  }
}

extension ComposeData {
  fileprivate func trained(_ settings: ComposeSettings) throws -> Composer {
    try Composer.train(on: self, settings: settings)
  }
}

struct ComposeTests {
  @Test(arguments: ComposeSettings.Head.allCases)
  func isATask(_ head: ComposeSettings.Head) throws {
    let primer = ComposePrimer(steps: ComposeSupport.chords)
    var settings = ComposeSupport.settings(head)
    settings.learning.members = head == .independent ? 2 : 1
    try ChassisCheck.check(
      ChassisCase<ComposeTask>(
        data: try ComposeSupport.data(), settings: settings, inputs: [ComposePrimer(), primer]))
  }

  /// A step of the pattern has next to no surprise, and goes on as it should.
  @Test(arguments: ComposeSettings.Head.allCases)
  func learnsChords(_ head: ComposeSettings.Head) throws {
    let model = try #require(ComposeSupport.trained[head])
    let report = try model.evaluate(on: try ComposeSupport.data(3, length: 40))
    #expect(report["nats per step"] < 0.3, "\(report.line)")
    var options = ComposeOptions()
    options.bars = 3
    options.temperature = 0
    let answer = try model.compose(primer: ComposePrimer(steps: ComposeSupport.chords), options)
    #expect(answer.steps == (0..<12).map { ComposeSupport.chords[$0 % 4].map { Int($0) + 21 } })
    options.withPrimer = true
    let whole = try model.compose(primer: ComposePrimer(steps: ComposeSupport.chords), options)
    #expect(whole.steps.count == 16 && whole.primerSteps == 4)
    #expect(Array(whole.steps.dropFirst(4)) == answer.steps)
  }

  /// What is said of music while it is drawn is what is said of it when it is scored.
  @Test(arguments: ComposeSettings.Head.allCases)
  func drawsWhatItScores(_ head: ComposeSettings.Head) throws {
    let model = try #require(ComposeSupport.trained[head])
    var options = ComposeOptions()
    options.seed = 5
    let answer = try model.compose(options)
    #expect(answer.steps.count == 64)
    let piece = ComposeData.Piece(steps: answer.steps.map { $0.map { Int32($0 - 21) } })
    let report = try model.evaluate(on: try ComposeData([piece]))
    #expect(abs(report["nats per step with the first"] - answer.natsPerStep) < 1e-4)
  }

  /// Nats a step by hand: a network of zeros says of every key that it sounds with probability 1/2.
  @Test func countsNats() throws {
    var random = RandomSource(seed: 1)
    var head = NoteHead.independent(Linear(inputSize: 3, outputSize: 88, using: &random))
    head.forEachParameter("") { $1.value = .zeros($1.value.shape) }
    let losses = try head.losses(Variable(.zeros([2, 3])), notes: [[], [0, 87]])
    #expect(abs(losses.sum().value.scalar - Float(2 * 88 * naturalLogarithm(2))) < 1e-3)
    let sample = try head.sample(Variable(.zeros([1, 3])), fixed: [0: true, 1: false], using: &random)
    #expect(sample.notes.first == 0 && !sample.notes.contains(1))
    #expect(abs(sample.logProbability + 88 * naturalLogarithm(2)) < 1e-9)
    #expect(throws: ShapeError.self) { try head.losses(Variable(.zeros([1, 3])), notes: [[88]]) }
    #expect(throws: ShapeError.self) { try head.sample(Variable(.zeros([2, 3])), using: &random) }
  }

  /// Two networks: the probability of a step is the mean of theirs.
  @Test func meansMembers() throws {
    var settings = ComposeSupport.settings(.autoregressive)
    settings.learning.members = 2
    let model = try Composer.train(on: try ComposeSupport.data(), settings: settings)
    let piece = try ComposeData([.init(steps: [ComposeSupport.chords[0]])])
    let name = "nats per step with the first"
    func alone(_ member: Int) throws -> Double {
      var single = model
      single.networks = [model.networks[member]]
      let pair = try ComposeData([.init(steps: [ComposeSupport.chords[0], []])])
      return try single.evaluate(on: pair)[name]
    }
    // A piece of one step has nothing to be scored by.
    #expect(throws: DataError.self) { try model.evaluate(on: piece) }
    let (first, second) = (try alone(0), try alone(1))
    let pair = try ComposeData([.init(steps: [ComposeSupport.chords[0], []])])
    let both: Double = try model.evaluate(on: pair)[name]
    #expect(both < max(first, second) && both > min(first, second) - naturalLogarithm(2))
  }

  @Test func keepsAMelody() throws {
    let model = try #require(ComposeSupport.trained[.autoregressive])
    let melody: [Int32?] = [46, 48, nil, 51, 0, 87]
    let answer = try model.compose(melody: melody)
    #expect(answer.steps.count == melody.count)
    for (step, key) in zip(answer.steps, melody) {
      if let key { #expect(step.last == Int(key) + 21) }
    }
    let notes = answer.midi.notes().notes
    #expect(notes.filter { $0.track == 1 }.map { Int($0.pitch) - 21 } == [46, 48, 51, 0, 87])
    #expect(answer.plot(title: "a < b").svg().contains("melody, given"))
  }

  /// What is written is read as what it was, rests at the end as well.
  @Test(arguments: [false, true])
  func writesMIDI(_ repeats: Bool) throws {
    let model = try #require(ComposeSupport.trained[.independent])
    var options = ComposeOptions()
    options.bars = 4
    options.temperature = 2
    options.repeatNotes = repeats
    options.tempo = 72
    let answer = try model.compose(options)
    let bytes = try #require(answer.file)
    let file = try MIDIFile(bytes, name: "out")
    let roll = try PianoRoll(file, stepsPerQuarter: 1)
    var wanted = answer.steps
    while wanted.last == [] { wanted.removeLast() }
    #expect(roll.steps == wanted)
    #expect(abs(file.duration - 16 * 60 / 72) < 1e-3)
    #expect(answer.shown.hasPrefix("4 bars, 16 steps"))
    let svg = answer.plot(title: "Composed").svg()
    #expect(svg.hasPrefix("<?xml") && svg.contains("composed"))
  }

  @Test func describesItself() throws {
    for head in ComposeSettings.Head.allCases {
      let model = try #require(ComposeSupport.trained[head])
      #expect(model.description.layers.count == 3)
      #expect(model.weights.allSatisfy { $0.value.elements.allSatisfy(\.isFinite) })
    }
  }
}

struct ComposeFilesTests {
  private static func midi(_ pitches: [UInt8], format: MIDIFile.Format = .simultaneous) -> MIDIFile {
    MIDIFile(
      notes: pitches.enumerated().map { MIDINote(pitch: $1, start: $0 * 480, end: $0 * 480 + 480) })
  }

  /// A folder of MIDI, of which one file is text and one is empty: named, left out and counted.
  @Test func leavesOutDamagedFiles() throws {
    let folder = try TestFolder()
    try folder.write(Self.midi([60, 62, 64]).bytes, "a.mid")
    try folder.write(Array("not music".utf8), "b.mid")
    try folder.write([], "c.mid")
    try folder.write(Self.midi([60]).bytes, "d.mid")
    try folder.write(Self.midi([]).bytes, "e.mid")
    try folder.write(Array("passed over".utf8), "readme.txt")
    var settings = ComposeSettings()
    settings.stepsPerQuarter = 1
    let (data, notes) = try ComposeSupport.read([folder.path], settings)
    #expect(data.pieces.map(\.steps) == [[[39], [41], [43]], [[39]]])
    #expect(notes.contains { $0.contains("b.mid") } && notes.contains { $0.contains("c.mid") })
    #expect(notes.contains { $0.hasPrefix("no notes in") && $0.contains("e.mid") })
    #expect(notes.contains("2 of 5 files cannot be read, and were left out"))
    settings.strict = true
    #expect(throws: DataError.self) { try ComposeSupport.read([folder.path], settings) }
    #expect(throws: DataError.self) { try ComposeSupport.read(["\(folder.path)/b.mid"]) }
    #expect(throws: DataError.self) { try ComposeSupport.read(["\(folder.path)/e.mid"]) }
    #expect(throws: DataError.self) { try ComposeSupport.read(["\(folder.path)/none.mid"]) }
  }

  /// Ticks that are parts of seconds, tracks that are pieces of their own, and notes that a piano lacks.
  @Test func readsOddMIDI() throws {
    let folder = try TestFolder()
    var film = Self.midi([60, 62])
    film.division = .timeCode(framesPerSecond: 25, ticksPerFrame: 40)
    try folder.write(film.bytes, "film.mid")
    var settings = ComposeSettings()
    settings.stepsPerQuarter = 1
    // 480 ticks of a thousandth of a second are nearly a quarter note of half a second.
    let (data, notes) = try ComposeSupport.read(["\(folder.path)/film.mid"], settings)
    #expect(data.pieces[0].steps == [[39], [41]])
    #expect(notes.contains { $0.contains("half a second") })

    var two = Self.midi([60, 62])
    two.tracks.append(two.tracks[1])
    two.format = .sequential
    try folder.write(two.bytes, "two.mid")
    #expect(try ComposeSupport.read(["\(folder.path)/two.mid"], settings).data.pieces.count == 2)

    try folder.write(Self.midi([5, 60, 120]).bytes, "wide.mid")
    let wide = try ComposeSupport.read(["\(folder.path)/wide.mid"], settings)
    #expect(wide.data.pieces[0].steps == [[], [39], []])
    #expect(wide.notes.contains { $0.hasPrefix("2 notes of steps lie beyond") })
  }

  @Test func readsPartsOfRolls() throws {
    let folder = try TestFolder()
    func write(_ text: String) throws { try folder.write(Array(text.utf8), "rolls.json") }
    let path = "\(folder.path)/rolls.json"
    try write(#"{"train":[[[60,64],[]],[[62]]],"valid":[[[65]]],"test":[[[67]],[[69]],[[71]]]}"#)
    let (data, notes) = try ComposeSupport.read([path])
    #expect(data.pieces.count == 6 && notes.contains { $0.contains("pitches of MIDI") })
    let parts = ComposeTask.split(data, ComposeSettings(), member: 0)
    #expect(parts.training.pieces.map(\.steps) == [[[39, 43], []], [[41]]])
    #expect(parts.validation?.pieces.map(\.steps) == [[[44]]])
    var settings = ComposeSettings()
    settings.part = "test"
    settings.lowestPitch = 21
    #expect(try ComposeSupport.read([path], settings).data.pieces.map(\.steps) == [[[67]], [[69]], [[71]]])
    settings.part = "rest"
    #expect(throws: DataError.self) { try ComposeSupport.read([path], settings) }
    try write("[[[0, 40], [87]]]")
    let columns = try ComposeSupport.read([path])
    #expect(columns.data.pieces[0].steps == [[0, 40], [87]])
    #expect(columns.notes.contains { $0.contains("columns of 88 keys") })
    for text in ["", "{", "[[[1.5]]]", "[[[200]]]", "[]", #"{"a":3}"#, "[[[]]]"] {
      try write(text)
      #expect(throws: DataError.self, "\(text)") { try ComposeSupport.read([path]) }
    }
  }

  @Test func refusesWhatIsNoMusic() throws {
    #expect(throws: DataError.self) { try ComposeData([.init(steps: [[88]])]) }
    #expect(throws: DataError.self) { try ComposeData([.init(steps: [[3, 3]])]) }
    let model = try #require(ComposeSupport.trained[.independent])
    #expect(throws: DataError.self) { try ComposeTask.input("la la la", model, ComposeOptions()) }
    var options = ComposeOptions()
    options.bars = 0
    #expect(throws: SettingError.self) { try model.compose(options) }
  }
}
