/// How tags of single words spell entities of several words.
package enum TagScheme: String, Sendable, CaseIterable {
  /// `I-` inside, `B-` only where an entity follows another of the same type at once (Ramshaw & Marcus 1995).
  case iob1 = "IOB1"
  /// `B-` begins every entity, `I-` goes on.
  case bio = "BIO"
  /// `B-` begins, `I-` goes on, `E-` ends an entity of several words; `S-` is one of a single word.
  case bioes = "BIOES"
}

/// An entity: the words `range` of a sentence.
package struct TagSpan: Sendable, Equatable, Hashable {
  package let range: Range<Int>
  package let type: String

  package init(_ range: Range<Int>, _ type: String) {
    self.range = range
    self.type = type
  }
}

extension TagScheme {
  /// A tag's parts: `O`, or a letter and a type. Nil when it has neither form.
  static func parts(_ tag: String) -> (letter: UInt8, type: Substring)? {
    let bytes = tag.utf8
    guard let letter = bytes.first else { return nil }
    if bytes.count == 1, letter == UInt8(ascii: "O") { return (letter, "") }
    let second = bytes.index(after: bytes.startIndex)
    guard bytes.count > 2, bytes[second] == Byte.minus, "BIES".utf8.contains(letter) else { return nil }
    return (letter, tag[bytes.index(after: second)...])
  }

  /// What stands before a word that has no neighbour.
  private static let outside = (letter: UInt8(ascii: "O"), type: "" as Substring)

  /// The position of the first tag that the scheme forbids where it stands, with what would be allowed; nil when
  /// the tags follow the scheme. A sentence's end is the position behind its last tag.
  package func firstBreak(in tags: [String]) -> (position: Int, expected: String)? {
    var last = Self.outside
    for position in 0...tags.count {
      guard let part = position < tags.count ? Self.parts(tags[position]) : Self.outside else {
        return (position, letters)
      }
      if let expected = expected(part, after: last) { return (position, expected) }
      last = part
    }
    return nil
  }

  private var letters: String {
    self == .bioes ? "O or a tag with B-, I-, E- or S-" : "O or a tag with B- or I-"
  }

  /// What should stand instead of a tag; nil when it may stand there.
  private func expected(
    _ tag: (letter: UInt8, type: Substring), after last: (letter: UInt8, type: Substring)
  ) -> String? {
    let isSame = tag.type == last.type && last.letter != UInt8(ascii: "O")
    let isOpen = self == .bioes && (last.letter == UInt8(ascii: "B") || last.letter == UInt8(ascii: "I"))
    switch tag.letter {
    case UInt8(ascii: "O"): return isOpen ? "I-\(last.type) or E-\(last.type)" : nil
    case UInt8(ascii: "B"):
      if isOpen { return "I-\(last.type) or E-\(last.type)" }
      return self == .iob1 && !isSame ? "I-\(tag.type)" : nil
    case UInt8(ascii: "I"):
      switch self {
      case .iob1: return nil
      case .bio: return isSame ? nil : "B-\(tag.type)"
      case .bioes:
        if isOpen { return isSame ? nil : "I-\(last.type) or E-\(last.type)" }
        return "B-\(tag.type) or S-\(tag.type)"
      }
    case UInt8(ascii: "E"):
      guard self == .bioes else { return letters }
      if isOpen { return isSame ? nil : "I-\(last.type) or E-\(last.type)" }
      return "B-\(tag.type) or S-\(tag.type)"
    default:
      guard self == .bioes else { return letters }
      return isOpen ? "I-\(last.type) or E-\(last.type)" : nil
    }
  }

  /// The entities of a sentence.
  ///
  /// Tags that break the scheme are read as conlleval reads them: a type that changes, `B-` and `S-` begin an
  /// entity; `O`, `E-` and `S-` end one.
  package func spans(_ tags: [String]) -> [TagSpan] {
    var spans: [TagSpan] = []
    var open: (start: Int, type: Substring)?
    for position in 0...tags.count {
      let part = position < tags.count ? Self.parts(tags[position]) ?? Self.outside : Self.outside
      let begins =
        part.letter == UInt8(ascii: "B") || part.letter == UInt8(ascii: "S")
        || (part.letter != UInt8(ascii: "O") && open?.type != part.type)
      if let current = open, begins || part.letter == UInt8(ascii: "O") {
        spans.append(TagSpan(current.start..<position, String(current.type)))
        open = nil
      }
      if begins { open = (position, part.type) }
      if part.letter == UInt8(ascii: "E") || part.letter == UInt8(ascii: "S"), let current = open {
        spans.append(TagSpan(current.start..<(position + 1), String(current.type)))
        open = nil
      }
    }
    return spans
  }

  /// The tags of a sentence with these entities, which are in order and do not overlap.
  package func tags(_ spans: [TagSpan], count: Int) -> [String] {
    var tags = [String](repeating: "O", count: count)
    var last: TagSpan?
    for span in spans {
      for position in span.range where tags.indices.contains(position) {
        let isFirst = position == span.range.lowerBound
        let isLast = position == span.range.upperBound - 1
        let letter =
          switch self {
          case .iob1: isFirst && last?.range.upperBound == position && last?.type == span.type ? "B" : "I"
          case .bio: isFirst ? "B" : "I"
          case .bioes: isFirst ? (isLast ? "S" : "B") : isLast ? "E" : "I"
          }
        tags[position] = "\(letter)-\(span.type)"
      }
      last = span
    }
    return tags
  }

  /// The same entities in another scheme.
  package func convert(_ tags: [String], to other: TagScheme) -> [String] {
    other == self ? tags : other.tags(spans(tags), count: tags.count)
  }
}
