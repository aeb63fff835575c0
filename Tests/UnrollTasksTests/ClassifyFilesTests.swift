import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A classifier in its folder.
struct ClassifyFilesTests {
  private static func texts() throws -> Classifier {
    try Classifier.train(
      on: ClassifyToy.data(40),
      settings: ClassifyToy.small {
        $0.learning.epochs = 2
        $0.learning.members = 2
        $0.network.layers = 2
        $0.pooling = [.attention, .last]
      })
  }

  private static func sequences() throws -> Classifier {
    let (all, labels) = ClassifyToy.sequences(20)
    return try Classifier.train(
      on: ClassifyData(sequences: all, labels: labels),
      settings: ClassifyToy.small {
        $0.learning.epochs = 2
        $0.frame = 4
        $0.hop = 3
        $0.differences = true
      })
  }

  @Test(arguments: TokenKind.allCases) func textsComeBackBitForBit(
    _ tokens: TokenKind
  ) throws {
    let classifier = try Classifier.train(
      on: ClassifyToy.data(40),
      settings: ClassifyToy.small {
        $0.learning.epochs = 2
        $0.tokens.tokens = tokens
        $0.tokens.vocabularySize = 280
        $0.learning.members = 2
        $0.pooling = PoolingKind.allCases
      })
    let folder = try TestFolder()
    try classifier.save(to: "\(folder.path)/model")
    let again = try #require(try TaskRegistry.load("\(folder.path)/model") as? Classifier)
    let texts = ClassifyToy.texts(20, seed: 3).texts + ["", "never seen", "\u{1F600}"]
    #expect(try again.classify(texts).map(\.bits) == classifier.classify(texts).map(\.bits))
    #expect(again.settings == classifier.settings && again.labels == ["bad", "good"])
    #expect(again.record.history == classifier.record.history)
    #expect(again.parameterCount == classifier.parameterCount)
  }

  @Test func sequencesComeBackBitForBit() throws {
    let classifier = try Self.sequences()
    let folder = try TestFolder()
    try classifier.save(to: "\(folder.path)/model")
    let again = try Classifier(contentsOf: "\(folder.path)/model")
    let (all, _) = ClassifyToy.sequences(9, seed: 3)
    #expect(try again.classify(sequences: all).map(\.bits) == classifier.classify(sequences: all).map(\.bits))
  }

  @Test(arguments: ["config.json", "model.safetensors", "tokenizer.json", "manifest.json"], [0, 1, 2])
  func damageIsFound(_ name: String, _ kind: Int) throws {
    let folder = try TestFolder()
    try Self.texts().save(to: "\(folder.path)/model")
    var bytes = try folder.read("model/\(name)")
    switch kind {
    case 0: bytes.removeLast(bytes.count / 3)
    case 1: bytes[bytes.count / 2] ^= 0x10
    default: bytes = []
    }
    try folder.write(bytes, "model/\(name)")
    #expect(throws: ModelFileError.self) { try Classifier(contentsOf: "\(folder.path)/model") }
  }

  /// Files whose checksums are right and whose contents do not fit together.
  @Test(arguments: [
    ("\"hidden\" : 9", "\"hidden\" : 8"), ("\"hidden\" : 9", "\"hidden\" : 8192"),
    ("\"layers\" : 2", "\"layers\" : 32"), ("\"members\" : 2", "\"members\" : 64"),
    ("\"embedding\" : 7", "\"embedding\" : 6"), ("\"pieces\" : 50", "\"pieces\" : 100000000"),
    ("\"pieces\" : 50", "\"pieces\" : 49"), ("\"bidirectional\" : true", "\"bidirectional\" : false"),
    ("\"pool-inputs\" : true", "\"pool-inputs\" : false"), ("\"attention\",", ""),
    ("\"cell\" : \"lstm\"", "\"cell\" : \"gru\""), ("\"cell\" : \"lstm\"", "\"cell\" : \"spaghetti\""),
    ("\"bad\",", "\"bad\", \"worse\","), ("\"bad\",", "\"good\","), ("\"bad\",", ""),
    ("\"maximumLength\" : 1000", "\"maximumLength\" : -1"),
  ]) func sizesThatDoNotFitAreFound(_ old: String, _ new: String) throws {
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try Self.texts().save(to: path)
    try Self.change(folder, old, new)
    #expect {
      try Classifier(contentsOf: path)
    } throws: {
      ($0 as? ModelFileError)?.reason == .damaged
    }
  }

  @Test(arguments: [
    ("\"frame\" : 4", "\"frame\" : 5"), ("\"hop\" : 3", "\"hop\" : 0"),
    ("\"differences\" : true", "\"differences\" : false"), ("\"deviation\" : ", "\"deviation\" : -"),
    ("\"marksMissing\" : false", "\"marksMissing\" : true"),
  ]) func scalesThatDoNotFitAreFound(_ old: String, _ new: String) throws {
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try Self.sequences().save(to: path)
    try Self.change(folder, old, new)
    #expect {
      try Classifier(contentsOf: path)
    } throws: {
      ($0 as? ModelFileError)?.reason == .damaged
    }
  }

  /// Changes `config.json` everywhere and mends its checksum.
  private static func change(_ folder: TestFolder, _ old: String, _ new: String) throws {
    let text = String(decoding: try folder.read("model/config.json"), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    try #require(changed != text)
    let manifest = String(decoding: try folder.read("model/manifest.json"), as: UTF8.self)
      .replacing(SHA256.hexadecimal(Array(text.utf8)), with: SHA256.hexadecimal(Array(changed.utf8)))
      .replacing("\"bytes\" : \(text.utf8.count)", with: "\"bytes\" : \(changed.utf8.count)")
    try folder.write(Array(changed.utf8), "model/config.json")
    try folder.write(Array(manifest.utf8), "model/manifest.json")
  }

  @Test func theCardTellsWhatIsInside() throws {
    let (texts, labels) = ClassifyToy.texts(40)
    let data = try ClassifyData(texts: texts, labels: labels.map { "a|\($0)" })
    let classifier = try Classifier.train(
      on: data,
      settings: ClassifyToy.small {
        $0.learning.epochs = 2
        $0.learning.validationShare = 0.25
      })
    let folder = try TestFolder()
    try classifier.save(to: "\(folder.path)/model")
    let card = String(decoding: try folder.read("model/README.md"), as: UTF8.self)
    for words in [
      "# classifier of texts: a\\|bad, a\\|good", "label a\\|bad", "## Limits",
    ] {
      #expect(card.contains(words), "\(words)")
    }
    #expect(!card.contains("nan"))
    let description = classifier.description
    #expect(description.parameters.reduce(0) { $0 + $1.count } == classifier.parameterCount)
    #expect(
      description.groups.map(\.heading) == ["Data", "Network", "Training", "Scores on what was held out"])
  }
}
