/// Which ways of writing a time a field may be.
enum TimeGuess {
  /// The possible lists of pieces, the likeliest first; empty when the field is no time. Bare numbers are not
  /// looked at here.
  static func candidates(_ bytes: [UInt8], _ range: Range<Int>) -> [[TimeField]] {
    guard let tokens = TimeTokens(bytes, range) else { return [] }
    let hasDigit = tokens.tokens.contains { if case .number = $0 { true } else { false } }
    guard hasDigit, tokens.count > 1, tokens.endsWithPart else { return [] }
    if let clock = ClockTokens.find(tokens) {
      return dates(tokens, without: clock.range, clock: clock.fields, afterClock: clock.range.upperBound)
    }
    let plain = dates(tokens, without: tokens.count..<tokens.count, clock: [], afterClock: tokens.count)
    return plain.isEmpty ? compactClock(tokens) : plain
  }

  /// The possible lists of pieces of a time of day without a date.
  static func clockCandidates(_ bytes: [UInt8], _ range: Range<Int>) -> [[TimeField]] {
    guard let tokens = TimeTokens(bytes, range), let clock = ClockTokens.find(tokens),
      clock.range == 0..<tokens.count
    else { return [] }
    return [clock.fields]
  }

  /// Whether pieces leave open which number is the day and which the month.
  static func isOpen(_ fields: [TimeField]) -> Bool {
    guard fields.contains(.day), fields.contains(.month) else { return false }
    return fields.contains(.shortYear)
      || fields.firstIndex(of: .year).map { $0 > (fields.firstIndex(of: .day) ?? 0) } == true
  }

