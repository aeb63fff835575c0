/// A recording of a list and what is said in it.
package struct Recording: Sendable, Equatable {
  /// The file of sound. It need not be there.
  package let path: String
  package let text: String
  /// What tells it apart.
  package let id: String
  package var speaker: String?
  /// Seconds of the file before it.
  package var start = 0.0
  /// Seconds; `nil`: to the end of the file.
  package var duration: Double?
  /// Where the list says so.
  package var list = ""
  package var line = 0

  package init(path: String, text: String, id: String, speaker: String? = nil) {
    self.path = path
    self.text = text
    self.id = id
    self.speaker = speaker
  }
}

/// Reads lists of recordings with their texts, in the forms that collections of speech have:
///
/// | form | is |
/// |---|---|
/// | table | CSV, TSV or JSON lines with a column of files and one of texts; also a manifest of NeMo |
/// | Common Voice | a TSV with `client_id`, `path` and `sentence`, sounds in `clips` beside it |
/// | LJSpeech | `metadata.csv` without a header, `id\|text\|normalized text`, sounds in `wavs` beside it |
/// | CMU Sphinx | `NAME.fileids` with `NAME.transcription` beside it, sounds in `wav` beside their folder |
/// | Kaldi | a folder with `wav.scp` and `text`, maybe `segments` and `utt2spk` |
/// | LibriSpeech | a folder with `….trans.txt` files in folders, sounds beside them |
///
/// Names of files are relative to the folder of their list.
package enum RecordingList {
  /// The columns of a table, where somebody named them.
  package struct Columns: Sendable, Equatable {
    package var file: String?
    package var text: String?
    package var speaker: String?

    package init(file: String? = nil, text: String? = nil, speaker: String? = nil) {
      self.file = file
      self.text = text
      self.speaker = speaker
    }
  }

  /// The recordings of a list, in its order.
  ///
  /// - Throws: `DataError`, with the line, when it is no list of these forms.
  package static func read(_ path: String, _ columns: Columns = Columns()) throws(DataError) -> [Recording] {
    let found: [Recording]
    let name = path.lowercased()
    if InputFiles.isFolder(path) {
      found = try folder(path)
    } else if name.hasSuffix(".fileids") {
      found = try sphinx(path)
    } else if name.hasSuffix("metadata.csv"), try isLJSpeech(path) {
      found = try ljSpeech(path)
    } else {
      found = try RecordingTable.read(path, columns)
    }
    guard !found.isEmpty else {
      throw DataError(.noRows, file: path, expected: "recordings with their texts", found: "none")
    }
    return found
  }

  // MARK: Names

  /// A name as it stands in a list of a folder.
  static func path(_ name: String, in folder: String) -> String {
    name.hasPrefix("/") || folder.isEmpty ? name : "\(folder)/\(name)"
  }

  /// The folder of a file; empty: the working folder.
  static func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
  }

  /// The last part of a path without its ending.
  static func stem(_ path: String) -> String {
    let last = path.split(separator: "/").last ?? ""
    return String(last.lastIndex(of: ".").map { last[..<$0] } ?? last)
  }

  /// A sound whose ending is not known; the first ending where there is none.
  static func sound(_ base: String, endings: [String]) -> String {
    endings.lazy.map { base + $0 }.first { InputFiles.isFile($0) } ?? base + endings[0]
  }

  /// A line's first word and the rest of it.
  static func headed(_ line: String) -> (head: String, rest: String)? {
    let trimmed = Blanks.trimmed(line)
    guard !trimmed.isEmpty else { return nil }
    guard let end = trimmed.firstIndex(where: { $0 == " " || $0 == "\t" }) else { return (trimmed, "") }
    return (String(trimmed[..<end]), Blanks.trimmed(String(trimmed[end...])))
  }

  /// All lines that hold something, by their first word.
  static func lines(_ path: String) throws(DataError) -> [(line: Int, head: String, rest: String)] {
    var reader = LineReader(try ByteSource(path: path))
    var all: [(Int, String, String)] = []
    while let text = try reader.nextText() {
      if let (head, rest) = headed(text) { all.append((reader.line, head, rest)) }
    }
    return all
  }
}
