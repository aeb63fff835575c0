import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What is held back while a forecaster is trained.
public struct HoldOut: Sendable, Equatable {
  /// Steps at the end of each series that nothing but the final scores may see; 0: none.
  public var test: Int
  /// Steps before those that the number of epochs is chosen on; 0: none, all epochs are run.
  public var validation: Int
  /// The distance of the windows on the validation part.
  public var validationStride: Int
  /// Whether the model is then trained again on everything, for the number of epochs that was best.
  public var refits: Bool

  public init(test: Int, validation: Int, validationStride: Int? = nil, refits: Bool = true) {
    self.test = max(0, test)
    self.validation = max(0, validation)
    self.validationStride = max(1, validationStride ?? max(1, validation / 8))
    self.refits = refits
  }

  /// What is shorter than a forecast cannot judge one that nothing of it was trained on.
  ///
  /// - Throws: `ForecastError.setting`.
  func check(horizon: Int) throws(ForecastError) {
    for (name, steps) in [("test", test), ("validation", validation)] where (1..<horizon).contains(steps) {
      throw .setting(name: name, expected: "0 or at least the horizon of \(horizon) steps", found: "\(steps)")
    }
  }

  /// A horizon for the scores and one for the choice, then all for the model.
  public static func standard(horizon: Int) -> HoldOut {
    HoldOut(test: horizon, validation: horizon, validationStride: horizon)
  }
}

/// What training a forecaster reports.
public enum ForecastTrainingEvent: Sendable {
  /// A part of the work begins, such as `fitting` or `fitting on all data`.
  case phase(String)
  /// Something happened in it.
  case training(TrainingEvent)
  /// The scores on the held-out steps.
  case scored(ScoreTable)
}

