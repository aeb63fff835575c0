/// All sentences of a file, with tags that follow one scheme, and what had to be mended for that.
///
/// - `0` and `o` are `O`, and so is `_`, which stands for a missing tag.
/// - `U-` and `L-` (BILOU), `W-` and `M-` (BMEWO) are `S-` and `E-`, `S-` and `I-`.
/// - A stray `I-`, after `O` or another type, begins an entity, as conlleval has it.
///
/// Each is counted and told.
package struct TaggedCorpus: Sendable {
  /// The file's name.
  package let name: String
  package let sentences: [TaggedSentence]
  /// The scheme that the tags follow now; nil when they spell no entities.
  package let scheme: TagScheme?
  package let notes: [DataNote]

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - expected: the scheme that the tags are converted to, such as that of a model; nil keeps that of the file.
  ///   - mends: whether tags are mended; otherwise they are taken as they stand.
  /// - Throws: `DataError`, with the line, when the tags follow no scheme even then.
  package init(
    _ source: ByteSource, format: TaggedFormat, as expected: TagScheme? = nil, mends: Bool = true
  ) throws(DataError) {
    var reader = try TaggedReader(source, format: format)
    var sentences: [TaggedSentence] = []
    while let sentence = try reader.next() { sentences.append(sentence) }
    try self.init(sentences, name: reader.name, as: expected, mends: mends, notes: reader.notes)
  }

  /// Takes sentences that were read.
  package init(
    _ sentences: [TaggedSentence], name: String, as expected: TagScheme? = nil, mends: Bool = true,
    notes: [DataNote] = []
  ) throws(DataError) {
    self.name = name
    guard mends, sentences.contains(where: { !$0.tags.isEmpty }) else {
      (self.sentences, scheme, self.notes) = (sentences, nil, notes)
      return
    }
    var mender = TagMender(file: name)
    mender.look(sentences)
    let mended = try mender.mend(sentences)
    var result = mended.sentences
    var scheme = mended.scheme
    if let found = scheme, let expected, found != expected {
      result = result.map { $0.with(tags: found.convert($0.tags, to: expected)) }
      scheme = expected
    }
    (self.sentences, self.scheme, self.notes) = (result, scheme, notes + mender.notes)
  }
}

/// Brings the tags of a corpus under one scheme.
private struct TagMender {
  let file: String
  private var letters: [UInt8: Int] = [:]
  private var outside = 0
  private var zeros = 0
  private var missing = 0
  private var lower = 0
  private var others = 0
  private var strays = 0
  private var firstStray: Int?
  private var isBILOU = false
  private var isBMEWO = false
  private var entityTags: Int { letters.values.reduce(0, +) }

  init(file: String) { self.file = file }

  mutating func look(_ sentences: [TaggedSentence]) {
    for tag in sentences.lazy.flatMap(\.tags) {
      if let part = TagScheme.parts(tag) ?? TagScheme.foreignParts(tag) {
        if part.type.isEmpty { outside += 1 } else { letters[part.letter, default: 0] += 1 }
      } else if tag == "0" {
        zeros += 1
      } else if tag == "o" {
        lower += 1
      } else if tag == "_" {
        missing += 1
      } else {
        others += 1
      }
    }
    let found = letters
    func has(_ letter: Character) -> Bool { found[letter.asciiValue ?? 0] != nil }
    isBILOU = (has("U") || has("L")) && !has("S") && !has("E") && !has("M") && !has("W")
    isBMEWO = (has("M") || has("W")) && !has("U") && !has("L")
  }

  /// Whether the tags spell entities: among parts of speech a tag may look like one of an entity.
  private var spellsEntities: Bool {
    entityTags > 0 && entityTags + outside >= others
  }

  mutating func mend(
    _ sentences: [TaggedSentence]
  ) throws(DataError) -> (sentences: [TaggedSentence], scheme: TagScheme?) {
    guard spellsEntities else {
      var finder = TagSchemeFinder(file: file)
      for sentence in sentences { finder.add(sentence) }
      return (sentences, try finder.scheme())
    }
    let plain = sentences.map { $0.with(tags: $0.tags.map(spelled)) }
    var finder = TagSchemeFinder(file: file)
    for sentence in plain { finder.add(sentence) }
    do throws(DataError) {
      return (plain, try finder.scheme())
    } catch {
      // What only strays break is BIO: `B-` stands where IOB1 would have `I-`.
      guard let mended = withoutStrays(plain) else { throw error }
      return (mended, .bio)
    }
  }

  private func spelled(_ tag: String) -> String {
    switch tag {
    case "0", "o", "_": return "O"
    default: break
    }
    guard let part = TagScheme.foreignParts(tag) else { return tag }
    let letter =
      switch Character(Unicode.Scalar(part.letter)) {
      case "U", "W": "S"
      case "L": "E"
      default: "I"
      }
    return "\(letter)-\(part.type)"
  }

  /// Sentences whose stray `I-` are `B-`; nil when there are letters that BIO lacks, or no `B-` at all.
  private mutating func withoutStrays(_ sentences: [TaggedSentence]) -> [TaggedSentence]? {
    guard letters.keys.allSatisfy({ $0 == UInt8(ascii: "B") || $0 == UInt8(ascii: "I") }) else { return nil }
    var result: [TaggedSentence] = []
    result.reserveCapacity(sentences.count)
    for sentence in sentences {
      var tags = sentence.tags
      var last: (letter: UInt8, type: Substring) = (UInt8(ascii: "O"), "")
      for index in tags.indices {
        guard let part = TagScheme.parts(tags[index]) else { return nil }
        let isOpen = last.letter != UInt8(ascii: "O") && last.type == part.type
        if part.letter == UInt8(ascii: "I"), !isOpen {
          strays += 1
          firstStray = firstStray ?? sentence.lines[index]
          tags[index] = "B-\(part.type)"
        }
        last = part
      }
      result.append(sentence.with(tags: tags))
    }
    return result
  }

  var notes: [DataNote] {
    guard spellsEntities else { return [] }
    var notes: [DataNote] = []
    func add(_ count: Int, _ text: String) {
      if count > 0 { notes.append(DataNote(.tags, "tags: \(text)")) }
    }
    if isBILOU { add(1, "BILOU is read as BIOES") }
    if isBMEWO { add(1, "BMEWO is read as BIOES") }
    add(zeros, "\(zeros) times 0 is read as O")
    add(lower, "\(lower) times o is read as O")
    add(missing, "\(counted(missing, "word")) without a tag (_) \(missing == 1 ? "is" : "are") read as O")
    add(
      strays,
      "\(strays) I- that \(strays == 1 ? "follows" : "follow") no entity of its type \(strays == 1 ? "is" : "are") read as B-, the first on line \(firstStray ?? 0)"
    )
    return notes
  }
}

extension TagScheme {
  /// The parts of a tag of BILOU or BMEWO that BIOES spells otherwise.
  static func foreignParts(_ tag: String) -> (letter: UInt8, type: Substring)? {
    let bytes = tag.utf8
    guard bytes.count > 2, let letter = bytes.first, "ULMW".utf8.contains(letter) else { return nil }
    let second = bytes.index(after: bytes.startIndex)
    guard bytes[second] == Byte.minus else { return nil }
    return (letter, tag[bytes.index(after: second)...])
  }
}

extension TaggedSentence {
  /// The same words with other tags.
  package func with(tags: [String]) -> TaggedSentence {
    TaggedSentence(words: words, tags: tags, lines: lines)
  }
}
