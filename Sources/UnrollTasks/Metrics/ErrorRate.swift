/// How many words or characters of texts were written wrong, pooled over all texts:
///
///     rate = (S + D + I) / (H + S + D)
///
/// with the substitutions, deletions, insertions and hits of the shortest ways from references to what was found
/// (`EditDistance`). Texts are cut as `jiwer` cuts them, and so counted exactly alike.
public struct ErrorRate: Sendable, Equatable {
  public private(set) var hits = 0
  public private(set) var substitutions = 0
  public private(set) var deletions = 0
  public private(set) var insertions = 0
  /// How often each was taken for another; what was left out stands for "".
  public private(set) var confusions: [Confusion: Int] = [:]

  /// One of the reference, and what was found in its place.
  public struct Confusion: Sendable, Hashable {
    /// Empty: what was found stands where nothing should.
    public let reference: String
    /// Empty: it was left out.
    public let found: String

    public init(reference: String, found: String) {
      self.reference = reference
      self.found = found
    }
  }

  public init() {}

  package init(hits: Int, substitutions: Int, deletions: Int, insertions: Int) {
    self.hits = hits
    self.substitutions = substitutions
    self.deletions = deletions
    self.insertions = insertions
  }

  /// The errors of words: word error rate.
  public static func words(_ references: [String], _ found: [String]) -> ErrorRate {
    rate(references, found, Self.words(of:))
  }

  /// The errors of characters (Unicode scalars, spaces among them): character error rate.
  public static func characters(_ references: [String], _ found: [String]) -> ErrorRate {
    rate(references, found) { trimmed($0).map { String($0) } }
  }

  private static func rate(
    _ references: [String], _ found: [String], _ cut: (String) -> [String]
  ) -> ErrorRate {
    var rate = ErrorRate()
    for (reference, text) in zip(references, found) { rate.add(cut(reference), cut(text)) }
    return rate
  }

  /// Counts one text.
  public mutating func add(_ reference: [String], _ found: [String]) {
    // By bytes: texts that only look alike are not the same.
    for edit in EditDistance(reference.map { Array($0.utf8) }, found.map { Array($0.utf8) }).edits {
      switch edit {
      case .hit: hits += 1
      case .substitution(let a, let b):
        substitutions += 1
        confusions[Confusion(reference: reference[a], found: found[b]), default: 0] += 1
      case .deletion(let a):
        deletions += 1
        confusions[Confusion(reference: reference[a], found: ""), default: 0] += 1
      case .insertion(let b):
        insertions += 1
        confusions[Confusion(reference: "", found: found[b]), default: 0] += 1
      }
    }
  }

  public var errors: Int { substitutions + deletions + insertions }
  /// The words or characters of the references.
  public var count: Int { hits + substitutions + deletions }
  /// Where references hold nothing, the number of insertions.
  public var rate: Double { count == 0 ? Double(insertions) : Double(errors) / Double(count) }

  /// The commonest confusions first; of equally common ones in the order of their bytes.
  public func commonest(_ most: Int) -> [(confusion: Confusion, times: Int)] {
    let all = confusions.sorted { a, b in
      if a.value != b.value { return a.value > b.value }
      let (left, right) = (a.key, b.key)
      return left.reference != right.reference
        ? left.reference.utf8.lexicographicallyPrecedes(right.reference.utf8)
        : left.found.utf8.lexicographicallyPrecedes(right.found.utf8)
    }
    return all.prefix(most).map { ($0.key, $0.value) }
  }

  /// What stands between spaces. Other white space is a part of a word, unless several of it follow each other.
  static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    let scalars = trimmed(text)
    for (place, scalar) in scalars.enumerated() {
      let touches =
        isSpace(scalar)
        && (place > 0 && isSpace(scalars[place - 1])
          || place + 1 < scalars.count && isSpace(scalars[place + 1]))
      if scalar == " " || touches {
        if !word.isEmpty { words.append(String(word)) }
        word = String.UnicodeScalarView()
      } else {
        word.append(scalar)
      }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words
  }

  private static func trimmed(_ text: String) -> [Unicode.Scalar] {
    let all = Array(text.unicodeScalars)
    guard let first = all.firstIndex(where: { !isSpace($0) }),
      let last = all.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return Array(all[first...last])
  }

  /// White space of Unicode and the separators U+001C to U+001F.
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }
}