extension Forecaster {
  /// Trains a forecaster.
  ///
  /// With a standard hold-out the data is used three times: the network is trained on all but the last two
  /// horizons, its number of epochs chosen on the first of these, its scores taken from the second; then a new
  /// network is trained on everything for that number of epochs. The same call with the same seed gives the
  /// same bits unless a time limit cuts it short.
  ///
  /// - Parameters:
  ///   - settings: chosen from the data when `nil`.
  ///   - holdOut: what is held back; a horizon each when `nil`.
  ///   - timeLimit: seconds for all of it; what is there by then is kept.
  ///   - journal: keeps checkpoints and logs; what it holds is gone on with.
  ///   - report: takes events as they come.
  ///   - shouldStop: asked often; training ends with the best weights so far when it says yes.
  /// - Throws: `ForecastError` when the data is too short, `TrainingError` when training goes astray.
  public static func train(
    on data: TimeSeries, settings: ForecastSettings? = nil, holdOut: HoldOut? = nil,
    timeLimit: Double? = nil, journal: TrainingJournal? = nil,
    report: @escaping (ForecastTrainingEvent) -> Void = { _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> Forecaster {
    let settings = settings ?? .defaults(for: data)
    try settings.check()
    guard data.series.contains(where: { $0.targets.contains { $0.contains { !$0.isNaN } } }) else {
      throw ForecastError.noValues(file: data.source, targets: data.targetNames)
    }
    let holdOut = holdOut ?? standardHoldOut(data, settings)
    try holdOut.check(horizon: settings.horizon)
    let longest = data.series.map(\.count).max() ?? 0
    for season in [settings.season, settings.longSeason] where season > longest {
      throw ForecastError.setting(
        name: "season", expected: "at most the \(longest) steps of the longest series", found: "\(season)")
    }
    let run = ForecastRun(
      data: data, settings: settings, holdOut: holdOut, timeLimit: timeLimit, journal: journal,
      shouldStop: shouldStop, report: report)
    return try run.train()
  }

  /// The standard hold-out, or as much of it as the series leave room for.
  package static func standardHoldOut(_ data: TimeSeries, _ settings: ForecastSettings) -> HoldOut {
    let longest = data.series.map(\.count).max() ?? 0
    let spare = longest - settings.minimumHistory - settings.horizon - 1
    let horizon = settings.horizon
    // One window of each of many series is enough to judge by; a few series need several.
    if data.series.count < 20 && spare >= 8 * horizon {
      return HoldOut(test: horizon, validation: 3 * horizon, validationStride: max(1, horizon / 4))
    }
    if spare >= 2 * horizon { return .standard(horizon: horizon) }
    if spare >= settings.horizon { return HoldOut(test: settings.horizon, validation: 0) }
    return HoldOut(test: 0, validation: 0)
  }
}

extension ForecastSettings {
  /// - Throws: `ForecastError.setting`, for settings that make no network.
  func check() throws(ForecastError) {
    func demand(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any) throws(ForecastError) {
      if !holds { throw .setting(name: name, expected: expected, found: "\(found)") }
    }
    try demand((1...8192).contains(hiddenSize), "hidden", "1 to 8192 units", hiddenSize)
    try demand((1...32).contains(layers), "layers", "1 to 32 layers", layers)
    try demand((1...100_000).contains(horizon), "horizon", "1 to 100000 steps", horizon)
    try demand((1...1_000_000).contains(season), "season", "1 to 1000000 steps", season)
    try demand((0...10_000_000).contains(longSeason), "long-season", "0 to 10000000 steps", longSeason)
    try demand((0...1000).contains(lags), "lags", "0 to 1000", lags)
    try demand((1...10_000_000).contains(centreSteps), "centre-steps", "1 to 10000000", centreSteps)
    try demand((0...1000).contains(calendarFeatures), "calendar-features", "0 to 1000", calendarFeatures)
    try demand((1...1_000_000).contains(segment), "segment", "1 to 1000000 steps", segment)
    try demand(
      (1...10_000_000).contains(lookBack) && lookBack % segment == 0, "look-back",
      "a multiple of the segment, \(segment)", lookBack)
    try demand((1...1_000_000).contains(epochs), "epochs", "1 to 1000000", epochs)
    try demand((1...1_000_000).contains(batchSize), "batch", "1 to 1000000", batchSize)
    try demand(maximumStepsPerEpoch >= 1, "steps", "at least 1", maximumStepsPerEpoch)
    try demand((0..<1).contains(dropout), "dropout", "0 to less than 1", dropout)
    try demand(learningRate > 0 && learningRate.isFinite, "rate", "more than 0", learningRate)
    try demand((1...64).contains(members), "members", "1 to 64", members)
    try demand(
      levels.count % 2 == 1 && levels == levels.sorted() && levels.allSatisfy { $0 > 0 && $0 < 1 }
        && levels[levels.count / 2] == 0.5, "levels",
      "an odd number of rising levels between 0 and 1 with 0.5 in the middle", levels)
  }
}

/// One training of a forecaster, from data to model.
struct ForecastRun {
  let data: TimeSeries
  let settings: ForecastSettings
  let holdOut: HoldOut
  let timeLimit: Double?
  let journal: TrainingJournal?
  let shouldStop: () -> Bool
  let report: (ForecastTrainingEvent) -> Void
  private let clock = ContinuousClock()

  private struct Fit {
    let networks: [ForecastNetwork]
    let results: [TrainingResult<ForecastNetwork>]
    let windows: Int
    let scales: ForecastScales
  }

  func train() throws -> Forecaster {
    let start = clock.now
    var summary = ForecastSummary()
    let scales = ForecastScales(covariatesOf: data.droppingLast(holdOut.test))
    let refits = holdOut.refits && holdOut.test + holdOut.validation > 0
    // The share of the time that finding the number of epochs may take.
    let share = refits ? timeLimit.map { $0 * 0.48 } : timeLimit
    report(.phase(refits ? "finding the number of epochs" : "fitting"))
    var fit = try fit(
      validation: holdOut.validation, test: holdOut.test, epochs: nil, limit: share, scales: scales)
    summary.history = fit.results[0].history
    summary.end = fit.results[0].end.rawValue
    summary.windows = fit.windows
    if holdOut.validation > 0 {
      let errors = try validationErrors(forecaster(fit, summary), scales: fit.scales)
      switch settings.loss {
      case .squared: summary.residualQuantiles = errors.residualQuantiles(settings.levels)
      case .quantile: summary.calibration = errors.calibration(settings.levels)
      }
    }
    if holdOut.test > 0 {
      let windows = holdOut.test / settings.horizon
      summary.testSteps = windows * settings.horizon
      let candidate = forecaster(fit, summary)
      let table = try candidate.score(data, windows: windows)
      summary.scores = table.methods.compactMap { table.summary(of: $0) }
      report(.scored(table))
    }
    if refits && !shouldStop() {
      report(.phase("fitting on all data"))
      let spent = seconds(since: start)
      let epochs = fit.results.map { $0.best?.epoch ?? settings.epochs }
      let whole = try self.fit(
        validation: 0, test: 0, epochs: epochs, limit: timeLimit.map { max(1, $0 - spent) }, scales: scales)
      let isDone =
        whole.results.count == epochs.count
        && zip(whole.results, epochs).allSatisfy { 4 * $0.history.count >= 3 * $1 }
      // Cut short, it is worth less than the one before, which was not.
      if isDone { fit = whole }
      summary.isRefitted = isDone
      summary.windows = fit.windows
      if let end = whole.results.map(\.end).first(where: { $0 != .completed }) { summary.end = end.rawValue }
    }
    summary.seconds = seconds(since: start)
    return forecaster(fit, summary)
  }

  /// Seconds of this process and of those before it that worked at the same training.
  private func seconds(since start: ContinuousClock.Instant) -> Double {
    (clock.now - start) / .seconds(1) + (journal?.secondsBefore ?? 0)
  }

  private func forecaster(
    _ fit: Fit, _ summary: ForecastSummary
  ) -> Forecaster {
    Forecaster(
      settings: settings, data: data, summary: summary, scales: fit.scales, networks: fit.networks)
  }

  /// Trains every member on all but the last steps.
  private func fit(
    validation: Int, test: Int, epochs: [Int]?, limit: Double?, scales: ForecastScales
  ) throws -> Fit {
    let visible = data.droppingLast(test)
    let prepared = ForecastData(visible, settings, future: 0, scales: scales)
    let ends = prepared.entries.map { max(0, $0.count - validation) }
    let work = ForecastWork(
      prepared, trainingEnd: ends, validationWindows: validationWindows(prepared, ends))
    guard work.windowCount > 0 else {
      throw ForecastError.tooShort(
        file: data.source, longest: data.series.map(\.count).max() ?? 0,
        needed: settings.minimumHistory + settings.horizon + validation + test,
        purpose: "to train with a horizon of \(settings.horizon)")
    }
    var results: [TrainingResult<ForecastNetwork>] = []
    for member in 0..<settings.members where member == 0 || !shouldStop() {
      let share = limit.map { $0 / Double(settings.members) }
      results.append(
        try train(member, work, epochs: epochs.map { $0[min(member, $0.count - 1)] }, limit: share))
    }
    return Fit(
      networks: results.map(\.model), results: results, windows: work.windowCount,
      scales: scales.learning(prepared, of: visible))
  }

  func validationWindows(_ data: ForecastData, _ ends: [Int]) -> [ForecastWindow] {
    data.entries.indices.flatMap { series -> [ForecastWindow] in
      let last = data.entries[series].count - settings.horizon
      guard ends[series] < data.entries[series].count, ends[series] >= settings.minimumHistory,
        last >= ends[series]
      else { return [] }
      return stride(from: last, through: ends[series], by: -holdOut.validationStride).map {
        ForecastWindow(series: series, origin: $0)
      }
    }
  }

  private func train(
    _ member: Int, _ work: ForecastWork, epochs: Int?, limit: Double?
  ) throws -> TrainingResult<ForecastNetwork> {
    var random = RandomSource(seed: settings.seed &+ UInt64(member) &* 0x9E37_79B9)
    let known = data.knownNames.count
    let network = ForecastNetwork(
      settings, targets: data.targetNames.count,
      inputWidth: ForecastBatch.inputWidth(settings, known: known),
      contextWidth: ForecastBatch.contextWidth(settings, known: known), known: known, using: &random)
    let steps = (epochs ?? settings.epochs) * work.stepsPerEpoch
    let warmUp = min(100, steps / 10)
    var plan = TrainingPlan(
      epochs: epochs ?? settings.epochs,
      optimizer: AdamW(learningRate: settings.learningRate, weightDecay: settings.weightDecay),
      schedule: .warmUp(
        steps: warmUp, then: .cosine(steps: steps - warmUp)),
      patience: settings.patience > 0 ? settings.patience : nil, averaging: settings.averaging,
      timeLimit: limit, seed: random.next())
    plan.tolerance = settings.tolerance
    return try Trainer(work, model: network, plan: plan, shouldStop: shouldStop, journal: journal) {
      report(.training($0))
    }.run()
  }
}
