import UnrollNetworks

/// What a model of drawings is made of, and how it is trained.
public struct DrawSettings: TaskSettings {
  /// The part of a file; `nil`: `train` to learn from, `valid` for validation, `test` to evaluate.
  public var part: String?
  /// The kind of annotation of InkML that is a drawing's label; `nil`: `label`, then `truth`.
  public var label: String?
  /// Whether what labels there are decide what is drawn.
  public var conditional = true
  /// Drawings of more points are left out.
  public var maximumLength = 250
  /// Whether a file that cannot be read stops the reading.
  public var strict = false

  public var network = RecurrentSettings(hiddenSize: 256, dropout: 0.1)
  /// M, the normal densities of the mixture.
  public var mixtures = 20
  /// The least standard deviation of a density, as a share of that of all offsets.
  public var leastDeviation = 0.01
  /// While training, each drawing is made up to so much wider or narrower, and higher or lower.
  public var stretch: Float = 0.1
  public var learning = LearningSettings()

  public init() {
    learning.epochs = 20
    learning.batchSize = 64
    learning.learningRate = 0.003
    learning.averaging = 0.998
  }

  public static let fields: [SettingField<DrawSettings>] =
    [
      SettingField(
        \.part, "part", .data, "The part of a file; by default train, valid and test have their own use.",
        valueName: "name"),
      SettingField(
        \.label, "label", .data, "The kind of annotation of InkML that is a drawing's label.",
        valueName: "kind"),
      SettingField(
        \.conditional, "conditional", .network, "Let labels, where there are any, decide what is drawn."),
      SettingField(
        \.maximumLength, "maximum-length", 1...100_000, .data, "Drawings of more points are left out."),
      SettingField(
        \.strict, "strict", .data, "Stop at a file that cannot be read instead of leaving it out."),
    ] + RecurrentSettings.fields(at: \.network) + [
      SettingField(\.mixtures, "mixtures", 1...1000, .network, "Normal densities of the mixture."),
      SettingField(
        \.leastDeviation, "least-deviation", 1e-6...1, .network,
        "The least standard deviation of a density, as a share of that of all offsets."),
      SettingField(
        \.stretch, "stretch", 0...0.9, .regularization,
        "The most by which drawings are stretched in each direction while training."),
    ] + LearningSettings.fields(at: \.learning).without("label-smoothing", "batch-tokens", "members")
}

/// What is drawn.
public struct DrawOptions: SettingSet {
  public var count = 1
  public var temperature = 1.0
  public var seed: UInt64 = 0
  /// The most points of a drawing.
  public var length = 250
  public var columns = 8
  public var size = 128

  public init() {}

  public static let fields: [SettingField<DrawOptions>] = [
    SettingField(\.count, "count", 1...100_000, .output, "Drawings to make of each input."),
    SettingField(\.temperature, "temperature", 0...1000, .search, "Lower is surer, higher more varied."),
    SettingField(\.seed, "seed", .search, "Equal seeds give equal drawings."),
    SettingField(\.length, "length", 1...100_000, .output, "The most points of a drawing."),
    SettingField(\.columns, "columns", 1...1000, .output, "Drawings side by side in the picture."),
    SettingField(\.size, "size", 8...4096, .output, "The width and height of a drawing in the picture."),
  ]
}
