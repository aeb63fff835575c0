import Testing
import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

/// Network and simple methods together, and what a forecast may not say.
struct ForecastCombinationTests {
  private static let wave: [Double] = {
    var curve = Curve(11)
    return curve.wave(150, noise: 0.2)
  }()

  private static let forecaster: Result<Forecaster, any Error> = Result {
    try Example.train(Example.series([wave]), epochs: 2) { $0.combine = true }
  }

  @Test func weightsSumToOneAndAreTold() throws {
    let forecaster = try Self.forecaster.get()
    let weights = try #require(forecaster.calibration?.weights)
    #expect(abs(weights.reduce(0) { $0 + $1.weight } - 1) < 1e-9)
    // A network of two epochs is no match for a method that knows waves on a slope.
    #expect(weights.contains { $0.method == "ETS" })
    let facts = forecaster.description.groups.flatMap(\.facts)
    #expect(facts.first { $0.name == "combined" }?.value.contains("ETS") == true)
    let report = try forecaster.backtest(Example.series([Self.wave]), windows: 2)
    #expect(report.methods.starts(with: ["model", "network alone"]))
    #expect(["ETS", "theta", "naive2"].allSatisfy(report.methods.contains))
    #expect(report.tables[1].rows.map { $0[0] } == weights.map(\.method))
  }

  @Test func aCombinedModelComesBackBitForBit() throws {
    let forecaster = try Self.forecaster.get()
    let folder = try TestFolder()
    try forecaster.save(to: "\(folder.path)/model")
    let again = try Forecaster(contentsOf: "\(folder.path)/model")
    #expect(again.calibration == forecaster.calibration && again.calibration?.weights != nil)
    #expect(try again.forecast().bits == forecaster.forecast().bits)
    #expect(String(decoding: try folder.read("model/README.md"), as: UTF8.self).contains("ETS"))
  }

  @Test func theNetworkStandsAloneWhereItShall() throws {
    let data = try Example.series([Self.wave])
    let alone = try Example.train(data, epochs: 2)
    #expect(alone.calibration?.weights == nil)
    #expect(try alone.forecast().bits != Self.forecaster.get().forecast().bits)
    #expect(!(try alone.backtest(data).methods.contains("network alone")))
    // Many series are a network's affair.
    let many = try Example.series((0..<21).map { _ in Self.wave }, ids: (0..<21).map { "s\($0)" })
    #expect(!ForecastSettings.defaults(for: many).combine)
    #expect(ForecastSettings.defaults(for: data).combine)
  }

  /// Rolling moments, how much the error differs between them, and who is better.
  @Test func scoresAreFromSeveralMomentsWithTheirSpread() throws {
    let data = try Example.series([Self.wave])
    var report: ScoreReport?
    let session = TaskSession(report: { if case .scored(let found) = $0 { report = found } })
    _ = try Example.train(data, epochs: 1, session: session)
    let scores = try #require(report)
    #expect(scores["windows"] == 5)
    let note = try #require(scores.scores[0].note)
    #expect(note.contains("at 5 moments"))
    #expect(note.contains("a simple method, is better"))
  }

  @Test func countsStayCounts() throws {
    var curve = Curve(12)
    let counts = (0..<140).map { _ in curve.random.uniform() < 0.25 ? Double(1 + curve.random.below(4)) : 0 }
    let data = try Example.series([counts], season: 1)
    for combine in [true, false] {
      let forecaster = try Example.train(data, epochs: 2) { $0.combine = combine }
      let track = try forecaster.forecast().tracks[0]
      #expect((track.median + track.quantile(0.025) + track.quantile(0.001)).allSatisfy { $0 >= 0 })
    }
    var told: [String] = []
    let session = TaskSession(report: { if case .note(let text) = $0 { told.append(text) } })
    let free = try Example.train(data, epochs: 1, session: session) { $0.minimum = -1000 }
    #expect(free.preparation.minimums == [-1000])
    #expect(!told.contains { $0.hasPrefix("minimum") })
    _ = try Example.train(data, epochs: 1, session: session)
    #expect(told.contains { $0.hasPrefix("minimum: value 0") })
    #expect(throws: SettingError.self) { try Example.train(data, epochs: 1) { $0.minimum = 0.5 } }
  }

