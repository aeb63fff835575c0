/// Lists of recordings that are spread over files and folders.
extension RecordingList {
  static func folder(_ path: String) throws(DataError) -> [Recording] {
    if InputFiles.isFile("\(path)/wav.scp") { return try kaldi(path) }
    if InputFiles.isFile("\(path)/metadata.csv") { return try read("\(path)/metadata.csv") }
    let transcripts: [TextSource]
    do throws(DataError) { transcripts = try InputFiles.list([path], suffixes: [".trans.txt"]) } catch {
      throw DataError(
        .noRows, file: path,
        expected:
          "wav.scp and text (Kaldi), metadata.csv (LJSpeech), or files named ….trans.txt (LibriSpeech)",
        found: "a folder without them")
    }
    var all: [Recording] = []
    for file in transcripts { all += try librispeech(file.name) }
    return all
  }

  /// Lines of an id and its text; the sound of the id stands beside the file, and its folder's folder is the speaker's.
  private static func librispeech(_ path: String) throws(DataError) -> [Recording] {
    let folder = parent(path)
    let parts = folder.split(separator: "/")
    let speaker = parts.count >= 2 ? String(parts[parts.count - 2]) : nil
    return try lines(path).map { line, id, text in
      var recording = Recording(
        path: sound(Self.path(id, in: folder), endings: [".flac", ".wav"]), text: text, id: id,
        speaker: speaker)
      (recording.list, recording.line) = (path, line)
      return recording
    }
  }

  /// `wav.scp` says where the recordings are, `segments` (utterance, recording, start, end) what parts of them are
  /// utterances, `text` what is said in these, `utt2spk` by whom.
  private static func kaldi(_ folder: String) throws(DataError) -> [Recording] {
    let list = "\(folder)/wav.scp"
    var files: [String: String] = [:]
    for (line, id, name) in try lines(list) {
      guard !name.isEmpty, !name.hasSuffix("|") else {
        throw DataError(
          .badSound, file: list, line: line, expected: "the name of a file",
          found: name.isEmpty ? "nothing" : "a command",
          hint: "commands of wav.scp are not run; store what they give")
      }
      files[id] = name
    }
    var speakers: [String: String] = [:]
    if InputFiles.isFile("\(folder)/utt2spk") {
      for (_, id, speaker) in try lines("\(folder)/utt2spk") { speakers[id] = speaker }
    }
    let parts = try segments(folder)
    return try texts(folder, files, parts, speakers)
  }

  private typealias Segment = (file: String, start: Double, duration: Double)

  private static func segments(_ folder: String) throws(DataError) -> [String: Segment]? {
    let path = "\(folder)/segments"
    guard InputFiles.isFile(path) else { return nil }
    var parts: [String: Segment] = [:]
    for (line, id, rest) in try lines(path) {
      let fields = rest.split(whereSeparator: { $0 == " " || $0 == "\t" }).map { String($0) }
      guard fields.count >= 3, let start = Double(fields[1]), let end = Double(fields[2]), start >= 0,
        end > start, end <= 1e7
      else {
        throw DataError(
          .badSound, file: path, line: line, expected: "a recording, and seconds of its start and its end",
          found: quoted(rest))
      }
      parts[id] = (fields[0], start, end - start)
    }
    return parts
  }

  private static func texts(
    _ folder: String, _ files: [String: String], _ parts: [String: Segment]?, _ speakers: [String: String]
  ) throws(DataError) -> [Recording] {
    let path = "\(folder)/text"
    var all: [Recording] = []
    for (line, id, text) in try lines(path) {
      let part = parts?[id]
      guard let file = files[parts == nil ? id : part?.file ?? ""] else {
        throw DataError(
          .badSound, file: path, line: line,
          expected: "an utterance of \(parts == nil ? "wav.scp" : "segments and wav.scp")", found: quoted(id))
      }
      // Names are relative to where the recipe was run, or to this folder.
      let own = Self.path(file, in: folder)
      var recording = Recording(
        path: InputFiles.isFile(own) || !InputFiles.isFile(file) ? own : file, text: text, id: id,
        speaker: speakers[id])
      if let part { (recording.start, recording.duration) = (part.start, part.duration) }
      (recording.list, recording.line) = (path, line)
      all.append(recording)
    }
    return all
  }

  // MARK: LJSpeech

  /// Whether the first line is three fields, the first of them the name of a sound in `wavs`.
  static func isLJSpeech(_ path: String) throws(DataError) -> Bool {
    var reader = LineReader(try ByteSource(path: path))
    guard let line = try reader.nextText() else { return false }
    let fields = line.split(separator: "|", omittingEmptySubsequences: false)
    return (2...3).contains(fields.count)
      && InputFiles.isFile(Self.path("wavs/\(fields[0]).wav", in: parent(path)))
  }

  /// Quotes are characters like others. The last field spells out what the one before abbreviates.
  static func ljSpeech(_ path: String) throws(DataError) -> [Recording] {
    var reader = LineReader(try ByteSource(path: path))
    var all: [Recording] = []
    while let line = try reader.nextText() {
      if Blanks.trimmed(line).isEmpty { continue }
      let fields = line.split(separator: "|", omittingEmptySubsequences: false).map { String($0) }
      guard (2...3).contains(fields.count) else {
        throw DataError(
          .raggedRow, file: path, line: reader.line, expected: "id|text|normalized text",
          found: counted(fields.count, "field"))
      }
      var recording = Recording(
        path: Self.path("wavs/\(fields[0]).wav", in: parent(path)),
        text: fields[fields.count - 1].isEmpty ? fields[1] : fields[fields.count - 1], id: fields[0])
      (recording.list, recording.line) = (path, reader.line)
      all.append(recording)
    }
    return all
  }

  // MARK: CMU Sphinx

  /// Names of sounds without their endings, a line each, and in `….transcription` the line of the same number:
  /// `<s> TEXT </s> (name)`, the marks of begin and end being optional. A sound's folder is the speaker's.
  static func sphinx(_ path: String) throws(DataError) -> [Recording] {
    let other = String(path.dropLast(".fileids".count)) + ".transcription"
    let names = try lines(path)
    let texts = try lines(other).map { ($0.line, $0.rest.isEmpty ? $0.head : "\($0.head) \($0.rest)") }
    guard names.count == texts.count else {
      throw DataError(
        .unequalLines, file: other, expected: "\(names.count) lines, as in \(path)", found: "\(texts.count)")
    }
    let folder = parent(path)
    let base = folder.isEmpty ? "../wav" : Self.path("wav", in: parent(folder))
    var all: [Recording] = []
    for (name, text) in zip(names, texts) {
      let id = name.head.split(separator: "/").last.map { String($0) } ?? name.head
      guard let open = text.1.lastIndex(of: "("), text.1.hasSuffix(")"),
        text.1[open...].dropFirst().dropLast() == id[...]
      else {
        throw DataError(
          .unequalLines, file: other, line: text.0, expected: "a text and then (\(id)), as in \(path)",
          found: quoted(text.1))
      }
      let words = text.1[..<open].split(separator: " ").filter { $0 != "<s>" && $0 != "</s>" }
      let parts = name.head.split(separator: "/")
      var recording = Recording(
        path: sound(Self.path(name.head, in: base), endings: [".wav", ".sph", ".raw"]),
        text: words.joined(separator: " "), id: id,
        speaker: parts.count >= 2 ? String(parts[parts.count - 2]) : nil)
      (recording.list, recording.line) = (other, text.0)
      all.append(recording)
    }
    return all
  }
}
