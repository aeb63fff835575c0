import UnrollCore
import UnrollData

/// The words of a sentence and their tags.
public struct TaggedText: TaskAnswer, Equatable {
  /// An entity: words `start` to before `end`, counted from 0, and where they stand in the text.
  public struct Entity: Codable, Sendable, Equatable {
    public let type: String
    public let text: String
    public let start: Int
    public let end: Int
    /// Characters (Unicode scalars) of the text, from 0; `nil` where words were given.
    public let startCharacter: Int?
    public let endCharacter: Int?
  }

  public let words: [String]
  public let tags: [String]
  /// The probability of each tag, where that was asked for.
  public let probabilities: [Double]?
  /// `nil` where the tagger's tags spell no entities.
  public let entities: [Entity]?

  public var shown: String { zip(words, tags).map { "\($0)\t\($1)\n" }.joined() + "\n" }
  public var columns: [String] { ["word", "tag", "probability"] }
  public var rows: [[String]] {
    words.indices.map { place in
      [words[place], tags[place], probabilities.map { NumberText.decimal($0[place], places: 6) } ?? ""]
    }
  }
}

/// The words of a sentence, and where each stands in its text.
public struct TagInput: Sendable, Equatable {
  public let words: [String]
  let characters: [Range<Int>]?

  public init(_ words: [String]) {
    self.words = words
    characters = nil
  }

  /// - Parameter splitting: how words are found.
  init(text: String, _ splitting: WordSplitting) {
    words = WordTokenizer.train(on: [], splitting: splitting).words(in: text)
    // Words stand in the text one after the other, as they are written there.
    let all = Array(text.unicodeScalars)
    var (place, found): (Int, [Range<Int>]) = (0, [])
    for word in words {
      let own = Array(word.unicodeScalars)
      while place + own.count <= all.count, !all[place..<place + own.count].elementsEqual(own) { place += 1 }
      found.append(place..<min(place + own.count, all.count))
      place = min(place + own.count, all.count)
    }
    characters = found
  }
}

extension TagTask {
  public static func input(_ text: String, _ model: Tagger, _ options: TagOptions) -> TagInput {
    TagInput(text: text, options.tokenized ? .whitespace : .words)
  }

  /// The words of files of CoNLL columns.
  public static func inputs(
    contentsOf path: String, _ model: Tagger, _ options: TagOptions, note: (String) -> Void
  ) throws -> [TaskInput<TagInput>]? {
    guard [".conll", ".conllu", ".iob", ".bio"].contains(where: path.lowercased().hasSuffix) else {
      return nil
    }
    let bytes = try TextFile.bytes(at: path)
    let format: TaggedFormat =
      switch try TagData.format(of: bytes, path, model.settings) {
      case .conllu: .conllu(tag: nil)
      case .conll(let word, _): .conll(word: word, tag: 0)
      }
    var reader = try TaggedReader(ByteSource(bytes, name: path), format: format)
    var inputs: [TaskInput<TagInput>] = []
    while let sentence = try reader.next() {
      inputs.append(TaskInput(TagInput(sentence.words), line: sentence.lines.first))
    }
    for found in reader.notes { note(found.text) }
    return inputs
  }

  public static func answers(
    _ inputs: [TagInput], _ model: Tagger, _ options: TagOptions, _ session: AnswerSession
  ) throws -> [TaggedText] {
    let tags = model.preparation.tags
    let found = try decide(inputs.map(\.words), model, withProbabilities: options.probabilities)
    return zip(inputs, found).map { input, found in
      let entities = tags.scheme?.spans(found.tags).map { span in
        let words = input.words[span.range]
        return TaggedText.Entity(
          type: span.type, text: words.joined(separator: " "), start: span.range.lowerBound,
          end: span.range.upperBound,
          startCharacter: input.characters?[span.range.lowerBound].lowerBound,
          endCharacter: input.characters?[span.range.upperBound - 1].upperBound)
      }
      return TaggedText(
        words: input.words, tags: found.tags,
        probabilities: options.probabilities
          ? found.probabilities.map { (Double($0) * 1e6).rounded() / 1e6 } : nil,
        entities: entities)
    }
  }

