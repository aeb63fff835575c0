import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

import UnrollTasks

/// What holds of every task, by the same test.
struct ChassisTests {
  /// A task with data and settings that train in a moment.
  struct Case<Task: TaskDefinition> {
    let data: Task.Data
    var settings: Task.Settings
    let inputs: [Task.Input]
  }

  static func small(_ learning: inout LearningSettings) {
    learning.epochs = 2
    learning.seed = 7
  }

  static func forecast() throws -> Case<ForecastTask> {
    let values = (0..<80).map { Double($0 % 4) + 0.1 * Double($0) }
    let series = try TimeSeries(
      series: [.init(id: "", start: Timestamp("2000-01")!, targets: [values])], frequency: .monthly,
      targetNames: ["value"], timeName: "date", season: 4, horizon: 3, source: "sample")
    let data = ForecastData(series)
    var settings = try ForecastTask.defaults(for: data, ForecastSettings())
    small(&settings.learning)
    settings.network.hiddenSize = 9
    return Case(data: data, settings: settings, inputs: [series, series.droppingLast(2)])
  }

  static func classify() throws -> Case<ClassifyTask> {
    var settings = ClassifyToy.small()
    small(&settings.learning)
    settings.learning.validationShare = 0.2
    settings.learning.members = 2
    settings.network.dropout = 0.3
    return Case(
      data: try ClassifyToy.data(50), settings: settings,
      inputs: ClassifyToy.texts(9, seed: 4).texts.map { .text($0) } + [.text("")])
  }

  static func tag() throws -> Case<TagTask> {
    let sentences = (0..<30).map { index in
      TagData.Sentence(
        words: ["Ann", index % 2 == 0 ? "sees" : "hears", "Bob\(index % 5)", "."].suffix(1 + index % 4).map {
          $0
        },
        tags: ["B-p", "O", "B-p", "O"].suffix(1 + index % 4).map { $0 })
    }
    var settings = TagSettings()
    small(&settings.learning)
    (settings.embeddingSize, settings.characterSize, settings.characterHidden) = (7, 5, 3)
    (settings.featureSize, settings.network.hiddenSize) = (2, 9)
    return Case(
      data: try TagData(sentences), settings: settings,
      inputs: [["Ann", "sees", "Zoe"], ["."], []].map { TagInput($0) })
  }

  static func generate() throws -> Case<GenerateTask> {
    var settings = GenerateSettings()
    small(&settings.learning)
    (settings.tokens.embeddingSize, settings.network.hiddenSize, settings.network.layers) = (7, 17, 2)
    (settings.sequenceLength, settings.learning.batchSize) = (20, 3)
    return Case(
      data: try GenerateData(String(repeating: "abcdefgh\n", count: 120)), settings: settings,
      inputs: [])
  }

  static let pairs = (0..<60).map { index in
    PairData.Pair(
      source: "word\(index % 7) red dog\(index)", target: "dog\(index) word\(index % 7)")
  }

  static func small(_ settings: inout PairSettings) {
    settings.tokens = TokenSettings(.words, vocabularySize: 100, minimumCount: 2, embeddingSize: 7)
    settings.network.hiddenSize = 9
  }

  static func translate() throws -> Case<TranslateTask> {
    var settings = TranslateSettings()
    small(&settings.learning)
    small(&settings.pairs)
    return Case(data: PairData(pairs), settings: settings, inputs: ["word1 red dog3", "", "new words"])
  }

  static func summarize() throws -> Case<SummarizeTask> {
    var settings = SummarizeSettings()
    small(&settings.learning)
    small(&settings.pairs)
    return Case(data: PairData(pairs), settings: settings, inputs: ["word1 red dog3", "", "new words"])
  }

  // MARK: What holds

  private static func bits<Task: TaskDefinition>(_ model: Model<Task>) -> [[UInt32]] {
    model.weights.map { $0.value.elements.map(\.bitPattern) }
  }

  private static func lines<Task: TaskDefinition>(_ model: Model<Task>, _ inputs: [Task.Input]) throws
    -> [String]
  {
    try model.answers(inputs).map { answer in
      var writer = AnswerWriter<Task.Answer>(.json)
      return try writer.text(answer, id: nil, line: nil)
    }
  }

