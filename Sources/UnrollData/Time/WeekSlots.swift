/// Which steps of a week occur: a shop that is closed on Sundays, an exchange that is closed at night.
///
/// A week has as many slots as steps fit into it, counted from Monday 00:00. A step is numbered by the weeks
/// before it and by the slots before it in its week that occur, so that neighbours are neighbours whatever lies
/// between them.
///
/// Written as days and, for steps shorter than a day, the times of the first and the last step of each
/// stretch: `Mon-Sat`, `Mon-Fri 08:00-17:00, Sat 09:00-12:00`.
public struct WeekSlots: Hashable, Sendable {
  /// Ticks of a slot; a divisor of the week's.
  let ticks: Int64
  /// The slots that occur, in ascending order; at least one.
  let open: [Int]
  /// The slots of a day.
  private var perDay: Int { max(1, Int(Timestamp.ticksPerDay / ticks)) }

  private static let week = 7 * Timestamp.ticksPerDay
  /// 1970-01-05, a Monday.
  private static let origin = 4 * Timestamp.ticksPerDay

  /// Nil when slots of that length do not fit a day, or none is open.
  init?(ticks: Int64, open: some Sequence<Int>) {
    guard ticks >= 60_000_000, Timestamp.ticksPerDay % ticks == 0 else { return nil }
    let count = Int(Self.week / ticks)
    let sorted = Set(open).sorted()
    guard let first = sorted.first, let last = sorted.last, first >= 0, last < count else { return nil }
    self.ticks = ticks
    self.open = sorted
  }

  /// The steps of a week.
  package var count: Int { open.count }

  /// The steps of a day, where every day that has any has as many.
  package var countOfDay: Int? {
    let days = Dictionary(grouping: open) { $0 / perDay }.values.map(\.count)
    return Set(days).count == 1 ? days.first : nil
  }

  /// The days of the week that have steps.
  package var days: Int { Set(open.map { $0 / perDay }).count }

  /// The week, the slot and the ticks behind the slot's start of a time.
  static func place(_ time: Int64, ticks: Int64) -> (week: Int64, slot: Int, rest: Int64) {
    let (shifted, overflows) = time.subtractingReportingOverflow(origin)
    let safe = overflows ? time : shifted
    let ofWeek = floorModulo(safe, week)
    return (floorDivide(safe, week), Int(ofWeek / ticks), ofWeek % ticks)
  }

  /// The number of open slots before a slot, and whether it is open itself.
  private func rank(_ slot: Int) -> (before: Int, isOpen: Bool) {
    var (low, high) = (0, open.count)
    while low < high {
      let middle = (low + high) / 2
      if open[middle] < slot { low = middle + 1 } else { high = middle }
    }
    return (low, low < open.count && open[low] == slot)
  }

  func steps(from start: Timestamp, to time: Timestamp) -> Int? {
    let (a, b) = (Self.place(start.ticks, ticks: ticks), Self.place(time.ticks, ticks: ticks))
    let (first, second) = (rank(a.slot), rank(b.slot))
    guard a.rest == b.rest, second.isOpen else { return nil }
    return Int(b.week - a.week) * count + second.before - first.before
  }

  func advance(_ time: Timestamp, by steps: Int) -> Timestamp {
    let place = Self.place(time.ticks, ticks: ticks)
    let rank = rank(place.slot)
    // A time in a closed slot counts as the open one before it.
    let (index, overflows) = (rank.isOpen ? rank.before : rank.before - 1).addingReportingOverflow(steps)
    let week = place.week + Int64(floorDivide(overflows ? 0 : index, count))
    let limit = Int64.max / Self.week - 2
    guard !overflows, week.magnitude < limit.magnitude else {
      return Timestamp(ticks: steps < 0 ? .min : .max)
    }
    let slot = open[floorModulo(index, count)]
    return Timestamp(ticks: Self.origin + week * Self.week + Int64(slot) * ticks + place.rest)
  }
}

extension WeekSlots: CustomStringConvertible {
  private static let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  public var description: String {
    // Days with the same times stand together.
    var times = [[Int]](repeating: [], count: 7)
    for slot in open { times[slot / perDay].append(slot % perDay) }
    var parts: [String] = []
    var day = 0
    while day < 7 {
      var last = day
      while last + 1 < 7, times[last + 1] == times[day] { last += 1 }
      if !times[day].isEmpty {
        let days = last == day ? Self.names[day] : "\(Self.names[day])-\(Self.names[last])"
        parts.append(perDay == 1 ? days : "\(days) \(stretches(times[day]))")
      }
      day = last + 1
    }
    return parts.joined(separator: ", ")
  }

