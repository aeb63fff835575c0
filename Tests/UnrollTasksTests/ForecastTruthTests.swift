import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// What may be seen, what must be repeatable, what is held back.
struct ForecastTruthTests {
  private static let wave: [Double] = {
    var curve = Curve(1)
    return curve.wave(120, noise: 0.1)
  }()

  private static let forecaster: Result<Forecaster, any Error> = Result {
    try Example.train(Example.series([wave], ids: ["a"]), epochs: 3)
  }

  // MARK: - The past only

  /// Scores of windows tell forecasts: they alone change with them while the actual values stay.
  @Test(arguments: [true, false]) func windowsSeeOnlyTheirPast(isKnown: Bool) throws {
    let forecaster = try Self.forecaster.get()
    let id = isKnown ? "a" : "stranger"
    var other = Self.wave
    for step in 108..<120 { other[step] = 1000 + 37 * Double(step) }
    func forecastBefore(_ values: [Double]) throws -> [UInt64] {
      try forecaster.forecast(Example.series([Array(values.prefix(108))], ids: [id])).bits
    }
    #expect(try forecastBefore(Self.wave) == forecastBefore(other))
    // Windows of which the oldest ends where the change begins: it must score the same.
    func older(_ values: [Double]) throws -> Double {
      let data = try Example.series([values], ids: [id])
      let three = try forecaster.backtest(data, windows: 3, stride: 6)
      let two = try forecaster.backtest(data, windows: 2, stride: 6)
      return three["MAE"] * 18 - two["MAE"] * 12
    }
    // The scale of a stranger is taken from before the first of its windows, which differs between the calls.
    if isKnown { #expect(abs(try older(Self.wave) - older(other)) < 1e-6) }
    // The window that ends at step 108 itself, alone.
    func single(_ values: [Double]) throws -> Double {
      try forecaster.backtest(Example.series([Array(values.prefix(114))], ids: [id]))["MAE"]
    }
    // Errors differ by just as much as the actual values: |y − ŷ| with the same ŷ.
    let ahead = try forecaster.forecast(Example.series([Array(Self.wave.prefix(108))], ids: [id])).tracks[0]
    for values in [Self.wave, other] {
      let expected = meanError(ahead.median, Array(values[108..<114]))
      let found = try single(values)
      #expect(abs(found - expected) < 1e-9 * expected)
    }
  }

  /// A gap at the start must not be filled from what comes after the window.
  @Test func aGapAtTheStartHidesTheFuture() throws {
    let forecaster = try Self.forecaster.get()
    var values = Self.wave
    for step in 0..<115 { values[step] = .nan }
    let data = try Example.series([values], ids: ["a"])
    // The window begins after step 114, of which nothing was observed: nothing can be said.
    #expect(try forecaster.backtest(data).scores.first { $0.name == "MAE" } == .init("MAE", .nan))
    // The forecast after the end has seen five values.
    #expect(try forecaster.forecast(data).tracks[0].median.allSatisfy { $0.isFinite })
  }

  @Test(arguments: [false, true]) func whereAHistoryStartsDoesNotMatter(cycle: Bool) throws {
    let forecaster = try Example.train(Example.series([Self.wave], ids: ["a"]), epochs: 3) {
      $0.cycle = cycle
      $0.window.lookBack = 48
    }
    let whole = try forecaster.forecast()
    let later = try TimeSeries(
      series: [
        TimeSeries.Series(id: "a", start: Timestamp("2000-08")!, targets: [Array(Self.wave.dropFirst(7))])
      ],
      frequency: .monthly, timeName: "date", idName: "shop", season: 12, horizon: 6, source: "later")
    #expect(try forecaster.forecast(later).bits == whole.bits)
  }

  /// The scores of training are made by a network that has not seen the steps scored.
  @Test func theHeldBackStepsDoNotReachTheScoredModel() throws {
    func medians(_ values: [Double]) throws -> [Double] {
      let data = try Example.series([values])
      let forecaster = try Example.train(data, epochs: 3) {
        $0.holdOut(test: 6, validation: 6, refits: false)
      }
      return try forecaster.forecast(data.droppingLast(6)).tracks[0].median
    }
    var other = Self.wave
    for step in 114..<120 { other[step] += 500 }
    #expect(try medians(Self.wave) == medians(other))
    // Those of the validation part choose the epoch, but are not trained on: they may not change the weights
    // of any one epoch.
    var single = Self.wave
    for step in 108..<114 { single[step] += 3 }
    func afterOneEpoch(_ values: [Double]) throws -> [Double] {
      let data = try Example.series([values])
      let forecaster = try Example.train(data, epochs: 1) {
        $0.holdOut(test: 6, validation: 6, refits: false)
        $0.window.scale = .window
      }
      return [forecaster.record.history[0].loss]
    }
    let (a, b) = (try afterOneEpoch(Self.wave)[0], try afterOneEpoch(single)[0])
    #expect(abs(a - b) < 1e-3 * a)
  }

  @Test func theLastFitUsesAllData() throws {
    func median(_ values: [Double], refits: Bool) throws -> [Double] {
      let data = try Example.series([values])
      return try Example.train(data, epochs: 3) {
        $0.holdOut(test: 6, validation: 0, refits: refits)
      }.forecast(Example.series([Array(Self.wave.prefix(100))])).tracks[0].median
    }
    var other = Self.wave
    for step in 114..<120 { other[step] += 5 }
    #expect(try median(Self.wave, refits: false) == median(other, refits: false))
    #expect(try median(Self.wave, refits: true) != median(other, refits: true))
  }

  @Test(arguments: [(0, 0), (0, 6), (6, 0), (12, 6)]) func anyPartMayBeHeldBack(
    _ test: Int, _ validation: Int
  ) throws {
    let data = try Example.series([Self.wave])
    let forecaster = try Example.train(data, epochs: 2) { $0.holdOut(test: test, validation: validation) }
    let record = forecaster.record
    #expect(record.scoredOn == (test > 0 ? "test" : validation > 0 ? "validation" : nil))
    #expect(record.scores.isEmpty == (test + validation == 0))
    // Windows of the test part lie side by side.
    if test > 0 { #expect(record.scores.first { $0.name == "windows" }?.value == Double(test / 6)) }
    #expect((record.history[0].validation != nil) == (validation > 0))
    #expect(record.isRefit == (test + validation > 0))
    #expect(try forecaster.forecast().tracks[0].median.allSatisfy { $0.isFinite })
  }

  /// A part shorter than the horizon would be scored on steps that were trained on.
  @Test(arguments: [(5, 0, "test-steps"), (0, 5, "validation-steps")])
  func aPartShorterThanTheHorizonIsRefused(
    _ test: Int, _ validation: Int, _ name: String
  ) throws {
    let data = try Example.series([Self.wave])
    let wanted = SettingError(name, expected: "0 or at least the horizon of 6 steps", found: 5)
    #expect(throws: wanted) {
      try Example.train(data) { $0.holdOut(test: test, validation: validation) }
    }
  }

  @Test func aSeasonLongerThanTheSeriesIsRefused() throws {
    let data = try Example.series([Self.wave], season: 121)
    #expect {
      try Example.train(data)
    } throws: {
      guard let error = $0 as? SettingError else { return false }
      return error.name == "season" && error.found == "121"
    }
  }