  /// The tag of each word of each sentence, as the training data writes tags, and on demand their probabilities.
  private static func decide(
    _ sentences: [[String]], _ model: Tagger, withProbabilities: Bool = false
  ) throws -> [(tags: [String], probabilities: [Float])] {
    let (lexicon, tags) = (model.preparation.lexicon, model.preparation.tags)
    let pieces = sentences.map { TagData.pieces(of: $0) }
    let decoder = TagDecoder(model.networks)
    let found = try decoder.answers(
      TagWords(pieces.joined(), lexicon), adding: model.calibration?.bonuses(tags, decoder) ?? [],
      withProbabilities: withProbabilities)
    var next = 0
    return pieces.map { pieces in
      let own = found[next..<next + pieces.count]
      next += pieces.count
      return (own.flatMap { tags.decode($0.tags) }, own.flatMap(\.probabilities))
    }
  }

  public static func evaluate(
    _ data: TagData, _ model: Tagger, _ options: TagOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let (tags, words) = (model.preparation.tags, model.preparation.lexicon.words)
    let data = data.written(in: tags.scheme)
    let truth = data.sentences.map(\.tags)
    let found = try decide(data.sentences.map(\.words), model, withProbabilities: true)
    let guesses = found.map(\.tags)
    let report = ClassificationReport(actual: Array(truth.joined()), predicted: Array(guesses.joined()))
    var right = (seen: 0, unseen: 0)
    var count = (seen: 0, unseen: 0)
    var examples: [ScoreReport.Example] = []
    for (index, sentence) in data.sentences.enumerated() {
      let ids = words.encode(words: sentence.words)
      for (place, id) in ids.enumerated() {
        let isRight = truth[index][place] == guesses[index][place]
        if id == SpecialToken.unknown.id {
          count.unseen += 1
          right.unseen += isRight ? 1 : 0
        } else {
          count.seen += 1
          right.seen += isRight ? 1 : 0
        }
        let p = Double(found[index].probabilities[place])
        examples.append(
          .init(
            place: "\(sentence.line):\(place + 1)", input: sentence.words[place], truth: truth[index][place],
            answer: guesses[index][place], probability: p, error: isRight ? -p : p))
      }
    }
    let whole = Double(zip(truth, guesses).count { $0 == $1 }) / Double(max(1, truth.count))
    func share(_ right: Int, _ count: Int) -> Double { count == 0 ? .nan : Double(right) / Double(count) }
    let common: [ScoreReport.Score] = [
      .init("accuracy", report.accuracy, unit: "%"),
      .init("accuracy of seen words", share(right.seen, count.seen), unit: "%", note: "\(count.seen) words"),
      .init(
        "accuracy of unseen words", share(right.unseen, count.unseen), unit: "%",
        note: "\(count.unseen) words"),
      .init("whole sentences", whole, unit: "%"), .init("words", Double(report.count)),
    ]
    let confusions = ScoreReport.confusions(report.classes, report.confusion)
    guard tags.scheme != nil else {
      return ScoreReport(
        common,
        tables: [.init("by tag", report.classes, report.perClass, ("all", report.micro)), confusions],
        examples: examples)
    }
    let entities = EntityScore(actual: truth, predicted: guesses)
    return ScoreReport(
      [
        .init("F1 of entities", entities.overall.f1, unit: "%"),
        .init("precision", entities.overall.precision, unit: "%"),
        .init("recall", entities.overall.recall, unit: "%"),
      ] + common,
      tables: [
        .init(
          "by type", entities.perType.map(\.type), entities.perType.map(\.score), ("all", entities.overall)),
        confusions,
      ], examples: examples)
  }
}

extension Model where Task == TagTask {
  /// The tag of each word of each sentence, as the training data writes tags.
  ///
  /// A sentence without words has no tags. One of more than 512 words is read in pieces.
  public func tag(_ sentences: [[String]]) throws -> [[String]] {
    try answers(sentences.map(TagInput.init)).map(\.tags)
  }
}
