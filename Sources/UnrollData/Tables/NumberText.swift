/// A number as people write it, before it is known which mark is the decimal one.
///
/// `-1.234,56`, `1,234`, `1 234`, `1'234`, `$5`, `5 €`, `EUR 5`, `12 %`, `12K`, `3.4M`, `(5)`, `5-`, `−5`
/// (U+2212), `1e-3`.
struct NumberText {
  /// Digits and the marks between them; blanks are one space, apostrophes are `'`.
  private(set) var body: [UInt8] = []
  private(set) var isNegative = false
  /// The power of ten that is written behind the digits, as `e-3` or as K, M, B.
  private(set) var exponent = 0
  private(set) var hasExponent = false
  /// The letters that stand for thousands, millions or billions.
  private(set) var scale = ""
  private(set) var isPercent = false
  /// The sign or code of a currency.
  private(set) var currency = ""

  /// Nil for what is no number in any way of writing.
  init?(_ bytes: [UInt8], _ range: Range<Int>) {
    guard !range.isEmpty, range.count <= 400 else { return nil }
    var reader = NumberTextReader(bytes: bytes, position: range.lowerBound, end: range.upperBound)
    guard reader.read(&self) else { return nil }
  }

  /// What the marks show.
  enum Evidence: Equatable {
    /// No mark, and fewer than four digits, or more.
    case short, long
    /// The byte is the decimal mark for certain, and perhaps another mark parts thousands.
    case decimal(UInt8, thousands: UInt8?)
    /// The byte parts thousands for certain.
    case thousands(UInt8)
    /// One to three digits, the mark, three digits: either.
    case open(UInt8)
    /// The marks do not stand where either has them.
    case none
  }

  var evidence: Evidence {
    let marks = body.filter { $0.digit == nil }
    guard let last = marks.last else { return body.count < 4 ? .short : .long }
    let kinds = Set(marks)
    let parts = body.split(omittingEmptySubsequences: false) { $0.digit == nil }.map(\.count)
    if kinds.count == 1, marks.count == 1, last == Byte.dot || last == Byte.comma {
      let isOpen = parts[1] == 3 && (1...3).contains(parts[0]) && body[0] != Byte.zero && !hasExponent
      return isOpen ? .open(last) : .decimal(last, thousands: nil)
    }
    if kinds.count == 1 { return Self.areGroups(parts) && body[0] != Byte.zero ? .thousands(last) : .none }
    // The decimal mark is the last and stands once.
    guard kinds.count == 2, marks.count(where: { $0 == last }) == 1, last == Byte.dot || last == Byte.comma,
      Self.areGroups(Array(parts.dropLast())), body[0] != Byte.zero
    else { return .none }
    return .decimal(last, thousands: marks[0])
  }

  /// Whether digits are parted by thousands, or, as in India, by hundreds above the first thousand.
  private static func areGroups(_ parts: [Int]) -> Bool {
    guard parts.count >= 2, parts[parts.count - 1] == 3, (1...3).contains(parts[0]) else { return false }
    let middle = parts.dropFirst().dropLast()
    return middle.allSatisfy { $0 == 3 } || (middle.allSatisfy { $0 == 2 } && parts[0] <= 2)
  }

  /// The number, when `decimal` is the decimal mark; nil when the marks do not fit.
  func value(decimal: UInt8) -> Double? {
    let pieces = body.split(separator: decimal, omittingEmptySubsequences: false)
    guard pieces.count <= 2 else { return nil }
    let groups = pieces[0].split(omittingEmptySubsequences: false) { $0.digit == nil }
    if groups.count > 1 {
      let marks = Set(pieces[0].filter { $0.digit == nil })
      guard marks.count == 1, Self.areGroups(groups.map(\.count)) else { return nil }
    }
    if pieces.count == 2, pieces[1].contains(where: { $0.digit == nil }) { return nil }
    var text = isNegative ? [Byte.minus] : []
    for group in groups { text += group }
    if pieces.count == 2 { text += [Byte.dot] + pieces[1] }
    if exponent != 0 { text += "e\(exponent)".utf8 }
    return DecimalText.value(text, text.indices)
  }
}

