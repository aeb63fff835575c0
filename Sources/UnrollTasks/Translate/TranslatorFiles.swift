import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What `config.json` holds of a translator.
struct TranslationConfiguration: Codable {
  var model: TranslationSettings
  var limits: TranslationLimits
  var training: TranslationSummary
}

extension Translator: TaskModel {
  public static let task = "translate"
  static let sourceFile = "tokenizer.json"
  /// Where the target has a vocabulary of its own.
  static let targetFile = "tokenizer.target.json"

  public init(contentsOf path: String) throws {
    let folder = try ModelDirectory.load(path, task: Self.task)
    let configuration: TranslationConfiguration = try folder.settings()
    settings = configuration.model
    limits = configuration.limits
    summary = configuration.training
    let place = "\(path)/config.json"
    do {
      try settings.check()
    } catch {
      throw ModelFileError(.damaged, file: place, expected: "settings that make a model", found: "\(error)")
    }
    guard limits.ratio.isFinite, limits.ratio >= 0, (1...10_000_000).contains(limits.source) else {
      throw ModelFileError(
        .damaged, file: place, place: "settings.limits", expected: "a ratio of at least 0 and a length",
        found: "\(limits.ratio) and \(limits.source)")
    }
    source = try Self.tokenizer(folder, Self.sourceFile, settings.tokens)
    target = settings.isJoint ? source : try Self.tokenizer(folder, Self.targetFile, settings.tokens)
    network = try Self.network(folder, settings, sourceCount: source.count, targetCount: target.count)
  }

  private static func tokenizer(
    _ folder: LoadedModel, _ name: String, _ kind: TranslationSettings.Tokens
  ) throws -> TranslationTokenizer {
    let file = "\(folder.path)/\(name)"
    let tokenizer: any Tokenizer
    do {
      tokenizer = try TokenizerFile.read(try folder.file(name), name: file)
    } catch let error as DataError {
      throw ModelFileError(.damaged, file: file, expected: "a tokenizer of this library", found: "\(error)")
    }
    let fits =
      switch kind {
      case .words: tokenizer is WordTokenizer
      case .subwords: tokenizer is BytePairTokenizer
      case .characters: tokenizer is CharacterTokenizer
      }
    guard fits else {
      throw ModelFileError(
        .damaged, file: file, expected: "a tokenizer of \(kind.rawValue)", found: "one of another kind")
    }
    return TranslationTokenizer(kind: kind, tokenizer: tokenizer)
  }

  private static func network(
    _ folder: LoadedModel, _ settings: TranslationSettings, sourceCount: Int, targetCount: Int
  ) throws -> TranslationNetwork {
    let file = "\(folder.path)/model.safetensors"
    var network = TranslationNetwork.declared { random in
      TranslationNetwork(settings, sourceCount: sourceCount, targetCount: targetCount, using: &random)
    }
    try folder.expect(network)
    try network.takeWeights(folder.tensors, file: file)
    let names = Set(network.parameterShapes.map(\.name))
    if let other = folder.tensors.first(where: { !names.contains($0.name) }) {
      throw ModelFileError(
        .damaged, file: file, place: other.name, expected: "the weights that config.json asks for",
        found: "one more")
    }
    return network
  }

  public func save(to path: String) throws {
    var files = [Self.sourceFile: source.tokenizer.tokenizerJSON()]
    if !settings.isJoint { files[Self.targetFile] = target.tokenizer.tokenizerJSON() }
    try ModelDirectory.write(
      to: path, task: Self.task,
      settings: TranslationConfiguration(model: settings, limits: limits, training: summary),
      tensors: network.namedWeights(), card: card, otherFiles: files)
  }
}
