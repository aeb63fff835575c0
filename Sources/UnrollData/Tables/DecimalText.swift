/// Numbers written in decimal.
package enum DecimalText {
  /// Powers of ten that a double holds exactly.
  private static let exactPowers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]

  /// The double nearest to a number such as `-12`, `3.25`, `.5` or `1e-3`, or nil when the text is no finite
  /// number.
  ///
  /// Words (`nan`, `inf`), hexadecimal digits and separators of thousands are no numbers. A number whose
  /// digits and power of ten are both exact doubles needs one correctly rounded operation (Clinger 1990,
  /// "How to read floating point numbers accurately"); the rest goes to the standard library.
  ///
  /// - Parameter decimalComma: whether `3,25` is a number too.
  package static func value(_ bytes: [UInt8], _ range: Range<Int>, decimalComma: Bool = false) -> Double? {
    let end = range.upperBound
    var position = range.lowerBound
    guard position < end else { return nil }
    let isNegative = bytes[position] == Byte.minus
    if isNegative || bytes[position] == Byte.plus { position += 1 }

    var mantissa: UInt64 = 0
    var (digits, decimals, dropped) = (0, 0, 0)
    var point: Int?
    while position < end {
      let byte = bytes[position]
      if let digit = byte.digit {
        digits += 1
        if mantissa < 100_000_000_000_000_000 {
          mantissa = mantissa * 10 + UInt64(digit)
        } else {
          dropped += 1
        }
        if point != nil { decimals += 1 }
      } else if byte == Byte.dot || (decimalComma && byte == Byte.comma), point == nil {
        point = position
      } else {
        break
      }
      position += 1
    }
    guard digits > 0 else { return nil }

    var exponent = 0
    if position < end {
      guard bytes[position] | 0x20 == UInt8(ascii: "e") else { return nil }
      position += 1
      let exponentIsNegative = position < end && bytes[position] == Byte.minus
      if exponentIsNegative || (position < end && bytes[position] == Byte.plus) { position += 1 }
      guard position < end else { return nil }
      while position < end {
        guard let digit = bytes[position].digit else { return nil }
        exponent = min(exponent * 10 + digit, 1_000_000)
        position += 1
      }
      if exponentIsNegative { exponent = -exponent }
    }

    let power = exponent - decimals
    if dropped == 0, mantissa <= 1 << 53, abs(power) <= 22 {
      let digits = Double(mantissa)
      let size = power < 0 ? digits / exactPowers[-power] : digits * exactPowers[power]
      return isNegative ? -size : size
    }
    var text = Array(bytes[range])
    if let point { text[point - range.lowerBound] = Byte.dot }
    guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// The shortest decimal that reads back as the same number: `100`, `0.1`, `1e-05`; empty for NaN.
  package static func text<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) -> String
  {
    if number.isNaN { return "" }
    let text = number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
