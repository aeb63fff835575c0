import Testing
import UnrollData
import UnrollTasks
import UnrollTraining

/// A tagger in its folder.
struct TagFilesTests {
  private static let tagger = Result {
    try Tagger.train(on: TagToy.names(60), settings: TagToy.small(entities: true, epochs: 4))
  }

  @Test func givesTheSameAnswersFromItsFolder() throws {
    var settings = TagToy.small(entities: true, epochs: 2)
    settings.learning.members = 2
    for tagger in [
      try Self.tagger.get(), try Tagger.train(on: TagToy.names(40), settings: settings),
      try Tagger.train(on: TagToy.grammar(40), settings: TagToy.small(epochs: 2)),
    ] {
      let folder = try TestFolder()
      try tagger.save(to: "\(folder.path)/m")
      let again = try Tagger(contentsOf: "\(folder.path)/m")
      let sentences =
        (TagToy.names(20, seed: 3) + TagToy.grammar(20, seed: 3)).map(\.words) + [["ünseen", "W0rd"]]
      let before = try tagger.answersWithProbabilities(sentences)
      #expect(try again.answersWithProbabilities(sentences) == before)
      #expect(again.settings == tagger.settings && again.record == tagger.record)
      #expect(again.calibration == tagger.calibration)
      #expect(try TaskRegistry.load("\(folder.path)/m") is Tagger)
    }
  }

  @Test(
    arguments: [
      "config.json", "model.safetensors", "manifest.json", "tokenizer.json", "characters.json",
      "features.json",
    ], [0, 1, 2])
  func damageIsFound(_ name: String, _ kind: Int) throws {
    let folder = try TestFolder()
    try Self.tagger.get().save(to: "\(folder.path)/m")
    var bytes = try folder.read("m/\(name)")
    switch kind {
    case 0: bytes.removeLast(bytes.count / 3)
    case 1: bytes[bytes.count / 2] ^= 0x10
    default: bytes = []
    }
    try folder.write(bytes, "m/\(name)")
    #expect {
      try Tagger(contentsOf: "\(folder.path)/m")
    } throws: {
      guard let error = $0 as? ModelFileError else { return false }
      return error.description.contains("\(folder.path)/m/") && error.reason != .otherTask
    }
  }

  /// Files whose checksums are right and whose contents do not fit together.
  @Test(arguments: [
    ("config.json", "\"hidden\" : 17", "\"hidden\" : 8000"),
    ("config.json", "\"layers\" : 1", "\"layers\" : 2"),
    ("config.json", "\"members\" : 1", "\"members\" : 64"),
    ("config.json", "\"embedding\" : 9", "\"embedding\" : 4096"),
    ("config.json", "\"character-embedding\" : 7", "\"character-embedding\" : 0"),
    ("config.json", "\"character-hidden\" : 8", "\"character-hidden\" : 4000"),
    ("config.json", "\"feature-embedding\" : 3", "\"feature-embedding\" : 1000"),
    ("config.json", "\"suffixes\" : 4", "\"suffixes\" : 8"),
    ("config.json", "\"suffixes\" : 4", "\"suffixes\" : 9"),
    ("config.json", "\"cell\" : \"lstm\"", "\"cell\" : \"gru\""),
    ("config.json", "\"cell\" : \"lstm\"", "\"cell\" : \"soup\""),
    ("config.json", "\"decision\" : \"crf\"", "\"decision\" : \"dice\""),
    ("config.json", "\"scheme\" : \"BIO\"", "\"scheme\" : \"BLAU\""),
    ("config.json", "\"E-place\"", "\"B-place\""),
    ("config.json", "\"E-place\",", ""),
    ("tokenizer.json", "\"today\"", "\"<pad>\""),
    ("characters.json", "\"type\"", "\"kind\""),
  ]) func contentsThatDoNotFit(_ name: String, _ old: String, _ new: String) throws {
    let folder = try TestFolder()
    try Self.tagger.get().save(to: "\(folder.path)/m")
    let text = String(decoding: try folder.read("m/\(name)"), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    try #require(changed != text, "\(old) is not in \(name)")
    let manifest = String(decoding: try folder.read("m/manifest.json"), as: UTF8.self)
      .replacing(SHA256.hexadecimal(Array(text.utf8)), with: SHA256.hexadecimal(Array(changed.utf8)))
      .replacing("\"bytes\" : \(text.utf8.count)", with: "\"bytes\" : \(changed.utf8.count)")
    try folder.write(Array(changed.utf8), "m/\(name)")
    try folder.write(Array(manifest.utf8), "m/manifest.json")
    #expect {
      try Tagger(contentsOf: "\(folder.path)/m")
    } throws: {
      ($0 as? ModelFileError)?.reason == .damaged || $0 is DataError
    }
  }

  @Test func aModelOfAnotherTask() throws {
    let folder = try TestFolder()
    try ModelDirectory.write(
      to: "\(folder.path)/m", task: "sing", settings: ["a": 1], tensors: [], card: "# A singer")
    #expect {
      try Tagger(contentsOf: "\(folder.path)/m")
    } throws: {
      ($0 as? ModelFileError)?.reason == .otherTask
    }
  }

  @Test func theCardTellsWhatIsInside() throws {
    let folder = try TestFolder()
    try folder.write(Array(TagToy.conll(TagToy.names(40)).utf8), "data.txt")
    let tagger = try Tagger.train(files: ["\(folder.path)/data.txt"], words: ["epochs=1"])
    try tagger.save(to: "\(folder.path)/m")
    let card = String(decoding: try folder.read("m/README.md"), as: UTF8.self)
    for words in [
      "# entities in sentences", "B-person, B-place", "BIO", "crf", "## Limits", "data.txt",
      SHA256.hexadecimal(try folder.read("data.txt")),
    ] { #expect(card.contains(words), "\(words)") }
    let description = tagger.description
    #expect(
      description.groups.map(\.heading) == ["Data", "Network", "Training", "Scores on what was held out"])
    #expect(
      description.parameters.contains {
        $0.name == "members.0.head.field.transitions" && $0.shape == "[9, 9]"
      })
  }
}
