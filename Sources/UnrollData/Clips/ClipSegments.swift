import UnrollCore

/// What happens in a part of a clip.
public struct ClipSegment: Sendable, Equatable {
  /// In seconds, the end not included.
  public let start: Double
  public let end: Double
  public let label: String

  public init(start: Double, end: Double, label: String) {
    self.start = start
    self.end = end
    self.label = label
  }
}

/// The segments of clips: a table with the columns `start`, `end` and `label`, and `clip` where it is of several.
public struct ClipSegments: Sendable, Equatable {
  /// By the name of the clip; of a table without clips by the empty name.
  public private(set) var segments: [String: [(line: Int, segment: ClipSegment)]] = [:]
  private let name: String

  public static func == (a: ClipSegments, b: ClipSegments) -> Bool {
    a.segments.mapValues { $0.map(\.segment) } == b.segments.mapValues { $0.map(\.segment) }
  }

  /// - Parameter clip: the column of the clips' names; `nil`: `clip`, where there is such.
  public init(path: String, clip: String? = nil) throws(DataError) {
    try self.init(try ByteSource(path: path), clip: clip)
  }

  package init(_ source: ByteSource, clip: String? = nil) throws(DataError) {
    var reader = try RecordReader(source)
    name = source.name
    let start = try reader.column("start")
    let end = try reader.column("end")
    let label = try reader.column("label")
    let names =
      try clip.map { (name) throws(DataError) in try reader.column(name) }
      ?? reader.columns.firstIndex(of: "clip")
    while let row = try reader.next() {
      func time(_ column: Int) throws(DataError) -> Double {
        let bytes = Array(Blanks.trimmed(row[column]).utf8)
        guard let value = DecimalText.value(bytes, bytes.indices), value >= 0, value.isFinite else {
          throw DataError(
            .notANumber, file: name, line: reader.line, column: reader.columns[column],
            expected: "seconds from 0 on", found: quoted(row[column]))
        }
        return value
      }
      let segment = ClipSegment(
        start: try time(start), end: try time(end), label: Blanks.trimmed(row[label]))
      guard segment.end > segment.start else {
        throw DataError(
          .badSequence, file: name, line: reader.line, column: reader.columns[end],
          expected: "an end behind the start at \(segment.start)", found: "\(segment.end)")
      }
      guard !segment.label.isEmpty else {
        throw DataError(
          .badLabel, file: name, line: reader.line, column: reader.columns[label], expected: "a label",
          found: "none")
      }
      segments[names.map { Blanks.trimmed(row[$0]) } ?? "", default: []].append((reader.line, segment))
    }
  }

  /// Gives each frame of a clip the label of the segment that it lies in; frame t lies at t / rate seconds.
  ///
  /// - Parameter background: the label of frames in no segment.
  /// - Throws: `DataError` when the table has nothing of the clip, or two segments overlap.
  public func labels(
    of clip: VideoClip, rate: Double, background: String
  ) throws(DataError) -> [String] {
    guard let own = segments[clip.id] ?? (segments.count == 1 ? segments[""] : nil) else {
      throw DataError(
        .badLabel, file: clip.id, line: clip.line, expected: "segments in \(name)",
        found: "none of this clip",
        hint: nearest(clip.id, in: segments.keys.sorted()).map { "\(name) has \(quoted($0))" })
    }
    var labels = [String](repeating: background, count: clip.steps)
    let sorted = own.sorted { ($0.segment.start, $0.line) < ($1.segment.start, $1.line) }
    for (before, after) in zip(sorted, sorted.dropFirst()) where after.segment.start < before.segment.end {
      throw DataError(
        .badSequence, file: name, line: after.line,
        expected: "a start from \(before.segment.end) on, where the segment of line \(before.line) ends",
        found: "\(after.segment.start)")
    }
    for (_, segment) in sorted {
      // Times are decimal numbers: 0.3 × 10 is a little more than 3.
      let first = Self.frame(segment.start, rate, steps: clip.steps)
      let end = Self.frame(segment.end, rate, steps: clip.steps)
      for frame in first..<max(first, end) { labels[frame] = segment.label }
    }
    return labels
  }

  /// The first frame at a time or behind it, at most `steps`.
  private static func frame(_ time: Double, _ rate: Double, steps: Int) -> Int {
    let place = (time * rate - 1e-6).rounded(.up)
    return place >= Double(steps) ? steps : max(0, Int(place))
  }

  /// Segments as a file of WebVTT.
  public static func webVTT(_ segments: [ClipSegment]) -> String {
    var text = "WEBVTT\n"
    for segment in segments {
      // A cue's text must not hold an arrow or a line break, and & and < mean something.
      let label = segment.label.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        .replacing(">", with: "&gt;").split(whereSeparator: \.isNewline).joined(separator: " ")
      text += "\n\(time(segment.start)) --> \(time(segment.end))\n\(label)\n"
    }
    return text
  }

  /// `hours:minutes:seconds.milliseconds`.
  private static func time(_ seconds: Double) -> String {
    let all = Int(min(max(0, seconds * 1000).rounded(), 1e12))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let thousandths = String("00\(all % 1000)".suffix(3))
    return "\(two(all / 3_600_000)):\(two(all / 60_000 % 60)):\(two(all / 1000 % 60)).\(thousandths)"
  }
}
