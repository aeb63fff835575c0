import Foundation
import Unroll

/// Settings of the task: a line each.
struct CountingSettings: TaskSettings {
  var hiddenSize = 24
  var learning = LearningSettings()

  init() {
    learning.epochs = 30
    learning.learningRate = 0.01
    learning.validationShare = 0.2
  }

  static let fields: [SettingField<CountingSettings>] =
    [SettingField(\.hiddenSize, "hidden", 1...512, .network, "Units of the recurrent layer.")]
    + LearningSettings.fields(at: \.learning)
}

/// Lines of a text, a tab and a label.
struct CountingData: TaskData {
  struct Line: Sendable {
    let text: String
    let label: String
    let number: Int
  }

  struct BadLine: Error, CustomStringConvertible {
    let description: String
  }

  var lines: [Line]
  let source: String
  let hash = ""
  var facts: [Fact] { [Fact("texts", lines.count)] }

  init(path: String) throws {
    source = path
    lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").enumerated().map {
      number, line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 2 else {
        throw BadLine(description: "\(path), line \(number + 1): expected text and label, found \(line)")
      }
      return Line(text: String(fields[0]), label: String(fields[1]), number: number + 1)
    }
  }
}

/// What is learned before the network: which letters and which labels there are.
struct CountingAlphabet: ModelPart {
  struct Stored: Codable, Sendable {
    var letters: String
    var labels: [String]
  }

  let stored: Stored
  var files: [String: [UInt8]] { [:] }

  init(_ data: CountingData) {
    stored = Stored(
      letters: String(Set(data.lines.map(\.text).joined()).sorted()),
      labels: Set(data.lines.map(\.label)).sorted())
  }

  init(_ stored: Stored, _ files: ModelFiles) throws {
    guard !stored.letters.isEmpty, stored.labels.count > 1 else {
      throw files.damaged("labels", expected: "letters and two labels", found: stored.labels)
    }
    self.stored = stored
  }

  /// Letters that are not known are left out.
  func symbols(_ text: String) -> [Int32] {
    let letters = Array(stored.letters)
    return text.compactMap { letters.firstIndex(of: $0).map { Int32($0) } }
  }
}

struct CountingAnswer: TaskAnswer {
  let label: String
  let probability: Double

  var shown: String { "\(label)\t\(probability)" }
  var columns: [String] { ["label", "probability"] }
  var rows: [[String]] { [[label, "\(probability)"]] }
}

/// How the network learns: shuffled batches of texts.
struct CountingWork: TrainingWork {
  let texts: [[Int32]]
  let labels: [Int32]
  let validation: (texts: [[Int32]], labels: [Int32])?
  let batchSize: Int
  private var order: [Int]

  init(
    _ training: CountingData, _ validation: CountingData?, _ alphabet: CountingAlphabet, batchSize: Int
  ) {
    func read(_ data: CountingData) -> (texts: [[Int32]], labels: [Int32]) {
      (
        data.lines.map { alphabet.symbols($0.text) },
        data.lines.map { Int32(alphabet.stored.labels.firstIndex(of: $0.label) ?? -1) }
      )
    }
    (texts, labels) = read(training)
    self.validation = validation.map(read)
    self.batchSize = batchSize
    order = Array(texts.indices)
  }

  var stepsPerEpoch: Int { (texts.count + batchSize - 1) / batchSize }

  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    order = Array(texts.indices).shuffled(using: &random)
  }

  func loss(
    _ model: CountingNetwork, step: Int, carry: Never?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Never?) {
    let chosen = order[step * batchSize..<min(texts.count, (step + 1) * batchSize)]
    return (try PooledHead.loss(model(chosen.map { texts[$0] }), chosen.map { labels[$0] }), nil)
  }

  func validate(_ model: CountingNetwork) throws -> Double? {
    guard let validation else { return nil }
    return Double(
      try PooledHead.loss(model(validation.texts), validation.labels).mean.value.scalar)
  }
}

