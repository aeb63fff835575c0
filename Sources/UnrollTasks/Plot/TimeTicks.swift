/// Which steps of a time axis get a label, and which label.
///
/// Times written as ISO 8601 (year first) are marked where a year, a month, a day or an hour begins, whichever is
/// finest and still has room; other texts at every so many steps.
package enum TimeTicks {
  package struct Mark: Equatable {
    package var step: Int
    package var label: String
  }

  /// The marks for consecutive steps with these labels.
  /// - Parameter room: how many pixels the axis has.
  package static func marks(for labels: [String], room: Double) -> [Mark] {
    guard !labels.isEmpty else { return [] }
    let moments = labels.compactMap(Moment.init)
    if moments.count == labels.count {
      for grain in Grain.finestFirst {
        let marks = grain.marks(for: moments)
        let needed = marks.reduce(0) { $0 + PlotStyle.width(of: $1.label, size: PlotStyle.tickSize) + 22 }
        if marks.count >= 2 && needed <= room { return marks }
      }
    }
    let short = labels.map { PlotStyle.shortened($0, to: 130, size: PlotStyle.tickSize) }
    let widest = short.map { PlotStyle.width(of: $0, size: PlotStyle.tickSize) }.max() ?? 0
    let stride = Self.stride(of: labels.count, count: Int(room / (widest + 22)))
    return Swift.stride(from: 0, to: labels.count, by: stride).map { Mark(step: $0, label: short[$0]) }
  }

  /// Marks for steps without labels, counted from the last observation at `origin`.
  package static func marks(steps: Int, origin: Int, room: Double) -> [Mark] {
    let stride = Self.stride(of: steps, count: Int(room / 60))
    return (0..<max(steps, 0)).filter { ($0 - origin) % stride == 0 }.map { step in
      let offset = step - origin
      return Mark(step: step, label: offset > 0 ? "+\(offset)" : Axis.minus("\(offset)"))
    }
  }

  /// 1, 2 or 5 times a power of ten: the least that leaves at most `count` marks.
  private static func stride(of steps: Int, count: Int) -> Int {
    var unit = 1
    while true {
      for multiple in [1, 2, 5] where steps <= multiple * unit * max(count, 1) { return multiple * unit }
      unit *= 10
    }
  }
}

/// A time as its ISO 8601 text says it: year, month, day, hour, minute, second as far as they are given.
private struct Moment {
  static let first = [0, 1, 1, 0, 0, 0]
  let text: [Character]
  /// Missing fields stand at their first value.
  let fields: [Int]
  let given: Int

  init?(_ label: String) {
    text = Array(label)
    var parts: [Int] = []
    var digits = ""
    let separators: [Character: ClosedRange<Int>] = ["-": 1...2, "T": 3...3, " ": 3...3, ":": 4...5]
    for character in text + ["\0"] {
      if character.isASCII && character.isNumber {
        digits.append(character)
        continue
      }
      guard let number = Int(digits), digits.count == (parts.isEmpty ? 4 : 2) else { return nil }
      parts.append(number)
      digits = ""
      // A zone or a fraction of a second may follow the time; it moves no mark.
      if parts.count >= 5 && ".Z+-".contains(character) { break }
      guard character == "\0" || separators[character]?.contains(parts.count) == true else { return nil }
    }
    guard (1...6).contains(parts.count) else { return nil }
    given = parts.count
    fields = parts + Self.first.dropFirst(parts.count)
  }

  /// Whether every field after one stands at its first value: the very beginning of that year, month, day.
  func begins(_ field: Int) -> Bool {
    zip(fields, Self.first).dropFirst(field + 1).allSatisfy { $0 == $1 }
  }
}

/// A unit of time and how many of it lie between marks.
private struct Grain {
  let field: Int
  let every: Int

  static let finestFirst: [Grain] =
    [5, 4].flatMap { field in [1, 5, 15, 30].map { Grain(field: field, every: $0) } }
    + [1, 3, 6, 12].map { Grain(field: 3, every: $0) } + [1, 2, 7, 14].map { Grain(field: 2, every: $0) }
    + [1, 3, 6].map { Grain(field: 1, every: $0) }
    + [1, 2, 5, 10, 20, 50, 100].map { Grain(field: 0, every: $0) }

  func marks(for moments: [Moment]) -> [TimeTicks.Mark] {
    // A unit that never leaves its first value is only how the times are written.
    if field > 0 && moments.allSatisfy({ $0.fields[field] == Moment.first[field] }) { return [] }
    var result: [TimeTicks.Mark] = []
    var days = 0
    var last: Moment?
    for (step, moment) in moments.enumerated() where moment.given > field {
      let starts =
        step == 0
        ? moment.begins(field) : moments[step - 1].fields[0...field] != moment.fields[0...field]
      guard starts else { continue }
      // Days are counted through, since months differ in length; the other units by their own number.
      if field == 2 { days += 1 }
      let number = field == 2 ? days - 1 : moment.fields[field] - (field == 1 ? 1 : 0)
      guard number % every == 0 else { continue }
      result.append(TimeTicks.Mark(step: step, label: label(moment, after: last)))
      if field < 3 || moment.begins(2) { last = moment }
    }
    return result
  }

  /// What is new since the last mark with a date: a date has its year only where that changed, a time is a date at
  /// midnight.
  private func label(_ moment: Moment, after last: Moment?) -> String {
    if field < 2 { return String(moment.text.prefix([4, 7][field])) }
    let newYear = last?.fields[0] != moment.fields[0]
    if field == 2 || moment.begins(2) { return String(moment.text.prefix(10).dropFirst(newYear ? 0 : 5)) }
    return String(moment.text.prefix(field < 5 ? 16 : 19).dropFirst(11))
  }
}
