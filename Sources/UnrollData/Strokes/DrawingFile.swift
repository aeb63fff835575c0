/// Drawings of a file, by parts such as `train` and `test`.
///
/// It reads stroke-3 in JSON (lists of drawings, of steps, of dx, dy and pen), packed by gzip or not, and in `.npz` as
/// sketch-rnn has it; and InkML. The kind is seen from the content.
public struct DrawingFile: Sendable {
  /// The drawings by the name of their part, in the order of the file.
  public var parts: [(name: String, drawings: [PenDrawing])]
  /// What a person should know about how it was read.
  public var remarks: [String] = []

  public init(parts: [(name: String, drawings: [PenDrawing])]) { self.parts = parts }

  /// The drawings of a part; none where there is no such part.
  public subscript(name: String) -> [PenDrawing] { parts.first { $0.name == name }?.drawings ?? [] }

  /// Reads a file.
  public init(path: String) throws(DataError) { try self.init(try Gzip.bytes(at: path), name: path) }

  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    let start = bytes.starts(with: TextFile.byteOrderMark) ? 3 : 0
    if ZipArchive.isZip(bytes) {
      try self.init(npz: bytes, name: name)
    } else if bytes.dropFirst(start).first(where: { ![0x20, 9, 10, 13].contains($0) }) == UInt8(ascii: "<") {
      try self.init(ink: bytes, name: name)
    } else {
      try self.init(json: bytes, name: name)
    }
  }

  private init(ink bytes: [UInt8], name: String) throws(DataError) {
    let ink = try InkML(bytes, name: name)
    parts = [("all", [ink.drawing])]
    remarks = ink.remarks
  }

  /// sketch-rnn's `.npz`: for each part an array of arrays `[steps, 3]` of dx, dy and whether the pen is lifted.
  private init(npz bytes: [UInt8], name: String) throws(DataError) {
    let archive = try NumPyArchive(bytes, name: name)
    parts = []
    for part in archive.names {
      guard let array = try archive.array(part) else { continue }
      guard case .arrays(let arrays) = array.content else {
        // Means and deviations that stand beside drawings are none.
        remarks.append("the array \(quoted(part)) holds no drawings and was passed over")
        continue
      }
      var drawings: [PenDrawing] = []
      for (index, array) in arrays.enumerated() {
        guard array.shape.count == 2, array.shape[1] == 3, case .numbers(let numbers) = array.content else {
          throw DataError(
            .badStrokes, file: name, expected: "drawings as arrays [steps, 3]",
            found: "the shape \(array.shape.prefix(4)) in \(quoted(part)), drawing \(index + 1)")
        }
        var builder = StepBuilder(name: name, place: "\(quoted(part)), drawing \(index + 1)")
        for place in stride(from: 0, to: numbers.count, by: 3) {
          try builder.add(numbers[place..<(place + 3)].map { Double($0) })
        }
        drawings.append(PenDrawing(steps: builder.steps))
      }
      parts.append((part, drawings))
    }
    guard !parts.isEmpty else {
      throw DataError(.badStrokes, file: name, expected: "arrays of drawings", found: "none")
    }
  }

  /// Stroke-3 in JSON: `{"train": [[[dx, dy, pen], …], …]}`, a list of drawings, or one drawing.
  private init(json bytes: [UInt8], name: String) throws(DataError) {
    var tokens = try JSONTokens(bytes, name: name)
    let first = try tokens.next()
    if first == .beginArray {
      parts = [("all", try Self.drawings(&tokens))]
    } else {
      guard first == .beginObject else { throw tokens.wrong("lists of drawings", "another value") }
      parts = []
      while let token = try tokens.next(), token != .endObject {
        guard case .key(let part) = token, try tokens.next() == .beginArray else {
          throw tokens.wrong("a list of drawings", "another value")
        }
        guard !parts.contains(where: { $0.name == part }) else {
          throw tokens.wrong("\(quoted(part)) once", "twice")
        }
        parts.append((part, try Self.drawings(&tokens)))
      }
    }
    guard try tokens.next() == nil else { throw tokens.wrong("the end of the file", "more") }
  }

  /// Drawings, or the steps of one; the list is open.
  private static func drawings(_ tokens: inout JSONTokens) throws(DataError) -> [PenDrawing] {
    let base = tokens.depth
    var drawings: [PenDrawing] = []
    var builder = StepBuilder(name: tokens.name, place: "drawing 1")
    var numbers: [Double] = []
    // How deep numbers stand: 2 in drawings, 1 in the steps of one.
    var level: Int?
    while let token = try tokens.next() {
      let depth = tokens.depth - base
      switch token {
      case .beginArray:
        guard depth <= (level ?? 2) else { throw tokens.wrong("steps as [dx, dy, pen]", "a list within one") }
        numbers = []
      case .number(let value):
        if level == nil, drawings.isEmpty, depth == 1 || depth == 2 { level = depth }
        guard depth == level, numbers.count < 3 else {
          throw tokens.wrong("drawings as lists of [dx, dy, pen]", "a number elsewhere")
        }
        numbers.append(value)
      case .endArray where depth == -1:
        return level == 1 ? [PenDrawing(steps: builder.steps)] : drawings
      case .endArray where depth == (level ?? 2) - 1:
        do throws(DataError) { try builder.add(numbers) } catch {
          throw tokens.wrong(error.expected ?? "", error.found ?? "")
        }
      case .endArray where depth == 0:
        drawings.append(PenDrawing(steps: builder.steps))
        builder = StepBuilder(name: tokens.name, place: "drawing \(drawings.count + 1)")
      default: throw tokens.wrong("drawings as lists of [dx, dy, pen]", "another value")
      }
    }
    throw tokens.wrong("the end of a list", "the end of the file")
  }
}

