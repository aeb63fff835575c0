import UnrollData
import UnrollNetworks

/// What a recogniser of speech is made of and how it is trained.
public struct TranscribeSettings: TaskSettings {
  // MARK: Data
  /// The columns of a table; `nil`: those that are usually named so.
  public var fileColumn: String?
  public var textColumn: String?
  public var speakerColumn: String?
  /// Whether a recording that cannot be read is an error; otherwise it is named and left out.
  public var strict = false

  // MARK: Network
  /// Samples a second that sounds are brought to; `nil`: as most of the data has, at most 16,000.
  public var rate: Int?
  /// Log-mel energies of a frame of 25 ms, of which there are 100 a second.
  public var bands = 40
  /// Frames side by side in a step.
  public var stack = 4
  /// Frames from one step to the next.
  public var stride = 3
  public var ctc = CTCSettings()

  // MARK: Regularization
  /// Percent by which recordings are also learned from faster and slower (Ko et al. 2015); 0: they are not.
  public var speedPerturbation = 10
  public var frequencyMasks = 2
  /// The greatest width of a mask, in bands.
  public var frequencyMask = 8
  public var timeMasks = 2
  /// The greatest width of a mask, in frames.
  public var timeMask = 25

  public var learning = LearningSettings()

  public init() {
    ctc.network.hiddenSize = 192
    ctc.network.layers = 2
    ctc.network.dropout = 0.3
    learning.epochs = 40
    learning.batchSize = 16
    learning.learningRate = 0.003
    learning.averaging = 0.99
    learning.clipNorm = 5
  }

  public static let fields: [SettingField<TranscribeSettings>] =
    [
      SettingField(
        \.fileColumn, "file", .data, "The column of the names of files in a table.", valueName: "column"),
      SettingField(\.textColumn, "text", .data, "The column of texts.", valueName: "column"),
      SettingField(
        \.speakerColumn, "speaker", .data,
        "The column that says who speaks; whole speakers are held out then.",
        valueName: "column"),
      SettingField(
        \.strict, "strict", .data, "Stop at a recording that cannot be read; otherwise it is left out."),
      SettingField(
        \.rate, "rate", 1000...192_000, .network,
        "Samples a second that sounds are brought to; as most of the data has, at most 16,000."),
      SettingField(\.bands, "bands", 8...512, .network, "Log-mel energies of a frame, 100 frames a second."),
      SettingField(\.stack, "stack", 1...64, .network, "Frames side by side in a step."),
      SettingField(\.stride, "stride", 1...64, .network, "Frames from one step to the next."),
    ] + CTCSettings.fields(at: \.ctc) + [
      SettingField(
        \.speedPerturbation, "speed-perturbation", 0...30, .regularization,
        "Percent by which recordings are also learned from faster and slower; 0: they are not."),
      SettingField(
        \.frequencyMasks, "frequency-masks", 0...16, .regularization, "Stretches of bands blanked out."),
      SettingField(\.frequencyMask, "frequency-mask", 0...512, .regularization, "Bands of each, at most."),
      SettingField(\.timeMasks, "time-masks", 0...16, .regularization, "Stretches of time blanked out."),
      SettingField(\.timeMask, "time-mask", 0...10_000, .regularization, "Frames of each, at most."),
    ] + LearningSettings.fields(at: \.learning).without("label-smoothing")

  public func check() throws(SettingError) {
    try ctc.check()
    if stride > stack { throw SettingError("stride", expected: "at most stack, \(stack)", found: stride) }
  }

  /// How sound becomes frames.
  var features: FeatureSettings { .kaldi(sampleRate: rate ?? Self.highestRate, bands: bands) }

  static let highestRate = 16_000

  var augmentation: SpecAugment {
    SpecAugment(
      frequencyMasks: frequencyMasks, frequencyWidth: frequencyMask, timeMasks: timeMasks, timeWidth: timeMask
    )
  }
}

/// How transcripts are looked for and shown.
public struct TranscribeOptions: SettingSet {
  public var search = CTCSearch()
  /// Samples a second of standard input where it is raw: 16-bit PCM, one channel; `nil`: it has a header.
  public var rate: Int?
  public var subtitles = Subtitles.none
  /// Whether lines are told as they end; for models that read forward only.
  public var stream = false

  /// What a person is shown.
  public enum Subtitles: String, Sendable, CaseIterable {
    /// The text.
    case none
    /// SubRip and WebVTT.
    case srt, vtt
  }

  public init() {}

  public static let fields: [SettingField<TranscribeOptions>] =
    CTCSearch.fields(at: \.search) + [
      SettingField(
        \.rate, "rate", 1000...192_000, .data,
        "Samples a second of standard input where it is raw: 16-bit PCM, one channel; otherwise its header says so."
      ),
      SettingField(\.subtitles, "subtitles", .output, "Write the text as subtitles, with times."),
    ]

  public func check() throws(SettingError) { try search.check() }
}
