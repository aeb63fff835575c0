/// Lists of recordings as tables.
enum RecordingTable {
  /// Names of columns, those that are likelier first.
  private static let files = [
    "file", "path", "audio", "audio_filepath", "wav", "filename", "file_name", "audio_path",
  ]
  private static let texts = ["text", "sentence", "transcript", "transcription"]
  private static let speakers = ["speaker", "client_id", "speaker_id"]

  static func read(_ path: String, _ columns: RecordingList.Columns) throws(DataError) -> [Recording] {
    if let voices = try commonVoice(path, columns) { return voices }
    var reader = try RecordReader(path: path)
    let file = try column(columns.file, files, "files", reader)
    let text = try column(columns.text, texts, "texts", reader)
    var speaker: Int?
    if let name = columns.speaker {
      speaker = try reader.column(name)
    } else if let name = speakers.first(where: reader.columns.contains) {
      speaker = try reader.column(name)
    }
    let start = reader.columns.firstIndex(of: "offset")
    let duration = reader.columns.firstIndex(of: "duration")
    let folder = RecordingList.parent(path)
    var all: [Recording] = []
    while let fields = try reader.next() {
      guard !fields[file].isEmpty else {
        throw DataError(
          .badRoles, file: path, line: reader.line, column: reader.columns[file],
          expected: "the name of a file",
          found: "nothing")
      }
      var recording = Recording(
        path: RecordingList.path(fields[file], in: folder), text: fields[text], id: fields[file],
        speaker: speaker.map { fields[$0] }.flatMap { $0.isEmpty ? nil : $0 })
      // Other tables than manifests may say something else by these names.
      if reader.isJSON {
        recording.start = try seconds(start.map { fields[$0] }, "offset", reader) ?? 0
        recording.duration = try seconds(duration.map { fields[$0] }, "duration", reader)
      }
      (recording.list, recording.line) = (path, reader.line)
      all.append(recording)
    }
    return all
  }

  private static func column(
    _ named: String?, _ usual: [String], _ what: String, _ reader: RecordReader
  ) throws(DataError) -> Int {
    if let named { return try reader.column(named) }
    if let name = usual.first(where: reader.columns.contains) { return try reader.column(name) }
    throw DataError(
      .badRoles, file: reader.name, line: 1,
      expected:
        "a column of \(what), such as \(usual.prefix(3).map { quoted($0) }.joined(separator: " or "))",
      found: reader.columns.prefix(12).map { quoted($0) }.joined(separator: ", "),
      hint: "name the columns of files and of texts")
  }

  private static func seconds(
    _ text: String?, _ name: String, _ reader: RecordReader
  ) throws(DataError) -> Double? {
    guard let text, !text.isEmpty else { return nil }
    guard let value = Double(text), value >= 0, value <= 1e7 else {
      throw DataError(
        .notANumber, file: reader.name, line: reader.line, column: name, expected: "seconds from 0 on",
        found: quoted(text))
    }
    return value
  }

  /// A table of Common Voice, whose quotes are characters like others; `nil`: it is none.
  private static func commonVoice(
    _ path: String, _ columns: RecordingList.Columns
  ) throws(DataError) -> [Recording]? {
    guard path.lowercased().hasSuffix(".tsv"), columns == RecordingList.Columns() else { return nil }
    var reader = LineReader(try ByteSource(path: path))
    func fields(_ line: String) -> [String] {
      line.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
    }
    guard let header = try reader.nextText().map(fields), let speaker = header.firstIndex(of: "client_id"),
      let file = header.firstIndex(of: "path"), let text = header.firstIndex(of: "sentence")
    else { return nil }
    let folder = RecordingList.path("clips", in: RecordingList.parent(path))
    var all: [Recording] = []
    while let line = try reader.nextText() {
      let fields = fields(line)
      if fields == [""] { continue }
      guard fields.count == header.count else {
        throw DataError(
          .raggedRow, file: path, line: reader.line,
          expected: "\(counted(header.count, "field")), one for each name in the header",
          found: counted(fields.count, "field"))
      }
      // Old editions leave the ending out.
      let name = fields[file].contains(".") ? fields[file] : fields[file] + ".mp3"
      var recording = Recording(
        path: RecordingList.path(name, in: folder), text: fields[text], id: fields[file],
        speaker: fields[speaker])
      (recording.list, recording.line) = (path, reader.line)
      all.append(recording)
    }
    return all
  }
}
