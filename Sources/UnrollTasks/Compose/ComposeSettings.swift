import UnrollNetworks

/// What a model of music is made of, and how it is trained.
public struct ComposeSettings: TaskSettings {
  /// How the notes of a step hang together.
  public enum Head: String, Sendable, CaseIterable {
    /// Each key by itself.
    case independent
    /// One key after the other, each seen by those after it.
    case autoregressive
  }

  /// Steps of a quarter note: how MIDI and ABC are cut into steps, and how long a step of a piano roll is.
  public var stepsPerQuarter = 4
  /// The pitch of the number 0 of a piano roll in JSON; `nil`: 0, and 21 where the numbers can be no pitches of 88 keys.
  public var lowestPitch: Int?
  /// The part of a piano roll in JSON; `nil`: `train` to learn from, `valid` for validation, `test` to evaluate.
  public var part: String?
  /// Whether a file that cannot be read stops the reading.
  public var strict = false

  public var network = RecurrentSettings(hiddenSize: 400, dropout: 0.5)
  /// The size of a projection of the notes in front of the recurrent layers; 0: none.
  public var projection = 0
  public var head = Head.autoregressive
  /// The hidden units of an autoregressive head.
  public var headSize = 200
  public var order = AutoregressiveNoteHead.Order.highToLow
  public var inputDropout: Float = 0
  /// Pieces are moved by up to so many semitones up or down, anew in each epoch.
  public var transpose = 6
  /// The most steps of a sequence; longer pieces are cut, elsewhere in each epoch.
  public var sequenceLength = 256
  public var learning = LearningSettings()

  public init() {
    learning.epochs = 150
    learning.batchSize = 8
    learning.learningRate = 0.003
    learning.averaging = 0.995
  }

  public static let fields: [SettingField<ComposeSettings>] =
    [
      SettingField(
        \.stepsPerQuarter, "steps-per-quarter", 1...96, .data,
        "Steps of a quarter note: MIDI and ABC are cut into steps, a step of a piano roll is so long."),
      SettingField(
        \.lowestPitch, "lowest-pitch", 0...127, .data,
        "The pitch of the number 0 of a piano roll in JSON: 21 for columns of 88 keys, 0 for pitches of MIDI."
      ),
      SettingField(
        \.part, "part", .data,
        "The part of a piano roll in JSON; by default train, valid and test have their own use.",
        valueName: "name"),
      SettingField(
        \.strict, "strict", .data, "Stop at a file that cannot be read instead of leaving it out."),
    ] + RecurrentSettings.fields(at: \.network) + [
      SettingField(
        \.projection, "projection", 0...8192, .network,
        "Units of a layer between notes and recurrent layers; 0: none."),
      SettingField(\.head, "head", .network, "How the notes of a step hang together."),
      SettingField(\.headSize, "head-size", 1...8192, .network, "Hidden units of an autoregressive head."),
      SettingField(
        \.order, "note-order", .network,
        "Which key an autoregressive head says first; a melody is harmonized from high to low."),
      SettingField(
        \.inputDropout, "input-dropout", 0...0.95, .regularization, "The share of notes of the input dropped."
      ),
      SettingField(
        \.transpose, "transpose", 0...48, .regularization,
        "The most semitones that pieces are moved up or down while training."),
      SettingField(
        \.sequenceLength, "sequence-length", 2...100_000, .training,
        "The most steps of a sequence; longer pieces are cut, elsewhere in each epoch."),
    ] + LearningSettings.fields(at: \.learning).without("label-smoothing", "batch-tokens")
}

/// What is composed, and how it is written.
public struct ComposeOptions: SettingSet {
  public var bars = 16
  /// Quarter notes of a bar.
  public var beats = 4
  public var temperature = 1.0
  public var seed: UInt64 = 0
  /// A file whose highest voice is kept, and given the other voices.
  public var harmonize: String?
  public var withPrimer = false
  /// Quarter notes a minute.
  public var tempo = 100.0
  /// Whether a note that goes on is struck again at each step.
  public var repeatNotes = false
  /// The instrument, as General MIDI counts them.
  public var instrument = 1
  public var plot: String?

  public init() {}

  public static let fields: [SettingField<ComposeOptions>] = [
    SettingField(
      \.harmonize, "harmonize", .data, "Keep the highest voice of this file, and compose the others.",
      valueName: "melody.mid"),
    SettingField(
      \.bars, "bars", 1...10_000, .output, "Bars to compose; with --harmonize, those of the melody."),
    SettingField(\.beats, "beats", 1...64, .output, "Quarter notes of a bar."),
    SettingField(\.temperature, "temperature", 0...1000, .search, "Lower is surer, higher more varied."),
    SettingField(\.seed, "seed", .search, "Equal seeds give equal music."),
    SettingField(\.withPrimer, "with-primer", .output, "Write the primer in front of what was composed."),
    SettingField(\.tempo, "tempo", 4...1000, .output, "Quarter notes a minute."),
    SettingField(
      \.repeatNotes, "repeat-notes", .output, "Strike a note again at each step instead of holding it."),
    SettingField(
      \.instrument, "instrument", 1...128, .output, "The instrument, as General MIDI counts them."),
    SettingField(\.plot, "plot", .output, "Draw the score as a piano roll.", valueName: "out.svg"),
  ]
}
