/// A tune in ABC notation (standard 2.1), as text: fields such as `T:Title`, then lines of music.
public struct ABCTune: Sendable, Equatable {
  /// The number behind `X:`, as it stands.
  public let number: String
  /// The first title; empty where there is none.
  public let title: String
  /// The key behind `K:`, which ends the fields.
  public let key: String
  /// The tune's lines from `X:` on, as they stand, without what is no music: comments and blank ends of lines.
  public let text: String

  /// Reads a file of tunes, each from its `X:` to the next blank line.
  ///
  /// What stands between tunes is passed over, as the standard has it. A tune without a key, or without music, is an
  /// error that names its line.
  public static func read(path: String) throws(DataError) -> [ABCTune] {
    try read(try Gzip.bytes(at: path), name: path)
  }

  package static func read(_ bytes: [UInt8], name: String) throws(DataError) -> [ABCTune] {
    var reader = LineReader(ByteSource(bytes, name: name))
    var tunes: [ABCTune] = []
    var lines: [String] = []
    var start = 0
    while let raw = try reader.nextText() {
      let line = stripped(raw)
      if lines.isEmpty {
        guard line.hasPrefix("X:") else { continue }
        start = reader.line
        lines = [line]
      } else if line.isEmpty, !raw.contains("%") {
        tunes.append(try tune(lines, start, name))
        lines = []
      } else if line.hasPrefix("X:") {
        // A tune that follows with no blank line between.
        tunes.append(try tune(lines, start, name))
        start = reader.line
        lines = [line]
      } else if !line.isEmpty {
        lines.append(line)
      }
    }
    if !lines.isEmpty { tunes.append(try tune(lines, start, name)) }
    guard !tunes.isEmpty else {
      throw DataError(
        .badMusic, file: name, expected: "a tune in ABC, which starts with \"X:\"", found: "none")
    }
    return tunes
  }

  /// A line without its comment and without white space at its end. `\%` is a sign of percent.
  private static func stripped(_ line: String) -> String {
    var end = line.startIndex
    var last: Character?
    var index = line.startIndex
    while index < line.endIndex {
      let character = line[index]
      if character == "%", last != "\\" { break }
      last = character
      index = line.index(after: index)
      if !character.isWhitespace { end = index }
    }
    return String(line[..<end])
  }

  private static func tune(_ lines: [String], _ start: Int, _ name: String) throws(DataError) -> ABCTune {
    func field(_ key: String) -> String? {
      lines.first { $0.hasPrefix("\(key):") }.map { String($0.dropFirst(2).drop { $0.isWhitespace }) }
    }
    guard let place = lines.firstIndex(where: { $0.hasPrefix("K:") }), let key = field("K") else {
      throw DataError(.badMusic, file: name, line: start, expected: "a key \"K:\" in the tune", found: "none")
    }
    let music = lines[(place + 1)...].filter { !isField($0) }
    guard !music.isEmpty else {
      throw DataError(.badMusic, file: name, line: start, expected: "music behind \"K:\"", found: "none")
    }
    return ABCTune(
      number: field("X") ?? "", title: field("T") ?? "", key: key, text: lines.joined(separator: "\n") + "\n")
  }

  /// Whether a line is a field: a letter (or `+`) and a colon. `|:` begins music.
  private static func isField(_ line: String) -> Bool {
    guard let first = line.first, line.dropFirst().first == ":" else { return false }
    return first.isASCII && first.isLetter || first == "+"
  }
}
