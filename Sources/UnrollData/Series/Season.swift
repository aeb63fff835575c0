/// Guesses how long a season and a forecast are.
enum Season {
  /// The season of series: from the calendar where there is one, otherwise from the values.
  ///
  /// | steps of | repeat each |
  /// |---|---|
  /// | seconds and shorter | minute, or day when that has at most 288 steps |
  /// | minutes | day when that has at most 288 steps, otherwise hour |
  /// | hours | day |
  /// | days, business days | week |
  /// | weeks, months, quarters | year |
  ///
  /// Where steps of a week are left out, the steps that a day or a week has are counted.
  ///
  /// A season that is not a whole number of steps, or that no series shows twice, is none: 1.
  static func guess(_ series: [TimeSeries.Series], frequency: Frequency) -> Int {
    let longest = series.map(\.count).max() ?? 0
    let season = frequency.unit == .step ? fromValues(series) : fromCalendar(frequency)
    return season * 2 <= longest ? season : 1
  }

  private static func fromCalendar(_ frequency: Frequency) -> Int {
    if let slots = frequency.slots {
      guard frequency.unit != .day, let day = slots.countOfDay, day > 1, day <= 288 else {
        return slots.count
      }
      return day
    }
    func whole(_ units: Int) -> Int { units % frequency.count == 0 ? units / frequency.count : 1 }
    func short(_ perDay: Int, _ otherwise: Int) -> Int {
      let day = whole(perDay)
      return day > 1 && day <= 288 ? day : whole(otherwise)
    }
    return switch frequency.unit {
    case .step, .year: 1
    case .millisecond: short(86_400_000, 60_000)
    case .second: short(86_400, frequency.count < 60 ? 60 : 3600)
    case .minute: short(1440, 60)
    case .hour: whole(24)
    case .day: whole(7)
    case .businessDay: whole(5)
    case .week: whole(52)
    case .month: whole(12)
    case .quarter: whole(4)
    }
  }

  /// The number of steps to forecast when nothing else is said.
  ///
  /// The customary horizon of the frequency: 6 years, 8 quarters, 12 months, 13 weeks, 14 days, 10 business
  /// days, 48 hours; otherwise a season, at most 96 steps, or 6 steps where there is no season. At most a
  /// quarter of the longest series.
  static func horizon(_ series: [TimeSeries.Series], frequency: Frequency, season: Int) -> Int {
    let customary: Int? =
      switch (frequency.unit, frequency.count) {
      case (.day, 1) where frequency.slots != nil: 2 * (frequency.slots?.count ?? 7)
      case (.hour, _) where frequency.slots != nil: 2 * season
      case (.year, 1): 6
      case (.quarter, 1): 8
      case (.month, 1): 12
      case (.week, 1): 13
      case (.day, 1): 14
      case (.businessDay, 1): 10
      case (.hour, 1): 48
      default: nil
      }
    let longest = series.map(\.count).max() ?? 0
    return max(1, min(customary ?? (season > 1 ? min(season, 96) : 6), longest / 4))
  }

  /// The season of values without a calendar: the lag at which they agree with themselves.
  ///
  /// With r the autocorrelation of the values without their line of best fit and r′ that of their differences,
  /// both averaged over the series, a season is a lag k > 1 that
  /// - is a peak of r of at least 0.3, and 0.2 above the lowest r before it,
  /// - returns: r near 2k is at least half as high, where the series are long enough to tell,
  /// - shows in the differences too: r′ is at least 0.15 and four standard errors. A random walk drifts away
  ///   and returns by chance, its differences do not.
  ///
  /// Of several, the shortest whose peak is nearly (0.8 times) the highest: a day before its week.
  static func fromValues(_ series: [TimeSeries.Series]) -> Int {
    var values = Autocorrelation(maximumLag: 400)
    var differences = Autocorrelation(maximumLag: 400)
    let enough = series.lazy.filter { $0.count >= 8 }.prefix(32)
    for one in enough {
      for target in one.targets.prefix(4) {
        let recent = Array(target.suffix(2000))
        values.add(recent)
        differences.add(zip(recent, recent.dropFirst()).map { $1 - $0 })
      }
    }
    let r = values.average
    let rDifferences = differences.average
    guard r.count > 3 else { return 1 }
    var lowest = r[1]
    var peaks: [(lag: Int, height: Double)] = []
    for lag in 2..<(r.count - 1) {
      defer { lowest = min(lowest, r[lag]) }
      let isPeak = r[lag] > r[lag - 1] && r[lag] >= r[lag + 1]
      guard isPeak, r[lag] >= 0.3, r[lag] - lowest >= 0.2, lag < rDifferences.count else { continue }
      let error = 1 / Double(max(1, differences.counts[lag])).squareRoot()
      guard rDifferences[lag] >= max(0.15, 4 * error) else { continue }
      let slack = max(1, lag / 20)
      let second = (2 * lag - slack)...(2 * lag + slack)
      if second.upperBound < r.count, second.allSatisfy({ r[$0] < r[lag] / 2 }) { continue }
      peaks.append((lag, r[lag]))
    }
    let highest = peaks.map(\.height).max() ?? 0
    return peaks.first { $0.height >= 0.8 * highest }?.lag ?? 1
  }
}

/// The autocorrelation of several series together.
private struct Autocorrelation {
  private var sums: [Double]
  private var weights: [Double]
  /// For each lag, how many pairs of values it was measured on.
  private(set) var counts: [Int]

  init(maximumLag: Int) {
    sums = [Double](repeating: 0, count: maximumLag + 1)
    weights = sums
    counts = [Int](repeating: 0, count: maximumLag + 1)
  }

  /// Adds a series, up to lags of half its length; constant series say nothing.
  mutating func add(_ values: [Double]) {
    let rest = Self.withoutLine(values)
    let power = rest.reduce(0) { $0 + $1 * $1 }
    // Less is the rounding of a straight line.
    let scale = values.reduce(0) { $1.isNaN ? $0 : $0 + $1 * $1 }
    guard power > scale * 1e-18, power.isFinite, !rest.isEmpty else { return }
    for lag in 1...max(1, min(sums.count - 1, rest.count / 2)) {
      var product = 0.0
      for index in 0..<(rest.count - lag) { product += rest[index] * rest[index + lag] }
      let pairs = rest.count - lag
      // Each pair counts alike, whatever the scale of its series and the length that the lag leaves.
      sums[lag] += product / power * Double(rest.count)
      weights[lag] += Double(pairs)
      counts[lag] += pairs
    }
  }

  /// r at each lag from 0, as far as it was measured.
  var average: [Double] {
    var result = [1.0]
    for lag in sums.indices.dropFirst() {
      guard weights[lag] > 0 else { break }
      result.append(sums[lag] / weights[lag])
    }
    return result
  }

  /// The values without their line of least squares, 0 where they are missing.
  private static func withoutLine(_ values: [Double]) -> [Double] {
    var (n, sumX, sumY) = (0.0, 0.0, 0.0)
    for (x, y) in values.enumerated() where !y.isNaN {
      n += 1
      sumX += Double(x)
      sumY += y
    }
    guard n > 2 else { return [] }
    let (meanX, meanY) = (sumX / n, sumY / n)
    var (covariance, variance) = (0.0, 0.0)
    for (x, y) in values.enumerated() where !y.isNaN {
      covariance += (Double(x) - meanX) * (y - meanY)
      variance += (Double(x) - meanX) * (Double(x) - meanX)
    }
    let slope = variance > 0 ? covariance / variance : 0
    return values.enumerated().map { x, y in y.isNaN ? 0 : y - meanY - slope * (Double(x) - meanX) }
  }
}
