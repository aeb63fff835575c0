import UnrollData
import UnrollTraining

/// How a file holds sentences with tags.
struct TaggerSource: Sendable, Codable, Equatable {
  /// The name of the training file.
  var name = ""
  /// CoNLL-U, or columns between tabs or blanks; `nil`: found out from the file.
  var isUniversal: Bool?
  /// The column of the words, from 1.
  var wordColumn = 1
  /// The column of the tags: its number, or a name of CoNLL-U; `nil`: the last, or UPOS.
  var tagColumn: String?

  /// How the bytes of a file are read.
  ///
  /// - Throws: `DataError` when the column is none of the file's.
  func format(of bytes: [UInt8], name: String) throws(DataError) -> TaggedFormat {
    if isUniversal ?? Self.looksUniversal(bytes, name: name) {
      return .conllu(tag: try UniversalColumn.named(tagColumn ?? "UPOS", file: name))
    }
    guard let tagColumn else { return .conll(word: wordColumn) }
    guard let number = Int(tagColumn), number >= 1 else {
      throw DataError(
        .badRoles, file: name, expected: "the number of a column, counted from 1", found: quoted(tagColumn),
        hint: "columns have names in CoNLL-U alone")
    }
    return .conll(word: wordColumn, tag: number)
  }

  /// Whether the first line that holds a word has the ten columns of CoNLL-U, the first of them a number.
  private static func looksUniversal(_ bytes: [UInt8], name: String) -> Bool {
    if name.lowercased().hasSuffix(".conllu") { return true }
    for line in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1000)
    where line.first != UInt8(ascii: "#") && line.contains(where: { $0 > 0x20 }) {
      return isUniversal(line)
    }
    return false
  }

  static func isUniversal(_ line: some Collection<UInt8>) -> Bool {
    let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return fields.count == 10 && fields[0].first.map { digits.contains($0) } ?? false
  }
}

/// Sentences with tags, and the scheme that the tags follow.
struct TaggerCorpus: Sendable {
  /// The file's name.
  let name: String
  /// SHA-256 of the file; `nil` of sentences in memory.
  private(set) var hash: String?
  /// Sentences that hold at least a word.
  let sentences: [Tagger.Sentence]
  /// `nil`: tags stand by themselves.
  let scheme: TagScheme?

  /// What scheme tags are held to follow.
  enum SchemeChoice: Sendable, Equatable {
    /// What fits.
    case found
    /// None: tags stand by themselves.
    case none
    case scheme(TagScheme)
  }

  private init(name: String, sentences: [Tagger.Sentence], scheme: TagScheme?) {
    self.name = name
    self.sentences = sentences
    self.scheme = scheme
  }

  /// Reads a file.
  ///
  /// - Throws: `DataError`, with the line, when the file is not what it should be.
  init(path: String, _ source: TaggerSource, scheme: SchemeChoice = .found) throws {
    let bytes = try TextFile.bytes(at: path)
    var reader = try TaggedReader(
      ByteSource(bytes, name: path), format: try source.format(of: bytes, name: path))
    var read: [TaggedSentence] = []
    while let sentence = try reader.next() { read.append(sentence) }
    try self.init(read, name: path, scheme)
    hash = SHA256.hexadecimal(bytes)
  }

  /// Takes sentences that are in memory.
  ///
  /// - Throws: `TaggerError.unequal`, or `DataError` with the number of the sentence as its line.
  init(_ sentences: [Tagger.Sentence], name: String) throws {
    for (index, sentence) in sentences.enumerated() where sentence.words.count != sentence.tags.count {
      throw TaggerError.unequal(
        sentence: index, words: sentence.words.count, tags: sentence.tags.count)
    }
    let read = sentences.enumerated().filter { !$1.words.isEmpty }.map { index, sentence in
      TaggedSentence(
        words: sentence.words, tags: sentence.tags,
        lines: Array(repeating: index + 1, count: sentence.words.count))
    }
    try self.init(read, name: name, .found)
  }

  private init(_ read: [TaggedSentence], name: String, _ choice: SchemeChoice) throws {
    self.name = name
    sentences = read.map { Tagger.Sentence(words: $0.words, tags: $0.tags) }
    switch choice {
    case .none: scheme = nil
    case .found:
      var finder = TagSchemeFinder(file: name)
      for sentence in read { finder.add(sentence) }
      scheme = try finder.scheme()
    case .scheme(let scheme):
      self.scheme = scheme
      for sentence in read {
        guard let wrong = scheme.firstBreak(in: sentence.tags) else { continue }
        let isEnd = wrong.position >= sentence.tags.count
        throw DataError(
          .badTags, file: name, line: isEnd ? sentence.lines.last : sentence.lines[wrong.position],
          expected: "\(wrong.expected), as in \(scheme.rawValue)",
          found: isEnd ? "the end of the sentence" : quoted(sentence.tags[wrong.position]))
      }
    }
  }

  var wordCount: Int { sentences.reduce(0) { $0 + $1.words.count } }

  /// The same entities, written in another scheme; as they are where one of both spells none.
  func written(in other: TagScheme?) -> TaggerCorpus {
    guard let other, let scheme, other != scheme else { return self }
    let sentences = sentences.map {
      Tagger.Sentence(words: $0.words, tags: scheme.convert($0.tags, to: other))
    }
    return TaggerCorpus(name: name, sentences: sentences, scheme: other)
  }

  /// These sentences and others.
  func joined(with other: TaggerCorpus) -> TaggerCorpus {
    TaggerCorpus(name: name, sentences: sentences + other.sentences, scheme: scheme)
  }

  /// Some of the sentences.
  func choosing(_ places: [Int]) -> TaggerCorpus {
    TaggerCorpus(name: name, sentences: places.map { sentences[$0] }, scheme: scheme)
  }

  /// The sentences, long ones in pieces that are short enough to read.
  var pieces: [Tagger.Sentence] {
    sentences.flatMap { sentence in
      zip(Tagger.pieces(of: sentence.words), Tagger.pieces(of: sentence.tags)).map {
        Tagger.Sentence(words: Array($0), tags: Array($1))
      }
    }
  }
}
