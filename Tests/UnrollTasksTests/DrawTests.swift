import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// Drawings that are easily learned: squares and crosses of about one size.
enum DrawSupport {
  static func steps(_ numbers: [(Float, Float, Bool)], _ wobble: Float = 0) -> PenDrawing {
    PenDrawing(steps: numbers.map { .init(dx: $0.0 + wobble, dy: $0.1 - wobble, lifts: $0.2) })
  }

  static func drawing(_ label: String, wobble: Float = 0) -> PenDrawing {
    label == "square"
      ? steps(
        [(0, 0, false), (20, 0, false), (0, 20, false), (-20, 0, false), (0, -20, true)], wobble)
      : steps([(0, 0, false), (20, 20, true), (0, -20, false), (-20, 20, true)], wobble)
  }

  static func data(_ count: Int = 60) throws -> DrawData {
    var random = RandomSource(seed: 9)
    return try DrawData(
      (0..<count).map { index in
        let label = index % 2 == 0 ? "square" : "cross"
        return .init(
          drawing(label, wobble: 0.5 * random.normal()), label: label, place: "drawing \(index)")
      })
  }

  static var settings: DrawSettings {
    var settings = DrawSettings()
    settings.network = RecurrentSettings(cell: .lstm, hiddenSize: 16, dropout: 0.1)
    settings.mixtures = 3
    ChassisCheck.small(&settings.learning)
    return settings
  }

  static let trained: Drawer? = {
    var settings = DrawSupport.settings
    settings.network = RecurrentSettings(hiddenSize: 32, dropout: 0)
    settings.leastDeviation = 0.05
    settings.learning.epochs = 60
    settings.learning.batchSize = 8
    settings.learning.learningRate = 0.01
    return try? Drawer.train(on: data(), settings: settings)
  }()
}

struct DrawTests {
  @Test func isATask() throws {
    let inputs = [
      DrawInput(label: "square"), DrawInput(label: "cross"), DrawInput(),
      DrawInput(label: "cross", begun: PenDrawing(steps: [.init(dx: 0, dy: 0, lifts: false)])),
    ]
    try ChassisCheck.check(
      ChassisCase<DrawTask>(data: try DrawSupport.data(), settings: DrawSupport.settings, inputs: inputs))
    var free = DrawSupport.settings
    free.conditional = false
    free.network.cell = .gru
    try ChassisCheck.check(
      ChassisCase<DrawTask>(data: try DrawSupport.data(), settings: free, inputs: [DrawInput()]))
  }

  /// Drawings are what their label asks for: squares of one line with five points, crosses of two lines.
  @Test func drawsWhatIsAskedFor() throws {
    let model = try #require(DrawSupport.trained)
    var options = DrawOptions()
    options.count = 20
    options.temperature = 0.3
    let squares = try model.answers([DrawInput(label: "square")], options: options)[0]
    let crosses = try model.answers([DrawInput(label: "cross")], options: options)[0]
    #expect(squares.drawings.count { $0.count == 5 && $0.count { $0[2] == 1 } == 1 } >= 16)
    #expect(crosses.drawings.count { $0.count == 4 && $0.count { $0[2] == 1 } == 2 } >= 16)
    for drawing in squares.drawings where drawing.count == 5 {
      #expect(abs(drawing[1][0] - 20) < 6 && abs(drawing[2][1] - 20) < 6)
    }
    #expect(squares.svg.contains("<path d=\"M") && squares.shown.hasPrefix("square: 20 drawings of"))
    #expect(try model.answers([DrawInput(label: "square")], options: options)[0] == squares)
  }

  /// However hot, every drawing is finite and within its length.
  @Test(arguments: [0, 0.5, 1, 3, 50])
  func drawsWithinBounds(_ temperature: Double) throws {
    let model = try #require(DrawSupport.trained)
    var options = DrawOptions()
    options.count = 50
    options.length = 40
    options.temperature = temperature
    let answer = try model.answers([DrawInput()], options: options)[0]
    #expect(answer.drawings.count == 50)
    #expect(answer.drawings.allSatisfy { $0.count <= 40 && $0.joined().allSatisfy(\.isFinite) })
    #expect(!answer.svg.contains("nan") && !answer.svg.contains("inf"))
  }

  @Test func goesOnWithADrawing() throws {
    let model = try #require(DrawSupport.trained)
    var options = DrawOptions()
    options.temperature = 0
    let begun = PenDrawing(steps: Array(DrawSupport.drawing("square").steps.prefix(3)))
    let answer = try model.answers([DrawInput(label: "square", begun: begun)], options: options)[0]
    #expect(answer.drawings[0].prefix(3).map { $0[0] } == [0, 20, 0])
    #expect(answer.drawings[0].count == 5 && answer.unended == 0)
  }

  /// The score of a drawing whose steps are known, against the density written out: one normal density, all weights 0,
  /// so that μ = 0, σ = σ₀ + 1, ρ = 0 and every state of the pen has probability 1/3.
  @Test func countsNats() throws {
    var settings = DrawSupport.settings
    settings.mixtures = 1
    settings.leastDeviation = 0.5
    settings.stretch = 0
    var model = try Drawer.train(on: try DrawSupport.data(), settings: settings)
    model.networks[0].forEachParameter("") { $1.value = .zeros($1.value.shape) }
    let scale = Double(model.preparation.scale)
    let drawing = DrawSupport.drawing("cross")
    let report = try model.evaluate(on: try DrawData([.init(drawing, label: "cross")]))
    let squares = drawing.steps.dropFirst().reduce(0.0) { sum, step in
      let (x, y) = (Double(step.dx) / scale, Double(step.dy) / scale)
      return sum + x * x + y * y
    }
    // Three offsets count: the first step is where the drawing begins.
    let offsets =
      squares / (2 * 1.5 * 1.5) + 3 * (naturalLogarithm(2 * Double.pi) + 2 * naturalLogarithm(1.5))
    #expect(abs(report["nats per point of offsets"] - offsets / 4) < 1e-5)
    #expect(abs(report["nats per point of the pen"] - 5 * naturalLogarithm(3) / 4) < 1e-5)
  }

