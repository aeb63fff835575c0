/// One or many time series on regular grids: what a forecaster learns from.
///
/// All series have the same targets (what is forecast), the same known covariates (what is known ahead, such
/// as prices or holidays) and the same frequency. They may start at different times and have different
/// lengths. A missing value is NaN; a step without a row is missing too.
///
///     let series = try TimeSeries(csv: "sales.csv", time: "date", targets: ["sales"], id: "store")
///     for line in series.notes { print(line) }
public struct TimeSeries: Sendable {
  /// One series.
  public struct Series: Sendable {
    /// What tells the series apart; empty when there is only one and it has no name.
    public let id: String
    /// The time of step 0.
    public let start: Timestamp
    /// The values, `[target][step]`, NaN where missing.
    public let targets: [[Double]]
    /// The known covariates, `[covariate][step]`, NaN where missing; they may reach past the last target.
    public let known: [[Double]]
    /// Covariates of the past alone, `[covariate][step]`, as long as the targets.
    public let past: [[Double]]
    /// What is the same in all steps, `[covariate]`.
    public let statics: [Double]

    /// A series; the lists of all targets must have one length, and those of all covariates one that is no
    /// shorter.
    public init(
      id: String = "", start: Timestamp, targets: [[Double]], known: [[Double]] = [], past: [[Double]] = [],
      statics: [Double] = []
    ) {
      self.id = id
      self.start = start
      self.targets = targets
      self.known = known
      self.past = past
      self.statics = statics
    }

    /// The number of steps that have targets.
    public var count: Int { targets.first?.count ?? 0 }

    /// The number of steps that have known covariates; that of the targets when there are none.
    public var knownCount: Int { known.first?.count ?? count }
  }

  /// The series, in the order of their first appearance.
  public let series: [Series]
  /// The distance between steps.
  public let frequency: Frequency
  /// The names of the targets.
  public let targetNames: [String]
  /// The names of the known covariates.
  public let knownNames: [String]
  /// The names of the covariates of the past alone.
  public let pastNames: [String]
  /// The names of what is the same in all steps of a series.
  public let staticNames: [String]
  /// The name of the column of times.
  public let timeName: String
  /// The name of the column that tells series apart; nil when there is one series. Several columns have commas
  /// between their names, and ids `/` between their parts, see `idParts`.
  public let idName: String?
  /// How times are written.
  public let timeFormat: TimeFormat
  /// The number of steps after which the pattern repeats; 1 when none is known.
  public let season: Int
  /// How many steps to forecast when nothing else is said.
  public let horizon: Int
  /// Where the data came from: the file's name as given, or a name for data made in memory.
  public let source: String
  /// What was guessed about the data or done to it.
  public let dataNotes: [DataNote]
  /// `dataNotes` in lines for a person, without their hints.
  public var notes: [String] { dataNotes.map(\.text) }

  /// The fields that mean "no value" unless others are named; the empty field always does.
  public static let defaultMissing = [
    "", "NA", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A",
  ]

  /// Series made in memory.
  ///
  /// - Parameters:
  ///   - season: steps after which the pattern repeats; guessed when nil.
  ///   - horizon: steps to forecast when nothing else is said; guessed when nil.
  ///   - timeFormat: how times are written; the usual way of the frequency when nil.
  ///   - source: a name for the data, used in errors.
  /// - Throws: `DataError` of kind `badSeries` when lengths or names do not fit together.
  public init(
    series: [Series], frequency: Frequency, targetNames: [String] = ["value"], knownNames: [String] = [],
    pastNames: [String] = [], staticNames: [String] = [], timeName: String = "time", idName: String? = nil,
    timeFormat: TimeFormat? = nil, season: Int? = nil,
    horizon: Int? = nil, source: String = "series"
  ) throws(DataError) {
    try Self.check(series, targetNames, knownNames, pastNames, staticNames, source)
    self.init(
      unchecked: series, frequency: frequency, targetNames: targetNames, knownNames: knownNames,
      pastNames: pastNames, staticNames: staticNames,
      timeName: timeName, idName: idName ?? (series.count > 1 ? "id" : nil),
      timeFormat: timeFormat ?? .standard(for: frequency), season: season, horizon: horizon, source: source,
      notes: [])
  }

  /// One series of one target, made in memory.
  ///
  /// - Parameters:
  ///   - values: the values, NaN where missing.
  ///   - start: the time of the first value.
  public init(
    values: [Double], start: Timestamp = Timestamp(step: 1), frequency: Frequency = .step,
    name: String = "value", season: Int? = nil
  ) {
    self.init(
      unchecked: [Series(start: start, targets: [values])], frequency: frequency, targetNames: [name],
      knownNames: [], timeName: frequency.unit == .step ? "step" : "time", idName: nil,
      timeFormat: .standard(for: frequency), season: season, horizon: nil, source: "series", notes: [])
  }

  init(
    unchecked series: [Series], frequency: Frequency, targetNames: [String], knownNames: [String],
    pastNames: [String] = [], staticNames: [String] = [],
    timeName: String, idName: String?, timeFormat: TimeFormat, season: Int?, horizon: Int?, source: String,
    notes: [DataNote]
  ) {
    self.series = series
    self.frequency = frequency
    self.targetNames = targetNames
    self.knownNames = knownNames
    self.pastNames = pastNames
    self.staticNames = staticNames
    self.timeName = timeName
    self.idName = idName
    self.timeFormat = timeFormat
    self.source = source
    var notes = notes
    self.season = Swift.max(1, season ?? Season.guess(series, frequency: frequency))
    if season == nil {
      notes.append(DataNote(.season, self.season > 1 ? "season: \(self.season)" : "season: none"))
    }
    self.horizon = Swift.max(
      1, horizon ?? Season.horizon(series, frequency: frequency, season: self.season))
    if horizon == nil { notes.append(DataNote(.horizon, "horizon: \(self.horizon)")) }
    dataNotes = notes
  }

