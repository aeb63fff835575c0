/// Reads files that say where text stands on a page: PAGE XML (PRImA, 2010 to 2019) and ALTO (2 to 4).
///
/// A line without a sound outline is left out and told among `problems`: one damaged line does not cost a page.
public enum LayoutReader {
  /// Reads a file; which of both formats it is, its root says.
  public static func layout(at path: String) throws(DataError) -> PageLayout {
    try layout(try TextFile.bytes(at: path), name: path)
  }

  /// Reads a file in memory; `name` is used in errors.
  public static func layout(_ bytes: [UInt8], name: String) throws(DataError) -> PageLayout {
    var reader = try LayoutXML(bytes, name: name)
    guard case .start(let root, let attributes) = try reader.next() else {
      throw reader.damaged("no element")
    }
    switch root {
    case "PcGts":
      var page = PAGEReader(reader)
      return try page.read()
    case "alto":
      var alto = ALTOReader(reader)
      return try alto.read()
    default:
      let space = attributes["xmlns"].map { " of \(quoted($0))" } ?? ""
      throw DataError(
        .badLayout, file: name, line: reader.line(), expected: "a page's layout: PAGE XML or ALTO",
        found: "the root \(quoted(root))\(space)")
    }
  }

  /// The most points of an outline, and the largest coordinate.
  private static let mostPoints = 100_000
  private static let farthest = 1e6

  /// Points written as `x,y x,y` or `x y x y`; `nil` when they are not.
  static func points(_ text: String) -> [PagePoint]? {
    guard text.utf8.count < 32 * mostPoints else { return nil }
    var numbers: [Double] = []
    for part in text.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
      guard let number = Double(part), abs(number) <= farthest, numbers.count < 2 * mostPoints else {
        return nil
      }
      numbers.append(number)
    }
    guard numbers.count % 2 == 0 else { return nil }
    return stride(from: 0, to: numbers.count, by: 2).map { PagePoint(x: numbers[$0], y: numbers[$0 + 1]) }
  }

  /// A size in pixels.
  static func size(_ text: String?) -> Int? {
    guard let text, let number = Double(text), number >= 1, number <= farthest else { return nil }
    return Int(number)
  }

  /// A confidence from 0 to 1.
  static func confidence(_ text: String?) -> Double? {
    guard let text, let number = Double(text), number >= 0, number <= 1 else { return nil }
    return number
  }
}

/// Reads PAGE XML, from its root on.
private struct PAGEReader {
  private var reader: LayoutXML
  private var layout = PageLayout(width: 0, height: 0)
  /// The regions' identifiers in reading order.
  private var order: [String] = []

  init(_ reader: LayoutXML) { self.reader = reader }

