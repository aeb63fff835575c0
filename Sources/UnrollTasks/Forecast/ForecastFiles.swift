import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What `config.json` holds of a forecaster.
struct ForecastConfiguration: Codable {
  var model: ForecastSettings
  var targets: [String]
  var known: [String]
  var time: String
  var id: String?
  var timeFormat: TimeFormat
  var frequency: Frequency
  var season: Int
  var horizon: Int
  var source: String
  var scales: ForecastScales
  var training: ForecastSummary
  /// SHA-256 of `history.csv`.
  var dataHash: String
}

extension Forecaster: TaskModel {
  public static let task = "forecast"
  static let historyFile = "history.csv"

  /// Checks, before any training, that a model could be saved at a path.
  ///
  /// - Throws: `ModelFileError`.
  public static func checkWritable(_ path: String) throws { try ModelDirectory.checkWritable(path) }

  public init(contentsOf path: String) throws {
    let folder = try ModelDirectory.load(path, task: Self.task)
    let configuration: ForecastConfiguration = try folder.settings()
    let place = "\(path)/config.json"
    do {
      try configuration.model.check()
    } catch {
      throw ModelFileError(.damaged, file: place, expected: "settings that make a model", found: "\(error)")
    }
    settings = configuration.model
    summary = configuration.training
    scales = configuration.scales
    let bytes = try folder.file(Self.historyFile)
    data = try TimeSeries(
      CSVTable(bytes: bytes, name: configuration.source),
      SeriesRequest(
        time: configuration.time, targets: configuration.targets, id: configuration.id,
        known: configuration.known, frequency: configuration.frequency, season: configuration.season,
        horizon: configuration.horizon, timeFormat: configuration.timeFormat))
    guard scales.covariates.count == configuration.known.count,
      scales.tracks.values.allSatisfy({ $0.count == configuration.targets.count })
    else {
      throw ModelFileError(
        .damaged, file: place, place: "scales", expected: "a scale for each column", found: "another number")
    }
    networks = try Self.networks(folder, configuration)
  }

  private static func networks(
    _ folder: LoadedModel, _ configuration: ForecastConfiguration
  ) throws -> [ForecastNetwork] {
    let file = "\(folder.path)/model.safetensors"
    let settings = configuration.model
    let known = configuration.known.count
    let inputs = ForecastBatch.inputWidth(settings, known: known)
    let context = ForecastBatch.contextWidth(settings, known: known)
    var networks: [ForecastNetwork] = []
    for member in 0..<settings.members {
      var network = ForecastNetwork.declared { random in
        ForecastNetwork(
          settings, targets: configuration.targets.count, inputWidth: inputs,
          contextWidth: context, known: known, using: &random)
      }
      try folder.expect(network, prefix: "members.\(member)")
      try network.takeWeights(folder.tensors, prefix: "members.\(member)", file: file)
      networks.append(network)
    }
    return networks
  }

  public func save(to path: String) throws { try save(to: path, otherFiles: [:]) }

  /// Saves the model with more files beside it, such as a plot.
  ///
  /// - Throws: `ModelFileError` when the place cannot be written.
  public func save(to path: String, otherFiles: [String: [UInt8]]) throws {
    let history = historyCSV()
    let hash = SHA256.hexadecimal(history)
    var stored = settings
    stored.members = networks.count
    let configuration = ForecastConfiguration(
      model: stored, targets: data.targetNames, known: data.knownNames, time: data.timeName, id: data.idName,
      timeFormat: data.timeFormat, frequency: data.frequency, season: data.season, horizon: data.horizon,
      source: data.source, scales: scales, training: summary, dataHash: hash)
    let tensors = networks.enumerated().flatMap { $1.namedWeights(prefix: "members.\($0)") }
    try ModelDirectory.write(
      to: path, task: Self.task, settings: configuration, tensors: tensors, card: card(dataHash: hash),
      otherFiles: otherFiles.merging([Self.historyFile: history]) { own, _ in own })
  }

  /// The training data as a table, from which `forecast()` continues.
  private func historyCSV() -> [UInt8] {
    var writer = CSVWriter()
    writer.write((data.idName.map { [$0] } ?? []) + [data.timeName] + data.targetNames + data.knownNames)
    for series in data.series {
      for step in 0..<series.knownCount {
        let targets = series.targets.map { step < $0.count ? DecimalText.text($0[step]) : "" }
        let known = series.known.map { DecimalText.text($0[step]) }
        writer.write(
          (data.idName != nil ? [series.id] : []) + [data.timeText(of: step, in: series)] + targets + known)
      }
    }
    return writer.bytes
  }
}