  private static func check(
    _ series: [Series], _ targetNames: [String], _ knownNames: [String], _ pastNames: [String],
    _ staticNames: [String], _ source: String
  ) throws(DataError) {
    func expect(_ holds: Bool, _ expected: String, _ found: String) throws(DataError) {
      if !holds { throw DataError(.badSeries, file: source, expected: expected, found: found) }
    }
    try expect(!targetNames.isEmpty, "at least one target", "none")
    let names = targetNames + knownNames + pastNames + staticNames
    try expect(
      Set(names).count == names.count, "different names for all columns", names.joined(separator: ", "))
    try expect(!series.isEmpty, "at least one series", "none")
    try expect(
      Set(series.map(\.id)).count == series.count, "a different id for each series", "one that occurs twice")
    for one in series {
      let place = "in series \(quoted(one.id))"
      try expect(
        one.targets.count == targetNames.count, "\(targetNames.count) targets",
        "\(one.targets.count) \(place)")
      try expect(
        one.known.count == knownNames.count, "\(knownNames.count) known covariates",
        "\(one.known.count) \(place)")
      try expect(
        one.targets.allSatisfy { $0.count == one.count }, "targets of one length", "several \(place)")
      try expect(
        one.known.allSatisfy { $0.count == one.knownCount } && one.knownCount >= one.count,
        "known covariates of one length, no shorter than the targets", "other lengths \(place)")
      try expect(
        one.past.count == pastNames.count && one.past.allSatisfy { $0.count == one.count }
          && one.statics.count == staticNames.count,
        "a value for each past covariate and step of the targets, and for each static covariate",
        "another number \(place)")
      try expect(
        (one.targets + one.known + one.past + [one.statics]).allSatisfy { $0.allSatisfy { !$0.isInfinite } },
        "numbers, or NaN for missing values", "an infinite value \(place)")
    }
  }
}

extension TimeSeries {
  /// The columns that tell series apart.
  public var idNames: [String] {
    guard let idName else { return [] }
    let names = idName.split(separator: ",").map(String.init)
    return names.count > 1 && series.allSatisfy({ Self.idParts($0.id).count == names.count })
      ? names : [idName]
  }

  /// A series' text in each of the columns `idNames`.
  public func idParts(of series: Series) -> [String] {
    idNames.count > 1 ? Self.idParts(series.id) : idName == nil ? [] : [series.id]
  }
}

// MARK: - A collection of series

extension TimeSeries: RandomAccessCollection {
  public var startIndex: Int { series.startIndex }
  public var endIndex: Int { series.endIndex }
  public subscript(index: Int) -> Series { series[index] }
}

// MARK: - Times of steps

extension TimeSeries {
  /// The time of a step of a series; steps from the series' `count` on lie in the future.
  public func time(of step: Int, in series: Series) -> Timestamp {
    frequency.advance(series.start, by: step)
  }

  /// The time of a step of a series, written as in the input.
  public func timeText(of step: Int, in series: Series) -> String {
    timeFormat.text(time(of: step, in: series))
  }

  /// The calendar features of steps of a series, `[step][feature]` in one list.
  ///
  /// Steps may lie before the start or in the future.
  public func calendarFeatures(of steps: Range<Int>, in series: Series) -> [Float] {
    let features = CalendarFeatures(frequency: frequency)
    var result: [Float] = []
    guard features.count > 0 else { return result }
    result.reserveCapacity(steps.count * features.count)
    for step in steps { features.append(time(of: step, in: series), to: &result) }
    return result
  }
}

// MARK: - Parts

extension TimeSeries {
  /// The same series with other contents; names, season and notes stay.
  package func replacing(_ series: [Series]) -> TimeSeries {
    TimeSeries(
      unchecked: series, frequency: frequency, targetNames: targetNames, knownNames: knownNames,
      pastNames: pastNames, staticNames: staticNames, timeName: timeName, idName: idName,
      timeFormat: timeFormat, season: season, horizon: horizon,
      source: source, notes: dataNotes)
  }

  /// The same series with another season and horizon, where they are given.
  package func with(season: Int?, horizon: Int?) -> TimeSeries {
    TimeSeries(
      unchecked: series, frequency: frequency, targetNames: targetNames, knownNames: knownNames,
      pastNames: pastNames, staticNames: staticNames, timeName: timeName, idName: idName,
      timeFormat: timeFormat, season: season ?? self.season,
      horizon: horizon ?? self.horizon, source: source,
      notes: dataNotes.filter {
        !(season != nil && $0.kind == .season) && !(horizon != nil && $0.kind == .horizon)
      })
  }

  /// The series without their last `steps` targets; what was known stays known.
  public func droppingLast(_ steps: Int) -> TimeSeries {
    replacing(
      series.map { one in
        Series(
          id: one.id, start: one.start, targets: one.targets.map { Array($0.dropLast(Swift.max(0, steps))) },
          known: one.known, past: one.past.map { Array($0.dropLast(Swift.max(0, steps))) },
          statics: one.statics)
      })
  }
}
