import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Gives each word of a sentence a tag: its part of speech, or what entity it belongs to.
///
///     let tagger = try Tagger.train(files: ["train.conllu"])
///     print(try tagger.tag([["Ada", "lives", "in", "Rome"]]))      // [["B-person", "O", "O", "B-place"]]
public typealias Tagger = Model<TagTask>

/// What a tagger knows before its network: its words and its tags.
public struct TagPreparation: ModelPart {
  /// What stands in `config.json`.
  public struct Stored: Codable, Sendable {
    var tags: [String]
    var scheme: String?
    var prefixes: Int
    var suffixes: Int
  }

  package let lexicon: TagLexicon
  package let tags: TagSet

  init(_ lexicon: TagLexicon, _ tags: TagSet) {
    self.lexicon = lexicon
    self.tags = tags
  }

  public var stored: Stored {
    Stored(
      tags: tags.names, scheme: tags.scheme?.rawValue, prefixes: lexicon.prefixes, suffixes: lexicon.suffixes)
  }

  public var files: [String: [UInt8]] {
    [
      "tokenizer.json": lexicon.words.tokenizerJSON(), "characters.json": lexicon.characters.tokenizerJSON(),
      "features.json": lexicon.features.tokenizerJSON(),
    ]
  }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    let scheme = try stored.scheme.map { name in
      guard let scheme = TagScheme(rawValue: name) else {
        throw files.damaged("scheme", expected: "a scheme that is known", found: quoted(name))
      }
      return scheme
    }
    guard stored.tags.count >= 2, Set(stored.tags).count == stored.tags.count else {
      throw files.damaged("tags", expected: "at least two different tags", found: "\(stored.tags.count)")
    }
    guard (0...8).contains(stored.prefixes), (0...8).contains(stored.suffixes) else {
      throw files.damaged(
        "prefixes", expected: "0 to 8 characters", found: "\(stored.prefixes), \(stored.suffixes)")
    }
    lexicon = TagLexicon(
      words: try files.tokenizer("tokenizer.json"), characters: try files.tokenizer("characters.json"),
      features: try files.tokenizer("features.json"), prefixes: stored.prefixes, suffixes: stored.suffixes)
    tags = TagSet(names: stored.tags, scheme: scheme)
  }

  var sizes: TagNetwork.Sizes {
    .init(
      words: lexicon.words.vocabularySize, characters: lexicon.characters.vocabularySize,
      features: lexicon.features.vocabularySize, tags: tags.names.count)
  }
}

/// Many to many of equal length: gives each word a tag.
public enum TagTask: TaskDefinition {
  public typealias Calibration = EntityBonus

  public static let about = TaskAbout(
    "tag", "Give each word a tag: parts of speech, names of people and places.",
    discussion: """
      Learns from sentences with a tag for each word, one word a line: CoNLL columns or CoNLL-U. Tags such as B-person and \
      I-person spell entities, in BIO, IOB1 or BIOES.

        unroll train tag train.conllu --validation dev.conllu -o parts-of-speech
        unroll tag parts-of-speech "Time flies like an arrow"
        unroll evaluate parts-of-speech test.conllu
      """, files: [TaskFile("DATA", count: 1...1000, "Sentences with tags: CoNLL columns or CoNLL-U.")],
    inputName: "SENTENCE",
    limits:
      "The network learned from its training data alone. Of words that those sentences do not hold, it knows the "
      + "characters, the ends, the shape and the neighbours. Text of another kind than the training data is tagged worse."
  )

  public static func read(_ files: [String], _ settings: TagSettings, note: (String) -> Void) throws
    -> TagData
  {
    try TagData(files, settings, note: note)
  }

  public static func defaults(for data: TagData, _ given: TagSettings) -> TagSettings {
    data.scheme == nil ? .tags : .entities
  }

  public static func split(_ data: TagData, _ settings: TagSettings, member: Int) -> DataParts<TagData> {
    let cut = DataSplit(
      count: data.sentences.count, fraction: settings.learning.validationShare(of: data.sentences.count),
      seed: settings.learning.seed)
    return DataParts(
      training: data.choosing(cut.training),
      validation: cut.validation.isEmpty ? nil : data.choosing(cut.validation))
  }

  public static func joined(_ data: TagData, _ other: TagData) -> TagData {
    data.joined(with: other.written(in: data.scheme))
  }

  public static func prepare(_ data: TagData, _ settings: inout TagSettings) throws -> TagPreparation {
    if let fault = data.fault { throw fault }
    let tags = TagSet(data.sentences.lazy.map(\.tags), scheme: data.scheme)
    guard tags.names.count >= 2 else {
      throw DataError(
        .badTags, file: data.source, expected: "at least two different tags to learn",
        found: tags.names.first.map { "\(quoted($0)) alone" } ?? "no words")
    }
    settings.decision = settings.decision ?? (data.scheme == nil ? .softmax : .crf)
    return TagPreparation(TagLexicon(data.sentences.lazy.map(\.words), settings), tags)
  }

