/// What a word looks like: cheap features that words have in common which no training data holds.
package enum WordShape {
  /// The longest shape, in kinds of characters.
  private static let longest = 12

  /// A word's shape: `X` for a capital letter, `x` for another letter, `d` for a digit, other characters as they are,
  /// and no more than two of a kind in a row. `McDonald's` → `XxXxx'x`, `1984` → `dd`, `#NLP` → `#XX`.
  package static func shape(_ word: String) -> String {
    var shape = ""
    var (last, run, count): (Unicode.Scalar?, Int, Int) = (nil, 0, 0)
    for scalar in word.unicodeScalars {
      let kind = kind(scalar)
      run = kind == last ? run + 1 : 1
      last = kind
      if run > 2 { continue }
      count += 1
      if count > longest { break }
      shape.unicodeScalars.append(kind)
    }
    return shape
  }

  private static func kind(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.isASCII {
      switch scalar {
      case "A"..."Z": return "X"
      case "a"..."z": return "x"
      case "0"..."9": return "d"
      default: return scalar
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter: return "X"
    case .lowercaseLetter, .otherLetter, .modifierLetter: return "x"
    case .decimalNumber, .letterNumber, .otherNumber: return "d"
    default: return scalar
    }
  }

  /// The names of a word's features, as many for every word: its prefixes of 1 to `prefixes` characters, its suffixes,
  /// and its shape. A word that is shorter than an affix is that affix itself. Letters of affixes are small.
  package static func features(_ word: String, prefixes: Int, suffixes: Int) -> [String] {
    // An affix of a word of a megabyte is found at its ends.
    let ends = 64
    let head = word.unicodeScalars.prefix(ends).map(\.properties.lowercaseMapping)
    let tail = word.unicodeScalars.suffix(ends).map(\.properties.lowercaseMapping)
    var features: [String] = []
    if prefixes > 0 { for count in 1...prefixes { features.append(head.prefix(count).joined() + "-") } }
    if suffixes > 0 { for count in 1...suffixes { features.append("-" + tail.suffix(count).joined()) } }
    features.append("shape " + shape(word))
    return features
  }
}
