import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Gives each word of a sentence a tag: its part of speech, or what entity it belongs to.
///
///     let tagger = try Tagger.train(on: sentences)
///     let tags = try tagger.tag([["Ada", "lives", "in", "Rome"]])      // [["B-person", "O", "O", "B-place"]]
public struct Tagger: Sendable {
  /// A sentence and the tag of each of its words.
  public struct Sentence: Sendable, Equatable {
    public let words: [String]
    public let tags: [String]

    public init(words: [String], tags: [String]) {
      self.words = words
      self.tags = tags
    }
  }

  /// An entity of a sentence: the words `words` of it, and what it is.
  public struct Entity: Sendable, Equatable {
    public let words: Range<Int>
    public let type: String
  }

  public let settings: TaggerSettings
  /// How the tagger came about.
  public let summary: TaggerSummary
  let lexicon: TaggerLexicon
  let tags: TaggerTags
  /// How the file that it was trained on is read.
  let source: TaggerSource
  let networks: [TaggerNetwork]
  private let decoder: TaggerDecoder

  init(
    settings: TaggerSettings, summary: TaggerSummary, lexicon: TaggerLexicon, tags: TaggerTags,
    source: TaggerSource, networks: [TaggerNetwork]
  ) {
    self.settings = settings
    self.summary = summary
    self.lexicon = lexicon
    self.tags = tags
    self.source = source
    self.networks = networks
    decoder = TaggerDecoder(networks)
  }

  /// A longer sentence is read in pieces of this many words.
  static let longestSentence = 512

  /// The tag of each word of each sentence, as the training data writes tags.
  ///
  /// A sentence without words has no tags. One of more than 512 words is read in pieces.
  public func tag(_ sentences: [[String]]) throws -> [[String]] { try answers(sentences).map(\.tags) }

  /// The entities of a sentence of tags; none where the tagger's tags spell no entities.
  public func entities(_ tags: [String]) -> [Entity] {
    self.tags.scheme?.spans(tags).map { Entity(words: $0.range, type: $0.type) } ?? []
  }

  /// The tags, and on demand the chance that the tagger gives to each of them.
  package func answers(
    _ sentences: [[String]], withChances: Bool = false
  ) throws -> [(tags: [String], chances: [Float])] {
    let pieces = sentences.map { Self.pieces(of: $0) }
    let answers = try decoder.answers(TaggerWords(pieces.joined(), lexicon), withChances: withChances)
    var next = 0
    return pieces.map { pieces in
      let mine = answers[next..<next + pieces.count]
      next += pieces.count
      return (mine.flatMap { tags.decode($0.tags) }, mine.flatMap(\.chances))
    }
  }

  /// A sentence in pieces that are short enough to read.
  static func pieces<Element>(of sentence: [Element]) -> [ArraySlice<Element>] {
    stride(from: 0, to: sentence.count, by: longestSentence).map {
      sentence[$0..<min($0 + longestSentence, sentence.count)]
    }
  }
}
