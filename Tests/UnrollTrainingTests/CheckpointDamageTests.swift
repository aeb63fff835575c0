import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Checkpoints that are damaged, of another training, or of a save that ended half way.
struct CheckpointDamageTests {
  private static let plan: TrainingPlan = {
    var plan = TrainingPlan(epochs: 4, optimizer: Adam(learningRate: 0.01), seed: 2)
    plan.averaging = 0.9
    return plan
  }()

  private static let work: CurveWork = {
    var work = CurveWork()
    work.verdicts = [0.4, 0.3, 0.2, 0.1]
    return work
  }()

  private static let whole = Result {
    Outcome(try Trainer(work, model: SmallNetwork(), plan: plan).run())
  }

  /// Trains until a kill, with a checkpoint after every second step.
  private func killed(_ folder: ScratchFolder, after steps: Int = 11) {
    #expect(throws: Killed.self) {
      _ = try train(
        Mortal(work: Self.work, life: Life(steps: steps)), SmallNetwork(), Self.plan, in: folder.path,
        every: .steps(2), killedAfter: [])
    }
  }

  private func resumed(_ folder: ScratchFolder, _ notes: inout [String]) throws -> Outcome {
    var taken: [String] = []
    let result = try train(
      Self.work, SmallNetwork(), Self.plan, in: folder.path, every: .steps(2), killedAfter: [],
      note: { taken.append($0) })
    notes = taken
    return Outcome(result)
  }

  private static let files = [
    "average.safetensors", "best.safetensors", "checkpoint.json", "manifest.json", "model.safetensors",
    "optimizer.safetensors",
  ]

  private enum Harm: CaseIterable { case flipped, short, empty, gone }

  /// Any file of the newest checkpoint may be damaged in any way.
  @Test(arguments: files) func aDamagedCheckpointIsPassedOver(_ file: String) throws {
    for harm in Harm.allCases {
      let folder = try ScratchFolder()
      killed(folder)
      let newest = try #require(folder.names().last)
      #expect(folder.names(newest) == Self.files)
      var bytes = try folder.read("\(newest)/\(file)")
      switch harm {
      // In the manifest, within a hash.
      case .flipped: bytes[bytes.count * 2 / 3] ^= 1
      case .short: bytes.removeLast(bytes.count / 3)
      case .empty: bytes = []
      case .gone: break
      }
      if harm == .gone {
        try folder.remove("\(newest)/\(file)")
      } else {
        try folder.write(bytes, "\(newest)/\(file)")
      }
      var notes: [String] = []
      #expect(try resumed(folder, &notes) == Self.whole.get(), "\(harm)")
      #expect(notes.count == 2, "\(notes)")
      #expect(notes[0].contains("passed over") && notes[0].contains("\(newest)/"))
      #expect(notes[1].contains("epoch 3") || notes[1].contains("epoch 2"), "\(notes)")
    }
  }

  /// Records that no training writes, although their manifest confirms them: each ended the process once, or would go on
  /// with numbers that are not random.
  @Test(arguments: [
    ("\"state\" : \\[[^\\]]*\\]", "\"state\" : []"), ("\"state\" : \\[[^\\]]*\\]", "\"state\" : [1, 2, 3]"),
    ("\"state\" : \\[[^\\]]*\\]", "\"state\" : [0, 0, 0, 0]"),
    ("\"steps\" : [0-9]+", "\"steps\" : 9223372036854775807"), ("\"epoch\" : [0-9]+", "\"epoch\" : -1"),
    ("\"elapsed\" : [0-9.e-]+", "\"elapsed\" : 1e308"),
  ])
  func aRecordThatNoTrainingWritesIsPassedOver(_ pattern: String, _ text: String) throws {
    let folder = try ScratchFolder()
    killed(folder)
    let newest = try #require(folder.names().last)
    let old = try folder.read("\(newest)/checkpoint.json")
    let changed = String(decoding: old, as: UTF8.self).replacing(try Regex(pattern), with: text)
    let new = Array(changed.utf8)
    #expect(new != old)
    try folder.write(new, "\(newest)/checkpoint.json")
    let manifest = String(decoding: try folder.read("\(newest)/manifest.json"), as: UTF8.self)
      .replacing(SHA256.hexadecimal(old), with: SHA256.hexadecimal(new))
      .replacing("\"bytes\" : \(old.count)", with: "\"bytes\" : \(new.count)")
    try folder.write(Array(manifest.utf8), "\(newest)/manifest.json")
    var notes: [String] = []
    #expect(try resumed(folder, &notes) == Self.whole.get())
    #expect(notes.count == 2 && notes[0].contains("passed over"), "\(notes)")
  }

  @Test func withoutAWholeCheckpointTrainingBeginsAnew() throws {
    let folder = try ScratchFolder()
    killed(folder)
    for name in folder.names() { try folder.write([], "\(name)/checkpoint.json") }
    var notes: [String] = []
    #expect(try resumed(folder, &notes) == Self.whole.get())
    #expect(notes.count == 2 && notes.allSatisfy { $0.contains("passed over") }, "\(notes)")
  }

  @Test func aDamagedResultIsFoundAgain() throws {
    let folder = try ScratchFolder()
    var notes: [String] = []
    #expect(try resumed(folder, &notes) == Self.whole.get())
    try folder.write([1, 2, 3], "training-1-result/model.safetensors")
    #expect(try resumed(folder, &notes) == Self.whole.get())
    #expect(notes.count == 1)
    // What was found again is stored again.
    #expect(try resumed(folder, &notes) == Self.whole.get())
    #expect(notes.isEmpty)
  }

  /// A save that ends after any of its steps leaves the checkpoint before it, or itself, whole.
  @Test func everyPrefixOfASaveResumes() throws {
    let source = try ScratchFolder()
    killed(source)
    let newest = try #require(source.names().last)
    let snapshot = try TrainingSnapshot(contentsOf: source.path + "/" + newest)
    #expect(snapshot.record.steps == 10)
    var length = 0
    while true {
      let folder = try ScratchFolder()
      killed(folder, after: 9)
      let entry = try TrainingJournal(folder: folder.path).begin()
      let plan = try #require(try entry.plan(snapshot))
      guard length <= plan.publish.count else { break }
      for step in plan.publish.prefix(length) { try step.run() }
      var notes: [String] = []
      #expect(try resumed(folder, &notes) == Self.whole.get(), "after \(length) steps of the save")
      // The folder is shown by the last step but one.
      let isShown = length >= plan.publish.count - 1
      #expect(notes == ["going on in epoch 3, after step \(isShown ? 2 : 1) of 4"] || !isShown, "\(notes)")
      #expect(notes.count == 1 && folder.names() == ["training-1-result"], "\(folder.names())")
      length += 1
    }
    #expect(length > 8)
  }

  @Test func aFailedSaveIsAnErrorAndLeavesTheOneBefore() throws {
    let folder = try ScratchFolder()
    killed(folder, after: 7)
    let before = folder.names()
    let snapshot = try TrainingSnapshot(contentsOf: folder.path + "/" + before[before.count - 1])
    var later = snapshot
    later.record.steps += 1
    let entry = try TrainingJournal(folder: folder.path).begin()
    let plan = try #require(try entry.plan(later))
    // What is in the way lets the save fail, and is undone with it.
    try plan.publish[0].run()
    try plan.publish[1].run()
    #expect(throws: ModelFileError.self) { try plan.run() }
    #expect(folder.names() == before)
    var notes: [String] = []
    #expect(try resumed(folder, &notes) == Self.whole.get())
  }

  // MARK: - Other trainings

  private func refusal(_ change: (inout CurveWork, inout SmallNetwork, inout TrainingPlan) -> Void) throws
    -> ModelFileError
  {
    let folder = try ScratchFolder()
    killed(folder)
    var (work, model, plan) = (Self.work, SmallNetwork(), Self.plan)
    change(&work, &model, &plan)
    let before = folder.names()
    let error = #expect(throws: ModelFileError.self) {
      _ = try train(work, model, plan, in: folder.path, every: .steps(2), killedAfter: [])
    }
    #expect(folder.names() == before, "nothing is lost")
    return try #require(error)
  }

  @Test func anotherTrainingIsRefused() throws {
    #expect(try refusal { $2.seed = 3 }.found.contains("order"))
    #expect(try refusal { work, _, _ in work.stepsPerEpoch = 3 }.found.contains("step"))
    #expect(try refusal { $2.epochs = 2 }.found.contains("epoch 3"))
    #expect(try refusal { $2.optimizer = SGD(learningRate: 0.1) }.expected.contains("sgd"))
    #expect(try refusal { _, model, _ in model = SmallNetwork(hidden: 9) }.found.contains("shape"))
  }

  /// Changes what the records say, and the manifests with them.
  private func rewrite(_ folder: ScratchFolder, _ change: (String) -> String) throws {
    for name in folder.names() {
      let text = String(decoding: try folder.read("\(name)/checkpoint.json"), as: UTF8.self)
      let bytes = Array(change(text).utf8)
      try folder.write(bytes, "\(name)/checkpoint.json")
      let manifest = String(decoding: try folder.read("\(name)/manifest.json"), as: UTF8.self)
        .replacing("\"bytes\" : \(text.utf8.count)", with: "\"bytes\" : \(bytes.count)")
        .replacing(SHA256.hexadecimal(Array(text.utf8)), with: SHA256.hexadecimal(bytes))
      try folder.write(Array(manifest.utf8), "\(name)/manifest.json")
    }
  }

  @Test func anotherVersionIsRefused() throws {
    let folder = try ScratchFolder()
    killed(folder)
    try rewrite(folder) { $0.replacing("\"version\" : 1", with: "\"version\" : 2") }
    var notes: [String] = []
    let error = #expect(throws: ModelFileError.self) { _ = try resumed(folder, &notes) }
    #expect(error?.reason == .unsupported && error?.found.contains("version 2") == true)
  }

  /// A record that lies is refused, or passed over; it never ends the process.
  @Test(arguments: [
    "9223372036854775807", "-1", "-9223372036854775808", "1e300", "0", "null", "[]", "\"1\"",
    "99999999999999",
  ]) func recordsThatLieDoNoHarm(_ lie: String) throws {
    for key in ["epoch", "step", "steps", "stepsPerEpoch", "elapsed", "bestEpoch", "lossSum", "history"] {
      let folder = try ScratchFolder()
      killed(folder)
      try rewrite(folder) { text in
        // The keys of the record itself are indented by two.
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
          line.hasPrefix("  \"\(key)\" : ")
            ? "  \"\(key)\" : \(lie)" + (key == "history" ? ", \"x\" : [" : ",") : String(line)
        }.joined(separator: "\n")
      }
      var notes: [String] = []
      do {
        let outcome = try resumed(folder, &notes)
        let isHarmless = key == "elapsed" || key == "lossSum"
        let whole = try Self.whole.get()
        #expect(isHarmless || outcome == whole, "\(key) \(lie)")
      } catch let error as ModelFileError {
        #expect(!error.expected.isEmpty)
      }
    }
  }
}
