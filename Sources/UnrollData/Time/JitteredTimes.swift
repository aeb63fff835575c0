/// Times of a clock that stand near a regular grid and not on it: 00:00:03, 00:15:02, 00:30:05.
enum JitteredTimes {
  struct Grid {
    /// For each series its times, moved to the grid.
    let series: [[Int64]]
    let frequency: Frequency
    /// The farthest that a time was moved, in ticks.
    let farthest: Int64
  }

  private static let minute: Int64 = 60_000_000
  /// The distances that clocks are set to.
  private static let usual: [Frequency] =
    [1, 2, 5, 10, 15, 20, 30].map { Frequency(.second, every: $0) }
    + [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map { Frequency(.minute, every: $0) }
    + [1, 2, 3, 4, 6, 8, 12].map { Frequency(.hour, every: $0) } + [.daily]

  /// The grid near which all times stand, or nil when they do not.
  ///
  /// The grid is that of the usual distances which is nearest to the median of neighbours' distances, at most a
  /// tenth away. It starts at midnight, or at the median place between its steps. Every time must be less than
  /// 0.3 steps from a step that no other time of its series is near to. Where nine of ten times are on the
  /// grid to the tick and another is off by more than a thirtieth of a step, that one is a slip.
  static func grid(_ series: [[Int64]], stated: Frequency?) -> Grid? {
    let distances = series.flatMap { times in zip(times, times.dropFirst()).map { $1 - $0 }.filter { $0 > 0 }
    }
    .sorted()
    guard distances.count >= 2 else { return nil }
    let median = Double(distances[distances.count / 2])
    let frequency = stated ?? usual.min { a, b in error(a, median) < error(b, median) }
    guard let frequency, let step = frequency.ticks, step > 1, step <= Timestamp.ticksPerDay,
      stated != nil || error(frequency, median) <= 0.1
    else { return nil }
    let places = series.joined().map { floorModulo($0 + step / 2, step) - step / 2 }.sorted()
    let phase = abs(places[places.count / 2]) * 4 <= step ? 0 : places[places.count / 2]
    var farthest: Int64 = 0
    var off = 0
    var result: [[Int64]] = []
    for times in series {
      var moved: [Int64] = []
      moved.reserveCapacity(times.count)
      for time in times {
        let place = floorDivide(time - phase + step / 2, step) * step + phase
        let distance = abs(time - place)
        guard distance * 10 <= step * 3, place > moved.last ?? .min else { return nil }
        farthest = max(farthest, distance)
        if distance > 0 { off += 1 }
        moved.append(place)
      }
      result.append(moved)
    }
    let count = series.reduce(0) { $0 + $1.count }
    guard off * 10 > count || farthest * 30 <= step else { return nil }
    return Grid(series: result, frequency: frequency, farthest: farthest)
  }

  private static func error(_ frequency: Frequency, _ median: Double) -> Double {
    guard let ticks = frequency.ticks else { return .infinity }
    let ratio = median / Double(ticks)
    return abs((ratio > 1 ? ratio : 1 / ratio) - 1)
  }

  /// How long ticks are, for people: `3 seconds`, `1.5 minutes`.
  static func text(_ ticks: Int64) -> String {
    let (size, unit): (Int64, String) =
      ticks < 1_000_000
      ? (1000, "millisecond") : ticks < 2 * minute ? (1_000_000, "second") : (minute, "minute")
    let tenths = (ticks * 10 + size / 2) / size
    let number = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    return "\(number) \(unit)\(number == "1" ? "" : "s")"
  }
}
