import UnrollCore
import UnrollData
import UnrollTraining

/// Drawings with a pen, with labels or without.
public struct DrawData: TaskData {
  /// A drawing and what it is of.
  public struct Example: Sendable {
    /// Its file, and its place there.
    public let place: String
    /// Steps of the pen; the first reaches from the origin to where it begins, which means nothing.
    public let drawing: PenDrawing
    public let label: String?
    var use: PartUse?

    public init(_ drawing: PenDrawing, label: String? = nil, place: String = "") {
      self.place = place
      self.label = label
      var steps = drawing.steps
      if !steps.isEmpty {
        (steps[0].dx, steps[0].dy) = (0, 0)
        // The end of a drawing lifts the pen.
        steps[steps.count - 1].lifts = true
      }
      self.drawing = PenDrawing(steps: steps)
    }
  }

  public internal(set) var examples: [Example]
  public let source: String
  public internal(set) var hash = ""

  public var facts: [Fact] {
    [
      Fact("drawings", examples.count),
      Fact("points", examples.reduce(0) { $0 + $1.drawing.steps.count }),
      Fact("labels", Set(examples.compactMap(\.label)).count),
    ]
  }

  /// - Throws: `DataError` for a drawing of no point, or a step that is not finite.
  public init(_ examples: [Example], source: String = "the drawings") throws {
    for example in examples {
      guard !example.drawing.steps.isEmpty,
        example.drawing.steps.allSatisfy({ abs($0.dx) <= 1e9 && abs($0.dy) <= 1e9 })
      else {
        throw DataError(
          .badStrokes, file: source, expected: "drawings of points, with steps of at most 10⁹",
          found: "another in \(example.place)")
      }
    }
    self.examples = examples
    self.source = source
  }

  /// The drawings of a use.
  func examples(for use: PartUse) -> [Example] {
    PartUse.places(examples.map(\.use), for: use).map { examples[$0] }
  }

  func choosing(_ places: [Int]) -> DrawData {
    var copy = self
    copy.examples = places.map { examples[$0] }
    return copy
  }

  /// Reads files and folders.
  ///
  /// - Throws: `DataError`.
  init(_ files: [String], _ settings: DrawSettings, isStrict: Bool, note: (String) -> Void) throws {
    let reader = DrawingReader(
      part: settings.part, label: settings.label, maximumLength: settings.maximumLength)
    let examples = try reader.drawings(files, isStrict: isStrict, note: note).map { read in
      var example = Example(read.drawing, label: read.label, place: read.place)
      example.use = read.use
      return example
    }
    try self.init(examples, source: files.joined(separator: ", "))
    var sum = SHA256()
    for example in examples {
      let steps = example.drawing.steps.map { "\($0.dx) \($0.dy) \($0.lifts)" }
      sum.update("\(example.label ?? "")\u{0}\(steps.joined(separator: ","))")
    }
    hash = sum.hexadecimal()
  }
}