  /// `08:00-12:00+14:00-17:00`
  private func stretches(_ slots: [Int]) -> String {
    var parts: [String] = []
    var index = 0
    while index < slots.count {
      var last = index
      while last + 1 < slots.count, slots[last + 1] == slots[last] + 1 { last += 1 }
      parts.append(last == index ? clock(slots[index]) : "\(clock(slots[index]))-\(clock(slots[last]))")
      index = last + 1
    }
    return parts.joined(separator: "+")
  }

  private func clock(_ slot: Int) -> String {
    let minutes = Int(Int64(slot) * ticks / 60_000_000)
    let pad = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    return "\(pad(minutes / 60)):\(pad(minutes % 60))"
  }

  /// Reads what `description` writes.
  init?(_ text: String, ticks: Int64) {
    guard ticks >= 60_000_000, Timestamp.ticksPerDay % ticks == 0 else { return nil }
    let perDay = Int(Timestamp.ticksPerDay / ticks)
    var open: [Int] = []
    for part in text.split(separator: ",") {
      let words = part.split(separator: " ")
      guard let first = words.first, let days = Self.range(first, { Self.day($0) }), words.count <= 2,
        (words.count == 1) == (perDay == 1)
      else { return nil }
      for day in days {
        guard words.count == 2 else {
          open.append(day)
          continue
        }
        for stretch in words[1].split(separator: "+") {
          guard let slots = Self.range(stretch, { Self.slot($0, ticks) }) else { return nil }
          open += slots.map { day * perDay + $0 }
        }
      }
    }
    self.init(ticks: ticks, open: open)
  }

  private static func range(_ text: Substring, _ read: (Substring) -> Int?) -> ClosedRange<Int>? {
    let ends = text.split(separator: "-")
    guard let first = ends.first.flatMap(read), let last = ends.last.flatMap(read), ends.count <= 2,
      first <= last
    else { return nil }
    return first...last
  }

  private static func day(_ text: Substring) -> Int? {
    names.firstIndex { $0.lowercased() == text.lowercased() }
  }

  private static func slot(_ text: Substring, _ ticks: Int64) -> Int? {
    let parts = text.split(separator: ":").map { Int64($0) ?? -1 }
    guard parts.count == 2, (0...23).contains(parts[0]), (0...59).contains(parts[1]) else { return nil }
    let time = (parts[0] * 60 + parts[1]) * 60_000_000
    return time % ticks == 0 ? Int(time / ticks) : nil
  }
}

// MARK: - Guessing

extension WeekSlots {
  /// The slots that series of times keep to, when there are others that never occur.
  ///
  /// Wanted are three weeks and more, and slots that are mostly filled: at least 0.6 of those that occur at all
  /// have a row in each week, and each would have been seen four times. Rows that only stand where something
  /// was sold show no opening hours.
  static func guess(_ series: [[Int64]], base: Frequency) -> WeekSlots? {
    guard let ticks = slotTicks(series, base) else { return nil }
    var rest: Int64?
    var seen: [Int: Int] = [:]
    var (rows, weeks) = (0, 0.0)
    for times in series {
      guard let first = times.first, let last = times.last else { continue }
      for time in times {
        let place = place(time, ticks: ticks)
        if rest == nil { rest = place.rest }
        // Times that change their place in the slots are on no grid.
        guard place.rest == rest else { return nil }
        seen[place.slot, default: 0] += 1
      }
      rows += times.count
      weeks += Double(last - first) / Double(week)
    }
    let all = Int(week / ticks)
    guard weeks >= 3, seen.count < all, seen.count >= 2 else { return nil }
    let filled = Double(rows) / ((weeks + Double(series.count) / 7) * Double(seen.count))
    guard filled >= 0.6 else { return nil }
    // A slot that was hit now and then, such as a Sunday of inventory, is no opening hour, but has a row.
    return WeekSlots(ticks: ticks, open: seen.keys)
  }

  /// The length of a slot: a day for days, or the longest time that all distances are whole multiples of.
  private static func slotTicks(_ series: [[Int64]], _ base: Frequency) -> Int64? {
    let day = Timestamp.ticksPerDay
    switch base.unit {
    case .day: return base.count < 7 ? day : nil
    case .hour, .minute:
      var divisor: Int64 = 0
      for times in series {
        for (earlier, later) in zip(times, times.dropFirst()) where later > earlier {
          var (a, b) = (divisor, later - earlier)
          while b != 0 { (a, b) = (b, a % b) }
          divisor = a
        }
      }
      return divisor >= 60_000_000 && divisor < day && day % divisor == 0 ? divisor : nil
    default: return nil
    }
  }

  /// The unit of steps of this length.
  var unit: (Frequency.Unit, Int) {
    let minutes = Int(ticks / 60_000_000)
    if minutes == 1440 { return (.day, 1) }
    return minutes % 60 == 0 ? (.hour, minutes / 60) : (.minute, minutes)
  }
}
