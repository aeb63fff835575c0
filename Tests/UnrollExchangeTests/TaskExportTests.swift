import Foundation
import Testing
import UnrollCore
import UnrollData
import UnrollExchange
import UnrollTasks
import UnrollTraining

/// Models of all tasks as ONNX graphs: an export holds the graph against the model's own network, at two sizes, or fails.
/// `scripts/check-onnx` holds the graphs against ONNX Runtime.
@Suite struct TaskExportTests {
  /// A folder of its own, with data of each task.
  private final class Data {
    let path: String

    init() throws {
      path = FileManager.default.temporaryDirectory.path + "/unroll-export-\(UInt64.random(in: 0...(.max)))"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let words = ["red", "green", "dog", "cat", "runs", "the"]
      let texts = (0..<40).map { row in (0..<2 + row % 5).map { words[(row * 7 + $0 * 5) % 6] } }
      try write(
        "texts", texts.map { "__label__\($0.contains("dog") ? "pet" : "other") \($0.joined(separator: " "))" }
      )
      try write(
        "frames",
        ["id,x,y,label"]
          + (0..<60).map {
            "\($0 / 5),\(Double($0 % 7) / 3),\(Double($0 % 4)),\($0 / 5 % 2 == 0 ? "a" : "b")"
          })
      try write(
        "tags",
        texts.flatMap { text in text.map { "\($0) \($0 == "dog" || $0 == "cat" ? "B-pet" : "O")" } + [""] })
      try write("corpus", Array(repeating: texts, count: 3).flatMap { $0 }.map { $0.joined(separator: " ") })
      try write(
        "pairs", texts.map { $0.joined(separator: " ") + "\t" + $0.reversed().joined(separator: " ") })
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func write(_ name: String, _ lines: [String]) throws {
      try lines.joined(separator: "\n").appending("\n").write(
        toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
    }
  }

  private static func train<Task: TaskDefinition>(
    _: Model<Task>.Type, _ data: Data, _ file: String, _ options: [(String, String)]
  ) throws -> String {
    var given = SettingValues()
    for (name, value) in [("epochs", "1"), ("hidden", "9")] + options {
      try given.set(name, value, among: Task.Settings.descriptions())
    }
    let path = "\(data.path)/model"
    try Model<Task>.train(files: ["\(data.path)/\(file)"], given: given).save(to: path)
    return path
  }

  private static func check(_ path: String, states: [Bool] = [false], inputs: Set<String>) throws {
    for takesStates in states {
      let result = try ONNXExport.export(path, ONNXExport.Options(takesStates: takesStates))
      let graph = try ONNXModel(result.bytes, file: path)
      #expect(result.probes.count == 2)
      if !takesStates { #expect(Set(graph.inputs.map(\.name)) == inputs) }
      // Batch and time are free.
      for port in graph.inputs where !port.name.hasPrefix("h.") && !port.name.hasPrefix("c.") {
        #expect(
          port.extents?.contains { if case .named = $0 { true } else { false } } == true, "\(port.name)")
      }
    }
  }

  @Test(
    arguments: [
      [("pieces", "40"), ("embedding", "7")],
      [("pieces", "0"), ("pooling", "attention"), ("pooling", "last"), ("members", "2")],
      [("cell", "lstm-layernorm"), ("layers", "2"), ("pooling", "mean"), ("pool-inputs", "no")],
      [("multi-label", "yes")],
    ] as [[(String, String)]])
  func classifiersOfTexts(_ options: [(String, String)]) throws {
    let data = try Data()
    let path = try Self.train(Classifier.self, data, "texts", options)
    let hasPieces = !options.contains { $0 == ("pieces", "0") }
    try Self.check(path, inputs: hasPieces ? ["tokens", "pieces", "lengths"] : ["tokens", "lengths"])
  }

  @Test func classifiersOfSequences() throws {
    let data = try Data()
    let options = [("id", "id"), ("label", "label"), ("frame", "2"), ("cell", "gru-reset-before")]
    try Self.check(try Self.train(Classifier.self, data, "frames", options), inputs: ["frames", "lengths"])
  }

  @Test(arguments: [[("decision", "crf")], [("decision", "softmax"), ("members", "2"), ("cell", "gru")]])
  func taggers(_ options: [(String, String)]) throws {
    let data = try Data()
    try Self.check(
      try Self.train(Tagger.self, data, "tags", options),
      inputs: ["words", "characters", "features", "lengths"])
  }

  @Test(arguments: [
    [("layers", "2"), ("embedding", "5")],
    [("tokens", "words"), ("cell", "gru"), ("layers", "2"), ("embedding", "5")],
    [("tokens", "words"), ("tied", "no"), ("softmax", "adaptive"), ("minimum-count", "1")],
  ])
  func languageModels(_ options: [(String, String)]) throws {
    let data = try Data()
    let all = options + [("sequence-length", "8"), ("batch-size", "2")]
    try Self.check(
      try Self.train(LanguageModel.self, data, "corpus", all), states: [false, true],
      inputs: ["tokens", "lengths"])
  }

  @Test(
    arguments: [
      [("attention", "additive"), ("cell", "lstm"), ("joint", "yes")], [("input-feeding", "yes")],
      [("attention", "additive"), ("coverage", "yes"), ("decoder-layers", "1")],
    ] as [[(String, String)]])
  func translators(_ options: [(String, String)]) throws {
    let data = try Data()
    let all = options + [("tokens", "words"), ("embedding", "7")]
    try Self.check(
      try Self.train(Translator.self, data, "pairs", all), states: [false, true],
      inputs: ["source", "source_lengths", "target", "target_lengths"])
  }

  @Test func summarizers() throws {
    let data = try Data()
    let path = try Self.train(Summarizer.self, data, "pairs", [("minimum-count", "3"), ("embedding", "7")])
    let result = try ONNXExport.export(path)
    #expect(try ONNXModel(result.bytes, file: path).inputs.map(\.name).contains("source"))
  }

  @Test(arguments: [(1, false), (2, true)]) func forecasters(_ targets: Int, _ isFull: Bool) throws {
    let data = try Data()
    var text = "date,a,b,known\n"
    for day in 0..<120 {
      text +=
        "2024-0\(1 + day / 28)-\(day % 28 < 9 ? "0" : "")\(1 + day % 28),\(day % 7),\(day % 5 + day),\(day % 3)\n"
    }
    let table = try CSVTable(bytes: Array(text.utf8), name: "series")
    let names = Array(["a", "b"].prefix(targets))
    let series = try TimeSeries(
      table, SeriesRequest(time: "date", targets: names, known: isFull ? ["known"] : []))
    let forecast = ForecastData(series.with(season: nil, horizon: 9))
    var settings = ForecastTask.defaults(for: forecast, ForecastSettings())
    settings.learning.epochs = 1
    settings.learning.members = targets
    settings.network.hiddenSize = 7
    settings.maximumSteps = 2
    settings.cycle = isFull
    settings.mixesTargets = isFull
    let path = "\(data.path)/forecaster"
    try Forecaster.train(on: forecast, settings: settings).save(to: path)
    let result = try ONNXExport.export(path)
    #expect(try ONNXModel(result.bytes, file: path).outputs.map(\.name) == ["outputs"])
    #expect(throws: ExchangeError.self) { try ONNXExport.export(path, ONNXExport.Options(takesStates: true)) }
  }

  @Test(arguments: ["independent", "autoregressive"]) func composers(_ head: String) throws {
    let data = try Data()
    var settings = ComposeSettings()
    settings.head = ComposeSettings.Head(rawValue: head)!
    settings.network = RecurrentSettings(cell: .gru, hiddenSize: 7, layers: 2)
    settings.projection = 5
    settings.learning.epochs = 1
    let music = try ComposeData((0..<4).map { .init(steps: [[Int32($0)], [20, 30], []]) })
    let path = "\(data.path)/composer"
    try Composer.train(on: music, settings: settings).save(to: path)
    try Self.check(path, states: [false, true], inputs: ["frames", "lengths"])
  }

  @Test func drawers() throws {
    let data = try Data()
    var settings = DrawSettings()
    settings.network = RecurrentSettings(hiddenSize: 7, layers: 2)
    settings.mixtures = 3
    settings.learning.epochs = 1
    let steps = [(0, 0, false), (1, 2, false), (3, -1, true)].map {
      PenDrawing.Step(dx: Float($0.0), dy: Float($0.1), lifts: $0.2)
    }
    let drawings = try DrawData(["a", "b"].map { .init(PenDrawing(steps: steps), label: $0) })
    let path = "\(data.path)/drawer"
    try Drawer.train(on: drawings, settings: settings).save(to: path)
    try Self.check(path, states: [false, true], inputs: ["frames", "lengths"])
  }

  /// A graph that is not the network's must not pass.
  @Test func anotherNetworkIsNotWritten() throws {
    let data = try Data()
    let path = try Self.train(
      LanguageModel.self, data, "corpus", [("sequence-length", "8"), ("batch-size", "2")])
    let result = try ONNXExport.export(path)
    var probe = result.probes[0]
    let graph = try ONNXModel(result.bytes, file: path)
    try ONNXExport.compare(graph, probe)
    var scores = probe.outputs[0].value
    scores[3] += 0.01
    probe.outputs[0].value = scores
    #expect(throws: ExchangeError.self) { try ONNXExport.compare(graph, probe) }
  }

  /// The recurrent stacks of tasks have counterparts in PyTorch.
  @Test func tasksGoToPyTorch() throws {
    let data = try Data()
    let path = try Self.train(
      LanguageModel.self, data, "corpus", [("sequence-length", "8"), ("batch-size", "2"), ("cell", "gru")])
    let weights = try PyTorchWeights.exported(try ModelDirectory.load(path).tensors, file: path)
    #expect(weights.map(\.name).filter { $0.hasSuffix("_l0") }.count == 4)
    #expect(weights.contains { $0.name == "members.0.front.table.weight" })
  }
}
