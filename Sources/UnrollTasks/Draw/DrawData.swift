import UnrollCore
import UnrollData
import UnrollTraining

/// Drawings with a pen, with labels or without.
public struct DrawData: TaskData {
  /// What a drawing is for, where its file says so.
  enum Use: Sendable { case training, validation, test }

  /// A drawing and what it is of.
  public struct Example: Sendable {
    /// Its file, and its place there.
    public let place: String
    /// Steps of the pen; the first reaches from the origin to where it begins, which means nothing.
    public let drawing: PenDrawing
    public let label: String?
    var use: Use?

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

  /// The drawings of a use, or all that are not for a test where none has that use.
  func examples(for use: Use) -> [Example] {
    let own = examples.filter { $0.use == use }
    return own.isEmpty ? examples.filter { use == .test || $0.use != .test } : own
  }

  func choosing(_ places: [Int]) -> DrawData {
    var copy = self
    copy.examples = places.map { examples[$0] }
    return copy
  }

  /// The drawings of files and folders. What cannot be read is named and left out, unless `strict` or it is all there is.
  ///
  /// A drawing's label is an annotation of InkML, the name of its part where that is none of train, valid and test, or of
  /// several files in JSON or `.npz` the name of its file.
  init(_ files: [String], _ settings: DrawSettings, note: (String) -> Void) throws {
    let sources = try InputFiles.list(files, suffixes: [".json", ".npz", ".inkml"])
    var (examples, failures, long): ([Example], [DataError], Int) = ([], [], 0)
    for source in sources {
      let file: DrawingFile
      do throws(DataError) { file = try DrawingFile(path: source.name) } catch {
        guard !settings.strict else { throw error }
        failures.append(error)
        if failures.count <= Self.mostNamed { note("left out: \(error)") }
        continue
      }
      for remark in file.remarks { note("\(source.name): \(remark)") }
      if let part = settings.part, !file.parts.contains(where: { $0.name == part }) {
        throw DataError(
          .badStrokes, file: source.name, expected: "a part \(quoted(part))",
          found: file.parts.map { quoted($0.name) }.joined(separator: ", "))
      }
      for (part, drawings) in file.parts where settings.part == nil || part == settings.part {
        let use = Self.use(part)
        for (index, drawing) in drawings.enumerated() where !drawing.steps.isEmpty {
          guard drawing.steps.count <= settings.maximumLength else {
            long += 1
            continue
          }
          let annotation = settings.label.map { drawing.labels[$0] }
          let label =
            annotation ?? drawing.labels["label"] ?? drawing.labels["truth"]
            ?? (use == nil && part != "all" ? part : sources.count > 1 ? Self.stem(source.name) : nil)
          var example = Example(drawing, label: label, place: "\(source.name):\(part) \(index + 1)")
          example.use = settings.part == nil ? use : nil
          examples.append(example)
        }
      }
    }
    if long > 0 {
      note("\(long) drawings of more than \(settings.maximumLength) points were left out (--maximum-length)")
    }
    guard !examples.isEmpty else {
      throw failures.first
        ?? DataError(.badStrokes, file: files.joined(separator: ", "), expected: "drawings", found: "none")
    }
    if !failures.isEmpty {
      note("\(failures.count) of \(sources.count) files cannot be read, and were left out")
    }
    try self.init(examples, source: files.joined(separator: ", "))
    var hash = SHA256()
    for example in examples {
      hash.update("\(example.label ?? "")\u{0}")
      hash.update(example.drawing.steps.map { "\($0.dx) \($0.dy) \($0.lifts)" }.joined(separator: ","))
    }
    self.hash = hash.hexadecimal()
  }

  private static let mostNamed = 20

  /// The name of a file without folders and endings.
  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    return String(name.prefix { $0 != "." })
  }

  private static func use(_ part: String) -> Use? {
    switch part.lowercased() {
    case "train", "training": .training
    case "valid", "validation", "val", "dev": .validation
    case "test": .test
    default: nil
    }
  }
}
