import UnrollCore
import UnrollData
import UnrollTraining

/// What a classifier knows before its network: the labels, and how inputs become steps.
public struct ClassifyPreparation: ModelPart {
  enum Encoder: Sendable {
    case texts(TextSpeller)
    case sequences(SequenceFrames)
  }

  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var labels: [String]
    var tokens: String?
    var pieces: Int?
    var maximumLength: Int?
    var scales: SequenceFrames?
  }

  /// A label's id is its place.
  public internal(set) var labels: [String]
  var encoder: Encoder
  private let tokens: TokenKind

  init(labels: [String], encoder: Encoder, tokens: TokenKind) {
    self.labels = labels
    self.encoder = encoder
    self.tokens = tokens
  }

  private static let tokenizerFile = "tokenizer.json"

  public var stored: Stored {
    switch encoder {
    case .texts(let speller):
      Stored(
        labels: labels, tokens: tokens.rawValue, pieces: speller.pieces, maximumLength: speller.maximumLength)
    case .sequences(let frames): Stored(labels: labels, scales: frames)
    }
  }

  public var files: [String: [UInt8]] {
    if case .texts(let speller) = encoder {
      [Self.tokenizerFile: speller.tokenizer.tokenizerJSON()]
    } else {
      [:]
    }
  }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    labels = stored.labels
    guard !labels.isEmpty, Set(labels).count == labels.count else {
      throw files.damaged("labels", expected: "different labels", found: "\(labels.count) that are not")
    }
    tokens = stored.tokens.flatMap { TokenKind(rawValue: $0) } ?? .words
    if let scales = stored.scales {
      guard scales.isSound else {
        throw files.damaged("scales", expected: "scales that can be used", found: "others")
      }
      encoder = .sequences(scales)
      return
    }
    guard let pieces = stored.pieces, let length = stored.maximumLength, (0...100_000_000).contains(pieces),
      (1...10_000_000).contains(length)
    else { throw files.damaged("pieces", expected: "numbers of pieces and steps", found: "others") }
    encoder = .texts(
      TextSpeller(
        tokenizer: try files.tokenizer(Self.tokenizerFile, kind: tokens), pieces: pieces,
        maximumLength: length))
  }

  /// What a network must read.
  var input: ClassifyNetwork.Input {
    switch encoder {
    case .texts(let speller): .tokens(vocabulary: speller.tokenizer.vocabularySize, pieces: speller.pieces)
    case .sequences(let frames): .frames(width: frames.width)
    }
  }

  /// - Throws: `DataError` when some input is of another kind than the model's.
  func check(_ input: ClassifyInput, source: String) throws(DataError) {
    func other(_ expected: String, _ found: String) -> DataError {
      DataError(
        .badSequence, file: source, expected: "\(expected), as the model was trained on", found: found)
    }
    switch (input, encoder) {
    case (.text, .texts): return
    case (.sequence(let sequence, let found), .sequences(let frames)):
      guard found == frames.channels.count || sequence.steps == 0 else {
        throw other("\(frames.channels.count) values at each step", "\(found)")
      }
    case (.text, .sequences): throw other("sequences of numbers", "texts")
    case (.sequence, .texts): throw other("texts", "sequences of numbers")
    }
  }

  /// The ids of an example's labels.
  ///
  /// - Throws: `DataError` for a label that the model does not know.
  func targets(of data: ClassifyData) throws(DataError) -> ClassifyTargets {
    let places = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    var ids: [[Int]] = []
    for example in data.examples {
      var own: [Int] = []
      for label in example.labels {
        guard let place = places[label] else {
          let known = labels.prefix(12).map { quoted($0) }.joined(separator: ", ")
          throw DataError(
            .badLabel, file: data.source, line: example.line,
            expected: "one of the labels \(known) that the model knows", found: quoted(label))
        }
        own.append(place)
      }
      ids.append(own)
    }
    return ClassifyTargets(ids: ids, count: labels.count)
  }
}
