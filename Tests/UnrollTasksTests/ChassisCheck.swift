import Testing
import UnrollCore
import UnrollTasks
import UnrollTraining

/// A task with data and settings that train in a moment.
struct ChassisCase<Task: TaskDefinition> {
  let data: Task.Data
  var settings: Task.Settings
  let inputs: [Task.Input]
}

/// What holds of every task, by the same test.
enum ChassisCheck {
  /// Few epochs, and a seed.
  static func small(_ learning: inout LearningSettings) {
    learning.epochs = 2
    learning.seed = 7
  }

  private static func bits<Task: TaskDefinition>(_ model: Model<Task>) -> [[UInt32]] {
    model.weights.map { $0.value.elements.map(\.bitPattern) }
  }

  private static func lines<Task: TaskDefinition>(_ model: Model<Task>, _ inputs: [Task.Input]) throws
    -> [String]
  {
    try model.answers(inputs).map { answer in
      var writer = AnswerWriter<Task.Answer>(.json)
      return try writer.text(answer, id: nil, line: nil)
    }
  }

  /// Trains, saves, loads, answers, goes on and is interrupted.
  static func check<Task: TaskDefinition>(_ example: ChassisCase<Task>) throws {
    func train(_ threads: Int, _ settings: Task.Settings) throws -> Model<Task> {
      try WorkerPool.$limit.withValue(threads) { try Model<Task>.train(on: example.data, settings: settings) }
    }
    let model = try train(1, example.settings)
    let name = Task.about.name
    #expect(model.record.end == "completed", "\(name)")
    #expect(bits(model) == bits(try train(2, example.settings)), "\(name): the same on any number of threads")
    var other = example.settings
    other.learning.seed += 1
    #expect(bits(model) != bits(try train(2, other)), "\(name): the seed decides")

    // Each input is answered by itself.
    let together = try lines(model, example.inputs)
    for (input, line) in zip(example.inputs, together) {
      #expect(try lines(model, [input]) == [line], "\(name)")
    }

    // A folder holds all of it, bit for bit.
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try model.save(to: path)
    let again = try #require(try TaskRegistry.load(path) as? Model<Task>)
    #expect(
      bits(again) == bits(model) && again.settings == model.settings && again.record == model.record,
      "\(name)")
    #expect(try lines(again, example.inputs) == together, "\(name)")
    #expect(
      again.description.title == model.description.title && !model.description.layers.isEmpty, "\(name)")
    let card = String(decoding: try folder.read("model/README.md"), as: UTF8.self)
    #expect(card.contains("## Limits") && !card.contains("nan"), "\(name)")
    try damage(folder, Model<Task>.self)

    // Training goes on from it.
    let more = try Model<Task>.train(on: example.data, settings: example.settings, from: again)
    #expect(more.record.continuations == 1 && bits(more) != bits(model), "\(name)")
    #expect(more.weights.map(\.name) == model.weights.map(\.name), "\(name)")

    // Asked to stop, it keeps what there is.
    var long = example.settings
    long.learning.epochs = 100_000
    let cut = try Model<Task>.train(on: example.data, settings: long, session: .stopping(after: 5))
    #expect(cut.record.end == "interrupted", "\(name)")
    #expect(cut.weights.allSatisfy { $0.value.elements.allSatisfy(\.isFinite) }, "\(name)")

    // Without data that is named it scores what it is given.
    let report = try model.evaluate(on: example.data)
    #expect(!report.scores.isEmpty && report.scores[0].value?.isFinite == true, "\(name)")
  }

  /// Files that are cut, bent or empty are refused by a typed error.
  private static func damage<Task: TaskDefinition>(_ folder: TestFolder, _ type: Model<Task>.Type) throws {
    for name in ["config.json", "model.safetensors", "manifest.json"] {
      let whole = try folder.read("model/\(name)")
      var bent = whole
      bent[whole.count / 2] ^= 0x10
      for bytes in [Array(whole.dropLast(whole.count / 3)), bent, []] {
        try folder.write(bytes, "model/\(name)")
        #expect(throws: ModelFileError.self) { try Model<Task>(contentsOf: "\(folder.path)/model") }
      }
      try folder.write(whole, "model/\(name)")
    }
  }
}