  /// A mixture knows what one normal density cannot say: that a step goes one way or the other.
  @Test func mixesDensities() throws {
    var random = RandomSource(seed: 2)
    let data = try DrawData(
      (0..<200).map { index in
        let side: Float = index % 2 == 0 ? 10 : -10
        return .init(
          DrawSupport.steps([(0, 0, false), (side + random.normal(), random.normal(), true)]))
      })
    func nats(_ mixtures: Int) throws -> Double {
      var settings = DrawSupport.settings
      settings.mixtures = mixtures
      settings.stretch = 0
      settings.learning.epochs = 80
      settings.leastDeviation = 0.02
      settings.learning.batchSize = 20
      settings.learning.learningRate = 0.02
      return try Drawer.train(on: data, settings: settings).evaluate(on: data)["nats per point"]
    }
    let (mixed, single) = (try nats(5), try nats(1))
    #expect(mixed < single - 0.3, "\(mixed) against \(single)")
  }
}

struct DrawFilesTests {
  private static func read(_ files: [String], _ settings: DrawSettings = DrawSettings()) throws -> (
    data: DrawData, notes: [String]
  ) {
    var notes: [String] = []
    let data = try DrawTask.read(files, settings) { notes.append($0) }
    return (data, notes)
  }

  @Test func readsPartsAndLabels() throws {
    let folder = try TestFolder()
    func write(_ text: String, _ name: String) throws { try folder.write(Array(text.utf8), name) }
    try write(
      #"{"train":[[[3,4,0],[5,0,1]],[[0,0,1]]],"valid":[[[0,0,1]]],"test":[[[0,0,0],[1,1,1]]]}"#, "a.json")
    let (data, notes) = try Self.read(["\(folder.path)/a.json"])
    #expect(data.examples.count == 4 && data.examples.allSatisfy { $0.label == nil } && notes.isEmpty)
    // Where a drawing begins means nothing.
    #expect(data.examples[0].drawing.steps.map(\.dx) == [0, 5])
    let parts = DrawTask.split(data, DrawSettings(), member: 0)
    #expect(parts.training.examples.count == 2 && parts.validation?.examples.count == 1)

    try write(#"{"cat":[[[0,0,0],[1,0,1]]],"dog":[[[0,0,1]],[[0,0,1]]]}"#, "b.json")
    let labels = try Self.read(["\(folder.path)/b.json"]).data
    #expect(labels.examples.map(\.label) == ["cat", "dog", "dog"])

    try write("<ink><annotation type=\"truth\">x</annotation><trace>1 2, 3 4</trace></ink>", "c.inkml")
    #expect(try Self.read(["\(folder.path)/c.inkml"]).data.examples[0].label == "x")

    var settings = DrawSettings()
    settings.maximumLength = 1
    let short = try Self.read(["\(folder.path)/a.json", "\(folder.path)/b.json"], settings)
    #expect(
      short.data.examples.count == 4 && short.notes.contains { $0.hasPrefix("3 drawings of more than") })
    // Parts of several files have the name of their file as a label.
    #expect(Set(short.data.examples.compactMap(\.label)) == ["a", "dog"])
  }

  @Test func leavesOutDamagedFiles() throws {
    let folder = try TestFolder()
    try folder.write(Array("[[[0,0,1]]]".utf8), "a.json")
    try folder.write(Array("[[[0,0".utf8), "b.json")
    try folder.write([], "c.inkml")
    let (data, notes) = try Self.read([folder.path])
    #expect(data.examples.count == 1)
    #expect(notes.contains { $0.contains("b.json") } && notes.contains { $0.contains("c.inkml") })
    #expect(notes.contains("2 of 3 files cannot be read, and were left out"))
    var settings = DrawSettings()
    settings.strict = true
    #expect(throws: DataError.self) { try Self.read([folder.path], settings) }
    for text in ["", "[]", "[[]]", "[[[0,0,2]]]", "[[[1e300,0,1]]]", "{\"a\":1}"] {
      try folder.write(Array(text.utf8), "d.json")
      #expect(throws: DataError.self, "\(text)") { try Self.read(["\(folder.path)/d.json"]) }
    }
  }

  @Test func refusesUnknownLabels() throws {
    let model = try #require(DrawSupport.trained)
    #expect(throws: DataError.self) { try DrawTask.input("circle", model, DrawOptions()) }
    #expect(throws: DataError.self) { try model.answers([DrawInput(label: "circle")]) }
    let other = try DrawData([.init(DrawSupport.drawing("cross"), label: "circle")])
    #expect(throws: DataError.self) { try model.evaluate(on: other) }
    #expect(throws: DataError.self) { try DrawData([.init(PenDrawing(steps: []))]) }
    var options = DrawOptions()
    options.count = 0
    #expect(throws: SettingError.self) { try model.answers([DrawInput()], options: options) }
  }
}