  // MARK: - Ends

  @Test func aStopInTheFirstFitKeepsWhatIsThere() throws {
    let data = try Example.series([Self.wave])
    let forecaster = try Example.train(data, epochs: 50, session: .stopping(after: 20))
    #expect(forecaster.record.end == "interrupted")
    #expect(!forecaster.record.isRefit)
    // Who wants an end does not wait for scores.
    #expect(forecaster.record.scores.isEmpty)
    #expect(try forecaster.forecast().tracks[0].median.allSatisfy { (5...30).contains($0) })
  }

  @Test func aStopInTheLastFitKeepsTheOneBefore() throws {
    let data = try Example.series([Self.wave])
    var (phases, steps) = (0, 0)
    var notes: [String] = []
    let session = TaskSession(
      report: { event in
        if case .phase = event { phases += 1 }
        if case .note(let note) = event { notes.append(note) }
        if phases == 2, case .training(.step) = event { steps += 1 }
      }, shouldStop: { phases == 2 && steps > 3 })
    let stopped = try Example.train(data, epochs: 10, session: session)
    #expect(stopped.record.end == "interrupted")
    #expect(!stopped.record.isRefit)
    #expect(!notes.contains { $0.contains("time") })
    let first = try Example.train(data, epochs: 10) { $0.learning.refit = false }
    #expect(try stopped.forecast().bits == first.forecast().bits)
  }

