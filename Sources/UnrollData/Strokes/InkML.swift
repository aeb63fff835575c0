/// Digital ink as InkML (W3C 2011): the traces of a file, and what it says about them.
///
/// Read are traces of explicit values, first and second differences, with the channels X and Y among any others;
/// annotations of the whole ink become labels. Contexts, brushes and devices are passed over.
struct InkML {
  private(set) var drawing = PenDrawing(steps: [])
  private(set) var remarks: [String] = []

  private var channels: [String] = []
  private var lines: [[PenDrawing.Point]] = []
  private var path: [String] = []
  private var text = ""
  private var annotation: String?
  private static let mostPoints = 1 << 24
  private var points = 0

  init(_ bytes: [UInt8], name: String) throws(DataError) {
    var reader = try XMLReader(bytes, name: name)
    var labels: [String: String] = [:]
    while let event = try reader.next() {
      switch event {
      case .text(let part): text += part
      case .start(let element, let attributes):
        guard !path.isEmpty || element == "ink" else {
          throw reader.wrong("InkML, whose root is \"ink\"", quoted(element), kind: .badStrokes)
        }
        path.append(element)
        text = ""
        if element == "channel", let channel = attributes["name"] { channels.append(channel) }
        if element == "traceFormat", !channels.isEmpty, lines.isEmpty {
          // A second format would change the meaning of what follows.
          channels = []
          remarks.append("of several trace formats the last before the traces holds")
        }
        annotation = element == "annotation" ? attributes["type"] ?? "label" : nil
      case .end(let element):
        path.removeLast()
        if element == "trace" { try addTrace(reader) }
        if element == "annotation", let kind = annotation, path.count == 1 {
          labels[kind] = text.trimmed
        }
        text = ""
      }
    }
    drawing = PenDrawing(lines: lines, labels: labels)
  }

  private mutating func addTrace(_ reader: XMLReader) throws(DataError) {
    let names = channels.isEmpty ? ["X", "Y"] : channels
    guard let x = names.firstIndex(of: "X"), let y = names.firstIndex(of: "Y") else {
      throw reader.wrong(
        "the channels X and Y", names.prefix(8).map { quoted($0) }.joined(separator: ", "), kind: .badStrokes)
    }
    var decoder = TraceDecoder(channels: names.count)
    var line: [PenDrawing.Point] = []
    for point in text.split(separator: ",", omittingEmptySubsequences: true) {
      guard let values = decoder.point(point) else {
        throw reader.wrong(
          "\(names.count) numbers for each point of a trace", quoted(point.prefix(40)), kind: .badStrokes)
      }
      // Points of nothing but white space, as behind a last comma.
      guard !values.isEmpty else { continue }
      points += 1
      guard points <= Self.mostPoints else {
        throw reader.wrong("at most \(Self.mostPoints) points", "more", kind: .badStrokes)
      }
      line.append(PenDrawing.Point(x: Float(values[x]), y: Float(values[y])))
    }
    if !line.isEmpty { lines.append(line) }
  }
}

/// The values of a trace's points: a number as it is, behind `!` as it is from now on, behind `'` as a difference, behind
/// `"` as a difference of differences; what such a mark says holds for its channel until another one comes.
private struct TraceDecoder {
  private var orders: [Int]
  private var values: [Double]
  private var speeds: [Double]

  init(channels: Int) {
    orders = [Int](repeating: 0, count: channels)
    values = [Double](repeating: 0, count: channels)
    speeds = values
  }

  /// The values of a point, none where there is nothing; `nil` where it is no point.
  mutating func point(_ text: Substring) -> [Double]? {
    let bytes = Array(text.utf8)
    var position = 0
    var channel = 0
    while position < bytes.count {
      let byte = bytes[position]
      if [0x20, 9, 10, 13].contains(byte) {
        position += 1
        continue
      }
      guard channel < orders.count else { return nil }
      if let order = [UInt8(ascii: "!"): 0, UInt8(ascii: "'"): 1, UInt8(ascii: "\""): 2][byte] {
        orders[channel] = order
        position += 1
        continue
      }
      if byte == UInt8(ascii: "T") || byte == UInt8(ascii: "F") {
        values[channel] = byte == UInt8(ascii: "T") ? 1 : 0
        position += 1
      } else if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") {
        // As before, or unknown.
        position += 1
      } else {
        guard let number = Self.number(bytes, &position) else { return nil }
        take(number, channel)
        guard abs(values[channel]) <= 1e9 else { return nil }
      }
      channel += 1
    }
    if channel == 0 { return [] }
    return channel == orders.count ? values : nil
  }

  /// A number, which a sign may begin right behind another.
  private static func number(_ bytes: [UInt8], _ position: inout Int) -> Double? {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
      let isExponent =
        position > start && [UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[position - 1])
      guard
        byte.digit != nil || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "e")
          || byte == UInt8(ascii: "E")
          || isSign && (position == start || isExponent)
      else { break }
      position += 1
    }
    return DecimalText.value(bytes, start..<position)
  }

  private mutating func take(_ number: Double, _ channel: Int) {
    let before = values[channel]
    switch orders[channel] {
    case 0: values[channel] = number
    case 1: values[channel] += number
    default: values[channel] += speeds[channel] + number
    }
    speeds[channel] = values[channel] - before
  }
}

extension String {
  /// Without white space at its ends.
  fileprivate var trimmed: String {
    let start = drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }
}