  mutating func read() throws(DataError) -> PageLayout {
    var hasPage = false
    while let event = try reader.next() {
      guard case .start(let element, let attributes) = event else { continue }
      switch element {
      case "Page":
        guard !hasPage else { throw reader.damaged("two pages in one file") }
        hasPage = true
        layout.pictureName = attributes["imageFilename"]
        guard let width = LayoutReader.size(attributes["imageWidth"]),
          let height = LayoutReader.size(attributes["imageHeight"])
        else { throw reader.damaged("a page without a size in pixels") }
        (layout.width, layout.height) = (width, height)
      case "RegionRefIndexed", "RegionRef":
        if let region = attributes["regionRef"], order.count < 1 << 20 { order.append(region) }
      case "TextRegion": try readRegion(attributes)
      // Everything else holds no text, or text regions that are met on the way.
      default: break
      }
    }
    guard hasPage else { throw reader.damaged("no page") }
    let places = Dictionary(order.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    // Regions without a place keep that of the file, behind the others.
    let sorted = layout.regions.enumerated().sorted {
      let (a, b) = (places[$0.element.identifier] ?? Int.max, places[$1.element.identifier] ?? Int.max)
      return a != b ? a < b : $0.offset < $1.offset
    }
    layout.regions = sorted.map(\.element)
    return layout
  }

  private mutating func readRegion(_ attributes: [String: String]) throws(DataError) {
    let index = layout.regions.count
    layout.regions.append(
      TextRegion(identifier: attributes["id"] ?? "", polygon: [], kind: attributes["type"]))
    let level = reader.depth
    while reader.depth >= level, let event = try reader.next() {
      guard case .start(let element, let inner) = event else { continue }
      switch element {
      case "Coords" where reader.depth == level + 1:
        layout.regions[index].polygon = try readPoints(inner) ?? []
      case "TextLine":
        if let line = try readLine(inner) { layout.regions[index].lines.append(line) }
      // A region within a region comes behind it.
      case "TextRegion": try readRegion(inner)
      default: break
      }
    }
    if layout.regions[index].polygon.isEmpty {
      layout.regions[index].polygon = corners(
        of: boundingBox(of: layout.regions[index].lines.flatMap(\.polygon)))
    }
  }

  /// The points of `Coords` or `Baseline`: an attribute, or elements in the files of 2010.
  private mutating func readPoints(_ attributes: [String: String]) throws(DataError) -> [PagePoint]? {
    let level = reader.depth
    var listed: [String] = []
    while reader.depth >= level, let event = try reader.next() {
      guard case .start("Point", let point) = event, listed.count < 100_000 else { continue }
      listed.append("\(point["x"] ?? "?"),\(point["y"] ?? "?")")
    }
    return LayoutReader.points(attributes["points"] ?? listed.joined(separator: " "))
  }

  private mutating func readLine(_ attributes: [String: String]) throws(DataError) -> TextLine? {
    var line = TextLine(identifier: attributes["id"] ?? "", polygon: [])
    let level = reader.depth
    var found: Reading?
    var fault: String?
    while reader.depth >= level, let event = try reader.next() {
      guard case .start(let element, let inner) = event else { continue }
      switch element {
      case "Coords":
        let points = try readPoints(inner)
        if points == nil { fault = "points \(quoted(inner["points"] ?? ""))" }
        line.polygon = points ?? []
      case "Baseline": line.baseline = try readPoints(inner) ?? []
      case "TextEquiv": Self.take(try readText(inner), &found)
      case "Word": if let word = try readWord() { line.words.append(word) }
      default: break
      }
    }
    guard line.polygon.count >= 3 else {
      let what = "line \(quoted(line.identifier))"
      layout.problems.append(
        DataError(
          .badLayout, file: reader.name, line: reader.line(), expected: "\(what) with an outline of points",
          found: fault ?? "\(line.polygon.count) points"))
      return nil
    }
    line.text = found?.text ?? (line.words.isEmpty ? nil : line.words.map(\.text).joined(separator: " "))
    line.confidence = found?.confidence
    return line
  }

  /// One of several readings of the same text.
  private struct Reading {
    var index: Int
    var text: String
    var confidence: Double?
  }

  /// Keeps the reading with the smallest index.
  private static func take(_ reading: Reading?, _ best: inout Reading?) {
    guard let reading, best == nil || reading.index < best!.index else { return }
    best = reading
  }

  private mutating func readText(_ attributes: [String: String]) throws(DataError) -> Reading? {
    let level = reader.depth
    var text: String?
    while reader.depth >= level, let event = try reader.next() {
      if case .start("Unicode", _) = event { text = try reader.elementText() }
    }
    guard let text else { return nil }
    return Reading(
      index: attributes["index"].flatMap { Int($0) } ?? 0, text: text,
      confidence: LayoutReader.confidence(attributes["conf"]))
  }

  private mutating func readWord() throws(DataError) -> TextLine.Word? {
    let level = reader.depth
    var polygon: [PagePoint] = []
    var found: Reading?
    while reader.depth >= level, let event = try reader.next() {
      guard case .start(let element, let inner) = event else { continue }
      switch element {
      case "Coords": polygon = try readPoints(inner) ?? []
      case "TextEquiv": Self.take(try readText(inner), &found)
      // Letters have texts of their own.
      case "Glyph": try reader.skipElement()
      default: break
      }
    }
    guard let found, !polygon.isEmpty else { return nil }
    return TextLine.Word(text: found.text, box: boundingBox(of: polygon), confidence: found.confidence)
  }
}

/// Reads ALTO, from its root on.
private struct ALTOReader {
  private var reader: LayoutXML
  private var layout = PageLayout(width: 0, height: 0)
  private var kinds: [String: String] = [:]

  init(_ reader: LayoutXML) { self.reader = reader }

  mutating func read() throws(DataError) -> PageLayout {
    var hasPage = false
    while let event = try reader.next() {
      guard case .start(let element, let attributes) = event else { continue }
      switch element {
      case "MeasurementUnit":
        let unit = try reader.elementText().filter { !$0.isWhitespace }
        guard unit == "pixel" else {
          throw DataError(
            .badLayout, file: reader.name, line: reader.line(), expected: "places in pixels",
            found: quoted(unit),
            hint: "export the file again with pixels as its unit")
        }
      case "fileName" where layout.pictureName == nil: layout.pictureName = try reader.elementText()
      case "OtherTag", "LayoutTag", "StructureTag":
        if let key = attributes["ID"], let label = attributes["LABEL"] { kinds[key] = label }
      case "Page":
        guard !hasPage else { throw reader.damaged("two pages in one file") }
        hasPage = true
        (layout.width, layout.height) = (
          LayoutReader.size(attributes["WIDTH"]) ?? 0, LayoutReader.size(attributes["HEIGHT"]) ?? 0
        )
      case "TextBlock": try readBlock(attributes)
      default: break
      }
    }
    guard hasPage else { throw reader.damaged("no page") }
    return layout
  }

