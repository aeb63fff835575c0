import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Writes down what is said in recordings, by a recurrent network and connectionist temporal classification.
///
///     let transcriber = try Transcriber.train(files: ["train.csv"])
///     print(try transcriber.transcribe(["interview.wav"])[0].text)
public typealias Transcriber = Model<TranscribeTask>

/// What a recogniser of speech knows before its network: what texts are made of, and for one that reads forward only, what
/// sound is like.
public struct TranscribePreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var text: CTCPreparation.Stored
    var statistics: FeatureStatistics?
  }

  public let text: CTCPreparation
  let statistics: FeatureStatistics?

  init(_ text: CTCPreparation, _ statistics: FeatureStatistics?) {
    (self.text, self.statistics) = (text, statistics)
  }

  public var stored: Stored { Stored(text: text.stored, statistics: statistics) }
  public var files: [String: [UInt8]] { text.files }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    if let found = stored.statistics {
      guard found.sums.count == found.squares.count, found.count >= 0,
        (found.sums + found.squares + [found.count]).allSatisfy(\.isFinite)
      else { throw files.damaged("statistics", expected: "sums of frames", found: "other numbers") }
    }
    self.init(try CTCPreparation(stored.text, files), stored.statistics)
  }
}

/// Many to many of unequal length, in order: frames of sound become characters.
public enum TranscribeTask: TaskDefinition {
  public typealias Calibration = CTCCalibration

  public static let about = TaskAbout(
    "transcribe", "Write down what is said in recordings.",
    discussion: """
      Learns from recordings with their texts: a table with a column of files and one of texts (CSV, TSV, JSON lines, also
      manifests of NeMo), a folder of Kaldi or LibriSpeech, metadata.csv of LJSpeech, a table of Common Voice, or the
      .fileids of CMU Sphinx.

        unroll train transcribe train.csv -o model
        unroll transcribe model interview.wav --language words
        unroll transcribe model film.wav --subtitles srt > film.srt
        unroll evaluate model test.csv

      Trained with --no-bidirectional, it also writes down what comes in, a line at each pause:

        arecord -t raw -f S16_LE -r 16000 | unroll transcribe model - --rate 16000 --stream
      """,
    files: [
      TaskFile("RECORDINGS", count: 1...1000, "Lists of recordings with their texts, or folders of them.")
    ],
    inputName: "FILE",
    limits:
      "The network learned from its recordings alone: other voices, rooms, microphones, languages and words than those are "
      + "understood worse, names and numbers worst. It writes the likeliest characters even of noise or music. "
      + "Do not rest a decision about people on a transcript that nobody has read.",
    streams: true)

  public static func read(
    _ files: [String], _ settings: TranscribeSettings, note: (String) -> Void
  ) throws -> TranscribeData {
    try TranscribeData(files, settings, note: note)
  }

  public static func split(
    _ data: TranscribeData, _ settings: TranscribeSettings, member: Int
  ) -> DataParts<TranscribeData> { data.split(settings.learning) }

  public static func joined(_ data: TranscribeData, _ other: TranscribeData) -> TranscribeData {
    data.joined(with: other)
  }

  public static func prepare(
    _ data: TranscribeData, _ settings: inout TranscribeSettings
  ) throws -> TranscribePreparation {
    settings.rate = settings.rate ?? data.rate
    let text = try CTCPreparation(data.examples.map(\.text), settings.ctc, source: data.source)
    guard !settings.ctc.bidirectional else { return TranscribePreparation(text, nil) }
    var statistics = FeatureStatistics(width: settings.bands)
    for example in data.examples {
      let sound = try example.input.mono(rate: settings.features.sampleRate)
      statistics.add(try FeatureStream.features(sound, settings.features))
    }
    return TranscribePreparation(text, statistics)
  }

  public static func fit(
    _ preparation: TranscribePreparation, to data: TranscribeData, _ settings: TranscribeSettings, grows: Bool
  ) throws -> TranscribePreparation {
    let text = try preparation.text.fit(
      to: data.examples.map(\.text), settings.ctc, source: data.source, grows: grows)
    return TranscribePreparation(text, preparation.statistics)
  }

  public static func network(
    _ settings: TranscribeSettings, _ preparation: TranscribePreparation, using random: inout RandomSource
  ) throws -> CTCNetwork<FrameFront> {
    if let found = preparation.statistics, found.sums.count != settings.bands {
      throw SettingError(
        "bands", expected: "\(found.sums.count), as sound was measured", found: settings.bands)
    }
    return CTCNetwork(
      FrameFront(inputSize: SpeechSteps(settings, nil).width, using: &random), settings.ctc,
      symbols: preparation.text.alphabet.symbols.count, using: &random)
  }

