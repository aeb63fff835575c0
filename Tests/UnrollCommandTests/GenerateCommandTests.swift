import Testing

/// `unroll train generate`, `unroll generate`, and what goes with them.
struct GenerateCommandTests {
  private static let small =
    "--epochs 12 --hidden 24 --embedding 16 --batch-size 4 --sequence-length 20 --learning-rate 0.02 --dropout 0 --weight-dropout 0"

  private static let alphabet: Result<Folder, any Error> = Result {
    let folder = try Folder()
    try folder.write(String(repeating: "abcdefgh\n", count: 120), "text")
    let outcome = try Command.run("train generate text -o model \(small)", in: folder)
    try #require(outcome.code == 0 && outcome.errors.contains("saved model"), "\(outcome.errors)")
    return folder
  }

  @Test(arguments: [
    (
      "train generate --help",
      ["usage: unroll train generate TEXT", "-o MODEL", "--tokens", "--weight-dropout"]
    ),
    ("generate --help", ["--prompt", "--length", "--temperature", "--top-k", "--top-p", "--seed", "--stop"]),
    ("--help", ["generate"]),
  ]) func help(_ line: String, _ words: [String]) throws {
    let outcome = try Command.run(line, in: Folder())
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    for word in words { #expect(outcome.output.contains(word), "\(word)") }
  }

  @Test func aTextIsContinued() throws {
    let folder = try Self.alphabet.get()
    let outcome = try Command.run("generate model --prompt ab --length 9 --temperature 0", in: folder)
    #expect(outcome.code == 0 && outcome.errors.isEmpty && outcome.output == "abcdefgh\nab\n")
    let stopped = try Command.run(
      "generate model --prompt ab --length 9 --temperature 0 --stop ef --stop x", in: folder)
    #expect(stopped.output == "abcd\n")
    let unknown = try Command.run("generate model --prompt ab? --length 1 --temperature 0", in: folder)
    #expect(unknown.code == 0 && unknown.output.hasPrefix("ab?") && unknown.errors.contains("\"?\""))
  }

  @Test func theSameSeedTheSameText() throws {
    let folder = try Self.alphabet.get()
    func text(_ options: String) throws -> String {
      try Command.run("generate model --length 200 --temperature 3 \(options)", in: folder).output
    }
    let first = try text("--seed 3")
    #expect(try text("--seed 3 --threads 1") == first && text("--seed 3 --threads 2") == first)
    #expect(try text("--seed 4") != first)
  }

  @Test func scores() throws {
    let folder = try Self.alphabet.get()
    let table = try Command.run("evaluate model text", in: folder)
    #expect(table.code == 0)
    for word in ["nats per token", "bits per character", "perplexity", "1080"] {
      #expect(table.output.contains(word), "\(table.output)")
    }
    let text = try Command.run("generate model abc --score --format json", in: folder)
    #expect(text.lines.count == 1 && text.output.contains("\"bitsPerCharacter\":"))
    #expect(try Command.run("inspect model", in: folder).output.contains("language model of characters"))
  }

  @Test(
    arguments: [
      ("generate model --temperature -1", 64, "--temperature"),
      ("generate model --top-p 2", 64, "--top-p"),
      ("train generate nothing -o new", 1, "there is no such file"),
      ("train generate text -o new --tokens letters", 64, "words, characters, subwords"),
      ("train generate text -o new --tied --softmax adaptive", 64, "adaptive"),
      ("evaluate model nothing", 1, "there is no such file"),
    ] as [(String, Int32, String)]) func whatIsWrongIsSaid(_ line: String, _ code: Int32, _ words: String)
    throws
  {
    let folder = try Self.alphabet.get()
    let outcome = try Command.run(line, in: folder)
    #expect(outcome.code == code && outcome.output.isEmpty && outcome.errors.contains(words), "\(outcome)")
    #expect(!folder.names().contains("new"))
  }
}