  private static func check<Task: TaskDefinition>(_ example: Case<Task>) throws {
    func train(_ threads: Int, _ settings: Task.Settings) throws -> Model<Task> {
      try WorkerPool.$limit.withValue(threads) { try Model<Task>.train(on: example.data, settings: settings) }
    }
    let model = try train(1, example.settings)
    let name = Task.about.name
    #expect(model.record.end == "completed", "\(name)")
    #expect(bits(model) == bits(try train(2, example.settings)), "\(name): the same on any number of threads")
    var other = example.settings
    other.learning.seed += 1
    #expect(bits(model) != bits(try train(2, other)), "\(name): the seed decides")

    // Each input is answered by itself.
    let together = try lines(model, example.inputs)
    for (input, line) in zip(example.inputs, together) {
      #expect(try lines(model, [input]) == [line], "\(name)")
    }

    // A folder holds all of it, bit for bit.
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try model.save(to: path)
    let again = try #require(try TaskRegistry.load(path) as? Model<Task>)
    #expect(
      bits(again) == bits(model) && again.settings == model.settings && again.record == model.record,
      "\(name)")
    #expect(try lines(again, example.inputs) == together, "\(name)")
    #expect(
      again.description.title == model.description.title && !model.description.layers.isEmpty, "\(name)")
    let card = String(decoding: try folder.read("model/README.md"), as: UTF8.self)
    #expect(card.contains("## Limits") && !card.contains("nan"), "\(name)")
    try damage(folder, Model<Task>.self)

    // Training goes on from it.
    let more = try Model<Task>.train(on: example.data, settings: example.settings, from: again)
    #expect(more.record.continuations == 1 && bits(more) != bits(model), "\(name)")
    #expect(more.weights.map(\.name) == model.weights.map(\.name), "\(name)")

    // Asked to stop, it keeps what there is.
    var long = example.settings
    long.learning.epochs = 100_000
    let cut = try Model<Task>.train(on: example.data, settings: long, session: .stopping(after: 5))
    #expect(cut.record.end == "interrupted", "\(name)")
    #expect(cut.weights.allSatisfy { $0.value.elements.allSatisfy(\.isFinite) }, "\(name)")

    // Without data that is named it scores what it is given.
    let report = try model.evaluate(on: example.data)
    #expect(!report.scores.isEmpty && report.scores[0].value?.isFinite == true, "\(name)")
  }

  /// Files that are cut, bent or empty are refused by a typed error.
  private static func damage<Task: TaskDefinition>(_ folder: TestFolder, _ type: Model<Task>.Type) throws {
    for name in ["config.json", "model.safetensors", "manifest.json"] {
      let whole = try folder.read("model/\(name)")
      var bent = whole
      bent[whole.count / 2] ^= 0x10
      for bytes in [Array(whole.dropLast(whole.count / 3)), bent, []] {
        try folder.write(bytes, "model/\(name)")
        #expect(throws: ModelFileError.self) { try Model<Task>(contentsOf: "\(folder.path)/model") }
      }
      try folder.write(whole, "model/\(name)")
    }
  }

  @Test func holdsForForecast() throws { try Self.check(Self.forecast()) }
  @Test func holdsForClassify() throws { try Self.check(Self.classify()) }
  @Test func holdsForTag() throws { try Self.check(Self.tag()) }
  @Test func holdsForGenerate() throws { try Self.check(Self.generate()) }
  @Test func holdsForTranslate() throws { try Self.check(Self.translate()) }
  @Test func holdsForSummarize() throws { try Self.check(Self.summarize()) }

  // MARK: What each learns

  @Test func taggersLearn() throws {
    var example = try Self.tag()
    example.settings.learning.epochs = 30
    let model = try Tagger.train(on: example.data, settings: example.settings)
    #expect(try model.evaluate(on: example.data).scores[0].value ?? 0 > 0.99)
  }

  @Test func languageModelsLearn() throws {
    var example = try Self.generate()
    example.settings.learning.epochs = 20
    example.settings.learning.learningRate = 0.02
    example.settings.network.dropout = 0
    example.settings.network.weightDropout = 0
    let model = try LanguageModel.train(on: example.data, settings: example.settings)
    #expect(
      try model.generate(prompt: "ab", length: 9, sampler: TokenSampler(temperature: 0)) == "cdefgh\nab")
  }

  @Test func translatorsLearn() throws {
    let words = ["one": "eins", "two": "zwei", "three": "drei", "four": "vier"]
    var random = RandomSource(seed: 3)
    let names = words.keys.sorted()
    let pairs = (0..<200).map { _ in
      let own = (0..<1 + random.below(4)).map { _ in names[random.below(4)] }
      return PairData.Pair(
        source: own.joined(separator: " "),
        target: own.reversed().compactMap { words[$0] }.joined(separator: " "))
    }
    var settings = TranslateSettings()
    Self.small(&settings.pairs)
    settings.pairs.network = RecurrentSettings(cell: .gru, hiddenSize: 32, dropout: 0)
    settings.pairs.tokens.embeddingSize = 16
    settings.pairs.tokenDropout = 0
    settings.learning.epochs = 40
    settings.learning.learningRate = 0.01
    settings.learning.batchTokens = 200
    let model = try Translator.train(on: PairData(pairs), settings: settings)
    let found = try model.translate(["one two three", "four"])
    #expect(found.map(\.text) == ["drei zwei eins", "vier"])
  }

  @Test func forecastersBeatSimpleMethods() throws {
    var example = try Self.forecast()
    example.settings.learning.epochs = 30
    example.settings.network.hiddenSize = 16
    let model = try Forecaster.train(on: example.data, settings: example.settings)
    let report = try model.evaluate(on: example.data)
    #expect((report.scores.first { $0.name == "MASE" }?.value ?? 9) < 0.8)
    let next = try model.forecast()
    #expect(next.horizon == 3)
  }
}
