/// What tokenizers need to know of a scalar: what kind of character it is, and how it joins its neighbours.
///
/// Properties are those of Unicode 16: scalars added later are unassigned here, whatever the standard library
/// knows, so that equal texts give equal ids on every system.
struct ScalarClass: Sendable, Equatable {
  /// The kind in the low four bits, the joining in the high four.
  fileprivate let bits: UInt8

  enum Kind: UInt8 {
    case other, letter, number, space, mark, punctuation
  }

  /// The values of Grapheme_Cluster_Break (Unicode Standard Annex 29, table 2); of the Hangul syllables, those
  /// with and without a final consonant apart.
  enum Joining: UInt8 {
    case any, control, extend, zeroWidthJoiner, spacingMark, prepend, regionalIndicator
    case leading, vowel, trailing, syllable, closedSyllable, pictograph
  }

  private init(_ kind: Kind, _ joining: Joining) { bits = kind.rawValue | joining.rawValue << 4 }

  var kind: Kind { Kind(rawValue: bits & 15) ?? .other }
  var joining: Joining { Joining(rawValue: bits >> 4) ?? .any }

  /// Tables of the planes where text is written, made when they are first needed.
  private static let plane0 = (0..<0x10000).map { ScalarClass(computing: $0) }
  private static let plane1 = (0x10000..<0x20000).map { ScalarClass(computing: $0) }

  static func of(_ value: UInt32) -> ScalarClass {
    if value < 0x10000 { return plane0[Int(value)] }
    return value < 0x20000 ? plane1[Int(value) - 0x10000] : ScalarClass(computing: value)
  }

  private init(computing value: UInt32) {
    guard let scalar = Unicode.Scalar(value) else {
      self.init(.other, .control)
      return
    }
    let properties = scalar.properties
    let isLater = properties.age.map { $0.major > 16 } ?? false
    let category = isLater ? .unassigned : properties.generalCategory
    let kind: Kind =
      switch category {
      case _ where properties.isWhitespace: .space
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
      case .decimalNumber, .letterNumber, .otherNumber: .number
      case .nonspacingMark, .spacingMark, .enclosingMark: .mark
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
        .finalPunctuation, .otherPunctuation:
        .punctuation
      default: .other
      }
    self.init(kind, isLater ? .any : Self.joining(value, category, properties))
  }

  private static func joining(
    _ value: UInt32, _ category: Unicode.GeneralCategory, _ properties: Unicode.Scalar.Properties
  ) -> Joining {
    switch value {
    case 0x200D: return .zeroWidthJoiner
    case 0x1F1E6...0x1F1FF: return .regionalIndicator
    case 0x1100...0x115F, 0xA960...0xA97C: return .leading
    case 0x1160...0x11A7, 0xD7B0...0xD7C6, 0x16D63, 0x16D67...0x16D6A: return .vowel
    case 0x11A8...0x11FF, 0xD7CB...0xD7FB: return .trailing
    case 0xAC00...0xD7A3: return (value - 0xAC00) % 28 == 0 ? .syllable : .closedSyllable
    default: break
    }
    if properties.isGraphemeExtend || properties.isEmojiModifier { return .extend }
    if contains(prepended, value) { return .prepend }
    switch category {
    case .control, .format, .lineSeparator, .paragraphSeparator: return .control
    case .unassigned where properties.isDefaultIgnorableCodePoint: return .control
    case .spacingMark: return contains(notSpacing, value) ? .any : .spacingMark
    default: break
    }
    if value == 0x0E33 || value == 0x0EB3 { return .spacingMark }
    return contains(pictographs, value) ? .pictograph : .any
  }

  private static func contains(_ ranges: [ClosedRange<UInt32>], _ value: UInt32) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(value)
  }

  /// Grapheme_Cluster_Break=Prepend.
  private static let prepended: [ClosedRange<UInt32>] = [
    0x0600...0x0605, 0x06DD...0x06DD, 0x070F...0x070F, 0x0890...0x0891, 0x08E2...0x08E2, 0x0D4E...0x0D4E,
    0x110BD...0x110BD, 0x110CD...0x110CD, 0x111C2...0x111C3, 0x113D1...0x113D1, 0x1193F...0x1193F,
    0x11941...0x11941, 0x11A3A...0x11A3A, 0x11A84...0x11A89, 0x11D46...0x11D46, 0x11F02...0x11F02,
  ]

  /// Spacing marks that begin a cluster of their own.
  private static let notSpacing: [ClosedRange<UInt32>] = [
    0x102B...0x102C, 0x1038...0x1038, 0x1062...0x1064, 0x1067...0x106D, 0x1083...0x1083, 0x1087...0x108C,
    0x108F...0x108F, 0x109A...0x109C, 0x1A61...0x1A61, 0x1A63...0x1A64, 0xAA7B...0xAA7B, 0xAA7D...0xAA7D,
    0x11720...0x11721,
  ]

  /// Extended_Pictographic=Yes.
  private static let pictographs: [ClosedRange<UInt32>] = [
    0xA9...0xA9, 0xAE...0xAE, 0x203C...0x203C, 0x2049...0x2049, 0x2122...0x2122, 0x2139...0x2139,
    0x2194...0x2199, 0x21A9...0x21AA, 0x231A...0x231B, 0x2328...0x2328, 0x2388...0x2388, 0x23CF...0x23CF,
    0x23E9...0x23F3, 0x23F8...0x23FA, 0x24C2...0x24C2, 0x25AA...0x25AB, 0x25B6...0x25B6, 0x25C0...0x25C0,
    0x25FB...0x25FE, 0x2600...0x2605, 0x2607...0x2612, 0x2614...0x2685, 0x2690...0x2705, 0x2708...0x2712,
    0x2714...0x2714, 0x2716...0x2716, 0x271D...0x271D, 0x2721...0x2721, 0x2728...0x2728, 0x2733...0x2734,
    0x2744...0x2744, 0x2747...0x2747, 0x274C...0x274C, 0x274E...0x274E, 0x2753...0x2755, 0x2757...0x2757,
    0x2763...0x2767, 0x2795...0x2797, 0x27A1...0x27A1, 0x27B0...0x27B0, 0x27BF...0x27BF, 0x2934...0x2935,
    0x2B05...0x2B07, 0x2B1B...0x2B1C, 0x2B50...0x2B50, 0x2B55...0x2B55, 0x3030...0x3030, 0x303D...0x303D,
    0x3297...0x3297, 0x3299...0x3299, 0x1F000...0x1F0FF, 0x1F10D...0x1F10F, 0x1F12F...0x1F12F,
    0x1F16C...0x1F171, 0x1F17E...0x1F17F, 0x1F18E...0x1F18E, 0x1F191...0x1F19A, 0x1F1AD...0x1F1E5,
    0x1F201...0x1F20F, 0x1F21A...0x1F21A, 0x1F22F...0x1F22F, 0x1F232...0x1F23A, 0x1F23C...0x1F23F,
    0x1F249...0x1F3FA, 0x1F400...0x1F53D, 0x1F546...0x1F64F, 0x1F680...0x1F6FF, 0x1F774...0x1F77F,
    0x1F7D5...0x1F7FF, 0x1F80C...0x1F80F, 0x1F848...0x1F84F, 0x1F85A...0x1F85F, 0x1F888...0x1F88F,
    0x1F8AE...0x1F8FF, 0x1F90C...0x1F93A, 0x1F93C...0x1F945, 0x1F947...0x1FAFF, 0x1FC00...0x1FFFD,
  ]
}
