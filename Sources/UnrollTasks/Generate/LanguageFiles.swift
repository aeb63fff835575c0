import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What `config.json` holds of a language model.
struct LanguageConfiguration: Codable {
  var model: LanguageSettings
  var training: LanguageSummary
}

extension LanguageModel: TaskModel {
  public static let task = "generate"
  static let tokenizerFile = "tokenizer.json"

  public init(contentsOf path: String) throws {
    let folder = try ModelDirectory.load(path, task: Self.task)
    let configuration: LanguageConfiguration = try folder.settings()
    settings = configuration.model
    summary = configuration.training
    do {
      try settings.check()
    } catch {
      throw ModelFileError(
        .damaged, file: "\(path)/config.json", expected: "settings that make a model", found: "\(error)")
    }
    tokenizer = try TokenizerFile.read(
      try folder.file(Self.tokenizerFile), name: "\(path)/\(Self.tokenizerFile)")
    let size = tokenizer.vocabularySize
    let file = "\(path)/model.safetensors"
    var network = LanguageNetwork.declared { random in
      LanguageNetwork(configuration.model, vocabularySize: size, using: &random)
    }
    try folder.expect(network)
    try network.takeWeights(folder.tensors, file: file)
    self.network = network
  }

  public func save(to path: String) throws {
    try ModelDirectory.write(
      to: path, task: Self.task,
      settings: LanguageConfiguration(model: settings, training: summary),
      tensors: network.namedWeights(), card: card,
      otherFiles: [Self.tokenizerFile: tokenizer.tokenizerJSON()])
  }
}
