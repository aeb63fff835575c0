import UnrollCore

/// Reads clips from a table with a row for each frame, or a table with a row for each file of a clip.
///
/// The rows of a clip stand together and in the order of time. A field that is empty, `?` or `NaN` is a missing value. A
/// label that all rows of a clip repeat is the clip's; labels that change within some clip are those of frames.
struct ClipTable {
  private var reader: RecordReader
  private let options: ClipOptions

  init(_ source: ByteSource, _ options: ClipOptions) throws(DataError) {
    reader = try RecordReader(source)
    self.options = options
  }

  /// A column that was asked for, or one of the usual name where there is such.
  private func column(_ asked: String?, _ usual: String) throws(DataError) -> Int? {
    if let asked { return try reader.column(asked) }
    return reader.columns.firstIndex(of: usual)
  }

  /// The column of files, in a table of such.
  private func fileColumn() throws(DataError) -> Int? { try column(options.file, "file") }

  /// The clips of the table.
  ///
  /// - Parameters:
  ///   - open: the clips of a file that the table names, with their label and line.
  ///   - leaveOut: takes what cannot be used of the table, and throws it where all must be.
  mutating func clips(
    open: (_ path: String, _ label: String?, _ line: Int) throws(DataError) -> [VideoClip],
    leaveOut: (DataError) throws(DataError) -> Void
  ) throws(DataError) -> [VideoClip] {
    guard let file = try fileColumn() else { return try frames() }
    let label = try column(options.label, "label")
    var clips: [VideoClip] = []
    while let row = try reader.next() {
      let line = reader.line
      let path = Blanks.trimmed(row[file])
      do throws(DataError) {
        guard !path.isEmpty else {
          throw DataError(
            .missingFile, file: reader.name, line: line, column: reader.columns[file],
            expected: "the name of a file", found: "none")
        }
        clips += try open(path, label.map { Blanks.trimmed(row[$0]) }.flatMap { $0.isEmpty ? nil : $0 }, line)
      } catch { try leaveOut(error) }
    }
    return clips
  }

  private mutating func frames() throws(DataError) -> [VideoClip] {
    let clip = try column(options.clip, "clip")
    let frame = try column(options.frame, "frame")
    let label = try column(options.label, "label")
    let roles = [clip, frame, label].compactMap { $0 }
    var features: [Int] = []
    for name in options.features { features.append(try reader.column(name)) }
    if features.isEmpty { features = reader.columns.indices.filter { !roles.contains($0) } }
    guard !features.isEmpty, Set(features + roles).count == features.count + roles.count else {
      throw DataError(
        .badRoles, file: reader.name,
        expected: "different columns for the clip, the frame, the label and at least one value",
        found: features.isEmpty ? "no value" : "a column in two roles")
    }
    var clips: [VideoClip] = []
    var open = OpenClip(frame: .values(features.map { reader.columns[$0] }))
    var lines: [String: Int] = [:]
    while let row = try reader.next() {
      let name = clip.map { Blanks.trimmed(row[$0]) } ?? reader.name
      guard !name.isEmpty else {
        throw DataError(
          .noIdentifier, file: reader.name, line: reader.line, column: clip.map { reader.columns[$0] },
          expected: "the name of a clip", found: "none")
      }
      if name != open.id || open.steps == 0 {
        if open.steps > 0 { clips.append(try open.finish(reader.name)) }
        if let before = lines[name] {
          throw DataError(
            .badSequence, file: reader.name, line: reader.line, column: clip.map { reader.columns[$0] },
            expected: "all rows of a clip together",
            found: "\(quoted(name)) again, which started on line \(before)",
            hint: "sort the rows by clip and by frame")
        }
        lines[name] = reader.line
        open.begin(name, line: reader.line)
      }
      if let frame { try open.check(try number(row, frame), reader, frame) }
      for feature in features { open.values.append(try number(row, feature)) }
      open.labels.append(label.map { Blanks.trimmed(row[$0]) } ?? "")
      open.steps += 1
      guard open.steps <= options.maximumFrames else {
        throw DataError(
          .tooLarge, file: reader.name, line: reader.line,
          expected: "clips of at most \(options.maximumFrames) frames", found: "more in \(quoted(name))")
      }
    }
    guard open.steps > 0 else {
      throw DataError(
        .noRows, file: reader.name, expected: "rows below the header", found: "none",
        statement: "the file has a header and no rows")
    }
    clips.append(try open.finish(reader.name))
    return Self.truths(clips)
  }

  /// Where labels change within some clip they are those of frames, in all of them.
  private static func truths(_ clips: [VideoClip]) -> [VideoClip] {
    let ofFrames = clips.contains { clip in
      if case .frames(let labels) = clip.truth { labels.contains { $0 != labels[0] } } else { false }
    }
    guard !ofFrames else { return clips }
    return clips.map { clip in
      guard case .frames(let labels) = clip.truth, let label = labels.first else { return clip }
      var copy = clip
      copy.truth = .clip(label)
      return copy
    }
  }

  private func number(_ row: [String], _ column: Int) throws(DataError) -> Float {
    let field = Blanks.trimmed(row[column])
    if field.isEmpty { return .nan }
    let bytes = Array(field.utf8)
    guard let value = SequenceNumber.value(bytes, 0..<bytes.count) else {
      throw DataError(
        .notANumber, file: reader.name, line: reader.line, column: reader.columns[column],
        expected: "a number", found: quoted(field),
        hint: "name the columns of values, or that of labels, where this one is neither")
    }
    return value
  }
}

/// A clip whose rows are being read.
private struct OpenClip {
  let frame: VideoClip.Frame
  var id = ""
  var line = 0
  var steps = 0
  var values: [Float] = []
  var labels: [String] = []
  private var last: Float?

  init(frame: VideoClip.Frame) { self.frame = frame }

  mutating func begin(_ name: String, line: Int) {
    (id, self.line, steps, values, labels, last) = (name, line, 0, [], [], nil)
  }

  /// - Throws: `DataError` when frames are not in the order of time.
  mutating func check(_ number: Float, _ reader: RecordReader, _ column: Int) throws(DataError) {
    guard last.map({ number > $0 }) ?? !number.isNaN else {
      throw DataError(
        .badSequence, file: reader.name, line: reader.line, column: reader.columns[column],
        expected: "a number of a frame" + (last.map { " above \($0)" } ?? ""),
        found: number.isNaN ? "none" : "\(number)", hint: "sort the rows by clip and by frame")
    }
    last = number
  }

  /// The clip; labels that are missing in all rows are unknown.
  ///
  /// - Throws: `DataError` when some frames have a label and others none.
  func finish(_ file: String) throws(DataError) -> VideoClip {
    let empty = labels.count(where: \.isEmpty)
    guard empty == 0 || empty == labels.count else {
      throw DataError(
        .badLabel, file: file, line: line, expected: "a label for each frame of \(quoted(id)), or for none",
        found: "\(empty) of \(labels.count) frames without one",
        hint: "give frames in which nothing happens a label of their own")
    }
    return try VideoClip(
      frame: frame, steps: steps, values: values, truth: empty > 0 ? .unknown : .frames(labels), id: id,
      line: line)
  }
}