/// Puts steps of three numbers together and checks them.
private struct StepBuilder {
  let name: String
  let place: String
  private(set) var steps: [PenDrawing.Step] = []

  init(name: String, place: String) {
    self.name = name
    self.place = place
  }

  mutating func add(_ numbers: [Double]) throws(DataError) {
    guard numbers.count == 3, numbers[2] == 0 || numbers[2] == 1 else {
      throw wrong(
        "a step as [dx, dy, pen], where pen is 0 or 1",
        "[\(numbers.prefix(4).map { "\($0)" }.joined(separator: ", "))]")
    }
    guard abs(numbers[0]) <= 1e9, abs(numbers[1]) <= 1e9 else {
      throw wrong("steps of at most 10⁹", "a longer one")
    }
    steps.append(PenDrawing.Step(dx: Float(numbers[0]), dy: Float(numbers[1]), lifts: numbers[2] == 1))
  }

  private func wrong(_ expected: String, _ found: String) -> DataError {
    DataError(
      .badStrokes, file: name, expected: expected, found: "\(found) in \(place), step \(steps.count + 1)")
  }
}

extension DrawingFile {
  /// The drawings as stroke-3 in JSON, by parts. Whole numbers are written without a point.
  public var json: [UInt8] {
    func number(_ value: Float) -> String {
      guard value.isFinite else { return "0" }
      return value == value.rounded() && abs(value) < 1e7 ? "\(Int(value))" : "\(value)"
    }
    var text = "{"
    for (index, part) in parts.enumerated() {
      text += index == 0 ? "" : ","
      text += "\"\(part.name.filter { $0 != "\"" && $0 != "\\" && !$0.isNewline })\":["
      for (place, drawing) in part.drawings.enumerated() {
        text += place == 0 ? "[" : ",\n["
        text += drawing.steps.map { "[\(number($0.dx)),\(number($0.dy)),\($0.lifts ? 1 : 0)]" }.joined(
          separator: ",")
        text += "]"
      }
      text += "]"
    }
    return Array((text + "}\n").utf8)
  }
}