  /// Hours, or digits of a time without marks, behind a date: `2020-01-31 13`, `20200131T1300`.
  private static func compactClock(_ tokens: TimeTokens) -> [[TimeField]] {
    for index in 2..<max(2, tokens.count) {
      guard let digits = tokens.digits(index), [2, 4, 6].contains(digits),
        tokens.word(index - 1) == "t" || tokens.isMark(index - 1, Byte.space)
      else { continue }
      var fields: [TimeField] = [.hour] + (digits >= 4 ? [.minute] : []) + (digits == 6 ? [.second] : [])
      var next = index + 1
      ClockTokens.readZone(tokens, &next, &fields)
      guard next == tokens.count else { continue }
      // Only behind a date that is whole by itself, year first.
      let found = dates(tokens, without: index..<next, clock: fields, afterClock: next)
        .filter { $0.first == .year && $0.contains(.day) }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// The lists of pieces of all tokens but those of the clock, with the clock's pieces in their place.
  private static func dates(
    _ tokens: TimeTokens, without clock: Range<Int>, clock clockFields: [TimeField], afterClock: Int
  ) -> [[TimeField]] {
    guard let parts = DateParts(tokens, without: clock) else { return [] }
    return parts.roles().map { roles in
      var fields: [TimeField] = []
      for index in 0..<tokens.count {
        if index == clock.lowerBound { fields += clockFields }
        if clock.contains(index) { continue }
        if let role = roles[index] {
          fields += role
        } else {
          fields += tokens.literal(index)
        }
      }
      if clock.lowerBound == tokens.count { fields += clockFields }
      return fields
    }
  }
}

/// The parts of a date among tokens, and what each may be.
private struct DateParts {
  enum Part: Equatable {
    case number(Int)
    case name
    case tag(Character)
  }

  private let tokens: TimeTokens
  private var parts: [Part] = []
  private var places: [Int] = []
  /// Pieces that are sure, by token.
  private var fixed: [Int: [TimeField]] = [:]
  private var isDotted = false

  /// Words that may stand between the parts of a date.
  private static let fillers: Set<String> = [
    "t", "de", "of", "at", "um", "年", "月", "日", "년", "월", "일", "del",
  ]

  /// Nil when there is something that no date holds.
  init?(_ tokens: TimeTokens, without clock: Range<Int>) {
    self.tokens = tokens
    for index in 0..<tokens.count where !clock.contains(index) {
      switch tokens.tokens[index] {
      case .number(_, let digits):
        parts.append(.number(digits))
        places.append(index)
      case .word(let word): guard take(word, index) else { return nil }
      case .mark(let mark):
        guard "-/. ,:'".utf8.contains(mark) else { return nil }
        if mark == Byte.dot { isDotted = true }
        // A sign is no mark between parts.
        if index == 0, mark == Byte.minus { return nil }
      }
    }
  }

  private mutating func take(_ word: String, _ index: Int) -> Bool {
    if CalendarWords.month(word) != nil {
      parts.append(.name)
      places.append(index)
      // The full stop of `Jan. 5` belongs to the name.
      let isShortened =
        tokens.isMark(index + 1, Byte.dot)
        && (index + 2 == tokens.count || tokens.isMark(index + 2, Byte.space)
          || tokens.isMark(index + 2, Byte.comma))
      if isShortened { fixed[index + 1] = [] }
      return true
    }
    if let tag = Self.tag(word), isBesideNumber(index) {
      // T is a quarter in some languages and stands before the time of day in all.
      if tag != "t" || (tokens.digits(index + 1) == 1 || tokens.digits(index - 1) == 1) {
        parts.append(.tag(tag == "t" ? "q" : tag))
        places.append(index)
        return true
      }
    }
    if CalendarWords.weekday(word) != nil {
      fixed[index] = [.weekdayName]
      return true
    }
    if ["st", "nd", "rd", "th"].contains(word), tokens.digits(index - 1) != nil {
      fixed[index] = [.ordinal]
      return true
    }
    return Self.fillers.contains(word)
  }

  private func isBesideNumber(_ index: Int) -> Bool {
    tokens.digits(index + 1) != nil || tokens.digits(index - 1) != nil
      || (tokens.isMark(index + 1, Byte.space) && tokens.digits(index + 2) != nil)
  }

  private static func tag(_ word: String) -> Character? {
    switch word {
    case "q", "qtr", "quarter": "q"
    case "t": "t"
    case "m": "m"
    case "w", "wk", "week", "kw", "cw": "w"
    case "s", "h": "h"
    default: nil
    }
  }

  /// What each token may be, the likeliest first.
  func roles() -> [[Int: [TimeField]]] {
    lists().map { list in
      var roles = fixed
      for (place, fields) in zip(places, list) {
        // A tag and the marks beside it stand as they are.
        if !fields.isEmpty { roles[place] = fields }
      }
      return roles
    }
  }

  /// For each part, its pieces.
  private func lists() -> [[[TimeField]]] {
    switch parts.count {
    case 1: parts[0] == .number(8) ? [[[.year, .month, .day]]] : []
    case 2: two(parts[0], parts[1])
    case 3: three(parts[0], parts[1], parts[2])
    case 4: four()
    default: []
    }
  }

  private func two(_ a: Part, _ b: Part) -> [[[TimeField]]] {
    let mark = places[1] - places[0] == 2 ? tokens.tokens[places[0] + 1] : nil
    switch (a, b) {
    case (.name, .number(4)): return [[[.monthName], [.year]]]
    case (.number(4), .name): return [[[.year], [.monthName]]]
    case (.name, .number(2)): return [[[.monthName], [.shortYear]]]
    case (.number(2), .name): return [[[.shortYear], [.monthName]]]
    case (.number(4), .number(let digits)) where digits <= 2:
      // 2020.5 is a number with decimals.
      if mark == .mark(Byte.dot) { return [] }
      let months: [[TimeField]] = [[.year], [.month]]
      return mark == .mark(Byte.colon) && digits == 1 ? [months, [[.year], [.quarter]]] : [months]
    case (.number(4), .number(3)):
      return mark == .mark(Byte.minus) || mark == .mark(Byte.slash) ? [[[.year], [.dayOfYear]]] : []
    case (.number(let digits), .number(4)) where digits <= 2:
      return mark == .mark(Byte.dot) || mark == .mark(Byte.comma) ? [] : [[[.month], [.year]]]
    default: return []
    }
  }

  private func three(_ a: Part, _ b: Part, _ c: Part) -> [[[TimeField]]] {
    switch (a, b, c) {
    case (.number(4), .number(let m), .number(let d)) where m <= 2 && d <= 2:
      return [[[.year], [.month], [.day]]]
    case (.number(let x), .number(let y), .number(4)) where x <= 2 && y <= 2: return dayAndMonth(.year)
    case (.number(let x), .number(let y), .number(2)) where x <= 2 && y <= 2:
      return dayAndMonth(.shortYear) + (x == 2 ? [[[.shortYear], [.month], [.day]]] : [])
    case (.number(2), .number(2), .number(1)): return [[[.shortYear], [.month], [.day]]]
    case (.name, .number(let d), .number(4)) where d <= 2: return [[[.monthName], [.day], [.year]]]
    case (.name, .number(let d), .number(2)) where d <= 2: return [[[.monthName], [.day], [.shortYear]]]
    case (.number(let d), .name, .number(4)) where d <= 2: return [[[.day], [.monthName], [.year]]]
    case (.number(4), .name, .number(let d)) where d <= 2: return [[[.year], [.monthName], [.day]]]
    case (.number(let x), .name, .number(2)) where x <= 2:
      return [[[.day], [.monthName], [.shortYear]]]
        + (x == 2 ? [[[.shortYear], [.monthName], [.day]]] : [])
    default: return tagged(a, b, c)
    }
  }

  private func dayAndMonth(_ year: TimeField) -> [[[TimeField]]] {
    let orders: [[[TimeField]]] = [[[.month], [.day], [year]], [[.day], [.month], [year]]]
    return isDotted ? orders.reversed() : orders
  }

  /// Quarters, halves, weeks and months with a letter.
  private func tagged(_ a: Part, _ b: Part, _ c: Part) -> [[[TimeField]]] {
    func year(_ part: Part, _ tag: Character) -> TimeField? {
      switch part {
      case .number(4): tag == "w" ? .weekYear : .year
      case .number(2): tag == "q" || tag == "h" ? .shortYear : nil
      default: nil
      }
    }
    func count(_ part: Part, _ tag: Character) -> TimeField? {
      guard case .number(let digits) = part else { return nil }
      return switch tag {
      case "q": digits == 1 ? .quarter : nil
      case "h": digits == 1 ? .half : nil
      case "m": digits <= 2 ? .month : nil
      default: digits <= 2 ? .week : nil
      }
    }
    let found: [[TimeField]?] =
      switch (a, b, c) {
      case (_, .tag(let tag), _):
        // 2020Q1 and 1Q2020
        if a == .number(4) {
          [year(a, tag), count(c, tag)].map { $0.map { [$0] } }
        } else {
          [count(a, tag), year(c, tag)].map { $0.map { [$0] } }
        }
      case (.tag(let tag), _, _): [count(b, tag), year(c, tag)].map { $0.map { [$0] } }
      default: []
      }
    guard found.count == 2, let first = found[0], let second = found[1] else { return [] }
    if case .tag = b { return [[first, [], second]] }
    return [[[], first, second]]
  }

  /// 2020-W05-1
  private func four() -> [[[TimeField]]] {
    guard parts == [.number(4), .tag("w"), .number(2), .number(1)] else { return [] }
    return [[[.weekYear], [], [.week], [.weekday]]]
  }
}
