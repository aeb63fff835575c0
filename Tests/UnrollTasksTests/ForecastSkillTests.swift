import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// Forecasts of series whose future is known.
struct ForecastSkillTests {
  @Test func aWaveOnASlopeIsForecastBetterThanBySimpleMethods() throws {
    var curve = Curve(1)
    let all = curve.wave(162, noise: 0.1)
    let data = try Example.series([Array(all.prefix(150))], horizon: 12)
    var report: ScoreReport?
    let forecaster = try Example.train(
      data, epochs: 20, session: TaskSession(report: { if case .scored(let found) = $0 { report = found } }))
    let track = try forecaster.forecast().tracks[0]
    let future = Array(all.suffix(12))
    for baseline in [Baseline.naive, .seasonalNaive, .drift] {
      let simple = baseline.forecast(history: Array(all.prefix(150)), horizon: 12, season: 12).points
      #expect(meanError(track.median, future) < 0.7 * meanError(simple, future), "\(baseline)")
    }
    // The scores tell the same of the steps that were held back.
    let scores = try #require(report)
    let naive = try #require(scores.cell("seasonal naive", "MAE"))
    #expect(scores["MAE"] < 0.7 * naive)
    #expect(scores["windows"] == 3.0 && scores.scores == forecaster.record.scores)
    #expect(forecaster.record.scoredOn == "test")
    #expect(forecaster.record.isRefit)
  }

  @Test func seriesOfAllSizesShareANetwork() throws {
    var curve = Curve(2)
    let scales = [1e-3, 1, 50, 1e6]
    let counts = [140, 90, 60, 120]
    let waves = zip(scales, counts).map { scale, count in
      curve.wave(count + 6, level: 5, slope: 0, height: 2, noise: 0.05).map { $0 * scale }
    }
    // Too short to train on or to continue.
    let short = [1.0, 2, 3]
    let data = try Example.series(
      zip(waves, counts).map { Array($0.prefix($1)) } + [short],
      ids: ["tiny", "one", "mid", "huge", "short"])
    let forecaster = try Example.train(data, epochs: 16)
    var forecast = try forecaster.forecast()
    #expect(forecast.tracks.map(\.id) == ["tiny", "one", "mid", "huge", "short"])
    for (index, scale) in scales.enumerated() {
      let future = Array(waves[index].suffix(6))
      #expect(meanError(forecast.tracks[index].median, future) < 0.6 * scale, "\(forecast.tracks[index].id)")
    }
    #expect(forecast.tracks[4].median.allSatisfy { $0.isNaN })
    #expect(forecast.notes.contains { $0.contains("short") })
    // The gap is an empty field of the table.
    forecast.levels = [80]
    let lines = String(decoding: forecast.csv(), as: UTF8.self).split(separator: "\n")
    #expect(lines.last == "short,2000-09,,,")
  }

  @Test func onlySeriesThatAreTooShort() throws {
    let data = try Example.series([[1, 2, 3], [4, 5]], ids: ["a", "b"], season: 1)
    do {
      _ = try Example.train(data)
      Issue.record("trained on nothing")
    } catch let error as DataError {
      #expect(error.kind == .noRows && error.found == "3 in the longest")
      let needed = try #require(error.expected?.split(separator: " ").compactMap { Int($0) }.first)
      #expect(needed > 3)
      #expect("\(error)".contains("horizon"))
    }
  }

  @Test func severalTargets() throws {
    var curve = Curve(3)
    let (a, b) = (curve.wave(126, noise: 0.05), curve.wave(126, level: -300, slope: -1, height: 40))
    let data = try Example.series([Array(a.prefix(120)), Array(b.prefix(120))], targets: ["a", "b"])
    let forecast = try Example.train(data, epochs: 16).forecast()
    #expect(forecast.tracks.map(\.target) == ["a", "b"])
    #expect(meanError(forecast.tracks[0].median, Array(a.suffix(6))) < 0.6)
    #expect(meanError(forecast.tracks[1].median, Array(b.suffix(6))) < 12)
  }

  /// The target jumps where a covariate says so, at random: only who knows the covariate's future can tell.
  @Test func whatIsKnownAheadIsUsed() throws {
    var curve = Curve(4)
    let flags = (0..<186).map { _ in curve.random.uniform() < 0.3 ? 1.0 : 0 }
    let all = zip(curve.wave(186, slope: 0, height: 1, noise: 0.05), flags).map { $0 + 6 * $1 }
    let values = Array(all.prefix(180))
    func error(_ data: TimeSeries) throws -> Double {
      meanError(try Example.train(data, epochs: 20).forecast().tracks[0].median, Array(all.suffix(6)))
    }
    let blind = try error(Example.series([values]))
    let sighted = try error(Example.series([values], known: [[flags]], knownNames: ["promo"]))
    #expect(sighted < 1)
    #expect(sighted < 0.4 * blind)
  }