  @Test func fewerStepsAreTheFirstOfThemAndMoreAreRefused() throws {
    let forecaster = try Self.forecaster.get()
    var options = ForecastOptions()
    options.horizon = 2
    let data = try Example.series([Self.wave])
    let short = try forecaster.answers([data], options: options)[0]
    let whole = try forecaster.forecast(data)
    #expect(short.horizon == 2 && short.tracks[0].median == Array(whole.tracks[0].median.prefix(2)))
    #expect(short.rows.count == 2)
    let report = try forecaster.evaluate(on: ForecastData(data), options: options)
    #expect(report.rows?.rows.count == 2)
    options.horizon = 7
    #expect(throws: SettingError.self) { try forecaster.answers([data], options: options) }
    #expect(throws: SettingError.self) { try forecaster.evaluate(on: ForecastData(data), options: options) }
  }

  @Test func everyStepOfABacktestIsARow() throws {
    let forecaster = try Self.forecaster.get()
    let folder = try TestFolder()
    var options = ForecastOptions()
    (options.windows, options.stride, options.plot) = (1000, 6, "\(folder.path)/past.svg")
    var notes: [String] = []
    let report = try forecaster.evaluate(
      on: ForecastData(Example.series([Self.wave])), options: options,
      session: AnswerSession(note: { notes.append($0) }))
    let count = Int(report["windows"] ?? 0)
    #expect(count > 10 && count < 25)
    #expect(notes.contains { $0.contains("\(count) of the 1000 windows") })
    let rows = try #require(report.rows)
    #expect(rows.rows.count == 6 * count)
    #expect(
      rows.columns == ["date", "last known", "step", "actual", "forecast", "lo80", "hi80", "lo95", "hi95"])
    let last = try #require(rows.rows.last)
    #expect(last[0] == "2012-06" && last[1] == "2011-12" && last[2] == "6")
    #expect(Double(last[3]) == Self.wave[149])
    let errors = rows.rows.compactMap { row in
      Double(row[3]).flatMap { y in Double(row[4]).map { abs(y - $0) } }
    }
    let mean = errors.reduce(0, +) / Double(errors.count)
    #expect(abs(mean - (report["MAE"] ?? 0)) < 1e-4 * mean)
    let picture = String(decoding: try folder.read("past.svg"), as: UTF8.self)
    #expect(picture.contains("actual") && !picture.contains("nan"))
    #expect(String(decoding: report.errorsCSV, as: UTF8.self).hasPrefix("date,last known,step,actual"))
  }

  @Test(arguments: ["x.png", "x.PDF", "a/b.jpeg"]) func otherPicturesAreRefused(_ name: String) throws {
    var options = ForecastOptions()
    options.plot = name
    #expect {
      try options.checkAll()
    } throws: {
      guard let error = $0 as? SettingError else { return false }
      return error.name == "plot" && error.expected.contains(".svg")
    }
  }

  @Test func stepsThatAreMissingBeforeNewDataAreTold() throws {
    let forecaster = try Self.forecaster.get()
    let later = try TimeSeries(
      series: [TimeSeries.Series(start: Timestamp("2013-01")!, targets: [Self.wave])], frequency: .monthly,
      timeName: "date", season: 12, horizon: 6, source: "later")
    var notes: [String] = []
    _ = try forecaster.answers([later], session: AnswerSession(note: { notes.append($0) }))
    #expect(notes.contains { $0.hasPrefix("6 steps between the training data") })
  }

  @Test func whatNeverChangedIsFlatAndWithoutError() throws {
    let data = try Example.series([Array(repeating: 0, count: 120)])
    let forecaster = try Example.train(data, epochs: 1)
    #expect(try forecaster.forecast().tracks[0].median == Array(repeating: 0, count: 6))
    let report = try forecaster.backtest(data)
    #expect(report["sMAPE"] == 0 && report["MAE"] == 0)
  }
}