/// Reads a number from the left.
private struct NumberTextReader {
  let bytes: [UInt8]
  var position: Int
  var end: Int

  private static let currencies: Set<String> = [
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "RMB", "RUB", "INR", "BRL", "AUD", "CAD", "NZD", "SEK", "NOK",
    "DKK", "PLN", "CZK", "HUF", "TRY", "MXN", "ZAR", "KRW", "SGD", "HKD", "US$", "R$", "A$", "C$", "KR", "RS",
    "ZŁ", "FR", "SFR", "NT$", "HK$", "S$", "KČ", "FT", "LEI", "BTC", "ETH",
  ]
  /// Single letters are capitals, or `k`, and touch the digits: `5 m` and `300 K` are metres and kelvins.
  private static let scales: [String: Int] = ["K": 3, "k": 3, "M": 6, "B": 9, "T": 12]
  private static let longScales: [String: Int] = [
    "tsd": 3, "mn": 6, "mio": 6, "mln": 6, "bn": 9, "mrd": 9, "mld": 9, "bln": 9, "tn": 12, "trn": 12,
  ]

  mutating func read(_ number: inout NumberText) -> Bool {
    if takeParentheses() { number.negate() }
    for _ in 0..<4 {
      skipBlanks()
      if takeSign(&number) || takeCurrency(&number) { continue }
      break
    }
    guard takeBody(&number) else { return false }
    guard takeExponent(&number) else { return false }
    return takeTail(&number)
  }

  private mutating func skipBlanks() {
    while let length = Blanks.length(bytes, position, end) { position += length }
  }

  private mutating func takeParentheses() -> Bool {
    guard end - position > 2, bytes[position] == UInt8(ascii: "("), bytes[end - 1] == UInt8(ascii: ")") else {
      return false
    }
    position += 1
    end -= 1
    return true
  }

  /// The length of a sign at a position: -, + or the minus and dash of typographers.
  private func sign(_ at: Int) -> (isMinus: Bool, length: Int)? {
    guard at < end else { return nil }
    if bytes[at] == Byte.minus { return (true, 1) }
    if bytes[at] == Byte.plus { return (false, 1) }
    guard at + 2 < end, bytes[at] == 0xE2 else { return nil }
    let isMinus =
      (bytes[at + 1] == 0x88 && bytes[at + 2] == 0x92) || (bytes[at + 1] == 0x80 && bytes[at + 2] == 0x93)
    return isMinus ? (true, 3) : nil
  }

  private var hasSign = false

  init(bytes: [UInt8], position: Int, end: Int) {
    (self.bytes, self.position, self.end) = (bytes, position, end)
  }

  private mutating func takeSign(_ number: inout NumberText) -> Bool {
    guard !hasSign, let sign = sign(position) else { return false }
    hasSign = true
    position += sign.length
    if sign.isMinus { number.negate() }
    return true
  }

  /// A sign of a currency, or a code of one.
  private mutating func takeCurrency(_ number: inout NumberText) -> Bool {
    guard number.currency.isEmpty else { return false }
    var next = position
    while next < end, next - position < 12, bytes[next].isLetter || bytes[next] == UInt8(ascii: "$"),
      Blanks.length(bytes, next, end) == nil, sign(next) == nil
    {
      next += 1
    }
    guard next > position else { return false }
    let text = String(decoding: bytes[position..<next], as: UTF8.self)
    let isSign =
      text.unicodeScalars.count == 1
      && text.unicodeScalars.first?.properties.generalCategory == .currencySymbol
    guard isSign || Self.currencies.contains(text.uppercased()) else { return false }
    number.name(currency: text.uppercased())
    position = next
    // `Fr.` and `Rs.` end with a full stop.
    if !isSign, position + 1 < end, bytes[position] == Byte.dot,
      bytes[position + 1].digit != nil || Blanks.length(bytes, position + 1, end) != nil
    {
      position += 1
    }
    return true
  }

