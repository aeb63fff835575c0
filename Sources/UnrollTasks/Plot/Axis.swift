import UnrollCore

/// How numbers are laid along an axis.
public enum AxisScale: Sendable {
  case linear
  /// Equal distances for equal ratios; zero and negative numbers have no place on it and are left out.
  case logarithmic
}

/// A mark on an axis.
package struct Tick: Equatable {
  package var value: Double
  package var label: String
  /// The exponent of a label such as 10⁻³, whose `label` is then "10".
  package var raised: String?
}

/// A range of numbers, its ticks at round numbers, and where a number falls between the ends.
package struct Axis {
  package let scale: AxisScale
  package let lower: Double
  package let upper: Double
  package let ticks: [Tick]
  /// The labels are to be read times ten to this power; 0 for plain labels.
  package let factor: Int

  /// An axis that holds all usable values, with a little air at both ends unless `tight`.
  /// - Parameter count: the most ticks that have room.
  package init(holding values: [Double], scale: AxisScale = .linear, count: Int, tight: Bool = false) {
    let usable = values.filter { Self.isUsable($0, scale) }
    let places = usable.map { Self.place($0, scale) }
    var (low, high) = (places.min() ?? 0, places.max() ?? 1)
    if high - low <= 1e-9 * max(abs(low), abs(high)) {
      let air = scale == .logarithmic ? 0.5 : low == 0 ? 1 : abs(low) * 0.1
      (low, high) = (low - air, high + air)
    } else if !tight {
      let air = 0.05 * (high - low)
      (low, high) = (low - air, high + air)
    }
    (self.scale, lower, upper) = (scale, low, high)
    if scale == .logarithmic && high - low >= 1.5 {
      (ticks, factor) = (Self.powersOfTen(from: low, to: high, count: count), 0)
    } else if scale == .logarithmic {
      (ticks, factor) = (Self.withinDecades(from: low, to: high, count: count), 0)
    } else {
      (ticks, factor) = Self.round(from: low, to: high, count: count)
    }
  }

  /// Where a number lies: 0 at the lower end, 1 at the upper. Nothing for what cannot be drawn.
  package func fraction(of value: Double) -> Double? {
    guard Self.isUsable(value, scale) else { return nil }
    return (Self.place(value, scale) - lower) / (upper - lower)
  }

  /// Finite, and not so large that the width of a range would overflow.
  static func isUsable(_ value: Double, _ scale: AxisScale) -> Bool {
    abs(value) < 1e300 && (scale == .linear || value > 0)
  }

  private static func place(_ value: Double, _ scale: AxisScale) -> Double {
    scale == .linear ? value : naturalLogarithm(value) / 2.302_585_092_994_046
  }

  /// The round step – 1, 2, 2.5 or 5 times a power of ten – that cuts a range into at most `count` parts, and the
  /// power of ten of its last digit.
  package static func step(for range: Double, count: Int) -> (value: Double, lastDigit: Int) {
    let rough = range / Double(max(count, 1))
    let exponent = NumberText.exponent(of: rough)
    let unit = NumberText.tenTo(exponent)
    for (multiple, extra) in [(1.0, 0), (2, 0), (2.5, 1), (5, 0)] where multiple * unit >= rough * 0.999_999 {
      return (multiple * unit, exponent - extra)
    }
    return (10 * unit, exponent + 1)
  }

  private static func round(from low: Double, to high: Double, count: Int) -> ([Tick], factor: Int) {
    let (step, lastDigit) = step(for: high - low, count: count)
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard last >= first, last - first <= 1000 else { return ([], 0) }
    let factor = factor(for: max(abs(low), abs(high)), lastDigit: lastDigit)
    let unit = NumberText.tenTo(factor)
    let places = min(max(factor - lastDigit, 0), 12)
    let ticks = (0...Int(last - first)).map { index in
      let value = (first + Double(index)) * step
      return Tick(value: value, label: grouped(value / unit, places: places))
    }
    return (trimmed(ticks), factor)
  }

  /// A power of ten, in threes, to take out of the labels of very large or small numbers; 0 for ordinary ones, and
  /// where a large offset over a small range would only make labels longer.
  private static func factor(for size: Double, lastDigit: Int) -> Int {
    guard size >= 1e6 || size < 1e-3 else { return 0 }
    let factor = Int((Double(NumberText.exponent(of: size)) / 3).rounded(.down)) * 3
    return factor > 0 && factor - lastDigit > 5 && size < 1e15 ? 0 : factor
  }

  /// Decimals that are zero in every label say nothing.
  private static func trimmed(_ ticks: [Tick]) -> [Tick] {
    var ticks = ticks
    while !ticks.isEmpty, ticks.allSatisfy({ $0.label.contains(".") && $0.label.hasSuffix("0") }) {
      for index in ticks.indices {
        ticks[index].label.removeLast()
        if ticks[index].label.hasSuffix(".") { ticks[index].label.removeLast() }
      }
    }
    return ticks
  }

  private static func powersOfTen(from low: Double, to high: Double, count: Int) -> [Tick] {
    let (first, last) = (Int((low - 1e-9).rounded(.up)), Int((high + 1e-9).rounded(.down)))
    guard first <= last else { return [] }
    let step = max((last - first + count - 1) / max(count, 1), 1)
    let start = Int((Double(first) / Double(step)).rounded(.up)) * step
    return stride(from: start, through: last, by: step).map { exponent in
      let value = NumberText.tenTo(exponent)
      if (0...3).contains(exponent) { return Tick(value: value, label: grouped(value, places: 0)) }
      return Tick(value: value, label: "10", raised: minus("\(exponent)"))
    }
  }

  /// Less than one and a half decades: 1, 2 and 5 times powers of ten; every digit times them where those are too
  /// few, and round steps where even these are.
  private static func withinDecades(from low: Double, to high: Double, count: Int) -> [Tick] {
    let (smallest, largest) = (power(10, low), power(10, high))
    let reach = (smallest * (1 - 1e-9))...(largest * (1 + 1e-9))
    func multiples(_ digits: [Double]) -> [(value: Double, places: Int)] {
      var found: [(value: Double, places: Int)] = []
      for exponent in Int(low.rounded(.down))...Int(high.rounded(.up)) {
        let unit = NumberText.tenTo(exponent)
        for digit in digits where reach.contains(digit * unit) {
          found.append((digit * unit, max(-exponent, 0)))
        }
      }
      return found
    }
    var values = multiples([1, 2, 5])
    if values.count < 3 { values = multiples((1...9).map(Double.init)) }
    if values.count < 3 || values.count > count + 2 {
      return round(from: smallest, to: largest, count: count).0.filter { $0.value > 0 }
    }
    return values.map { value, places in
      let plain = abs(low) <= 5
      return Tick(
        value: value, label: plain ? grouped(value, places: places) : NumberText.scientific(value, places: 0))
    }
  }

  /// A number with a true minus sign and, from 10 000, thin spaces between thousands.
  package static func grouped(_ value: Double, places: Int) -> String {
    let text = NumberText.decimal(value, places: places)
    guard abs(value) >= 9999.5, !text.contains("e") else { return minus(text) }
    let parts = text.split(separator: ".", maxSplits: 1)
    var whole = ""
    for (index, digit) in parts[0].reversed().enumerated() {
      if index > 0, index % 3 == 0, digit != "-" { whole.append("\u{2009}") }
      whole.append(digit)
    }
    return minus(String(whole.reversed()) + (parts.count > 1 ? "." + parts[1] : ""))
  }

  static func minus(_ text: String) -> String {
    text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }
}
