import UnrollCore
import UnrollData
import UnrollNetworks

/// How a network that says what pictures show is built and trained.
public struct IdentifySettings: TaskSettings {
  /// What the recurrent layers read.
  public enum Front: String, Sendable, CaseIterable {
    /// Rows of pixels, from the top.
    case rows
    /// Columns of pixels, from the left.
    case columns
    /// Pixels one by one, row by row.
    case pixels
    /// Rows of features after convolution.
    case conv
    /// Columns of features after sweeps along both axes (Visin et al. 2015).
    case renet

    var reading: ImageFront.Reading {
      switch self {
      case .rows, .conv: .rows
      case .columns, .renet: .columns
      case .pixels: .grid
      }
    }
  }

  public var files = PictureFileSettings()

  public var network = RecurrentSettings(cell: .lstm, hiddenSize: 128, layers: 2, dropout: 0.2)
  public var front = Front.rows
  /// The pictures' height and width as they are read; empty: found out.
  public var size: [Int] = []
  public var color = PictureColor.auto
  public var bidirectional = true
  public var pooling: [PoolingKind] = [.last, .max]
  /// The channels of each convolution; all but the first two are not followed by pooling.
  public var filters: [Int] = [32, 64]
  /// Pixels of the squares that the first sweep reads.
  public var patch = 2
  /// Units of each direction of each sweep.
  public var sweeps: [Int] = [64, 64]

  public var augmentation = AugmentationSettings()
  public var learning = LearningSettings()

  public init() {
    (augmentation.shift, augmentation.scale, augmentation.stretch) = (0.07, 0.1, 0.05)
    (augmentation.rotation, augmentation.slant) = (8, 0.1)
    learning.epochs = 20
    learning.batchSize = 64
    learning.learningRate = 0.002
    learning.weightDecay = 0.01
    learning.averaging = 0.99
    learning.patience = 8
  }

  public static let fields: [SettingField<IdentifySettings>] =
    PictureFileSettings.fields(at: \.files) + RecurrentSettings.fields(at: \.network) + [
      SettingField(\.front, "front", .network, "What the recurrent layers read."),
      SettingField(
        \.size, "size", 1...4096, .network,
        "Height and width that pictures are brought to; otherwise the commonest, at most 64."),
      SettingField(\.color, "color", .network, "Whether colours are read; auto: where pictures have any."),
      SettingField(\.bidirectional, "bidirectional", .network, "Read in both directions."),
      SettingField(
        \.pooling, "pooling", .network, "How the steps become one vector, side by side if several."),
      SettingField(
        \.filters, "filters", 1...4096, .network,
        "Channels of each convolution of --front conv; the first two halve the picture."),
      SettingField(\.patch, "patch", 1...64, .network, "Pixels of the squares that the first sweep reads."),
      SettingField(
        \.sweeps, "sweeps", 1...4096, .network, "Units of each direction of each sweep of --front renet."),
    ] + AugmentationSettings.fields(at: \.augmentation) + LearningSettings.fields(at: \.learning)

  public func check() throws(SettingError) {
    guard size.isEmpty || size.count == 2 else {
      throw SettingError(
        "size", expected: "a height and a width", found: size.map(String.init).joined(separator: ","))
    }
    guard !pooling.isEmpty, Set(pooling).count == pooling.count else {
      throw SettingError(
        "pooling", expected: "at least one way, each once",
        found: pooling.map(\.rawValue).joined(separator: ","))
    }
    guard front != .conv || !filters.isEmpty else {
      throw SettingError("filters", expected: "at least one convolution", found: "none")
    }
    guard front != .renet || !sweeps.isEmpty else {
      throw SettingError("sweeps", expected: "at least one sweep", found: "none")
    }
  }

  var blocks: [ConvolutionBlock.Form] {
    guard front == .conv else { return [] }
    return filters.enumerated().map { .init(channels: $1, pool: $0 < 2 ? 2 : 1) }
  }

  var sweepForms: [PictureSweep.Form] {
    guard front == .renet else { return [] }
    return sweeps.enumerated().map {
      .init(patch: Extent2D($0 == 0 ? patch : 1), hidden: $1, cell: network.cell)
    }
  }
}

/// How answers are shown.
public struct IdentifyOptions: SettingSet {
  public var top: Int?
  public var explain = false
  public var plot: String?

  public init() {}

  public static let fields: [SettingField<IdentifyOptions>] = [
    SettingField(\.top, "top", 1...1_000_000, .output, "Show the n likeliest labels."),
    SettingField(\.explain, "explain", .output, "Show the probabilities after each step that is read."),
    SettingField(
      \.plot, "plot", .output, "Draw that; drawings of further pictures get numbers.", valueName: "out.svg"),
  ]
}
