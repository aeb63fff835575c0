import UnrollNetworks
import UnrollTraining

/// The settings of recurrent layers that every task has.
public struct RecurrentSettings: SettingSet, Equatable {
  public var cell = CellKind.lstm
  /// H, the units of each direction of each layer.
  public var hiddenSize = 128
  public var layers = 1
  /// The share of features dropped before, between and after the recurrent layers.
  public var dropout: Float = 0.2
  /// The share of recurrent weights dropped, by one mask for a step of training (Merity, Keskar and Socher 2018).
  public var weightDropout: Float = 0

  public init() {}

  public init(
    cell: CellKind = .lstm, hiddenSize: Int, layers: Int = 1, dropout: Float = 0.2, weightDropout: Float = 0
  ) {
    self.cell = cell
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.dropout = dropout
    self.weightDropout = weightDropout
  }

  public static let fields: [SettingField<RecurrentSettings>] = [
    SettingField(\.cell, "cell", .network, "The recurrent cell."),
    SettingField(\.hiddenSize, "hidden", 1...8192, .network, "Units of each direction of a recurrent layer."),
    SettingField(\.layers, "layers", 1...32, .network, "Recurrent layers."),
    SettingField(
      \.dropout, "dropout", 0...0.99, .regularization, "The share of features dropped while training."),
    SettingField(
      \.weightDropout, "weight-dropout", 0...0.99, .regularization,
      "The share of recurrent weights dropped while training."),
  ]
}

/// The settings of training that every task has.
public struct LearningSettings: SettingSet, Equatable {
  /// The most passes over the data.
  public var epochs = 20
  /// Sequences of an optimizer step, at most.
  public var batchSize = 32
  /// Steps of all sequences of an optimizer step, at most; `nil`: bounded by the number of sequences alone.
  public var batchTokens: Int?
  /// The highest learning rate: it rises over the first steps and falls to zero by half a cosine.
  public var learningRate: Float = 0.002
  /// Optimizer steps over which the rate rises; a tenth of all where that is less.
  public var warmUp = 100
  public var weightDecay: Float = 0
  /// ε: the share of a target's probability that is spread over all classes.
  public var labelSmoothing = 0.0
  /// Gradients of a greater global norm are shortened to this one.
  public var clipNorm: Float = 1
  /// Epochs without a better validation score after which training ends; 0: never.
  public var patience = 0
  /// The decay a step of the moving average of the weights, which is what is validated and kept; 0: none.
  public var averaging: Float = 0
  /// The share above the lowest validation loss that counts as equal to it; later epochs are preferred then.
  public var tolerance = 0.0
  /// Networks trained from different random numbers, whose outputs are averaged.
  public var members = 1
  /// The share of the data that is held out for validation, where none is given.
  public var validationShare = 0.1
  /// Whether, once the number of epochs is chosen, networks are trained again on all data.
  public var refit = false
  /// Seconds for all of training; what is there by then is kept.
  public var timeLimit: Double?
  public var seed: UInt64 = 0

  public init() {}

  public static let fields: [SettingField<LearningSettings>] = [
    SettingField(\.epochs, "epochs", 1...1_000_000, .training, "The most passes over the data."),
    SettingField(
      \.batchSize, "batch-size", 1...1_000_000, .training, "Sequences of an optimizer step, at most."),
    SettingField(
      \.batchTokens, "batch-tokens", 1...100_000_000, .training,
      "Steps of all sequences of an optimizer step together, at most."),
    SettingField(
      \.learningRate, "learning-rate", 1e-8...10, .training,
      "The highest learning rate: it rises at first, then falls by half a cosine."),
    SettingField(
      \.warmUp, "warm-up", 0...1_000_000, .training,
      "Optimizer steps over which the learning rate rises; at most a tenth of all."),
    SettingField(\.weightDecay, "weight-decay", 0...10, .regularization, "The decay of weights (AdamW)."),
    SettingField(
      \.labelSmoothing, "label-smoothing", 0...0.99, .regularization,
      "The share of a target's probability that is spread over all classes."),
    SettingField(
      \.clipNorm, "clip-norm", 1e-6...1e9, .training, "Gradients of a greater norm are shortened to this one."
    ),
    SettingField(
      \.patience, "patience", 0...1_000_000, .training,
      "Epochs without a better validation score after which training ends; 0: never."),
    SettingField(
      \.averaging, "averaging", 0...0.999999, .training,
      "The decay a step of the moving average of weights that is kept; 0: none."),
    SettingField(
      \.tolerance, "tolerance", 0...1, .training,
      "The share above the lowest validation loss within which the later epoch is kept."),
    SettingField(
      \.members, "members", 1...64, .training, "Networks whose outputs are averaged (an ensemble)."),
    SettingField(
      \.validationShare, "validation-share", 0...0.9, .training,
      "The share of the data held out to choose the epoch, where no --validation is given; 0: none."),
    SettingField(
      \.refit, "refit", .training, "Train again on all data once the number of epochs is chosen."),
    SettingField(
      duration: \.timeLimit, "time-limit", .training,
      "Time for all of training; what is there by then is kept."),
    SettingField(\.seed, "seed", .training, "The seed of all random numbers."),
  ]

  /// The share of so many examples that is held out: never more than a thousand of them.
  public func validationShare(of count: Int) -> Double {
    count < 10 ? 0 : min(validationShare, Self.mostValidation / Double(count))
  }

  /// What is enough to choose an epoch by, in examples.
  static let mostValidation = 1000.0

  /// The plan of a training.
  ///
  /// - Parameters:
  ///   - epochs: fewer than the settings say, where the number is known already.
  ///   - timeLimit: seconds of this one.
  func plan(stepsPerEpoch: Int, epochs: Int? = nil, timeLimit: Double?, seed: UInt64) -> TrainingPlan {
    let epochs = epochs ?? self.epochs
    let steps = epochs * stepsPerEpoch
    let rising = min(warmUp, steps / 10)
    var plan = TrainingPlan(
      epochs: epochs, optimizer: AdamW(learningRate: learningRate, weightDecay: weightDecay),
      schedule: .warmUp(steps: rising, then: .cosine(steps: steps - rising)),
      clipNorm: clipNorm, patience: patience > 0 ? patience : nil, averaging: averaging > 0 ? averaging : nil,
      timeLimit: timeLimit, seed: seed)
    plan.tolerance = tolerance
    return plan
  }
}