  public static func work(
    _ training: TranscribeData, validation: TranscribeData?, _ settings: TranscribeSettings,
    _ preparation: TranscribePreparation
  ) throws -> CTCWork<SpeechFeatures> {
    func examples(_ data: TranscribeData, augments: Bool) throws -> CTCWork<SpeechFeatures>.Examples {
      .init(
        try SpeechFeatures(data.examples.map(\.input), settings, preparation.statistics, augments: augments),
        data.examples.map(\.text), preparation.text.alphabet, settings.ctc)
    }
    return try CTCWork(
      examples(training, augments: true), validation: validation.map { try examples($0, augments: false) },
      settings.ctc, settings.learning, preparation.text.alphabet, source: training.source)
  }

  public static func calibrate(_ model: Transcriber, on validation: TranscribeData) throws -> CTCCalibration?
  {
    try CTCCalibration.found(
      SpeechFeatures(
        validation.examples.map(\.input), model.settings, model.preparation.statistics, augments: false),
      validation.examples.map(\.text), model.networks, model.preparation.text, model.settings.ctc)
  }

  public static func remarks(
    _ parts: DataParts<TranscribeData>, _ settings: TranscribeSettings, _ preparation: TranscribePreparation
  ) throws -> [String] {
    let (data, steps, alphabet) = (parts.training, SpeechSteps(settings, nil), preparation.text.alphabet)
    func minutes(_ data: TranscribeData?) -> String {
      "\(data?.examples.count ?? 0) recordings, \(((data?.examples.reduce(0) { $0 + $1.seconds } ?? 0) / 6).rounded() / 10) minutes"
    }
    let held = Set(parts.validation?.examples.compactMap(\.speaker) ?? [])
    let apart = held.isEmpty || !held.isDisjoint(with: data.examples.compactMap(\.speaker))
    var remarks = [
      "\(minutes(data)) at \(steps.features.sampleRate) samples a second, \(alphabet.symbols.count) different characters; "
        + "\(minutes(parts.validation)) held out" + (apart ? "" : ", of \(held.count) other speakers")
    ]
    let others = data.examples.filter { $0.rate != steps.features.sampleRate }
    if !others.isEmpty {
      remarks.append(
        "resampled to \(steps.features.sampleRate) samples a second: \(others.count) recordings of other rates"
      )
    }
    let labels = data.examples.map {
      alphabet.encode(
        CTCAlphabet.normalized($0.text, lowercase: settings.ctc.lowercase, form: settings.ctc.normalization))
    }
    let counts = data.examples.map { example in
      let samples = Int(example.seconds * Double(steps.features.sampleRate))
      return steps.steps(frames: steps.features.frames(samples: samples))
    }
    if let short = CTCFit.remark(data.examples.map(\.id), labels, steps: counts) { remarks.append(short) }
    return remarks
  }

  // MARK: Description

  public static func title(_ model: Transcriber) -> String { "transcripts of recordings" }

  public static func facts(_ model: Transcriber) -> [Fact] {
    [Fact("alphabet", model.preparation.text.alphabet.symbols.map { String($0) }.joined())]
  }

  public static func layers(_ model: Transcriber) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let steps = SpeechSteps(model.settings, nil)
    return [
      LayerDescription(
        "\(steps.stack) frames of log-mel energies", "[T · \(steps.stride), B, \(steps.features.bands)]",
        "[T, B, \(network.encoder.inputSize)]", .stepwise),
      .recurrent(network.encoder, model.settings.ctc.network),
      LayerDescription(
        "connectionist temporal classification", "[T, B, \(network.encoder.outputSize)]",
        "[T, B, \(network.head.symbolCount + 1)]", .stepwise),
    ]
  }

  /// Reads `frames`, the steps as `config.json` says they are made of sound, and `lengths`. Gives
  /// `log_probabilities`, `[batch, time, classes]`: the blank is class 0, the characters of the alphabet follow.
  public static func trace(_ trace: inout Trace, _ model: Transcriber) throws {
    let layout = trace.lengths("lengths")
    let frames = trace.frames("frames", features: SpeechSteps(model.settings, nil).width, layout)
    trace.gives(
      "log_probabilities", try CTCNetwork.logProbabilities(model.networks, frames).rows, layout)
  }
}
