import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// Speech of a made-up language: each letter is a tone of its own, a space is silence.
enum ToneSpeech {
  static let rate = 8000
  private static let pitches: [Character: Float] = ["a": 400, "b": 900, "c": 1700, "d": 2900]

  static func sound(_ text: String, rate: Int = rate, noise: Float = 0.003, seed: UInt64 = 1) -> Sound {
    var random = RandomSource(seed: seed)
    var samples: [Float] = []
    func add(_ pitch: Float, _ seconds: Float) {
      let count = Int(seconds * Float(rate))
      for place in 0..<count {
        // Triangles: their overtones are weak.
        let phase = (pitch * Float(place) / Float(rate)).truncatingRemainder(dividingBy: 1)
        let wave = pitch == 0 ? 0 : 4 * abs(phase - 0.5) - 1
        samples.append(0.4 * wave + noise * random.normal())
      }
    }
    add(0, 0.1)
    for letter in text {
      add(pitches[letter] ?? 0, letter == " " ? 0.15 : 0.12)
      add(0, 0.05)
    }
    add(0, 0.1)
    return Sound(samples: samples, sampleRate: rate)
  }

  static func text(_ random: inout RandomSource) -> String {
    let letters = Array("abcd")
    return (0..<1 + random.below(2)).map { _ in
      String((0..<1 + random.below(3)).map { _ in letters[random.below(letters.count)] })
    }.joined(separator: " ")
  }

  static func pairs(_ count: Int, seed: UInt64 = 3) -> [(sound: Sound, text: String)] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { index in
      let text = text(&random)
      return (sound(text, seed: seed &+ UInt64(index)), text)
    }
  }

  static func settings(epochs: Int = 12) -> TranscribeSettings {
    var settings = TranscribeSettings()
    settings.bands = 17
    settings.frequencyMask = 2
    settings.timeMask = 3
    settings.speedPerturbation = 5
    settings.ctc.network.hiddenSize = 24
    settings.ctc.network.layers = 1
    settings.ctc.network.dropout = 0.1
    settings.learning.epochs = epochs
    settings.learning.batchSize = 8
    settings.learning.learningRate = 0.02
    settings.learning.averaging = 0.9
    settings.learning.seed = 5
    return settings
  }
}

/// Keeps what a training tells.
private final class NoteTaker {
  private(set) var notes: [String] = []

  var session: TaskSession {
    TaskSession(report: { if case .note(let text) = $0 { self.notes.append(text) } })
  }
}

@Suite struct TranscribeTests {
  @Test func itKeepsThePromisesOfAllTasks() throws {
    var settings = ToneSpeech.settings()
    ChassisCheck.small(&settings.learning)
    let inputs = ["abc", "a b", "d"].map { TranscribeInput.sound(ToneSpeech.sound($0)) }
    try ChassisCheck.check(
      ChassisCase<TranscribeTask>(
        data: TranscribeData(ToneSpeech.pairs(24)), settings: settings,
        inputs: inputs + [.sound(Sound(samples: [], sampleRate: 8000))]))
  }

  /// It learns to read tones it did not hear, says when, and the language helps.
  @Test func itLearns() throws {
    let model = try Transcriber.train(
      on: TranscribeData(ToneSpeech.pairs(160)), settings: ToneSpeech.settings(epochs: 14))
    let test = TranscribeData(ToneSpeech.pairs(40, seed: 99))
    let report = try model.evaluate(on: test)
    #expect(report["character error rate"] < 0.1, "\(report.text())")
    for language in [CTCSearch.Language.characters, .words] {
      var options = TranscribeOptions()
      options.search = CTCSearch(language, beam: 16)
      let other = try model.evaluate(on: test, options: options)
      #expect(other["character error rate"] < 0.25, "\(language)")
    }
    // Words have times that go up and lie within the sound.
    let sound = ToneSpeech.sound("ab cd")
    let found = try model.answers([.sound(sound)])[0]
    var last = 0.0
    for word in found.words {
      #expect(word.start >= last && word.end > word.start && word.end <= found.seconds)
      #expect((0...1).contains(word.confidence))
      last = word.end
    }
    #expect(abs(found.seconds - sound.duration) < 0.001)
    // Silence says nothing, whatever its length and rate.
    let silent = [0, 1, 800, 44100].map { Sound(samples: Array(repeating: 0, count: $0), sampleRate: 44100) }
    let quiet = try model.answers(silent.map { .sound($0) })
    #expect(quiet.allSatisfy { $0.text.isEmpty && $0.words.isEmpty && $0.confidence == 1 })
    try long(model)
  }

