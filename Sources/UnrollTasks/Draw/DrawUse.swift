import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Drawings that a model made.
public struct DrawnPictures: TaskAnswer, Equatable {
  /// What they are of; `nil` where a model draws freely.
  public let label: String?
  /// The steps of each, as dx, dy and 1 where the pen is lifted.
  public let drawings: [[[Float]]]
  /// How many drawings did not end within the most points.
  public let unended: Int
  /// Drawings side by side in the picture.
  public let across: Int
  /// The width and height of a drawing in the picture.
  public let size: Int

  public var shown: String {
    let points = drawings.reduce(0) { $0 + $1.count }
    let cut = unended > 0 ? ", \(unended) cut short" : ""
    let many = drawings.count == 1 ? "1 drawing" : "\(drawings.count) drawings"
    return "\(label.map { "\($0): " } ?? "")\(many) of \(points) points\(cut)"
  }
  public var columns: [String] { ["label", "drawing", "dx", "dy", "pen"] }
  public var rows: [[String]] {
    drawings.enumerated().flatMap { number, steps in
      steps.map { [label ?? "", "\(number + 1)"] + $0.map { NumberText.shortest(Double($0)) } }
    }
  }
  public var file: [UInt8]? { Array(svg.utf8) }

  /// The drawings as pictures in rows.
  public var svg: String {
    PenDrawing.svg(drawings.map { PenDrawing($0) }, columns: across, size: Double(size))
  }
}

extension PenDrawing {
  /// A drawing of steps in three numbers.
  fileprivate init(_ steps: [[Float]]) {
    self.init(steps: steps.map { Step(dx: $0[0], dy: $0[1], lifts: $0[2] == 1) })
  }
}

/// What is drawn: what a label asks for, and how it begins.
public struct DrawInput: Sendable {
  public let label: String?
  /// A drawing that is gone on with; empty: a new one.
  public let begun: PenDrawing

  public init(label: String? = nil, begun: PenDrawing = PenDrawing(steps: [])) {
    self.label = label
    self.begun = begun
  }
}

extension DrawTask {
  public static func input(_ text: String, _ model: Drawer, _ options: DrawOptions) throws -> DrawInput {
    let label = String(text.drop { $0.isWhitespace })
    guard model.preparation.labels.contains(label) else {
      let labels = model.preparation.labels
      let known = labels.prefix(20).map { quoted($0) }.joined(separator: ", ")
      throw DataError(
        .badLabel, file: quoted(text),
        expected: labels.isEmpty
          ? "no label, for the model draws freely"
          : "a label that the model knows: \(known)\(labels.count > 20 ? ", …" : "")",
        found: "another")
    }
    return DrawInput(label: label)
  }

  /// Drawings that were begun.
  public static func inputs(
    contentsOf path: String, _ model: Drawer, _ options: DrawOptions, note: (String) -> Void
  ) throws -> [TaskInput<DrawInput>]? {
    var settings = model.settings
    settings.strict = true
    return try DrawData([path], settings, note: note).examples.map {
      TaskInput(DrawInput(label: $0.label, begun: $0.drawing), id: $0.place)
    }
  }

  /// A model that knows labels draws each; one that does not draws freely.
  public static func defaultInput(_ model: Drawer, _ options: DrawOptions) -> DrawInput? { DrawInput() }

  public static func answers(
    _ inputs: [DrawInput], _ model: Drawer, _ options: DrawOptions, _ session: AnswerSession
  ) throws -> [DrawnPictures] {
    try inputs.map { input in
      let labels = model.preparation.labels
      if let label = input.label, !labels.isEmpty, !labels.contains(label) {
        throw DataError(
          .badLabel, file: quoted(label), expected: "a label that the model knows", found: "another")
      }
      if input.label == nil, !labels.isEmpty {
        session.note("no label is given: each drawing is of the next of \(labels.count) labels")
      }
      var random = RandomSource(seed: options.seed)
      var (drawings, unended): ([[[Float]]], Int) = ([], 0)
      for index in 0..<options.count where !session.shouldStop() {
        let label = labels.isEmpty ? nil : input.label ?? labels[index % labels.count]
        let (drawing, ended) = try model.draw(label: label, begun: input.begun, options, using: &random)
        drawings.append(drawing.steps.map { [$0.dx, $0.dy, $0.lifts ? 1 : 0] })
        unended += ended ? 0 : 1
      }
      return DrawnPictures(
        label: labels.isEmpty ? nil : input.label, drawings: drawings, unended: unended,
        across: options.columns, size: options.size)
    }
  }

  public static func evaluate(
    _ data: DrawData, _ model: Drawer, _ options: DrawOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let examples = data.examples(for: .test)
    guard !examples.isEmpty else {
      throw DataError(.badStrokes, file: data.source, expected: "drawings to score", found: "none")
    }
    let preparation = model.preparation
    let score = try DrawScore(
      model.networks[0], try preparation.drawings(examples), inputSize: preparation.inputSize)
    let places = examples.indices.map { index in
      let nats = (score.offsets[index] + score.states[index]) / Double(score.points[index])
      return ScoreReport.Example(
        place: examples[index].place, input: "\(score.points[index]) points",
        truth: examples[index].label ?? "", answer: NumberText.decimal(nats, places: 4), error: nats)
    }
    return ScoreReport(
      [
        .init(
          "nats per point", score.perPoint,
          note: "−ln density of offsets divided by \(preparation.scale), and −ln p of the pen's state"),
        .init("nats per point of offsets", score.offsetPerPoint),
        .init("nats per point of the pen", score.statePerPoint), .init("drawings", Double(examples.count)),
        .init("points", Double(score.points.reduce(0, +))),
      ], examples: places)
  }
}

extension Model where Task == DrawTask {
  /// Draws.
  ///
  /// - Parameters:
  ///   - label: what; a model without labels takes none.
  ///   - begun: what is gone on with; a part of the drawing.
  /// - Returns: the drawing, and whether it ended within the most points. Every step is finite.
  func draw(
    label: String?, begun: PenDrawing, _ options: DrawOptions, using random: inout RandomSource
  ) throws -> (drawing: PenDrawing, ended: Bool) {
    let scale = preparation.scale
    let stream = try DrawStream(
      networks[0], label: label.flatMap { preparation.labels.firstIndex(of: $0) })
    var steps = begun.steps
    for step in begun.scaled(by: 1 / scale).steps { stream.follow(step) }
    while steps.count < options.length {
      // A drawing of no point is none: its end is drawn anew, a few times.
      guard var step = try stream.next(temperature: options.temperature, using: &random) else {
        if steps.isEmpty, options.temperature > 0, random.below(1000) > 0 { continue }
        return (PenDrawing(steps: steps), true)
      }
      // The first step reaches to where the drawing begins.
      if steps.isEmpty { (step.dx, step.dy) = (0, 0) }
      guard step.dx.isFinite, step.dy.isFinite else { return (PenDrawing(steps: steps), false) }
      stream.follow(step)
      steps.append(PenDrawing.Step(dx: step.dx * scale, dy: step.dy * scale, lifts: step.lifts))
    }
    // One that is as long as it may be has ended where the pen would do so next.
    let ended = try stream.next(temperature: options.temperature, using: &random) == nil
    return (PenDrawing(steps: steps), ended)
  }
}
