import UnrollData
import UnrollNetworks

/// What a reader of pictures is made of and how it is trained.
public struct ReadSettings: TaskSettings {
  public enum Direction: String, Sendable, CaseIterable {
    case leftToRight = "ltr"
    case rightToLeft = "rtl"
  }

  // MARK: Data
  /// The columns of tables; `nil`: found out by their names.
  public var pictureColumn: String?
  public var textColumn: String?
  /// Whether the first damaged file ends reading.
  public var strict = false

  /// From which side lines are read; `nil`: as most letters of the texts are written.
  public var direction: Direction?

  // MARK: Network
  /// The height that lines are brought to, in pixels.
  public var height = 48
  /// The channels of the blocks of convolution.
  public var convolution = [16, 32, 48]
  /// The columns of pixels that a step of the recurrent layers stands for.
  public var stepWidth = 4
  public var ctc = CTCSettings()

  // MARK: Regularization
  /// How much pictures are changed by chance while training: 1 is what suits lines of text, 0 leaves them as they are.
  public var augmentation = 1.0

  public var learning = LearningSettings()

  public init() {
    ctc.wordOrder = 0
    learning.epochs = 40
    learning.batchSize = 16
    learning.warmUp = 200
  }

  public static let fields: [SettingField<ReadSettings>] =
    [
      SettingField(
        \.pictureColumn, "image-column", .data, "The column of pictures' files in a table.",
        valueName: "column"),
      SettingField(
        \.textColumn, "text-column", .data, "The column of texts in a table.", valueName: "column"),
      SettingField(\.strict, "strict", .data, "End at the first file that is damaged or missing."),
      SettingField(
        \.direction, "direction", .network,
        "From which side lines are read: from left to right, or from right to left; found out by the texts' letters."
      ),
      SettingField(\.height, "height", 8...256, .network, "The height of lines, in pixels."),
      SettingField(
        \.convolution, "convolution", 1...1024, .network,
        "Channels of the blocks of convolution that pictures pass first."),
      SettingField(
        \.stepWidth, "step-width", 1...8, .network, "Columns of pixels that become a step: 1, 2, 4 or 8."),
      SettingField(
        \.augmentation, "augment", 0...3, .regularization,
        "How much pictures are changed by chance while training: slant, size, shift, noise; 0: not at all."),
    ] + CTCSettings.fields(at: \.ctc) + LearningSettings.fields(at: \.learning)
}

/// How pictures are read and answers shown.
public struct ReadOptions: SettingSet {
  /// What a picture shows.
  public enum Content: String, Sendable, CaseIterable {
    /// Wide and low pictures are lines, others are pages.
    case auto
    case line
    case page
  }

  public var search = CTCSearch()
  public var content = Content.auto
  /// Whether a picture that cannot be read is told and left out.
  public var skipDamaged = false
  /// Where to draw the lines that were found.
  public var plot: String?

  public init() {}

  public static let fields: [SettingField<ReadOptions>] =
    CTCSearch.fields(at: \.search) + [
      SettingField(
        \.content, "content", .data,
        "What pictures show: one line, or a page; auto: low and wide pictures are lines."),
      SettingField(\.skipDamaged, "skip-damaged", .data, "Name pictures that cannot be read, and go on."),
      SettingField(
        \.plot, "plot", .output, "Draw the lines that were found over the page; further pages get numbers.",
        valueName: "out.svg"),
    ]

  public func check() throws(SettingError) { try search.check() }
}