  /// The rectangle of an element.
  private func box(_ attributes: [String: String]) -> Picture.Rectangle? {
    let values = ["HPOS", "VPOS", "WIDTH", "HEIGHT"].map { attributes[$0].flatMap { Double($0) } }
    guard values.allSatisfy({ $0 != nil && abs($0!) <= 1e6 }) else { return nil }
    let numbers = values.map { Int($0!.rounded()) }
    guard numbers[2] > 0, numbers[3] > 0 else { return nil }
    return Picture.Rectangle(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }

  private mutating func readBlock(_ attributes: [String: String]) throws(DataError) {
    var region = TextRegion(
      identifier: attributes["ID"] ?? "", polygon: box(attributes).map { corners(of: $0) } ?? [],
      kind: attributes["TAGREFS"].flatMap { $0.split(separator: " ").compactMap { kinds[String($0)] }.first })
    let level = reader.depth
    while reader.depth >= level, let event = try reader.next() {
      guard case .start(let element, let inner) = event else { continue }
      switch element {
      case "Polygon" where reader.depth == level + 2:
        if let points = LayoutReader.points(inner["POINTS"] ?? ""), points.count >= 3 {
          region.polygon = points
        }
      case "TextLine": if let line = try readLine(inner) { region.lines.append(line) }
      default: break
      }
    }
    if region.polygon.isEmpty {
      region.polygon = corners(of: boundingBox(of: region.lines.flatMap(\.polygon)))
    }
    layout.regions.append(region)
  }

  private mutating func readLine(_ attributes: [String: String]) throws(DataError) -> TextLine? {
    var line = TextLine(
      identifier: attributes["ID"] ?? "", polygon: box(attributes).map { corners(of: $0) } ?? [])
    let level = reader.depth
    var text = LineText()
    var fault: String?
    while reader.depth >= level, let event = try reader.next() {
      guard case .start(let element, let inner) = event else { continue }
      switch element {
      case "Polygon" where reader.depth == level + 2:
        if let points = LayoutReader.points(inner["POINTS"] ?? ""), points.count >= 3 {
          line.polygon = points
        } else {
          fault = "points \(quoted(inner["POINTS"] ?? ""))"
        }
      case "String":
        text.addWord(inner["CONTENT"] ?? "")
        if let box = box(inner) {
          line.words.append(
            TextLine.Word(
              text: inner["CONTENT"] ?? "", box: box, confidence: LayoutReader.confidence(inner["WC"])))
        }
      case "SP": text.addSpace()
      case "HYP": text.addHyphen(inner["CONTENT"] ?? "-")
      default: break
      }
    }
    guard line.polygon.count >= 3, fault == nil else {
      layout.problems.append(
        DataError(
          .badLayout, file: reader.name, line: reader.line(),
          expected: "line \(quoted(line.identifier)) with an outline of points", found: fault ?? "no outline")
      )
      return nil
    }
    line.baseline = baseline(attributes["BASELINE"], line.box)
    line.text = text.joined
    return line
  }

  /// One height, in ALTO up to 3, or points.
  private func baseline(_ text: String?, _ box: Picture.Rectangle) -> [PagePoint] {
    guard let text else { return [] }
    if let height = Double(text), abs(height) <= 1e6 {
      return [PagePoint(x: Double(box.x), y: height), PagePoint(x: Double(box.right), y: height)]
    }
    return LayoutReader.points(text) ?? []
  }

  /// A line's words. Files without elements for spaces leave them out between words.
  private struct LineText {
    private var parts: [(text: String, isWord: Bool)] = []
    private var hasSpaces = false

    mutating func addWord(_ text: String) { parts.append((text, true)) }
    mutating func addHyphen(_ text: String) { parts.append((text, false)) }

    mutating func addSpace() {
      parts.append((" ", false))
      hasSpaces = true
    }

    var joined: String? {
      guard !parts.isEmpty else { return nil }
      var result = ""
      for (index, part) in parts.enumerated() {
        if !hasSpaces, part.isWord, index > 0, parts[index - 1].isWord { result += " " }
        result += part.text
      }
      return result
    }
  }
}