  @Test func aStopBetweenTheFitsIsTold() throws {
    let data = try Example.series([Self.wave])
    var hasScores = false
    let session = TaskSession(
      report: { if case .scored = $0 { hasScores = true } }, shouldStop: { hasScores })
    let stopped = try Example.train(data, epochs: 2, session: session)
    #expect(stopped.record.end == "interrupted" && !stopped.record.isRefit)
    #expect(!stopped.record.scores.isEmpty)
  }

  @Test func aStopBetweenMembersIsTold() throws {
    let data = try Example.series([Self.wave])
    var hasOne = false
    let session = TaskSession(
      report: { if case .training(.finished) = $0 { hasOne = true } }, shouldStop: { hasOne })
    let stopped = try Example.train(data, epochs: 2, session: session) { $0.learning.members = 2 }
    #expect(stopped.record.end == "interrupted")
    #expect(try stopped.forecast().tracks[0].median.allSatisfy { $0.isFinite })
  }

  @Test func aTimeLimitHoldsForAllOfIt() throws {
    let data = try Example.series([Self.wave])
    let clock = ContinuousClock()
    let start = clock.now
    let forecaster = try Example.train(data, epochs: 100_000) {
      $0.learning.patience = 1_000_000
      $0.learning.timeLimit = 0.5
    }
    #expect(clock.now - start < .seconds(5))
    #expect(forecaster.record.end == "time limit")
    #expect(try forecaster.forecast().tracks[0].median.allSatisfy { $0.isFinite })
  }

  // MARK: - The same bits again

  @Test func theSeedDecidesEveryBit() throws {
    let data = try Example.series([Self.wave, Self.wave.map { 3 * $0 + 1 }], ids: ["a", "b"])
    func bits(_ seed: UInt64, threads: Int?) throws -> [UInt64] {
      try WorkerPool.$limit.withValue(threads) {
        try Example.train(data, epochs: 2) {
          $0.learning.seed = seed
          $0.network.dropout = 0.2
          $0.network.hiddenSize = 64
          $0.learning.batchSize = 64
        }.forecast().bits
      }
    }
    let first = try bits(5, threads: nil)
    #expect(try bits(5, threads: nil) == first)
    #expect(try bits(5, threads: 1) == first)
    #expect(try bits(5, threads: 2) == first)
    #expect(try bits(6, threads: nil) != first)
  }

  // MARK: - Data that does not fit

  @Test func otherColumnsAndFrequencies() throws {
    let forecaster = try Self.forecaster.get()
    let other = try Example.series([Self.wave], ids: ["a"], targets: ["sold"])
    let columns = DataError(
      .badRoles, file: "test", expected: "the columns value that the model was trained on", found: "sold")
    #expect(throws: columns) { try forecaster.forecast(other) }
    #expect(throws: columns) { try forecaster.backtest(other) }
    let daily = try TimeSeries(
      series: [TimeSeries.Series(id: "a", start: Example.month, targets: [Self.wave])], frequency: .daily,
      idName: "shop", source: "days")
    let frequency = DataError(
      .mixedTimes, file: "days", expected: "monthly data, as the model was trained on", found: "daily")
    #expect(throws: frequency) { try forecaster.forecast(daily) }
    let short = try Example.series([[1, 2]], ids: ["a"])
    #expect {
      try forecaster.forecast(short)
    } throws: {
      guard let error = $0 as? DataError else { return false }
      return error.kind == .noRows && error.found == "2 in the longest"
    }
    #expect(throws: DataError.self) { try forecaster.backtest(short) }
  }

  @Test(arguments: 0..<8) func settingsThatMakeNoNetwork(_ which: Int) throws {
    let data = try Example.series([Self.wave])
    var settings = Example.small(data)
    switch which {
    case 0: settings.network.hiddenSize = 0
    case 1: settings.network.layers = 0
    case 2: settings.window.lookBack = settings.window.segment + 1
    case 3: settings.learning.epochs = 0
    case 4: settings.network.dropout = 1
    case 5: settings.learning.learningRate = .nan
    case 6: settings.levels = [0.1, 0.9]
    default: settings.learning.members = 0
    }
    #expect(throws: SettingError.self) { try Forecaster.train(on: data, settings: settings) }
  }

  @Test func aWindowThatIsTooLongForEverySeries() throws {
    let data = try Example.series([Self.wave], horizon: 200)
    #expect {
      try Example.train(data)
    } throws: {
      guard let error = $0 as? DataError,
        let needed = error.expected?.split(separator: " ").compactMap({ Int($0) }).first
      else { return false }
      return error.kind == .noRows && error.found == "120 in the longest" && needed > 200
    }
  }
}
