import Testing

/// Translation from the command line.
@Suite(.serialized) struct TranslateCommandTests {
  @Test(arguments: ["train translate --help", "translate --help"]) func help(_ line: String) throws {
    let outcome = try Command.run(line, in: Folder())
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    let words =
      line.hasPrefix("train")
      ? ["SOURCE", "[TARGET]", "--validation", "--tokens", "--joint", "--input-feeding", "--label-smoothing"]
      : ["MODEL", "[TEXT…]", "--beam", "--length-penalty", "--no-repeat", "--explain", "--plot"]
    for word in words { #expect(outcome.output.contains(word), "\(word)") }
  }

  @Test func fromFilesToTexts() throws {
    let folder = try Folder()
    let pairs = [("ja", "yes"), ("nein", "no"), ("hund", "dog")]
    try folder.write((0..<60).map { pairs[$0 % 3].0 + "\n" }.joined(), "a")
    try folder.write((0..<60).map { pairs[$0 % 3].1 + "\n" }.joined(), "b")
    let train = try Command.run(
      "train translate a b -o model --tokens words --hidden 16 --embedding 16 --epochs 60 --learning-rate 0.01 --dropout 0 --token-dropout 0",
      in: folder)
    #expect(train.code == 0, "\(train.errors)")
    let use = try Command.run("translate model nein hund", in: folder)
    #expect(use.code == 0 && use.output == "no\ndog\n", "\(use.errors)")
    let score = try Command.run("evaluate model a b", in: folder)
    #expect(
      score.code == 0 && score.output.contains("exact matches") && score.output.contains("100.00 %"),
      "\(score.errors)")
    let inspect = try Command.run("inspect model", in: folder)
    #expect(inspect.code == 0 && inspect.output.contains("readout.weight"))
    let unequal = try Command.run("train translate a model/README.md -o other", in: folder)
    #expect(unequal.code == 1 && unequal.errors.contains("60 lines"), "\(unequal.errors)")
  }
}
