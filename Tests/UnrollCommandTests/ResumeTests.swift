import Testing

/// Trainings that are written down, killed and gone on with, as a person does it.
@Suite(.serialized) struct ResumeTests {
  private static let options = "--epochs 3 --hidden 12 --seed 5"

  /// The weights of a training that nobody disturbed.
  private static let whole: Result<[UInt8], any Error> = Result {
    let folder = try shop()
    let outcome = try Command.run("train forecast sales.csv -o model \(options)", in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return try #require(folder.bytes("model/model.safetensors"))
  }

  private static func shop() throws -> Folder {
    let folder = try Folder()
    try folder.write(Table.daily(120), "sales.csv")
    return folder
  }

  /// A folder with a run of which some checkpoints were made before the process was killed.
  private static func killed(_ more: String = "") throws -> Folder {
    let folder = try shop()
    let outcome = try Command.run(
      "train forecast sales.csv -o model \(options) --checkpoint-every 1 \(more)", in: folder,
      killWhen: { folder.names("model.run").contains { $0.contains("training-2-step") } })
    #expect(outcome.code == -9, "\(outcome.errors)")
    #expect(folder.names("model.run").contains("run.json") && folder.names("model").isEmpty)
    return folder
  }

  @Test(arguments: [
    ("--checkpoint-every 0", "--checkpoint-every"), ("--checkpoint-every soon", "soon"),
    ("--checkpoint-every -5", "--checkpoint-every"), ("--checkpoint-every 5x", "5x"),
    ("--log csv --checkpoint-every 5", "csv"), ("--log jsonl,", "--log"),
    ("--run there", "--checkpoint-every"),
    ("--checkpoint-every 5 --log-folder there", "--log"),
  ]) func wrongUse(_ options: String, _ word: String) throws {
    let folder = try Self.shop()
    let outcome = try Command.run("train forecast sales.csv -o model \(options)", in: folder)
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains(word), "\(outcome.errors)")
    #expect(folder.names() == ["sales.csv"])
  }

  @Test func checkpointsChangeNothingAndAreRemoved() throws {
    let folder = try Self.shop()
    let outcome = try Command.run(
      "train forecast sales.csv -o model \(Self.options) --checkpoint-every 4", in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(folder.names() == ["model", "sales.csv"])
    #expect(try folder.bytes("model/model.safetensors") == Self.whole.get())
  }

  @Test func aRunMayBeKept() throws {
    let folder = try Self.shop()
    let line =
      "train forecast sales.csv -o model \(Self.options) --checkpoint-every 1h --run there --keep-run"
    #expect(try Command.run(line, in: folder).code == 0)
    #expect(folder.names("there") == ["run.json", "training-1-result", "training-2-result"])
    let again = try Command.run("train --resume there", in: folder)
    #expect(again.code == 0, "\(again.errors)")
    #expect(try folder.bytes("model/model.safetensors") == Self.whole.get())
  }

  @Test func logsAreKeptAndNotMixed() throws {
    let folder = try Self.killed("--log jsonl,tensorboard")
    #expect(folder.names("model.run/logs") == ["training-1", "training-2", "training.jsonl"])
    #expect(try Command.run("train --resume model.run", in: folder).code == 0)
    #expect(try folder.bytes("model/model.safetensors") == Self.whole.get())
    #expect(folder.names("model.run") == ["logs"])
    #expect(folder.names("model.run/logs/training-2").count == 2)
    let lines = folder.read("model.run/logs/training.jsonl")?.split(separator: "\n") ?? []
    #expect(lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    #expect(lines.contains { $0.contains("\"resumed\"") } && lines.last?.contains("\"finished\"") == true)
    // Another training does not write among them, and finds a place of its own.
    let line = "train forecast sales.csv -o model \(Self.options) --log jsonl"
    let again = try Command.run(line, in: folder)
    #expect(again.code == 1 && again.errors.contains("--log-folder"), "\(again.errors)")
    let other = try Command.run("\(line) --log-folder other", in: folder)
    #expect(other.code == 0 && folder.names("other") == ["training.jsonl"], "\(other.errors)")
  }

  @Test func aKilledTrainingGoesOn() throws {
    let folder = try Self.killed()
    let outcome = try Command.run("train --resume model.run --threads 1", in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("going on in epoch"))
    #expect(try folder.bytes("model/model.safetensors") == Self.whole.get())
    #expect(folder.names() == ["model", "sales.csv"])
  }

  @Test func fromAnotherFolder() throws {
    let folder = try Self.killed()
    try folder.makeFolder("elsewhere")
    let outcome = try Command.run("train --resume \(folder.path)/model.run", in: Folder())
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try folder.bytes("model/model.safetensors") == Self.whole.get())
  }