/// A task of one's own: training, files, cards, answers, scores and export are the library's.
enum CountingTask: TaskDefinition {
  static let about = TaskAbout(
    "count", "Tell texts of two labels apart by counting their letters.",
    discussion: "A file with a line for each text: the text, a tab, its label.",
    files: [TaskFile("DATA", "Texts and labels.")], inputName: "TEXT",
    limits: "It has seen short texts alone.")

  static func read(
    _ files: [String], _ settings: CountingSettings, note: (String) -> Void
  ) throws -> CountingData { try CountingData(path: files[0]) }

  static func split(
    _ data: CountingData, _ settings: CountingSettings, member: Int
  ) throws -> DataParts<CountingData> {
    var random = RandomSource(seed: settings.learning.seed)
    let shuffled = data.lines.shuffled(using: &random)
    let held = Int(Double(shuffled.count) * settings.learning.validationShare(of: shuffled.count))
    var (training, validation) = (data, data)
    training.lines = Array(shuffled.dropFirst(held))
    validation.lines = Array(shuffled.prefix(held))
    return DataParts(training: training, validation: held > 0 ? validation : nil)
  }

  static func joined(_ data: CountingData, _ other: CountingData) throws -> CountingData {
    var both = data
    both.lines += other.lines
    return both
  }

  static func prepare(_ data: CountingData, _ settings: inout CountingSettings) throws -> CountingAlphabet {
    CountingAlphabet(data)
  }

  static func network(
    _ settings: CountingSettings, _ alphabet: CountingAlphabet, using random: inout RandomSource
  ) throws -> CountingNetwork {
    CountingNetwork(
      letters: alphabet.stored.letters.count, labels: alphabet.stored.labels.count,
      hiddenSize: settings.hiddenSize, using: &random)
  }

  static func work(
    _ training: CountingData, validation: CountingData?, _ settings: CountingSettings,
    _ alphabet: CountingAlphabet
  ) throws -> CountingWork {
    CountingWork(training, validation, alphabet, batchSize: settings.learning.batchSize)
  }

  static func fit(
    _ alphabet: CountingAlphabet, to data: CountingData, _ settings: CountingSettings, grows: Bool
  ) throws -> CountingAlphabet { alphabet }

  static func input(_ text: String, _ model: Model<Self>, _ options: NoSettings) throws -> String { text }

  static func answers(
    _ inputs: [String], _ model: Model<Self>, _ options: NoSettings, _ session: AnswerSession
  ) throws -> [CountingAnswer] {
    let labels = model.preparation.stored.labels
    let texts = inputs.map { model.preparation.symbols($0) }
    let shares = try Variable.mean(of: model.networks.map { try $0(texts).softmax() }).value
    return inputs.indices.map { row in
      let all = labels.indices.map { Double(shares[row * labels.count + $0]) }
      let best = labels.indices.max { all[$0] < all[$1] } ?? 0
      return CountingAnswer(label: labels[best], probability: all[best])
    }
  }

  static func evaluate(
    _ data: CountingData, _ model: Model<Self>, _ options: NoSettings, _ session: AnswerSession
  ) throws -> ScoreReport {
    let found = try answers(data.lines.map(\.text), model, options, session)
    let right = zip(data.lines, found).filter { $0.label == $1.label }.count
    return ScoreReport([
      .init("accuracy", Double(right) / Double(max(1, data.lines.count)), unit: "%")
    ])
  }

  static func trace(_ trace: inout Trace, _ model: Model<Self>) throws {
    let layout = trace.lengths("lengths")
    let symbols = trace.symbols("letters", below: model.preparation.stored.letters.count, layout)
    let shares = try model.networks.map { try $0(symbols, layout).softmax() }
    trace.gives("probabilities", .mean(of: shares))
  }

  static func title(_ model: Model<Self>) -> String { "labels of counted texts" }

  static func layers(_ model: Model<Self>) -> [LayerDescription] {
    let hidden = model.settings.hiddenSize
    return [
      LayerDescription("embedding", "[T, B]", "[T, B, 8]", .stepwise),
      LayerDescription("minimal gated unit", "[T, B, 8]", "[T, B, \(hidden)]", .forward),
      LayerDescription("linear", "[B, \(hidden)]", "[B, \(model.preparation.stored.labels.count)]", .pooled),
    ]
  }
}