  /// What is longer than a piece is read in pieces, and its words stand where they are said.
  private func long(_ model: Transcriber) throws {
    let text = Array(repeating: "abcd", count: 70).joined(separator: " ")
    let sound = ToneSpeech.sound(text)
    #expect(sound.duration > 50)
    let found = try model.answers([.sound(sound)])[0]
    let rate = ErrorRate.characters([text], [found.text]).rate
    #expect(rate < 0.2, "\(found.text)")
    #expect(zip(found.words, found.words.dropFirst()).allSatisfy { $0.end <= $1.start + 0.001 })
    let last = try #require(found.words.last)
    #expect(last.end > sound.duration - 2 && last.end <= sound.duration)
  }

  /// A model that reads forward writes the same of a stream, however it is cut, as of the whole, and ends lines at pauses.
  @Test func streamsSayWhatFilesSay() throws {
    var settings = ToneSpeech.settings(epochs: 24)
    settings.ctc.bidirectional = false
    let trained = try Transcriber.train(on: TranscribeData(ToneSpeech.pairs(160)), settings: settings)
    let folder = try TestFolder()
    try trained.save(to: "\(folder.path)/model")
    let model = try Transcriber(contentsOf: "\(folder.path)/model")
    var random = RandomSource(seed: 1)
    let gap = Sound(samples: (0..<8000).map { _ in 0.003 * random.normal() }, sampleRate: 8000)
    let texts = ["ab", "c da", "bd"]
    let samples = gap.samples + texts.flatMap { ToneSpeech.sound($0).samples + gap.samples }
    let whole = try model.answers([.sound(Sound(samples: samples, sampleRate: 8000))])[0]
    for language in [CTCSearch.Language.none, .characters] {
      let stream = try TranscribeStream(model, CTCSearch(language))
      var first: [Transcript] = []
      for most in [1 << 30, 1, 79, 80, 4001] {
        var (lines, place, partials): ([Transcript], Int, Set<String>) = ([], 0, [])
        while place < samples.count {
          let end = min(samples.count, place + (most > 1000 ? most : 1 + random.below(most)))
          lines += try stream.push(Array(samples[place..<end]))
          if most == 4001 { partials.insert(stream.partial) }
          place = end
        }
        lines += try stream.finish()
        if first.isEmpty { first = lines }
        #expect(lines == first, "\(most)")
        if most == 4001 { #expect(partials.contains("") && partials.count > 1) }
      }
      if language == .none {
        #expect(first.map(\.text).joined(separator: " ") == whole.text && first.count == 3, "\(first)")
        #expect(first.flatMap(\.words) == whole.words)
        #expect(ErrorRate.characters(["ab c da bd"], [whole.text]).rate < 0.4, "\(whole.text)")
      }
      #expect(try stream.finish().isEmpty)
    }
    let silence = Sound(samples: Array(repeating: 0, count: 8000), sampleRate: 8000)
    #expect(try model.answers([.sound(silence)])[0].text.isEmpty)
    // Both directions need the future.
    let other = try Transcriber.train(
      on: TranscribeData(ToneSpeech.pairs(12)), settings: ToneSpeech.settings(epochs: 1))
    #expect(throws: ShapeError.self) { try TranscribeStream(other) }
    var options = TranscribeOptions()
    options.stream = true
    #expect(throws: SettingError.self) { try other.answers([.sound(gap)], options: options) }
  }

  /// A text that does not fit into its steps is named and left out; the rest is learned from.
  @Test func textsThatDoNotFitAreLeftOut() throws {
    var pairs = ToneSpeech.pairs(20)
    pairs.append((ToneSpeech.sound(""), "abcdabcdabcdabcd"))
    var settings = ToneSpeech.settings(epochs: 1)
    settings.learning.validationShare = 0
    let session = NoteTaker()
    let model = try Transcriber.train(on: TranscribeData(pairs), settings: settings, session: session.session)
    #expect(
      session.notes.contains { $0.contains("too short for their texts: 21 (21 has ") }, "\(session.notes)")
    #expect(model.weights.allSatisfy { $0.value.elements.allSatisfy(\.isFinite) })
    let none = TranscribeData([(ToneSpeech.sound(""), "abcdabcdabcdabcd")])
    #expect(throws: DataError.self) { try Transcriber.train(on: none, settings: settings) }
    let wordless = TranscribeData([(ToneSpeech.sound("ab"), " ")])
    #expect(throws: DataError.self) { try Transcriber.train(on: wordless, settings: settings) }
  }

