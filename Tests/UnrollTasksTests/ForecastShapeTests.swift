import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// Horizons, seasons and look-backs of awkward sizes, and what the table looks like.
struct ForecastShapeTests {
  private static let wave: [Double] = {
    var curve = Curve(1)
    return curve.wave(96, noise: 0.1)
  }()

  @Test(arguments: [(1, 12), (5, 1), (30, 12), (1, 1), (13, 12), (7, 5)])
  func horizonsAndSeasons(_ horizon: Int, _ season: Int) throws {
    let data = try Example.series([Self.wave], season: season, horizon: horizon)
    let forecaster = try Example.train(data, epochs: 2)
    let forecast = try forecaster.forecast()
    #expect(forecast.horizon == horizon)
    #expect(forecast.tracks[0].median.count == horizon)
    #expect(forecast.tracks[0].median.allSatisfy { (0...40).contains($0) })
    #expect(forecast.timeText(forecast.tracks[0], step: 0) == "2008-01")
    // Methods for seasons have no say where there is none.
    #expect(try forecaster.backtest(data).methods.contains("seasonal naive") == (season > 1))
  }

  @Test func aLookBackLongerThanTheSeries() throws {
    let data = try Example.series([Array(Self.wave.prefix(40))])
    let forecaster = try Example.train(data, epochs: 4) {
      $0.window.lookBack = 120
      $0.window.centreSteps = 12
    }
    #expect(try forecaster.forecast().tracks[0].median.allSatisfy { (0...40).contains($0) })
  }

  @Test(arguments: [WindowSettings.Transform.none, .log], [WindowSettings.Scale.series, .window])
  func everyScaling(_ transform: WindowSettings.Transform, _ scale: WindowSettings.Scale) throws {
    for centre in WindowSettings.Centre.allCases {
      let forecaster = try Example.train(Example.series([Self.wave]), epochs: 3) {
        $0.window.transform = transform
        $0.window.scale = scale
        $0.window.centre = centre
      }
      #expect(try forecaster.forecast().tracks[0].median.allSatisfy { (5...30).contains($0) }, "\(centre)")
    }
  }

  @Test(arguments: 0..<6) func everyPartOfTheNetwork(_ part: Int) throws {
    let data = try Example.series([Self.wave, Self.wave.map { -$0 }], targets: ["a", "b"])
    let forecaster = try Example.train(data, epochs: 2) {
      switch part {
      case 0: $0.skip = false
      case 1: $0.window.lags = 0
      case 2: $0.cycle = true
      case 3: $0.mixesTargets = true
      case 4: ($0.network.layers, $0.network.dropout, $0.network.cell) = (2, 0.2, .lstm)
      default: ($0.loss, $0.network.cell) = (.squared, .elman)
      }
    }
    let tracks = try forecaster.forecast().tracks
    #expect(tracks.allSatisfy { $0.median.allSatisfy { abs($0) < 60 } })
    // It is the same after a stay on the disk.
    let folder = try TestFolder()
    try forecaster.save(to: "\(folder.path)/model")
    #expect(try Forecaster(contentsOf: "\(folder.path)/model").forecast().bits == forecaster.forecast().bits)
  }

  @Test func theMembersOfAnEnsembleAreAveraged() throws {
    let data = try Example.series([Self.wave])
    func median(_ seed: UInt64, _ members: Int) throws -> [Double] {
      // Without a validation part nothing is added to what the networks say.
      try Example.train(data, epochs: 2) {
        $0.holdOut(test: 0, validation: 0)
        $0.learning.seed = seed
        $0.learning.members = members
        // Quantiles of hardly trained networks are sorted after the mean is taken.
        $0.loss = .squared
      }.forecast().tracks[0].median
    }
    let (one, two) = (try median(0, 1), try median(0x9E37_79B9, 1))
    let both = try median(0, 2)
    #expect(one != two)
    #expect(meanError(both, zip(one, two).map { ($0 + $1) / 2 }) < 1e-3)
  }

  // MARK: - Quantiles

