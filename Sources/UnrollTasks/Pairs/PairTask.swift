import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Settings of a task that turns one text into another.
public protocol PairTaskSettings: TaskSettings {
  var pairs: PairSettings { get set }
}

extension PairTaskSettings {
  public func check() throws(SettingError) { try pairs.check() }
}

/// A task that turns one text into another: what such tasks share.
public protocol PairTask: TaskDefinition
where
  Settings: PairTaskSettings, Data == PairData, Preparation == PairPreparation, Work == PairWork,
  Input == String
{}

extension PairTask {
  public static func split(_ data: PairData, _ settings: Settings, member: Int) -> DataParts<PairData> {
    data.split(settings.learning)
  }

  public static func joined(_ data: PairData, _ other: PairData) -> PairData { data.joined(with: other) }

  public static func fit(
    _ preparation: PairPreparation, to data: PairData, _ settings: Settings, grows: Bool
  ) throws -> PairPreparation { grows ? try preparation.grown(by: data, settings.pairs) : preparation }

  public static func network(
    _ settings: Settings, _ preparation: PairPreparation, using random: inout RandomSource
  ) -> SequenceToSequence { .make(settings.pairs, preparation, using: &random) }

  public static func remarks(
    _ parts: DataParts<PairData>, _ settings: Settings, _ preparation: PairPreparation
  ) throws -> [String] { try preparation.remarks(parts, settings.pairs) }

  public static func input(_ text: String, _ model: Model<Self>, _ options: Options) -> String { text }

  public static func trace(_ trace: inout Trace, _ model: Model<Self>) throws {
    try trace.pairs(model.networks)
  }
  public static func facts(_ model: Model<Self>) -> [Fact] { model.preparation.facts }
  public static func layers(_ model: Model<Self>) -> [LayerDescription] {
    model.networks.first.map { model.preparation.layers($0, model.settings.pairs) } ?? []
  }
}