  /// Digits with marks between them; a number may start with its decimal mark.
  private mutating func takeBody(_ number: inout NumberText) -> Bool {
    var body: [UInt8] = []
    var digits = 0
    while position < end {
      let byte = bytes[position]
      if byte.digit != nil {
        digits += 1
        body.append(byte)
        position += 1
      } else if byte == Byte.dot || byte == Byte.comma {
        body.append(byte)
        position += 1
      } else if let length = apostrophe(position) ?? Blanks.length(bytes, position, end), digits > 0,
        position + length < end, bytes[position + length].digit != nil
      {
        body.append(Blanks.length(bytes, position, end) == nil ? UInt8(ascii: "'") : Byte.space)
        position += length
      } else {
        break
      }
    }
    number.take(body: body)
    return digits > 0
  }

  private func apostrophe(_ at: Int) -> Int? {
    guard at < end else { return nil }
    if bytes[at] == UInt8(ascii: "'") { return 1 }
    return at + 2 < end && bytes[at] == 0xE2 && bytes[at + 1] == 0x80 && bytes[at + 2] == 0x99 ? 3 : nil
  }

  /// False for a damaged one.
  private mutating func takeExponent(_ number: inout NumberText) -> Bool {
    guard position < end, bytes[position] | 0x20 == UInt8(ascii: "e") else { return true }
    var next = position + 1
    let isNegative = next < end && bytes[next] == Byte.minus
    if isNegative || (next < end && bytes[next] == Byte.plus) { next += 1 }
    guard next < end, bytes[next].digit != nil else { return true }
    var exponent = 0
    while next < end, let digit = bytes[next].digit {
      exponent = min(exponent * 10 + digit, 1_000_000)
      next += 1
    }
    position = next
    number.raise(isNegative ? -exponent : exponent)
    return true
  }

  /// What may stand behind the digits: a scale, a percent sign, a currency, a minus.
  private mutating func takeTail(_ number: inout NumberText) -> Bool {
    for _ in 0..<5 {
      skipBlanks()
      if position == end { return true }
      if bytes[position] == UInt8(ascii: "%"), !number.isPercent {
        number.markPercent()
        position += 1
      } else if !number.isNegative, !hasSign, let sign = sign(position), sign.isMinus,
        position + sign.length == end
      {
        // Accounting programs write the minus behind the number.
        number.negate()
        position = end
      } else if takeScale(&number) || takeCurrency(&number) {
        continue
      } else {
        return false
      }
    }
    return position == end
  }

  private mutating func takeScale(_ number: inout NumberText) -> Bool {
    guard number.scale.isEmpty, !number.hasExponent else { return false }
    var next = position
    while next < end, bytes[next] < 0x80, bytes[next].isLetter { next += 1 }
    guard next > position else { return false }
    let text = String(decoding: bytes[position..<next], as: UTF8.self)
    let touches = position > 0 && bytes[position - 1].digit != nil
    guard let power = (touches ? Self.scales[text] : nil) ?? Self.longScales[text.lowercased()] else {
      return false
    }
    if next < end, bytes[next] == Byte.dot { next += 1 }
    position = next
    number.scale(text, power)
    return true
  }
}

extension NumberText {
  fileprivate mutating func negate() { isNegative.toggle() }
  fileprivate mutating func name(currency text: String) { currency = text }
  fileprivate mutating func take(body bytes: [UInt8]) { body = bytes }
  fileprivate mutating func markPercent() { isPercent = true }
  fileprivate mutating func raise(_ power: Int) {
    exponent = power
    hasExponent = true
  }
  fileprivate mutating func scale(_ letters: String, _ power: Int) {
    scale = letters
    exponent += power
  }
}
