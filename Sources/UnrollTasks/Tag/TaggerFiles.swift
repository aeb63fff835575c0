import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What `config.json` holds of a tagger.
struct TaggerConfiguration: Codable {
  var model: TaggerSettings
  /// The network's tags, by their ids.
  var tags: [String]
  /// The scheme of the data's tags.
  var scheme: String?
  var source: TaggerSource
  var training: TaggerSummary
}

extension Tagger: TaskModel {
  public static let task = "tag"
  /// Words.
  static let tokenizerFile = "tokenizer.json"
  static let charactersFile = "characters.json"
  /// Affixes and shapes.
  static let featuresFile = "features.json"

  public init(contentsOf path: String) throws {
    let folder = try ModelDirectory.load(path, task: Self.task)
    let configuration: TaggerConfiguration = try folder.settings()
    let place = "\(path)/config.json"
    func damaged(_ what: String, _ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(.damaged, file: place, place: what, expected: expected, found: found)
    }
    do {
      try configuration.model.check()
    } catch {
      throw damaged("model", "settings that make a model", "\(error)")
    }
    let scheme = try configuration.scheme.map { name in
      guard let scheme = TagScheme(rawValue: name) else {
        throw damaged(
          "scheme", "one of \(TagScheme.allCases.map(\.rawValue).joined(separator: ", "))", quoted(name))
      }
      return scheme
    }
    let tags = TaggerTags(names: configuration.tags, scheme: scheme)
    guard tags.names.count >= 2, Set(tags.names).count == tags.names.count else {
      throw damaged("tags", "at least two different tags", "\(tags.names.count) of which some are equal")
    }
    let lexicon = TaggerLexicon(
      words: try Self.tokenizer(folder, Self.tokenizerFile),
      characters: try Self.tokenizer(folder, Self.charactersFile),
      features: try Self.tokenizer(folder, Self.featuresFile), configuration.model)
    self.init(
      settings: configuration.model, summary: configuration.training, lexicon: lexicon, tags: tags,
      source: configuration.source,
      networks: try Self.networks(folder, configuration.model, lexicon.sizes(tags), tags))
  }

  private static func tokenizer<Kind: Tokenizer>(
    _ folder: LoadedModel, _ name: String
  ) throws -> Kind {
    let file = "\(folder.path)/\(name)"
    guard let tokenizer = try TokenizerFile.read(try folder.file(name), name: file) as? Kind else {
      throw ModelFileError(.damaged, file: file, expected: "a \(Kind.self)", found: "another tokenizer")
    }
    return tokenizer
  }

  private static func networks(
    _ folder: LoadedModel, _ settings: TaggerSettings, _ sizes: TaggerNetwork.Sizes, _ tags: TaggerTags
  ) throws -> [TaggerNetwork] {
    let file = "\(folder.path)/model.safetensors"
    var networks: [TaggerNetwork] = []
    for member in 0..<settings.members {
      var network = TaggerNetwork.declared { random in
        TaggerNetwork(
          settings, sizes, constraints: tags.constraints, decision: tags.decision(settings), using: &random)
      }
      try folder.expect(network, prefix: "members.\(member)")
      try network.takeWeights(folder.tensors, prefix: "members.\(member)", file: file)
      networks.append(network)
    }
    return networks
  }

  public func save(to path: String) throws {
    let configuration = TaggerConfiguration(
      model: settings, tags: tags.names, scheme: tags.scheme?.rawValue, source: source, training: summary)
    try ModelDirectory.write(
      to: path, task: Self.task, settings: configuration,
      tensors: networks.enumerated().flatMap { $1.namedWeights(prefix: "members.\($0)") }, card: card(),
      otherFiles: [
        Self.tokenizerFile: lexicon.words.tokenizerJSON(),
        Self.charactersFile: lexicon.characters.tokenizerJSON(),
        Self.featuresFile: lexicon.features.tokenizerJSON(),
      ])
  }
}
