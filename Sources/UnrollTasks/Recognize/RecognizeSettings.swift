import UnrollCore
import UnrollData
import UnrollNetworks

/// How a network that tells people apart is built and trained.
public struct RecognizeSettings: TaskSettings {
  public var files = PictureFileSettings()
  public var network = RecurrentSettings(cell: .gru, hiddenSize: 64, layers: 1, dropout: 0.3)
  /// The pictures' height and width as they are read; empty: found out.
  public var size: [Int] = []
  public var color = PictureColor.auto
  /// The channels of each convolution, each followed by pooling that halves the picture.
  public var filters = [16, 32, 64]
  /// E, the numbers that stand for a face.
  public var embeddingSize = 64
  /// m and s of the loss.
  public var margin: Float = 0.2
  public var scale: Float = 16
  public var augmentation = AugmentationSettings()
  public var learning = LearningSettings()

  public init() {
    (augmentation.shift, augmentation.scale, augmentation.rotation) = (0.06, 0.1, 8)
    (augmentation.stretch, augmentation.slant) = (0.05, 0.05)
    (augmentation.noise, augmentation.brightness, augmentation.contrast) = (0.02, 0.08, 0.2)
    augmentation.mirror = true
    learning.epochs = 60
    learning.batchSize = 32
    learning.learningRate = 0.003
    learning.weightDecay = 0.01
    learning.averaging = 0.98
    learning.refit = true
  }

  public static let fields: [SettingField<RecognizeSettings>] =
    PictureFileSettings.fields(at: \.files) + RecurrentSettings.fields(at: \.network) + [
      SettingField(
        \.size, "size", 1...4096, .network,
        "Height and width that pictures are brought to; otherwise the commonest, at most 64."),
      SettingField(\.color, "color", .network, "Whether colours are read; auto: where pictures have any."),
      SettingField(
        \.filters, "filters", 1...4096, .network,
        "Channels of each convolution; after each, the picture is halved."),
      SettingField(
        \.embeddingSize, "embedding", 1...8192, .network, "Numbers that stand for a face (its embedding)."),
      SettingField(
        \.margin, "margin", 0...1, .regularization,
        "What the cosine of the right person must be greater by (Wang et al. 2018)."),
      SettingField(
        \.scale, "softmax-scale", 0.1...1000, .regularization, "What cosines are multiplied by in the loss."),
    ] + AugmentationSettings.fields(at: \.augmentation) + LearningSettings.fields(at: \.learning)

  public func check() throws(SettingError) {
    guard size.isEmpty || size.count == 2 else {
      throw SettingError(
        "size", expected: "a height and a width", found: size.map(String.init).joined(separator: ","))
    }
    guard !filters.isEmpty else {
      throw SettingError("filters", expected: "at least one convolution", found: "none")
    }
  }
}

/// What is asked of a model, and how answers are shown.
public struct RecognizeOptions: SettingSet {
  public var top: Int?
  public var threshold: Double?
  public var verify: String?
  public var enroll: String?
  public var forget: String?
  public var save: String?

  public init() {}

  public static let fields: [SettingField<RecognizeOptions>] = [
    SettingField(\.top, "top", 1...1_000_000, .output, "Show the n nearest people."),
    SettingField(
      \.threshold, "threshold", 0...2, .output,
      "The distance beyond which a face is unknown; otherwise the one chosen in training."),
    SettingField(
      \.verify, "verify", .output, "Say whether each picture shows the same person as this one.",
      valueName: "PICTURE"),
    SettingField(
      \.enroll, "enroll", .output, "Enroll the pictures under a name; the model is written to --save.",
      valueName: "NAME"),
    SettingField(
      \.forget, "forget", .output, "Forget all that is enrolled under a name; written to --save.",
      valueName: "NAME"),
    SettingField(
      \.save, "save", .output, "The folder of the changed model: that of the model, or another.",
      valueName: "FOLDER"),
  ]

  public func check() throws(SettingError) {
    guard [verify, enroll, forget].count(where: { $0 != nil }) <= 1 else {
      throw SettingError("verify", expected: "one of verify, enroll and forget", found: "several")
    }
    guard (enroll != nil || forget != nil) == (save != nil) else {
      throw SettingError(
        "save", expected: save == nil ? "a folder for the changed model" : "enroll or forget beside it",
        found: save ?? "none")
    }
    if let enroll, enroll.isEmpty || enroll == Recognition.unknown {
      throw SettingError("enroll", expected: "a name", found: enroll)
    }
  }
}
