import Testing
import UnrollData
import UnrollTasks
import UnrollTraining

/// A forecaster in its folder.
struct ForecastFilesTests {
  private static let wave: [Double] = {
    var curve = Curve(1)
    return curve.wave(90, noise: 0.1)
  }()

  private static func rich() throws -> Forecaster {
    var values = wave
    values[20] = .nan
    let flags = (0..<100).map { $0 % 5 == 0 ? 1.0 : 0 }
    let data = try Example.series(
      [values, wave.map { $0 * 100 }, wave.map { -$0 }, wave], ids: ["a,b", "\"c\""],
      known: [[flags], [flags]], targets: ["x", "y"], knownNames: ["promo"])
    return try Example.train(data, epochs: 2)
  }

  @Test func comesBackBitForBit() throws {
    let forecaster = try Self.rich()
    let folder = try TestFolder()
    try forecaster.save(to: "\(folder.path)/model")
    let again = try Forecaster(contentsOf: "\(folder.path)/model")
    #expect(try again.forecast().bits == forecaster.forecast().bits)
    #expect(try again.forecast().csv() == forecaster.forecast().csv())
    #expect(again.settings == forecaster.settings)
    #expect(again.data.targetNames == ["x", "y"] && again.data.knownNames == ["promo"])
    #expect(again.record == forecaster.record)
    // Data that is newer than the model's, by a model that came from its folder.
    let newer = try Example.series(
      [Self.wave + [11, 12], Self.wave + [1, 2], Self.wave + [3, 4], Self.wave + [5, 6]],
      ids: ["a,b", "new"],
      known: [[Array(repeating: 0, count: 98)], [Array(repeating: 1, count: 98)]], targets: ["x", "y"],
      knownNames: ["promo"])
    let next = try again.forecast(newer)
    #expect(try next.bits == forecaster.forecast(newer).bits)
    #expect(next.timeText(next.tracks[0], step: 0) == "2007-09")
    #expect(try next.bits != again.forecast().bits)
  }

  @Test(arguments: ["config.json", "model.safetensors", "history.csv", "manifest.json"], [0, 1, 2])
  func damageIsFound(_ name: String, _ kind: Int) throws {
    let forecaster = try Example.train(Example.series([Self.wave]), epochs: 1)
    let folder = try TestFolder()
    try forecaster.save(to: "\(folder.path)/model")
    var bytes = try folder.read("model/\(name)")
    switch kind {
    case 0: bytes.removeLast(bytes.count / 3)
    case 1: bytes[bytes.count / 2] ^= 0x10
    default: bytes = []
    }
    try folder.write(bytes, "model/\(name)")
    #expect {
      try Forecaster(contentsOf: "\(folder.path)/model")
    } throws: {
      guard let error = $0 as? ModelFileError else { return false }
      return error.description.contains("\(folder.path)/model/") && error.reason != .otherTask
    }
    #expect(throws: ModelFileError.self) { try TaskRegistry.load("\(folder.path)/model") }
  }

  /// Files whose checksums are right and whose contents do not fit together.
  @Test(arguments: 0..<6) func sizesThatDoNotFitAreFound(_ which: Int) throws {
    let forecaster = try Example.train(Example.series([Self.wave]), epochs: 1)
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try forecaster.save(to: path)
    let text = String(decoding: try folder.read("model/config.json"), as: UTF8.self)
    let changed: String
    switch which {
    case 0: changed = text.replacing("\"hidden\" : 16", with: "\"hidden\" : 17")
    case 1: changed = text.replacing("\"layers\" : 1", with: "\"layers\" : 2")
    case 2: changed = text.replacing("\"members\" : 1", with: "\"members\" : 2")
    case 3: changed = text.replacing("\"window-segment\" : 12", with: "\"window-segment\" : 0")
    case 4: changed = text.replacing("\"window-look-back\" : ", with: "\"window-look-back\" : 1")
    default: changed = text.replacing("\"cell\" : \"gru\"", with: "\"cell\" : \"spaghetti\"")
    }
    #expect(changed != text)
    let manifest = String(decoding: try folder.read("model/manifest.json"), as: UTF8.self)
      .replacing(SHA256.hexadecimal(Array(text.utf8)), with: SHA256.hexadecimal(Array(changed.utf8)))
      .replacing("\"bytes\" : \(text.utf8.count)", with: "\"bytes\" : \(changed.utf8.count)")
    try folder.write(Array(changed.utf8), "model/config.json")
    try folder.write(Array(manifest.utf8), "model/manifest.json")
    #expect {
      try Forecaster(contentsOf: path)
    } throws: {
      ($0 as? ModelFileError)?.reason == .damaged
    }
  }

  @Test func aModelOfAnotherTask() throws {
    let folder = try TestFolder()
    let path = "\(folder.path)/model"
    try ModelDirectory.write(to: path, task: "sing", settings: ["a": 1], tensors: [], card: "# A singer")
    #expect {
      try Forecaster(contentsOf: path)
    } throws: {
      guard let error = $0 as? ModelFileError else { return false }
      return error.reason == .otherTask && error.description.contains("sing")
        && error.description.contains("forecast")
    }
    #expect {
      try TaskRegistry.load(path)
    } throws: {
      ($0 as? ModelFileError)?.reason == .otherTask
    }
  }

  @Test func theCardTellsWhatIsInside() throws {
    let folder = try TestFolder()
    var lines = ["shop,date,value"]
    for (step, value) in Self.wave.enumerated() {
      let month = step % 12 + 1
      lines.append("a|b,\(2000 + step / 12)-\(month < 10 ? "0" : "")\(month),\(value)")
    }
    let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    try folder.write(bytes, "waves.csv")
    let forecaster = try Forecaster.train(
      files: ["\(folder.path)/waves.csv"],
      words: ["horizon=6", "id=shop", "hidden=16", "epochs=2", "maximum-steps=12"])
    try forecaster.save(to: "\(folder.path)/model")
    let card = String(decoding: try folder.read("model/README.md"), as: UTF8.self)
    for words in [
      "# forecast of value, 6 steps ahead", "monthly", "| MASE |", "| MAE |", "## Limits",
      "Scores are of a part that nothing was chosen by.", SHA256.hexadecimal(bytes),
    ] { #expect(card.contains(words), "\(words)") }
    #expect(!card.contains("nan"))
    #expect(String(decoding: try folder.read("model/forecast.svg"), as: UTF8.self).contains("<svg"))
    let description = forecaster.description
    #expect(description.parameters.reduce(0) { $0 + $1.count } == forecaster.parameterCount)
    #expect(
      description.parameters.contains {
        $0.name == "members.0.front.projection.weight" && $0.shape.hasPrefix("[16, ")
      })
    #expect(
      description.groups.map(\.heading) == ["Data", "Network", "Training", "Scores on what was held out"])
  }
}
