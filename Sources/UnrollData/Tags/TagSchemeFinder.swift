/// Finds the scheme of a corpus's tags while its sentences go by.
///
/// Tags that spell no entities, such as parts of speech, follow none. Where tags fit several schemes, BIO is
/// preferred, then IOB1: what fits both means the same in both.
package struct TagSchemeFinder: Sendable {
  private let file: String
  private var entityTags = 0
  private var outsideTags = 0
  private var otherTags = 0
  /// The first tag that is neither `O` nor `B-`, `I-`, `E-` or `S-` with a type, and the first of those that has
  /// another letter with a hyphen.
  private var firstOther: (tag: String, line: Int)?
  private var firstForeign: (tag: String, line: Int)?
  private var breaks: [TagScheme: (line: Int, found: String, expected: String)] = [:]

  /// - Parameter file: the file's name, for errors.
  package init(file: String) { self.file = file }

  /// Looks at a sentence.
  package mutating func add(_ sentence: TaggedSentence) {
    for (tag, line) in zip(sentence.tags, sentence.lines) {
      if let part = TagScheme.parts(tag) {
        if part.type.isEmpty { outsideTags += 1 } else { entityTags += 1 }
        continue
      }
      otherTags += 1
      if firstOther == nil { firstOther = (tag, line) }
      if firstForeign == nil, tag.utf8.count > 2, tag.utf8.dropFirst().first == Byte.minus {
        firstForeign = (tag, line)
      }
    }
    for scheme in TagScheme.allCases where breaks[scheme] == nil {
      guard let found = scheme.firstBreak(in: sentence.tags) else { continue }
      let isEnd = found.position >= sentence.tags.count
      breaks[scheme] = (
        isEnd ? sentence.lines.last ?? 0 : sentence.lines[found.position],
        isEnd ? "the end of the sentence" : quoted(sentence.tags[found.position]), found.expected
      )
    }
  }

  /// The scheme; nil when the tags spell no entities.
  package func scheme() throws(DataError) -> TagScheme? {
    guard entityTags > 0 || (firstForeign != nil && outsideTags > 0) else { return nil }
    if let other = firstForeign ?? firstOther {
      // Among parts of speech a tag may look like one of an entity.
      guard entityTags + outsideTags >= otherTags else { return nil }
      throw DataError(
        .badTags, file: file, line: other.line, expected: "O, or B-, I-, E- or S- with a type",
        found: quoted(other.tag),
        hint: "the known schemes are \(TagScheme.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let preferred: [TagScheme] = [.bio, .iob1, .bioes]
    if let scheme = preferred.first(where: { breaks[$0] == nil }) { return scheme }
    // The scheme that held longest is the one that was meant.
    var best = TagScheme.bio
    for scheme in preferred where line(scheme) > line(best) { best = scheme }
    let found = breaks[best]
    throw DataError(
      .badTags, file: file, line: found?.line,
      expected: "\(found?.expected ?? "tags"), as in \(best.rawValue)",
      found: found?.found)
  }

  private func line(_ scheme: TagScheme) -> Int { breaks[scheme]?.line ?? 0 }
}