  @Test func anInterruptedTrainingGoesOn() throws {
    let folder = try Self.shop()
    let line = "train forecast sales.csv -o model --epochs 300 --hidden 12 --checkpoint-every 1000"
    let outcome = try Command.run(line, in: folder, stopWhen: { $0.contains("epoch   5/300") })
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("unroll train --resume model.run"))
    #expect(folder.names() == ["model", "model.run", "sales.csv"])
    let before = folder.bytes("model/model.safetensors")
    // It says where it is before it goes on.
    let resumed = try Command.run(
      "train --resume model.run", in: folder, stopWhen: { $0.contains("/300") })
    #expect(resumed.code == 0 && resumed.errors.contains("going on"), "\(resumed.errors)")
    #expect(folder.bytes("model/model.safetensors") != before)
  }

  @Test func anEarlierRunIsNotOverwritten() throws {
    let folder = try Self.killed()
    let names = folder.names("model.run")
    let outcome = try Command.run(
      "train forecast sales.csv -o model \(Self.options) --checkpoint-every 1", in: folder)
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("unroll train --resume model.run") && outcome.errors.contains("--run"))
    #expect(folder.names("model.run") == names)
    try folder.makeFolder("mine")
    try folder.write("mine", "mine/letter")
    let mine = try Command.run(
      "train forecast sales.csv -o model \(Self.options) --checkpoint-every 1 --run mine", in: folder)
    #expect(mine.code == 1 && mine.errors.contains("letter"), "\(mine.errors)")
  }

  @Test func otherDataIsRefused() throws {
    let folder = try Self.killed()
    try folder.write(Table.daily(121), "sales.csv")
    let outcome = try Command.run("train --resume model.run", in: folder)
    #expect(outcome.code == 1)
    #expect(
      outcome.errors.contains("sales.csv") && outcome.errors.contains("the data that the training began with")
    )
    try folder.write(Table.daily(120), "sales.csv")
    #expect(try Command.run("train --resume model.run", in: folder).code == 0)
  }

  @Test(arguments: ["", "{}", "{\"format\":\"unroll-run\",\"version\":9}", "[[[["]) func noRun(_ text: String)
    throws
  {
    let folder = try Self.shop()
    let missing = try Command.run("train --resume model.run", in: folder)
    #expect(missing.code == 1 && missing.errors.contains("model.run"))
    try folder.makeFolder("model.run")
    try folder.write(text, "model.run/run.json")
    let outcome = try Command.run("train --resume model.run", in: folder)
    #expect(outcome.code == 1 && outcome.errors.contains("run.json"), "\(outcome.errors)")
  }

  @Test func oneProcessAtATime() throws {
    let folder = try Self.killed("--time-limit 1h")
    let line = "train forecast sales.csv -o other --epochs 100000 --hidden 12 --checkpoint-every 5"
    var second: Command.Outcome?
    _ = try Command.run(
      line, in: folder,
      killWhen: {
        guard folder.names("other.run").count > 2 else { return false }
        second = try? Command.run("train --resume other.run", in: folder)
        return true
      })
    #expect(
      second?.code == 1 && second?.errors.contains("no other process") == true, "\(second?.errors ?? "")")
  }
}