  public static func fit(
    _ preparation: TagPreparation, to data: TagData, _ settings: TagSettings, grows: Bool
  ) throws -> TagPreparation {
    if let fault = data.fault { throw fault }
    let own = TagSet(
      data.written(in: preparation.tags.scheme).sentences.lazy.map(\.tags),
      scheme: data.scheme == nil ? nil : preparation.tags.scheme)
    let foreign = own.names.filter { !preparation.tags.names.contains($0) }
    guard grows || foreign.isEmpty else {
      throw DataError(
        .badTags, file: data.source, expected: "tags that the model knows",
        found: foreign.prefix(8).map { quoted($0) }.joined(separator: ", "))
    }
    guard grows else { return preparation }
    let lexicon = preparation.lexicon
    let words = try lexicon.words.grown(
      by: data.sentences.lazy.map { $0.words.joined(separator: " ") }, minimumCount: settings.minimumCount)
    return TagPreparation(
      TagLexicon(
        words: words as? WordTokenizer ?? lexicon.words, characters: lexicon.characters,
        features: lexicon.features,
        prefixes: lexicon.prefixes, suffixes: lexicon.suffixes),
      TagSet(names: preparation.tags.names + foreign, scheme: preparation.tags.scheme))
  }

  public static func network(
    _ settings: TagSettings, _ preparation: TagPreparation, using random: inout RandomSource
  ) -> TagNetwork {
    TagNetwork(
      settings, preparation.sizes, constraints: preparation.tags.constraints,
      decision: settings.decision ?? .softmax, using: &random)
  }

  public static func work(
    _ training: TagData, validation: TagData?, _ settings: TagSettings, _ preparation: TagPreparation
  ) -> TagWork {
    let (lexicon, tags) = (preparation.lexicon, preparation.tags)
    let pieces = training.written(in: tags.scheme).pieces
    let held = validation?.written(in: tags.scheme).pieces
    return TagWork(
      settings, words: TagWords(pieces.map(\.words), lexicon), labels: pieces.map { tags.encode($0.tags) },
      lexicon: lexicon, validation: held.map { (TagWords($0.map(\.words), lexicon), $0.map(\.tags)) },
      tags: tags)
  }

  public static func calibrate(_ model: Tagger, on validation: TagData) throws -> EntityBonus? {
    let pieces = validation.written(in: model.preparation.tags.scheme).pieces
    return try EntityBonus(
      TagDecoder(model.networks), TagWords(pieces.map(\.words), model.preparation.lexicon),
      pieces.map(\.tags),
      model.preparation.tags)
  }

  public static func remarks(
    _ parts: DataParts<TagData>, _ settings: TagSettings, _ preparation: TagPreparation
  ) -> [String] {
    let data = parts.training
    let scheme = data.scheme.map { "entities in \($0.rawValue)" } ?? "tags that stand by themselves"
    var remarks = [
      "\(data.sentences.count) sentences, \(data.sentences.reduce(0) { $0 + $1.words.count }) words, \(scheme); \(parts.validation?.sentences.count ?? 0) sentences held out"
    ]
    let labels = LabelSet(data.sentences.flatMap(\.tags))
    func list(_ names: [String]) -> String {
      names.prefix(8).map { quoted($0) }.joined(separator: ", ")
        + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
    if !labels.singletons.isEmpty {
      remarks.append("seen once, and hardly to be learned: \(list(labels.singletons))")
    }
    let held =
      parts.validation.map { LabelSet($0.written(in: data.scheme).sentences.flatMap(\.tags)).names } ?? []
    let foreign = held.filter { labels.id($0) == nil }
    if !foreign.isEmpty { remarks.append("held out but not learned from, and never right: \(list(foreign))") }
    return remarks
  }

  public static func title(_ model: Tagger) -> String {
    model.preparation.tags.scheme == nil ? "tags for words" : "entities in sentences"
  }

  public static func facts(_ model: Tagger) -> [Fact] {
    [Fact("vocabulary in use", model.preparation.lexicon.words.vocabularySize)]
  }

  public static func layers(_ model: Tagger) -> [LayerDescription] {
    guard let network = model.networks.first else { return [] }
    let output = network.encoder.outputSize
    return [
      LayerDescription(
        "words, characters, affixes", "[T, B]", "[T, B, \(network.encoder.inputSize)]", .stepwise),
      .recurrent(network.encoder, model.settings.network),
      LayerDescription(
        network.head.field == nil ? "softmax" : "conditional random field", "[T, B, \(output)]",
        "[T, B, \(model.preparation.tags.names.count)]",
        network.head.field == nil ? .stepwise : .bidirectional),
    ]
  }
}
