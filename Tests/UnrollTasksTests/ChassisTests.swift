import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// What holds of every task, by the same test.
struct ChassisTests {
  static func forecast() throws -> ChassisCase<ForecastTask> {
    let values = (0..<80).map { Double($0 % 4) + 0.1 * Double($0) }
    let series = try TimeSeries(
      series: [.init(id: "", start: Timestamp("2000-01")!, targets: [values])], frequency: .monthly,
      targetNames: ["value"], timeName: "date", season: 4, horizon: 3, source: "sample")
    let data = ForecastData(series)
    var settings = ForecastTask.defaults(for: data, ForecastSettings())
    ChassisCheck.small(&settings.learning)
    settings.network.hiddenSize = 9
    return ChassisCase(data: data, settings: settings, inputs: [series, series.droppingLast(2)])
  }

  static func classify() throws -> ChassisCase<ClassifyTask> {
    var settings = ClassifyToy.small()
    ChassisCheck.small(&settings.learning)
    settings.learning.validationShare = 0.2
    settings.learning.members = 2
    settings.network.dropout = 0.3
    return ChassisCase(
      data: try ClassifyToy.data(50), settings: settings,
      inputs: ClassifyToy.texts(9, seed: 4).texts.map { .text($0) } + [.text("")])
  }

  static func tag() throws -> ChassisCase<TagTask> {
    let sentences = (0..<30).map { index in
      TagData.Sentence(
        words: ["Ann", index % 2 == 0 ? "sees" : "hears", "Bob\(index % 5)", "."].suffix(1 + index % 4).map {
          $0
        },
        tags: ["B-p", "O", "B-p", "O"].suffix(1 + index % 4).map { $0 })
    }
    var settings = TagSettings()
    ChassisCheck.small(&settings.learning)
    (settings.embeddingSize, settings.characterSize, settings.characterHidden) = (7, 5, 3)
    (settings.featureSize, settings.network.hiddenSize) = (2, 9)
    return ChassisCase(
      data: try TagData(sentences), settings: settings,
      inputs: [["Ann", "sees", "Zoe"], ["."], []].map { TagInput($0) })
  }

  static func generate() throws -> ChassisCase<GenerateTask> {
    var settings = GenerateSettings()
    ChassisCheck.small(&settings.learning)
    (settings.tokens.embeddingSize, settings.network.hiddenSize, settings.network.layers) = (7, 17, 2)
    (settings.sequenceLength, settings.learning.batchSize) = (20, 3)
    return ChassisCase(
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

  static func translate() throws -> ChassisCase<TranslateTask> {
    var settings = TranslateSettings()
    ChassisCheck.small(&settings.learning)
    small(&settings.pairs)
    return ChassisCase(
      data: PairData(pairs), settings: settings, inputs: ["word1 red dog3", "", "new words"])
  }

  static func summarize() throws -> ChassisCase<SummarizeTask> {
    var settings = SummarizeSettings()
    ChassisCheck.small(&settings.learning)
    small(&settings.pairs)
    return ChassisCase(
      data: PairData(pairs), settings: settings, inputs: ["word1 red dog3", "", "new words"])
  }

  // MARK: What holds

  @Test func holdsForForecast() throws { try ChassisCheck.check(Self.forecast()) }
  @Test func holdsForClassify() throws { try ChassisCheck.check(Self.classify()) }
  @Test func holdsForTag() throws { try ChassisCheck.check(Self.tag()) }
  @Test func holdsForGenerate() throws { try ChassisCheck.check(Self.generate()) }
  @Test func holdsForTranslate() throws { try ChassisCheck.check(Self.translate()) }
  @Test func holdsForSummarize() throws { try ChassisCheck.check(Self.summarize()) }

  // MARK: What each learns

  @Test func taggersLearn() throws {
    var example = try Self.tag()
    example.settings.learning.epochs = 30
    example.settings.learning.learningRate = 0.02
    (example.settings.embeddingSize, example.settings.network.hiddenSize) = (16, 32)
    let model = try Tagger.train(on: example.data, settings: example.settings)
    let score = try model.evaluate(on: example.data).scores[0].value ?? 0
    #expect(score > 0.99)
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
