import UnrollData
import UnrollTraining

/// Sentences with a tag for each word, and the scheme that the tags follow.
public struct TagData: TaskData {
  /// A sentence and the tag of each of its words.
  public struct Sentence: Sendable, Equatable {
    public let words: [String]
    public let tags: [String]
    /// The line of its first word, from 1.
    public var line = 0

    public init(words: [String], tags: [String]) {
      self.words = words
      self.tags = tags
    }
  }

  /// Sentences that hold at least a word.
  public let sentences: [Sentence]
  public let source: String
  public private(set) var hash = ""
  /// `nil`: tags stand by themselves.
  let scheme: TagScheme?
  /// Where tags break their scheme: such data is scored as conlleval does, and not learned from.
  let fault: DataError?

  private init(_ sentences: [Sentence], source: String, scheme: TagScheme?, fault: DataError? = nil) {
    self.sentences = sentences
    self.source = source
    self.scheme = scheme
    self.fault = fault
  }

  /// - Throws: `DataError` when a sentence has another number of tags than words.
  public init(_ sentences: [Sentence], source: String = "the sentences") throws {
    for (index, sentence) in sentences.enumerated() where sentence.words.count != sentence.tags.count {
      throw DataError(
        .badTags, file: source, line: index + 1, expected: "\(sentence.words.count) tags, one for each word",
        found: "\(sentence.tags.count)")
    }
    let read = sentences.enumerated().filter { !$1.words.isEmpty }.map { index, sentence in
      TaggedSentence(
        words: sentence.words, tags: sentence.tags,
        lines: Array(repeating: index + 1, count: sentence.words.count))
    }
    self.init(read, source: source, .auto) { _ in }
  }

  /// Reads files as settings say.
  ///
  /// - Parameter note: takes what was mended.
  /// - Throws: `DataError`, with the line.
  init(_ files: [String], _ settings: TagSettings, note: (String) -> Void) throws {
    var (read, hash): ([TaggedSentence], SHA256) = ([], SHA256())
    for path in files {
      let bytes = try TextFile.bytes(at: path)
      hash.update(bytes)
      var reader = try TaggedReader(
        ByteSource(bytes, name: path), format: try Self.format(of: bytes, path, settings))
      while let sentence = try reader.next() { read.append(sentence) }
      for found in reader.notes { note(found.text) }
    }
    self.init(read, source: files.joined(separator: ", "), settings.scheme, note: note)
    self.hash = hash.hexadecimal()
  }

  private init(
    _ read: [TaggedSentence], source: String, _ choice: TagSettings.Scheme, note: (String) -> Void
  ) {
    var (read, scheme, fault): ([TaggedSentence], TagScheme?, DataError?) = (read, choice.scheme, nil)
    if choice == .auto {
      do {
        let corpus = try TaggedCorpus(read, name: source)
        for found in corpus.notes { note(found.text) }
        (read, scheme) = (corpus.sentences, corpus.scheme)
      } catch {
        fault = error
      }
    }
    if let scheme {
      for sentence in read where fault == nil { fault = Self.fault(sentence, scheme, source) }
    }
    let sentences = read.map { found in
      var sentence = Sentence(words: found.words, tags: found.tags)
      sentence.line = found.lines.first ?? 0
      return sentence
    }
    self.init(sentences, source: source, scheme: scheme, fault: fault)
  }

  private static func fault(_ sentence: TaggedSentence, _ scheme: TagScheme, _ source: String) -> DataError? {
    guard let wrong = scheme.firstBreak(in: sentence.tags) else { return nil }
    let isEnd = wrong.position >= sentence.tags.count
    return DataError(
      .badTags, file: source, line: isEnd ? sentence.lines.last : sentence.lines[wrong.position],
      expected: "\(wrong.expected), as in \(scheme.rawValue)",
      found: isEnd ? "the end of the sentence" : quoted(sentence.tags[wrong.position]))
  }

  /// How the bytes of a file are read.
  static func format(of bytes: [UInt8], _ name: String, _ settings: TagSettings) throws(DataError)
    -> TaggedFormat
  {
    try .find(
      Array(bytes.prefix(1 << 16)), name: name, word: settings.wordColumn, tag: settings.tagColumn,
      isUniversal: settings.format == .auto ? nil : settings.format == .conllu)
  }

  public var facts: [Fact] {
    let tags = LabelSet(sentences.lazy.flatMap(\.tags)).names
    let shown =
      tags.prefix(24).joined(separator: ", ") + (tags.count > 24 ? " and \(tags.count - 24) more" : "")
    return [
      Fact("sentences", sentences.count), Fact("words", sentences.reduce(0) { $0 + $1.words.count }),
      Fact("tags", shown), Fact("scheme", scheme?.rawValue ?? "none: tags stand by themselves"),
    ]
  }

  /// The same entities, written in another scheme; as they are where one of both spells none.
  func written(in other: TagScheme?) -> TagData {
    guard let other, let scheme, other != scheme else { return self }
    let sentences = sentences.map { sentence in
      var copy = Sentence(words: sentence.words, tags: scheme.convert(sentence.tags, to: other))
      copy.line = sentence.line
      return copy
    }
    return TagData(sentences, source: source, scheme: other, fault: fault)
  }

  /// These sentences and others.
  func joined(with other: TagData) -> TagData {
    TagData(sentences + other.sentences, source: source, scheme: scheme, fault: fault ?? other.fault)
  }

  /// Some of the sentences.
  func choosing(_ places: [Int]) -> TagData {
    TagData(places.map { sentences[$0] }, source: source, scheme: scheme, fault: fault)
  }

  /// A longer sentence is read in pieces of this many words.
  static let longestSentence = 512

  /// A sentence in pieces that are short enough to read.
  static func pieces<Element>(of sentence: [Element]) -> [ArraySlice<Element>] {
    stride(from: 0, to: sentence.count, by: longestSentence).map {
      sentence[$0..<min($0 + longestSentence, sentence.count)]
    }
  }

  /// The sentences, long ones in pieces.
  var pieces: [Sentence] {
    sentences.flatMap { sentence in
      zip(Self.pieces(of: sentence.words), Self.pieces(of: sentence.tags)).map {
        Sentence(words: Array($0), tags: Array($1))
      }
    }
  }
}
