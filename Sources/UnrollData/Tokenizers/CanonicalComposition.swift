/// Normalization form C (Unicode Standard Annex 15): texts that look alike become the same scalars.
///
/// `e` with a combining acute accent becomes `é`. Properties are those of Unicode 14, whatever the standard library
/// knows, so that equal texts give equal ids on every system; scalars that were added later stay as they are.
package enum CanonicalComposition {
  /// A text in form C.
  package static func normalized(_ text: String) -> String {
    var text = text
    let isDone = text.withUTF8 { isNormal($0) }
    if isDone { return text }
    return composed(text)
  }

  /// Whether bytes hold nothing that could change: a quick check, which may say no of a text that is in form C.
  package static func isNormal(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var position = 0
    while position < bytes.count {
      // Below U+0300 nothing combines.
      if bytes[position] < 0xCC {
        position += 1
        continue
      }
      let (value, length) = UTF8Text.scalar(bytes, position)
      if mayChange(value) { return false }
      position += length
    }
    return true
  }

  private static func mayChange(_ value: UInt32) -> Bool {
    if value < 0x10000 { return plane0[Int(value)] }
    return mayChangeComputed(value)
  }

  private static let plane0 = (0..<0x10000).map { mayChangeComputed($0) }

  /// Marks, second halves of pairs, and scalars that are taken apart for good.
  private static func mayChangeComputed(_ value: UInt32) -> Bool {
    combiningClass(value) != 0 || tables.seconds.contains(value) || tables.unstable.contains(value)
      || (0x1161...0x1175).contains(value) || (0x11A8...0x11C2).contains(value)
  }

  private static func composed(_ text: String) -> String {
    var scalars: [(value: UInt32, order: UInt8)] = []
    for scalar in text.unicodeScalars { decompose(scalar.value, into: &scalars) }
    sortMarks(&scalars)
    compose(&scalars)
    return string(scalars)
  }

  /// A text in form D: each letter apart from its marks.
  package static func decomposed(_ text: String) -> String {
    var scalars: [(value: UInt32, order: UInt8)] = []
    for scalar in text.unicodeScalars { decompose(scalar.value, into: &scalars) }
    sortMarks(&scalars)
    return string(scalars)
  }

  private static func string(_ scalars: [(value: UInt32, order: UInt8)]) -> String {
    var result = String.UnicodeScalarView()
    for (value, _) in scalars { if let scalar = Unicode.Scalar(value) { result.append(scalar) } }
    return String(result)
  }

  private static func decompose(_ value: UInt32, into scalars: inout [(value: UInt32, order: UInt8)]) {
    if let (first, second) = tables.mappings[value] {
      decompose(first, into: &scalars)
      if second != 0 { decompose(second, into: &scalars) }
      return
    }
    if (0xAC00...0xD7A3).contains(value) {
      let index = value - 0xAC00
      scalars.append((0x1100 + index / 588, 0))
      scalars.append((0x1161 + index % 588 / 28, 0))
      if index % 28 != 0 { scalars.append((0x11A7 + index % 28, 0)) }
      return
    }
    scalars.append((value, combiningClass(value)))
  }

  /// Marks of one base in the order of their classes, those of a class in the order of the text.
  private static func sortMarks(_ scalars: inout [(value: UInt32, order: UInt8)]) {
    var start = 0
    while start < scalars.count {
      guard scalars[start].order != 0 else {
        start += 1
        continue
      }
      var end = start
      while end < scalars.count, scalars[end].order != 0 { end += 1 }
      if end - start > 1 {
        let sorted = scalars[start..<end].enumerated().sorted { a, b in
          (a.element.order, a.offset) < (b.element.order, b.offset)
        }
        scalars.replaceSubrange(start..<end, with: sorted.map(\.element))
      }
      start = end
    }
  }

  /// Joins each mark with the last scalar of class 0 before it, unless one of the same or a higher class is between.
  private static func compose(_ scalars: inout [(value: UInt32, order: UInt8)]) {
    var starter: Int?
    // The class of the scalar before, or -1 right behind a starter.
    var last = -1
    var count = 0
    for index in scalars.indices {
      let next = scalars[index]
      if let place = starter, last < Int(next.order), let joined = pair(scalars[place].value, next.value) {
        scalars[place].value = joined
        continue
      }
      scalars[count] = next
      if next.order == 0 { starter = count }
      last = next.order == 0 ? -1 : Int(next.order)
      count += 1
    }
    scalars.removeLast(scalars.count - count)
  }

  private static func pair(_ a: UInt32, _ b: UInt32) -> UInt32? {
    if (0x1100...0x1112).contains(a), (0x1161...0x1175).contains(b) {
      return 0xAC00 + (a - 0x1100) * 588 + (b - 0x1161) * 28
    }
    if (0xAC00...0xD7A3).contains(a), (a - 0xAC00) % 28 == 0, (0x11A8...0x11C2).contains(b) {
      return a + b - 0x11A7
    }
    return tables.pairs[UInt64(a) << 32 | UInt64(b)]
  }

  private static func combiningClass(_ value: UInt32) -> UInt8 {
    guard value >= 0x300, let scalar = Unicode.Scalar(value) else { return 0 }
    let properties = scalar.properties
    let order = properties.canonicalCombiningClass.rawValue
    // Marks of later versions stay where they are.
    return order == 0 || properties.age.map { $0.major > 14 } ?? true ? 0 : order
  }

  private struct Tables {
    var mappings: [UInt32: (UInt32, UInt32)] = [:]
    var pairs: [UInt64: UInt32] = [:]
    var seconds: Set<UInt32> = []
    /// Scalars that form C does not hold.
    var unstable: Set<UInt32> = []
  }

  private static let tables: Tables = {
    var tables = Tables()
    var (scalar, first, second) = (0, 0, 0)
    for entry in CanonicalMappings.text.split(whereSeparator: \.isWhitespace) {
      let isExcluded = entry.hasSuffix("!")
      let numbers = entry.split { $0 == "," || $0 == "!" }.map { Int($0, radix: 36) ?? 0 }
      scalar += numbers[0]
      first += numbers[1]
      if numbers.count > 2 { second += numbers[2] }
      let pair = (UInt32(first), numbers.count > 2 ? UInt32(second) : 0)
      tables.mappings[UInt32(scalar)] = pair
      if numbers.count > 2, !isExcluded {
        tables.pairs[UInt64(pair.0) << 32 | UInt64(pair.1)] = UInt32(scalar)
        tables.seconds.insert(pair.1)
      } else {
        tables.unstable.insert(UInt32(scalar))
      }
    }
    return tables
  }()
}
