/// The two logarithmic codes of telephony (ITU-T G.711), by tables that their definition fills.
enum Companding {
  /// µ-law: sign, three bits of exponent e and four of mantissa m, all inverted.
  /// |x| = ((2m + 33) · 2^e − 33) · 4 of 2¹⁵.
  static func muLaw(_ byte: UInt8) -> Float { muLawTable[Int(byte)] }

  /// A-law: sign, exponent e and mantissa m, every second bit inverted.
  /// |x| = (2m + 1) · 8 of 2¹⁵ where e = 0, and (2m + 33) · 2^(e−1) · 8 elsewhere.
  static func aLaw(_ byte: UInt8) -> Float { aLawTable[Int(byte)] }

  private static let muLawTable: [Float] = (0...255).map { code in
    let bits = ~code & 0xff
    let magnitude = ((2 * (bits & 15) + 33) << (bits >> 4 & 7)) - 33
    return Float((bits & 0x80 == 0 ? 4 : -4) * magnitude) * 0x1p-15
  }

  private static let aLawTable: [Float] = (0...255).map { code in
    let bits = code ^ 0x55
    let exponent = bits >> 4 & 7
    let mantissa = bits & 15
    let magnitude = exponent == 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1)
    return Float((bits & 0x80 == 0 ? -8 : 8) * magnitude) * 0x1p-15
  }

  static func muLawByte(_ sample: Float) -> UInt8 { nearest(sample, muLawOrder) }
  static func aLawByte(_ sample: Float) -> UInt8 { nearest(sample, aLawOrder) }

  private static let muLawOrder = ordered(muLawTable)
  private static let aLawOrder = ordered(aLawTable)

  private static func ordered(_ table: [Float]) -> [(value: Float, code: UInt8)] {
    // µ-law has two codes for 0, of which the higher, positive one is kept.
    var result: [(value: Float, code: UInt8)] = []
    for entry in table.enumerated().sorted(by: { ($0.element, $0.offset) < ($1.element, $1.offset) }) {
      if result.last?.value == entry.element { result.removeLast() }
      result.append((entry.element, UInt8(entry.offset)))
    }
    return result
  }

  /// The code whose value is nearest; of two, the lower.
  private static func nearest(_ sample: Float, _ order: [(value: Float, code: UInt8)]) -> UInt8 {
    let sample = sample.isNaN ? 0 : sample
    var low = 0
    var high = order.count - 1
    while low < high {
      let middle = (low + high) / 2
      // Whether the sample lies beyond the middle between two neighbours.
      if 2 * sample > order[middle].value + order[middle + 1].value {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return order[low].code
  }
}
