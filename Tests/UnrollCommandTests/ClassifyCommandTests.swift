import Testing

/// `unroll train classify`, `unroll classify` and `unroll evaluate`, as a person runs them.
@Suite(.serialized) struct ClassifyCommandTests {
  private static let table =
    "text,kind\n" + (0..<40).map { $0 % 2 == 0 ? "so great \($0),good\n" : "so dull \($0),bad\n" }.joined()
  private static let small =
    "--epochs 8 --hidden 8 --embedding 8 --pieces 0 --learning-rate 0.02 --patience 0"

  @Test func trainsAnswersAndEvaluates() throws {
    let folder = try Folder()
    try folder.write(Self.table, "x.csv")
    let training = try Command.run(
      "train classify x.csv --text text --label kind -o m \(Self.small)", in: folder)
    #expect(training.code == 0 && training.output.isEmpty, "\(training.errors)")
    #expect(training.errors.contains("examples") && training.errors.contains("saved m"))
    #expect(
      folder.names("m") == [
        "README.md", "config.json", "manifest.json", "model.safetensors", "tokenizer.json",
      ])

    let answer = try Command.run("classify m great dull --explain", in: folder)
    #expect(answer.code == 0 && answer.lines.count == 2, "\(answer.errors)")
    #expect(
      answer.lines[0].hasPrefix(#"{"label":"good","labels":["good"],"probabilities":[{"label":"good","#))
    #expect(answer.lines[1].hasPrefix(#"{"label":"bad","labels":["bad"],"probabilities":[{"label":"bad","#))
    #expect(answer.lines[0].contains(#""token":"""#) && answer.lines[0].contains(#""token":"great""#))
    let table = try Command.run("classify m great --format csv", in: folder)
    #expect(table.lines.first == "label,probability" && table.lines.last?.hasPrefix("good,0.") == true)

    let scores = try Command.run("evaluate m x.csv", in: folder)
    #expect(scores.code == 0, "\(scores.errors)")
    for words in ["accuracy", "100.00 %", "cross-entropy", "precision", "mean of labels", "true label"] {
      #expect(scores.output.contains(words), "\(words)")
    }
    let inside = try Command.run("inspect m", in: folder)
    #expect(inside.code == 0 && inside.output.contains("classifier of texts: bad, good"))
  }

  @Test func helpTellsTheOptions() throws {
    let folder = try Folder()
    let help = try Command.run("train classify --help", in: folder)
    #expect(help.code == 0)
    for words in [
      "--text", "--label", "--id", "--multi-label", "--pooling", "--members", "--validation", "__label__",
    ] {
      #expect(help.output.contains(words), "\(words)")
    }
  }

  @Test func saysWhatIsWrong() throws {
    let folder = try Folder()
    try folder.write(Self.table, "x.csv")
    let column = try Command.run("train classify x.csv --text txt --label kind -o m", in: folder)
    #expect(
      column.code == 1 && column.errors.contains("did you mean \"text\"?") && folder.names() == ["x.csv"])
    let option = try Command.run("train classify x.csv --pooling sum --text text -o m", in: folder)
    #expect(option.code == 64, "\(option.code)")
    #expect(option.errors.contains("--pooling") && option.errors.contains("\"sum\""))
    let nothing = try Command.run("classify m great", in: folder)
    #expect(nothing.code == 1 && nothing.errors.contains("m: expected"))
  }
}