  @Test func quantilesNeverCrossAndIntervalsWiden() throws {
    // Hardly trained, outputs are out of order.
    let data = try Example.series([Self.wave, Self.wave.map { $0 * $0 }], ids: ["a", "b"])
    for track in try Example.train(data, epochs: 1).forecast().tracks {
      let levels = stride(from: 0.005, to: 1, by: 0.01)
      let curves = levels.map(track.quantile)
      for (lower, upper) in zip(curves, curves.dropFirst()) {
        #expect(zip(lower, upper).allSatisfy { $0 <= $1 + abs($1) * 1e-12 })
      }
      #expect(zip(track.quantile(0.5), track.median).allSatisfy { $0 == $1 })
      let widths = [0.1, 0.5, 0.8, 0.95, 0.99].map { level -> [Double] in
        let interval = track.interval(level)
        return zip(interval.upper, interval.lower).map { $0 - $1 }
      }
      for (narrow, wide) in zip(widths, widths.dropFirst()) {
        #expect(zip(narrow, wide).allSatisfy { $0 <= $1 + abs($1) * 1e-12 })
      }
    }
  }

  /// Between the network's levels, quantiles follow the normal distribution; at its levels they are its own.
  @Test func quantilesBetweenLevelsAreInterpolated() throws {
    let track = try Example.train(Example.series([Self.wave]), epochs: 1).forecast().tracks[0]
    let (a, b, between) = (track.quantile(0.8), track.quantile(0.9), track.quantile(0.85))
    // z: 0.8416, 1.0364, 1.2816.
    let share = (1.0364334 - 0.8416212) / (1.2815516 - 0.8416212)
    for step in a.indices {
      #expect(abs(between[step] - (a[step] + share * (b[step] - a[step]))) < 1e-5)
    }
  }

  // MARK: - The table

  private func lines(_ data: TimeSeries, _ levels: [Double]) throws -> [String] {
    var forecast = try Example.train(data, epochs: 1).forecast()
    forecast.levels = levels
    return String(decoding: forecast.csv(), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .map(String.init)
  }

  @Test func theTableOfOneSeries() throws {
    let lines = try lines(Example.series([Self.wave], horizon: 3), [80, 95])
    #expect(lines.count == 5 && lines[4].isEmpty)
    #expect(lines[0] == "date,forecast,lo80,hi80,lo95,hi95")
    #expect(lines[1...3].map { $0.prefix(8) } == ["2008-01,", "2008-02,", "2008-03,"])
    for line in lines[1...3] {
      let numbers = line.split(separator: ",").dropFirst().compactMap { Double($0) }
      #expect(numbers.count == 5)
      #expect(numbers[3] <= numbers[1] && numbers[1] <= numbers[0] && numbers[0] <= numbers[2])
      #expect(numbers[2] <= numbers[4])
    }
  }

  @Test func theTableOfSeveralSeriesAndTargets() throws {
    let data = try Example.series(
      [Self.wave, Self.wave.map { $0 + 1 }, Self.wave.map { $0 * 2 }, Self.wave.map { $0 * 3 }],
      ids: ["north, \"old\"", "south"], targets: ["sold", "stock"], horizon: 2)
    let lines = try lines(data, [50])
    #expect(lines[0] == "shop,date,target,forecast,lo50,hi50")
    let starts = lines[1...8].map { line in line.split(separator: ",").dropLast(3).joined(separator: ",") }
    let north = "\"north, \"\"old\"\"\""
    #expect(
      starts == [
        "\(north),2008-01,sold", "\(north),2008-02,sold", "\(north),2008-01,stock", "\(north),2008-02,stock",
        "south,2008-01,sold", "south,2008-02,sold", "south,2008-01,stock", "south,2008-02,stock",
      ])
    #expect(lines.count == 10)
  }

  @Test func theTableWithoutIntervalsOrWithOddOnes() throws {
    let data = try Example.series([Self.wave], horizon: 1)
    #expect(try lines(data, [])[0] == "date,forecast")
    #expect(try lines(data, [99.5, 10])[0] == "date,forecast,lo99.5,hi99.5,lo10,hi10")
  }
}