  @Test func saysWhenTheFutureOfACovariateIsNotThere() throws {
    var curve = Curve(4)
    let values = curve.wave(80)
    let data = try Example.series([values], known: [[values.map { $0 > 10 ? 1 : 0 }]], knownNames: ["promo"])
    let forecast = try Example.train(data, epochs: 1).forecast()
    #expect(forecast.notes.contains { $0.contains("promo") && $0.contains("6 steps") })
    #expect(forecast.tracks[0].median.allSatisfy { $0.isFinite })
  }

  @Test func gapsAreBorne() throws {
    var curve = Curve(5)
    let all = curve.wave(156, noise: 0.05)
    var values = Array(all.prefix(150))
    for step in values.indices where curve.random.uniform() < 0.15 { values[step] = .nan }
    // The last step, too, and a hole longer than a season.
    for step in [149] + Array(60..<75) { values[step] = .nan }
    let forecaster = try Example.train(Example.series([values]), epochs: 16)
    #expect(forecaster.settings.window.marksMissing)
    #expect(try meanError(forecaster.forecast().tracks[0].median, Array(all.suffix(6))) < 0.8)
    #expect(forecaster.record.scores.first { $0.name == "MAE" }?.value ?? .nan < 1)
  }

  @Test func aTargetWithoutANumber() throws {
    var curve = Curve(6)
    let nothing = Array(repeating: Double.nan, count: 90)
    let data = try Example.series([curve.wave(90), nothing], targets: ["a", "b"])
    let forecast = try Example.train(data, epochs: 2).forecast()
    #expect(forecast.tracks[0].median.allSatisfy { $0.isFinite })
    #expect(forecast.tracks[1].median.allSatisfy { $0.isNaN })

    #expect(
      throws: DataError(
        .notANumber, file: "test", expected: "numbers in value", found: "only missing values")
    ) {
      try Example.train(Example.series([nothing]))
    }
  }

  @Test(arguments: [0.0, 7, -3.5, 1e9, 1e-9]) func aConstantGoesOn(_ value: Double) throws {
    let data = try Example.series([Array(repeating: value, count: 60)])
    let forecaster = try Example.train(data, epochs: 3)
    let track = try forecaster.forecast().tracks[0]
    let slack = max(abs(value) * 0.01, 1e-9)
    for curve in [track.median, track.quantile(0.025), track.quantile(0.975)] {
      #expect(curve.allSatisfy { abs($0 - value) <= slack }, "\(curve)")
    }
    // Its scores are not all numbers; the model can be kept all the same.
    let folder = try TestFolder()
    try forecaster.save(to: "\(folder.path)/model")
    let again = try Forecaster(contentsOf: "\(folder.path)/model")
    #expect(try again.forecast().bits == forecaster.forecast().bits)
    #expect(again.record.scores == forecaster.record.scores)
    #expect(!again.description.groups.isEmpty)
  }

  @Test func numbersBelowZeroAndZeros() throws {
    var curve = Curve(7)
    let wave = curve.wave(126, level: 0, slope: 0, height: 3, noise: 0.05)
    let rare = (0..<126).map { $0 % 12 == 5 ? 4.0 : 0 }
    let data = try Example.series(
      [Array(wave.prefix(120)), Array(rare.prefix(120))], ids: ["wave", "rare"])
    let forecaster = try Example.train(data, epochs: 16)
    #expect(forecaster.settings.window.transform == .none)
    let tracks = try forecaster.forecast().tracks
    #expect(meanError(tracks[0].median, Array(wave.suffix(6))) < 0.6)
    #expect(meanError(tracks[1].median, Array(rare.suffix(6))) < 0.6)
  }

  @Test func hugeNumbersStayFinite() throws {
    var curve = Curve(8)
    let data = try Example.series([curve.wave(80).map { $0 * 1e200 }])
    let forecaster = try Example.train(data, epochs: 2)
    #expect(try forecaster.forecast().tracks[0].median.allSatisfy { $0.isFinite && $0 > 1e200 })
    let folder = try TestFolder()
    try forecaster.save(to: "\(folder.path)/model")
  }

  @Test func coverageIsNearToWhatWasPromised() throws {
    var curve = Curve(9)
    let waves = (0..<12).map { _ in curve.wave(150, slope: 0, height: 2, noise: 1) }
    let data = try Example.series(
      waves.map { Array($0.prefix(114)) }, ids: (0..<12).map { "s\($0)" })
    let forecaster = try Example.train(data, epochs: 16) {
      $0.levels = [0.025, 0.1, 0.3, 0.5, 0.7, 0.9, 0.975]
    }
    let whole = try Example.series(waves, ids: (0..<12).map { "s\($0)" })
    let scores = try forecaster.backtest(whole, windows: 6)
    #expect((0.65...0.95).contains(scores["in 80 % interval"]), "\(scores.line)")
    #expect((0.85...1).contains(scores["in 95 % interval"]), "\(scores.line)")
  }
}
