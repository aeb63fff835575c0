import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Writes down what is said in recordings, by a recurrent network and connectionist temporal classification.
///
///     let transcriber = try Transcriber.train(files: ["train.csv"])
///     print(try transcriber.transcribe(["interview.wav"])[0].text)
public typealias Transcriber = Model<TranscribeTask>

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
      """,
    files: [
      TaskFile("RECORDINGS", count: 1...1000, "Lists of recordings with their texts, or folders of them.")
    ],
    inputName: "FILE",
    limits:
      "The network learned from its recordings alone: other voices, rooms, microphones, languages and words than those are "
      + "understood worse, names and numbers worst. It writes the likeliest characters even of noise or music. "
      + "Do not rest a decision about people on a transcript that nobody has read.")

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
  ) throws -> CTCPreparation {
    settings.rate = settings.rate ?? data.rate
    return try CTCPreparation(data.examples.map(\.text), settings.ctc, source: data.source)
  }

  public static func fit(
    _ preparation: CTCPreparation, to data: TranscribeData, _ settings: TranscribeSettings, grows: Bool
  ) throws -> CTCPreparation {
    try preparation.fit(to: data.examples.map(\.text), settings.ctc, source: data.source, grows: grows)
  }

  public static func network(
    _ settings: TranscribeSettings, _ preparation: CTCPreparation, using random: inout RandomSource
  ) -> CTCNetwork<FrameFront> {
    CTCNetwork(
      FrameFront(inputSize: SpeechSteps(settings).width, using: &random), settings.ctc,
      symbols: preparation.alphabet.symbols.count, using: &random)
  }

  public static func work(
    _ training: TranscribeData, validation: TranscribeData?, _ settings: TranscribeSettings,
    _ preparation: CTCPreparation
  ) throws -> CTCWork<SpeechFeatures> {
    func examples(_ data: TranscribeData, augments: Bool) throws -> CTCWork<SpeechFeatures>.Examples {
      .init(
        try SpeechFeatures(data.examples.map(\.input), settings, augments: augments),
        data.examples.map(\.text), preparation.alphabet, settings.ctc)
    }
    return try CTCWork(
      examples(training, augments: true), validation: validation.map { try examples($0, augments: false) },
      settings.ctc, settings.learning, preparation.alphabet, source: training.source)
  }

  public static func calibrate(_ model: Transcriber, on validation: TranscribeData) throws -> CTCCalibration?
  {
    try CTCCalibration.found(
      SpeechFeatures(validation.examples.map(\.input), model.settings, augments: false),
      validation.examples.map(\.text), model.networks, model.preparation, model.settings.ctc)
  }

  public static func remarks(
    _ parts: DataParts<TranscribeData>, _ settings: TranscribeSettings, _ preparation: CTCPreparation
  ) throws -> [String] {
    let (data, steps, alphabet) = (parts.training, SpeechSteps(settings), preparation.alphabet)
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
    [Fact("alphabet", model.preparation.alphabet.symbols.map { String($0) }.joined())]
  }

  public static func layers(_ model: Transcriber) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let steps = SpeechSteps(model.settings)
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
    let frames = trace.frames("frames", features: SpeechSteps(model.settings).width, layout)
    trace.gives(
      "log_probabilities", try CTCNetwork.logProbabilities(model.networks, frames).rows, layout)
  }
}