  /// New characters are refused, or added behind those that the model knows.
  @Test func theAlphabetGrows() throws {
    let settings = ToneSpeech.settings(epochs: 2)
    let start = try Transcriber.train(on: TranscribeData(ToneSpeech.pairs(20)), settings: settings)
    let more = TranscribeData(ToneSpeech.pairs(20, seed: 8).map { ($0.sound, $0.text + "é") })
    #expect(throws: DataError.self) { try Transcriber.train(on: more, settings: settings, from: start) }
    let grown = try Transcriber.train(on: more, settings: settings, from: start, grows: true)
    let (old, new) = (start.preparation.text.alphabet.symbols, grown.preparation.text.alphabet.symbols)
    #expect(new == old + ["é"])
  }

  @Test func filesAreReadAndBadOnesNamed() throws {
    let folder = try TestFolder()
    var table = "file,text,speaker\n"
    for (index, pair) in ToneSpeech.pairs(12).enumerated() {
      try folder.write(pair.sound.wav(), "\(index).wav")
      table += "\(index).wav,\(pair.text),s\(index % 6)\n"
    }
    try folder.write(Array((table + "none.wav,a,s1\nempty.wav,b,s2\n").utf8), "list.csv")
    try folder.write([], "empty.wav")
    let session = NoteTaker()
    let list = "\(folder.path)/list.csv"
    let model = try Transcriber.train(
      files: [list], words: ["epochs=1", "hidden=8", "bands=12", "validation-share=0.3"],
      session: session.session)
    #expect(model.record.facts.contains(Fact("recordings", 12)) && model.settings.rate == 8000)
    #expect(session.notes.count { $0.hasPrefix("left out: ") } == 2, "\(session.notes)")
    #expect(session.notes.contains { $0.contains("of 2 other speakers") }, "\(session.notes)")
    var settings = ToneSpeech.settings()
    settings.strict = true
    #expect(throws: DataError.self) { try TranscribeTask.read([list], settings) { _ in } }
    // Used as a file, resampled from another rate; a name that is no file is an error.
    try folder.write(ToneSpeech.sound("abc", rate: 16000).wav(), "fast.wav")
    var notes: [String] = []
    let found = try model.answers(
      [.file("\(folder.path)/fast.wav")], session: AnswerSession(note: { notes.append($0) }))
    #expect(found.count == 1 && notes.contains { $0.contains("resampled from 16000 Hz to 8000 Hz") })
    #expect(throws: DataError.self) { try TranscribeTask.input("\(folder.path)/none.wav", model, .init()) }
    #expect(throws: DataError.self) { try model.transcribe(["\(folder.path)/empty.wav"]) }
  }

  @Test func subtitlesHaveTimes() throws {
    let words = [("go", 0.5, 0.9), ("to", 1.0, 1.2), ("<b>", 3661.5, 3662.25)].map {
      Transcript.Word(text: $0.0, start: $0.1, end: $0.2, confidence: 1)
    }
    #expect(
      SubtitleText.srt(words)
        == "1\n00:00:00,500 --> 00:00:01,200\ngo to\n\n2\n01:01:01,500 --> 01:01:02,250\n<b>\n\n")
    #expect(
      SubtitleText.vtt(words)
        == "WEBVTT\n\n00:00:00.500 --> 00:00:01.200\ngo to\n\n01:01:01.500 --> 01:01:02.250\n&lt;b>\n\n")
    #expect(SubtitleText.srt([]) == "" && SubtitleText.vtt([]) == "WEBVTT\n\n")
  }
}
