import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// A language model in its folder, and what it refuses.
struct GenerateFilesTests {
  @Test(arguments: TokenKind.allCases, [0, 1, 2])
  func comesBackBitForBit(_ tokens: TokenKind, _ kind: Int) throws {
    if kind == 2 && tokens == .subwords { return }
    let folder = try TestFolder()
    try folder.write(Array(LanguageToy.words.utf8), "text")
    let settings = LanguageToy.settings(tokens) { settings in
      settings.network.cell = kind == 0 ? .gru : .lstm
      settings.tied = kind == 1
      settings.softmax = kind == 2 ? .adaptive : nil
      settings.network.layers = 2
      (settings.learning.epochs, settings.sequenceLength) = (1, 200)
    }
    let model = try LanguageToy.train("\(folder.path)/text", settings)
    let path = "\(folder.path)/model"
    try model.save(to: path)
    let again = try LanguageModel(contentsOf: path)
    #expect(LanguageToy.bits(again) == LanguageToy.bits(model))
    #expect(again.settings == model.settings && again.record == model.record)
    #expect(try again.score("one two") == model.score("one two"))
    let text = try model.generate(prompt: "one", length: 20, seed: 3)
    #expect(try again.generate(prompt: "one", length: 20, seed: 3) == text)
    #expect(try TaskRegistry.load(path) is LanguageModel)
    let card = String(decoding: try folder.read("model/README.md"), as: UTF8.self)
    for words in ["# language model of \(tokens.rawValue)", "Limits", "`\(model.record.dataHash)`"] {
      #expect(card.contains(words))
    }
    #expect(model.record.dataHash == SHA256.hexadecimal(Array(LanguageToy.words.utf8)))
    #expect(
      model.description.parameters.reduce(0) { $0 + $1.count }
        == model.networks[0].parameters.reduce(0) { $0 + $1.value.shape.count })
  }

  @Test(arguments: ["config.json", "model.safetensors", "tokenizer.json", "manifest.json"], [0, 1, 2])
  func damageIsFound(_ name: String, _ kind: Int) throws {
    let model = try LanguageToy.untrained()
    let folder = try TestFolder()
    try model.save(to: "\(folder.path)/model")
    var bytes = try folder.read("model/\(name)")
    switch kind {
    case 0: bytes.removeLast(bytes.count / 3)
    case 1: bytes[bytes.count / 2] ^= 0x10
    default: bytes = []
    }
    try folder.write(bytes, "model/\(name)")
    #expect {
      try LanguageModel(contentsOf: "\(folder.path)/model")
    } throws: {
      guard let error = $0 as? ModelFileError else { return false }
      return error.description.contains("\(folder.path)/model/") && error.reason != .otherTask
    }
  }

  /// Files whose checksums are right and whose contents do not fit together.
  @Test(arguments: [
    ("config.json", "\"hidden\" : 24", "\"hidden\" : 8000"),
    ("config.json", "\"embedding\" : 16", "\"embedding\" : 8000"),
    ("config.json", "\"layers\" : 1", "\"layers\" : 32"),
    ("config.json", "\"layers\" : 1", "\"layers\" : 0"),
    ("config.json", "\"layers\" : 1", "\"layers\" : -1"),
    ("config.json", "\"cell\" : \"lstm\"", "\"cell\" : \"gru\""),
    ("config.json", "\"cell\" : \"lstm\"", "\"cell\" : \"spaghetti\""),
    ("config.json", "\"tied\" : false", "\"tied\" : true"),
    ("config.json", "\"softmax\" : \"full\"", "\"softmax\" : \"adaptive\""),
    ("config.json", "\"hidden\" : 24,", ""),
    ("tokenizer.json", "\"h\": 11", "\"h\": 11, \"i\": 13"),
    ("tokenizer.json", "\"h\": 11", "\"h\": 99"),
    ("tokenizer.json", "\"<pad>\"", "\"<bad>\""),
  ]) func whatDoesNotFitIsFound(_ name: String, _ old: String, _ new: String) throws {
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try LanguageToy.untrained().save(to: path)
    let text = String(decoding: try folder.read("model/\(name)"), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    try #require(changed != text, "\(text.prefix(2000))")
    let manifest = String(decoding: try folder.read("model/manifest.json"), as: UTF8.self)
      .replacing(SHA256.hexadecimal(Array(text.utf8)), with: SHA256.hexadecimal(Array(changed.utf8)))
      .replacing("\"bytes\" : \(text.utf8.count)", with: "\"bytes\" : \(changed.utf8.count)")
    try folder.write(Array(changed.utf8), "model/\(name)")
    try folder.write(Array(manifest.utf8), "model/manifest.json")
    #expect {
      try LanguageModel(contentsOf: path)
    } throws: {
      $0 is ModelFileError || ($0 as? DataError)?.kind == .badTokenizer
    }
  }

  /// What is wrong with a text, and where.
  @Test(arguments: [
    ([], "there is no text"),
    (Array("aaaaaaaa".utf8), "expected at least 2 different tokens, found only \"a\""),
    (Array("abab\nab\u{0}".utf8), "line 2: expected UTF-8 text, found byte 0x00"),
    (Array("abab\n".utf8) + [0xE9, 0x20, 0x61], "line 2: expected UTF-8 text, found byte 0xE9"),
    ([0xFF, 0xFE, 0x61, 0x00, 0x62, 0x00], "UTF-16"),
  ]) func badTexts(_ bytes: [UInt8], _ message: String) throws {
    let folder = try TestFolder()
    try folder.write(bytes, "text")
    // From memory and from the file alike.
    for stream in [false, true] {
      #expect {
        try LanguageToy.train("\(folder.path)/text", LanguageToy.settings { $0.stream = stream })
      } throws: {
        "\($0)".contains(message) && "\($0)".contains("\(folder.path)/text")
      }
    }
    let model = try LanguageToy.untrained()
    guard bytes != Array("aaaaaaaa".utf8) else { return }
    #expect(throws: DataError.self) { try model.evaluate(files: ["\(folder.path)/text"]) }
  }

  @Test func missingAndWordlessFiles() throws {
    let folder = try TestFolder()
    #expect(throws: DataError.self) { try LanguageModel.train(files: ["\(folder.path)/none"]) }
    #expect(throws: DataError.self) { try LanguageModel.train(files: [folder.path]) }
    try folder.write(Array(" \n \n".utf8), "blank")
    let model = try LanguageToy.untrained(LanguageToy.words, .words)
    #expect {
      try model.evaluate(files: ["\(folder.path)/blank"])
    } throws: {
      "\($0)" == "\(folder.path)/blank: expected text to score, found none"
    }
    #expect {
      try LanguageToy.train("\(folder.path)/blank", LanguageToy.settings(.words))
    } throws: {
      "\($0)" == "\(folder.path)/blank: expected at least 2 different tokens, found none"
    }
  }

  /// A line of a megabyte, without white space and with it.
  @Test(arguments: ["a", "ab ", "é日"]) func longLines(_ unit: String) throws {
    let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count) + "b"
    let folder = try TestFolder()
    try folder.write(Array(text.utf8), "text")
    let path = "\(folder.path)/text"
    let model = try LanguageToy.train(
      path,
      LanguageToy.settings { settings in
        (settings.network.hiddenSize, settings.tokens.embeddingSize) = (2, 2)
        (settings.learning.epochs, settings.learning.batchSize, settings.sequenceLength) = (1, 500, 500)
      })
    #expect(model.record.facts == [Fact("bytes", text.utf8.count)])
    let report = try model.evaluate(files: [path])
    #expect(report["tokens"] == Double(text.count) && report["characters"] == Double(text.count))
  }

  @Test(arguments: [
    "hidden", "layers", "sequence-length", "batch-size", "epochs", "weight-dropout", "dropout",
    "learning-rate", "clip-norm",
    "validation-share", "vocabulary", "tied", "softmax",
  ]) func badSettings(_ name: String) {
    let settings = LanguageToy.settings { settings in
      switch name {
      case "hidden": settings.network.hiddenSize = 0
      case "layers": settings.network.layers = 33
      case "sequence-length": settings.sequenceLength = 0
      case "batch-size": settings.learning.batchSize = 0
      case "epochs": settings.learning.epochs = 0
      case "weight-dropout": settings.network.weightDropout = 1
      case "dropout": settings.network.dropout = .nan
      case "learning-rate": settings.learning.learningRate = .infinity
      case "clip-norm": settings.learning.clipNorm = 0
      case "validation-share": settings.learning.validationShare = 0.95
      case "vocabulary": settings.tokens.vocabularySize = 4
      case "tied": (settings.tied, settings.softmax) = (true, .adaptive)
      default: (settings.tokens.tokens, settings.tied, settings.softmax) = (.subwords, false, .adaptive)
      }
    }
    #expect {
      try LanguageModel.train(on: GenerateData(LanguageToy.alphabet), settings: settings)
    } throws: {
      ($0 as? SettingError)?.name == name
    }
  }

  @Test func aRateThatIsTooHighIsSaid() {
    #expect(throws: TrainingError.self) {
      try LanguageModel.train(
        on: GenerateData(LanguageToy.alphabet),
        settings: LanguageToy.settings {
          // Each step makes weights nearly a hundred times as large, with the other sign.
          ($0.learning.learningRate, $0.learning.weightDecay, $0.learning.warmUp) = (10, 10, 0)
        })
    }
  }
}
