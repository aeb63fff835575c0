/// A field cut into numbers, words and marks, to see which way of writing a time it may be.
struct TimeTokens {
  enum Token: Equatable {
    case number(value: Int, digits: Int)
    /// Letters in lower case.
    case word(String)
    /// Any other byte; white space is one space.
    case mark(UInt8)
  }

  private(set) var tokens: [Token] = []
  /// For each token, its bytes as they stand.
  private(set) var written: [[UInt8]] = []

  /// Nil for what is too long or too odd for a time.
  init?(_ bytes: [UInt8], _ range: Range<Int>) {
    guard !range.isEmpty, range.count <= 80 else { return nil }
    var position = range.lowerBound
    let end = range.upperBound
    while position < end {
      guard tokens.count < 32 else { return nil }
      let start = position
      if let length = Blanks.length(bytes, position, end) {
        position += length
        while let length = Blanks.length(bytes, position, end) { position += length }
        tokens.append(.mark(Byte.space))
        written.append([Byte.space])
        continue
      } else if bytes[position].digit != nil {
        var value = 0
        while position < end, let digit = bytes[position].digit {
          guard position - start < 18 else { return nil }
          value = value * 10 + digit
          position += 1
        }
        tokens.append(.number(value: value, digits: position - start))
      } else if bytes[position].isLetter {
        while position < end, bytes[position].isLetter, Blanks.length(bytes, position, end) == nil {
          position += 1
        }
        tokens.append(.word(String(decoding: bytes[start..<position], as: UTF8.self).lowercased()))
      } else {
        tokens.append(.mark(bytes[position]))
        position += 1
      }
      written.append(Array(bytes[start..<position]))
    }
  }

  var count: Int { tokens.count }

  /// Whether the last token is a number or a word that may end a time.
  var endsWithPart: Bool {
    switch tokens.last {
    case .number: true
    case .word(let word): word != "t"
    // `a.m.`
    case .mark(Byte.dot): word(count - 2).map { $0 == "m" || CalendarWords.month($0) != nil } ?? false
    default: false
    }
  }

  func digits(_ index: Int) -> Int? {
    guard tokens.indices.contains(index), case .number(_, let digits) = tokens[index] else { return nil }
    return digits
  }

  func value(_ index: Int) -> Int? {
    guard tokens.indices.contains(index), case .number(let value, _) = tokens[index] else { return nil }
    return value
  }

  func word(_ index: Int) -> String? {
    guard tokens.indices.contains(index), case .word(let word) = tokens[index] else { return nil }
    return word
  }

  func isMark(_ index: Int, _ mark: UInt8) -> Bool {
    tokens.indices.contains(index) && tokens[index] == .mark(mark)
  }

  /// The token as it stands, piece by piece.
  func literal(_ index: Int) -> [TimeField] {
    written[index].map { $0 == Byte.tab ? .literal(Byte.space) : .literal($0) }
  }
}

/// A time of day among the tokens of a field.
struct ClockTokens {
  /// The tokens that it takes.
  let range: Range<Int>
  let fields: [TimeField]

  /// The first time of day: `13:00`, `13:00:00.5`, `1:00 PM`, `1 PM`, `13h00`, with a zone behind it.
  static func find(_ tokens: TimeTokens) -> ClockTokens? {
    for index in 0..<tokens.count {
      guard let digits = tokens.digits(index), digits <= 2 else { continue }
      if let clock = read(tokens, index) { return clock }
    }
    return nil
  }

  private static func read(_ tokens: TimeTokens, _ start: Int) -> ClockTokens? {
    var next = start + 1
    var fields: [TimeField] = [.hour]
    let hasMinutes =
      (tokens.isMark(next, Byte.colon) || tokens.word(next) == "h") && tokens.digits(next + 1) == 2
    if hasMinutes {
      fields += tokens.literal(next) + [.minute]
      next += 2
      if tokens.isMark(next, Byte.colon), tokens.digits(next + 1) == 2 {
        fields += [.literal(Byte.colon), .second]
        next += 2
        if tokens.isMark(next, Byte.dot) || tokens.isMark(next, Byte.comma), tokens.digits(next + 1) != nil {
          next += 2
        }
      }
    }
    let hasMeridiem = readMeridiem(tokens, &next, &fields)
    guard hasMinutes || hasMeridiem else { return nil }
    readZone(tokens, &next, &fields)
    return ClockTokens(range: start..<next, fields: fields)
  }

  private static func readMeridiem(_ tokens: TimeTokens, _ next: inout Int, _ fields: inout [TimeField])
    -> Bool
  {
    let position = tokens.isMark(next, Byte.space) ? next + 1 : next
    guard let word = tokens.word(position), ["am", "pm", "a", "p"].contains(word) else { return false }
    var end = position + 1
    if word.count == 1, tokens.isMark(end, Byte.dot), tokens.word(end + 1) == "m" {
      end += tokens.isMark(end + 2, Byte.dot) ? 3 : 2
    }
    if position > next { fields.append(.literal(Byte.space)) }
    fields[0] = .hour12
    fields.append(.meridiem)
    next = end
    return true
  }

  /// A zone behind a time of day, from its token `next` on.
  static func readZone(_ tokens: TimeTokens, _ next: inout Int, _ fields: inout [TimeField]) {
    var position = next
    var zone: [TimeField] = []
    if tokens.isMark(position, Byte.space) {
      zone.append(.literal(Byte.space))
      position += 1
    }
    if let word = tokens.word(position) {
      guard word == "z" || ZoneNames.offset(word) != nil else { return }
      let hasOffset =
        (tokens.isMark(position + 1, Byte.plus) || tokens.isMark(position + 1, Byte.minus))
        && tokens.digits(position + 2) != nil
      if !hasOffset {
        fields += zone + [.zone]
        next = position + 1
        return
      }
      // `GMT+0100`
      zone += tokens.literal(position)
      position += 1
    }
    guard tokens.isMark(position, Byte.plus) || tokens.isMark(position, Byte.minus),
      let digits = tokens.digits(position + 1), digits == 2 || digits == 4
    else { return }
    next = position + 2
    if digits == 2, tokens.isMark(next, Byte.colon), tokens.digits(next + 1) == 2 { next += 2 }
    fields += zone + [.zone]
  }
}
