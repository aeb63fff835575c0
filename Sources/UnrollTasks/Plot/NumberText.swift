import UnrollCore

/// Numbers as text, the same on every machine and in every locale.
package enum NumberText {
  /// A fixed number of decimals, such as "-3.10"; numbers too long for that in scientific notation.
  package static func decimal(_ value: Double, places: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let places = min(max(places, 0), 15)
    let scale = tenTo(places)
    guard abs(value) * scale < 0x1p62 else { return scientific(value, places: 3) }
    let scaled = UInt64((abs(value) * scale).rounded())
    let digits = String(scaled)
    let filled = String(repeating: "0", count: max(places + 1 - digits.count, 0)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + filled }
    return sign + filled.dropLast(places) + "." + filled.suffix(places)
  }

  /// One digit before the point and an exponent of at least two digits, such as "1.0e-03".
  package static func scientific(_ value: Double, places: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value != 0 else { return decimal(0, places: places) + "e+00" }
    var exponent = exponent(of: value)
    var mantissa = decimal(abs(value) / tenTo(exponent), places: places)
    if mantissa.hasPrefix("10") {
      exponent += 1
      mantissa = decimal(abs(value) / tenTo(exponent), places: places)
    }
    let digits = String(abs(exponent))
    let padded = digits.count < 2 ? "0" + digits : digits
    return "\(value < 0 ? "-" : "")\(mantissa)e\(exponent < 0 ? "-" : "+")\(padded)"
  }

  /// Four decimals for numbers of ordinary size, fewer for large ones, scientific for the rest: for a column that
  /// should not jump while a loss falls.
  package static func compact(_ value: Double) -> String {
    switch abs(value) {
    case 0: "0.0000"
    case 0.01..<1000: decimal(value, places: 4)
    case 1000..<1e6: decimal(value, places: 1)
    default: scientific(value, places: 2)
    }
  }

  /// As few digits as say the number, at most ten after the point: "80", "97.5".
  package static func shortest(_ value: Double) -> String {
    var text = decimal(value, places: 10)
    guard value.isFinite, !text.contains("e") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// ⌊log₁₀ |value|⌋, exact at powers of ten; 0 for zero and for what is not finite, and at least
  /// -307, where numbers begin to lose digits.
  package static func exponent(of value: Double) -> Int {
    let size = abs(value)
    guard size > 0, size.isFinite else { return 0 }
    var exponent = Int((naturalLogarithm(size) / 2.302_585_092_994_046).rounded(.down))
    if tenTo(exponent + 1) <= size { exponent += 1 }
    if tenTo(exponent) > size { exponent -= 1 }
    return max(exponent, -307)
  }

  /// 10 to a whole power, the number nearest to it.
  package static func tenTo(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? .nan }

  /// Spaces after the text, or before it, up to a width in characters.
  package static func padded(_ text: String, to width: Int, right: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(width - text.count, 0))
    return right ? spaces + text : text + spaces
  }
}
