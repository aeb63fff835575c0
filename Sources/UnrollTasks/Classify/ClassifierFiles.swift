import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What `config.json` holds of a classifier.
struct ClassifierConfiguration: Codable {
  var model: ClassifierSettings
  var labels: [String]
  var format: ClassifierFormat?
  var scales: SequenceEncoder?
  var training: ClassifierSummary
}

extension Classifier: TaskModel {
  public static let task = "classify"
  static let tokenizerFile = "tokenizer.json"

  public init(contentsOf path: String) throws {
    let folder = try ModelDirectory.load(path, task: Self.task)
    let configuration: ClassifierConfiguration = try folder.settings()
    let place = "\(path)/config.json"
    func damaged(_ where: String, _ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(.damaged, file: place, place: `where`, expected: expected, found: found)
    }
    do {
      try configuration.model.check()
    } catch {
      throw ModelFileError(.damaged, file: place, expected: "settings that make a model", found: "\(error)")
    }
    settings = configuration.model
    labels = configuration.labels
    format = configuration.format
    summary = configuration.training
    guard !labels.isEmpty, Set(labels).count == labels.count else {
      throw damaged("labels", "different labels", "\(labels.count) that are not")
    }
    guard summary.counts.count == labels.count else {
      throw damaged("training.counts", "a count for each label", "\(summary.counts.count)")
    }
    if let scales = configuration.scales {
      guard scales.isSound else { throw damaged("scales", "scales that can be used", "others") }
      encoder = .sequences(scales)
    } else {
      let file = "\(path)/\(Self.tokenizerFile)"
      do {
        let bytes = try folder.file(Self.tokenizerFile)
        encoder = .texts(TextEncoder(tokenizer: try TokenizerFile.read(bytes, name: file), settings))
      } catch let error as DataError {
        throw ModelFileError(.damaged, file: file, expected: "a tokenizer", found: error.description)
      }
    }
    networks = try Self.networks(folder, settings, encoder, labels: labels.count)
  }

  private static func networks(
    _ folder: LoadedModel, _ settings: ClassifierSettings, _ encoder: ClassifierEncoder, labels: Int
  ) throws -> [ClassifyNetwork] {
    let file = "\(folder.path)/model.safetensors"
    var networks: [ClassifyNetwork] = []
    for member in 0..<settings.members {
      var network = ClassifyNetwork.declared { random in
        ClassifyNetwork(settings, encoder.input, labels: labels, using: &random)
      }
      try folder.expect(network, prefix: "members.\(member)")
      try network.takeWeights(folder.tensors, prefix: "members.\(member)", file: file)
      networks.append(network)
    }
    return networks
  }

  public func save(to path: String) throws {
    var stored = settings
    stored.members = networks.count
    var configuration = ClassifierConfiguration(
      model: stored, labels: labels, format: format, scales: nil, training: summary)
    var files: [String: [UInt8]] = [:]
    switch encoder {
    case .texts(let encoder): files[Self.tokenizerFile] = encoder.tokenizer.tokenizerJSON()
    case .sequences(let encoder): configuration.scales = encoder
    }
    let tensors = networks.enumerated().flatMap { $1.namedWeights(prefix: "members.\($0)") }
    try ModelDirectory.write(
      to: path, task: Self.task, settings: configuration, tensors: tensors, card: card, otherFiles: files)
  }
}
