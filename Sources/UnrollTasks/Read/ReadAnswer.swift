import UnrollData

/// What was read from a picture.
public struct ReadAnswer: TaskAnswer, Equatable {
  public struct Word: Codable, Sendable, Equatable {
    public let text: String
    public let box: Picture.Rectangle
    /// The mean probability of its characters.
    public let confidence: Double
  }

  public struct Line: Codable, Sendable, Equatable {
    public let text: String
    public let confidence: Double
    public let box: Picture.Rectangle
    public let polygon: [PagePoint]
    /// What letters stand on; empty where it is not known.
    public let baseline: [PagePoint]
    public let words: [Word]
  }

  public struct Region: Codable, Sendable, Equatable {
    public let kind: String?
    public let box: Picture.Rectangle
    public let lines: [Line]
  }

  /// The picture's name and its size in pixels.
  public let image: String
  public let width: Int
  public let height: Int
  /// By how many degrees it was turned counterclockwise to be upright: 180 for one that stood on its head.
  public let turned: Int
  /// By how many degrees lines rise to the right, before that of the page was made level.
  public let angle: Double
  /// In reading order.
  public let regions: [Region]

  init(_ page: ReadPage, _ layout: PageLayout, name: String) {
    func rounded(_ value: Double, _ digits: Double = 1e4) -> Double { (value * digits).rounded() / digits }
    func rounded(_ points: [PagePoint]) -> [PagePoint] {
      points.map { PagePoint(x: rounded($0.x, 10), y: rounded($0.y, 10)) }
    }
    image = name
    (width, height) = (layout.width, layout.height)
    turned = page.quarterTurns * 90
    angle = rounded(page.angle, 100)
    regions = layout.regions.map { region in
      Region(
        kind: region.kind, box: region.box,
        lines: region.lines.map { line in
          Line(
            text: line.text ?? "", confidence: rounded(line.confidence ?? 0), box: line.box,
            polygon: rounded(line.polygon), baseline: rounded(line.baseline),
            words: line.words.map {
              Word(text: $0.text, box: $0.box, confidence: rounded($0.confidence ?? 0))
            })
        })
    }
  }

  public var lines: [Line] { regions.flatMap(\.lines) }

  /// All lines, an empty one between regions.
  public var text: String {
    regions.filter { !$0.lines.isEmpty }.map { $0.lines.map(\.text).joined(separator: "\n") }
      .joined(separator: "\n\n")
  }

  public var shown: String { text.isEmpty ? "" : text + "\n" }

  public var columns: [String] { ["image", "number", "text", "confidence", "x", "y", "width", "height"] }
  public var rows: [[String]] {
    lines.enumerated().map { index, line in
      [
        image, "\(index + 1)", line.text, NumberText.decimal(line.confidence, places: 4), "\(line.box.x)",
        "\(line.box.y)", "\(line.box.width)", "\(line.box.height)",
      ]
    }
  }

  public func document(_ format: AnswerFormat) -> String {
    switch format {
    case .alto: LayoutWriter.alto(layout)
    case .hocr: LayoutWriter.hocr(layout, title: image)
    default: shown
    }
  }

  /// As a layout again.
  public var layout: PageLayout {
    PageLayout(
      pictureName: image, width: width, height: height,
      regions: regions.map { region in
        TextRegion(
          identifier: "", polygon: corners(of: region.box), kind: region.kind,
          lines: region.lines.map { line in
            TextLine(
              identifier: "", polygon: line.polygon, baseline: line.baseline, text: line.text,
              confidence: line.confidence,
              words: line.words.map { .init(text: $0.text, box: $0.box, confidence: $0.confidence) })
          })
      })
  }
}
