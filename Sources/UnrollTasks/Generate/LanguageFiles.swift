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
    try folder.expect(Self.shapes(settings, vocabularySize: size))
    var network = LanguageNetwork.declared { random in
      LanguageNetwork(configuration.model, vocabularySize: size, using: &random)
    }
    try network.takeWeights(folder.tensors, file: file)
    self.network = network
  }

  /// The shapes of the large parameters.
  private static func shapes(
    _ settings: LanguageSettings, vocabularySize: Int
  ) -> [(name: String, shape: Shape)] {
    var shapes: [(String, Shape)] = [("embedding.weight", [vocabularySize, settings.embeddingSize])]
    var inputs = settings.embeddingSize
    for (index, size) in settings.layerSizes.enumerated() {
      let name = "layers.\(index).forward.cell"
      let rows = settings.cell.gates * size
      shapes.append(("\(name).weightInput", [rows, inputs]))
      shapes.append(("\(name).weightRecurrent", [rows, size]))
      inputs = size
    }
    // The output is as wide as the vocabulary; the tails of an adaptive softmax are smaller than its head.
    if settings.softmax == .adaptive {
      let cutoffs = LanguageNetwork.cutoffs(vocabularySize)
      shapes.append(("head.head.weight", [(cutoffs.first ?? vocabularySize) + cutoffs.count, inputs]))
    } else if !settings.tiesWeights {
      shapes.append(("head.weight", [vocabularySize, inputs]))
    }
    return shapes
  }

  public func save(to path: String) throws {
    try ModelDirectory.write(
      to: path, task: Self.task,
      settings: LanguageConfiguration(model: settings, training: summary),
      tensors: network.namedWeights(), card: card,
      otherFiles: [Self.tokenizerFile: tokenizer.tokenizerJSON()])
  }
}
