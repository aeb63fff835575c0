import Testing

/// Tagging from the command line.
@Suite(.serialized) struct TagCommandTests {
  private static let quick = "--epochs 2 --hidden 9 --embedding 7"

  private static func folder() throws -> Folder {
    let folder = try Folder()
    let sentence = "Ada\tB-person\nLovelace\tI-person\nlived\tO\nin\tO\nLondon\tB-place\n.\tO\n\n"
    try folder.write(String(repeating: sentence, count: 30), "data.conll")
    return folder
  }

  @Test(arguments: ["train tag --help", "tag --help"]) func help(_ line: String) throws {
    let outcome = try Command.run(line, in: Folder())
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    let words =
      line.hasPrefix("train")
      ? ["DATA", "--tag-column", "--scheme", "BIOES", "--validation", "--members", "--decision", "-o MODEL"]
      : ["MODEL", "SENTENCE", "--tokenized", "--format", "--probabilities"]
    for word in words { #expect(outcome.output.contains(word), "\(word)") }
  }

  @Test func trainingUseEvaluationAndInspection() throws {
    let folder = try Self.folder()
    let training = try Command.run("train tag data.conll -o model \(Self.quick)", in: folder)
    #expect(training.code == 0, "\(training.errors)")
    #expect(training.errors.contains("27 sentences, 162 words, entities in BIO; 3 sentences held out"))
    #expect(
      folder.names("model") == [
        "README.md", "characters.json", "config.json", "features.json", "manifest.json", "model.safetensors",
        "tokenizer.json",
      ])
    let use = try Command.run("tag model Ada London. --format json", in: folder)
    #expect(use.code == 0 && use.lines.count == 2)
    #expect(use.lines[1].contains(#""words":["London","."]"#), "\(use.output)")
    let scores = try Command.run("evaluate model data.conll", in: folder)
    #expect(scores.code == 0, "\(scores.errors)")
    for word in ["precision", "person", "place", "all", "unseen words"] {
      #expect(scores.output.contains(word))
    }
    let inspection = try Command.run("inspect model", in: folder)
    #expect(inspection.code == 0 && inspection.output.contains("members.0.front."))
    #expect(try Command.run("evaluate model --help", in: folder).output.contains("--tag-column"))
  }

  @Test(
    arguments: [
      ("train tag data.conll -o m --scheme BILOU", 64, "--scheme"),
      ("train tag data.conll -o m --dropout 2", 64, "--dropout"),
      ("train tag data.conll -o m --tag-column 7", 1, "line 1"),
      ("train tag none.conll -o m", 1, "none.conll"),
      ("train tag data.conll -o m --validation none.conll", 1, "none.conll"),
      ("train tag", 64, "DATA"),
      ("train tag data.conll", 64, "-o"),
      ("tag nowhere word", 1, "nowhere"),
    ] as [(String, Int32, String)]) func whatIsWrongIsSaid(_ line: String, _ code: Int32, _ word: String)
    throws
  {
    let folder = try Self.folder()
    let outcome = try Command.run(line, in: folder)
    #expect(outcome.code == code && outcome.output.isEmpty)
    #expect(outcome.errors.contains(word), "\(outcome.errors)")
    #expect(folder.names() == ["data.conll"])
  }
}
