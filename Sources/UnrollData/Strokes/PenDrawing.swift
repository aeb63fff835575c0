/// A drawing with a pen: where it went, and where it was lifted (Ha and Eck 2018, "stroke-3").
public struct PenDrawing: Sendable, Equatable {
  /// A step of the pen.
  public struct Step: Sendable, Equatable {
    /// How far the pen went from the point before, or from the origin. y points down, as on a screen.
    public var dx: Float
    public var dy: Float
    /// Whether the pen is lifted at this point, so that the step to the next one draws nothing.
    public var lifts: Bool

    public init(dx: Float, dy: Float, lifts: Bool) {
      self.dx = dx
      self.dy = dy
      self.lifts = lifts
    }
  }

  /// A point of the plane.
  public struct Point: Sendable, Equatable {
    public var x: Float
    public var y: Float

    public init(x: Float, y: Float) {
      self.x = x
      self.y = y
    }
  }

  public var steps: [Step]
  /// What the file says that it is, by the kinds of the file: `truth`, `label`.
  public var labels: [String: String]

  public init(steps: [Step], labels: [String: String] = [:]) {
    self.steps = steps
    self.labels = labels
  }

  /// A drawing of lines, each a list of points. Lines of no point are left out.
  ///
  /// - Parameter fromOrigin: Whether the first step reaches from the origin to the first point; else it is (0, 0).
  public init(lines: [[Point]], fromOrigin: Bool = false, labels: [String: String] = [:]) {
    var steps: [Step] = []
    var last: Point?
    for line in lines {
      for (index, point) in line.enumerated() {
        let from = last ?? (fromOrigin ? Point(x: 0, y: 0) : point)
        steps.append(Step(dx: point.x - from.x, dy: point.y - from.y, lifts: index == line.count - 1))
        last = point
      }
    }
    self.init(steps: steps, labels: labels)
  }

  /// The lines that are drawn, in absolute places.
  public var lines: [[Point]] {
    var lines: [[Point]] = []
    var line: [Point] = []
    var (x, y) = (0.0, 0.0)
    for step in steps {
      x += Double(step.dx)
      y += Double(step.dy)
      line.append(Point(x: Float(x), y: Float(y)))
      if step.lifts {
        lines.append(line)
        line = []
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// The least rectangle around all points; `nil` without points.
  public var bounds: (low: Point, high: Point)? {
    let points = lines.joined()
    guard var low = points.first else { return nil }
    var high = low
    for point in points {
      low = Point(x: min(low.x, point.x), y: min(low.y, point.y))
      high = Point(x: max(high.x, point.x), y: max(high.y, point.y))
    }
    return (low, high)
  }

  /// The standard deviation of all steps' dx and dy together, about 0: what sketch-rnn divides by.
  public static func scale(_ drawings: some Sequence<PenDrawing>) -> Float {
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    for drawing in drawings {
      for step in drawing.steps {
        count += 2
        sum += Double(step.dx) + Double(step.dy)
        squares += Double(step.dx) * Double(step.dx) + Double(step.dy) * Double(step.dy)
      }
    }
    guard count > 0 else { return 1 }
    let mean = sum / count
    let deviation = max(0, squares / count - mean * mean).squareRoot()
    return deviation > 0 && deviation.isFinite ? Float(deviation) : 1
  }

  /// The drawing with every step multiplied.
  public func scaled(by factor: Float) -> PenDrawing {
    PenDrawing(
      steps: steps.map { Step(dx: $0.dx * factor, dy: $0.dy * factor, lifts: $0.lifts) }, labels: labels)
  }

  /// The drawing with fewer points: of each line those are kept that lie further than a tolerance from the line that
  /// would be drawn without them (Ramer 1972, Douglas and Peucker 1973).
  public func simplified(tolerance: Float) -> PenDrawing {
    PenDrawing(lines: lines.map { Self.simplified($0, tolerance) }, fromOrigin: true, labels: labels)
  }

  private static func simplified(_ line: [Point], _ tolerance: Float) -> [Point] {
    guard line.count > 2 else { return line }
    var keeps = [Bool](repeating: false, count: line.count)
    keeps[0] = true
    keeps[line.count - 1] = true
    var parts = [(0, line.count - 1)]
    while let (first, last) = parts.popLast() {
      var (furthest, distance) = (first, Double(tolerance))
      for index in (first + 1)..<max(first + 1, last) {
        let found = Self.distance(line[index], line[first], line[last])
        if found > distance { (furthest, distance) = (index, found) }
      }
      guard furthest > first else { continue }
      keeps[furthest] = true
      parts.append((first, furthest))
      parts.append((furthest, last))
    }
    return zip(line, keeps).compactMap { $1 ? $0 : nil }
  }

  /// From a point to the line between two others.
  private static func distance(_ point: Point, _ a: Point, _ b: Point) -> Double {
    let (dx, dy) = (Double(b.x) - Double(a.x), Double(b.y) - Double(a.y))
    let (px, py) = (Double(point.x) - Double(a.x), Double(point.y) - Double(a.y))
    let square = dx * dx + dy * dy
    let along = square > 0 ? min(1, max(0, (px * dx + py * dy) / square)) : 0
    let (ex, ey) = (px - along * dx, py - along * dy)
    return (ex * ex + ey * ey).squareRoot()
  }
}
