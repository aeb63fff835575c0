import UnrollData
import UnrollTraining

/// Pictures of lines of text, and what they say.
public struct ReadData: TaskData {
  public let lines: [LineExample]
  public let source: String
  public private(set) var hash = ""

  public init(_ lines: [LineExample], source: String = "the lines") {
    (self.lines, self.source) = (lines, source)
  }

  /// Reads files as settings say.
  ///
  /// - Throws: `DataError` when nothing can be learned from them.
  init(_ files: [String], _ settings: ReadSettings, note: (String) -> Void) throws {
    var reader = LineExampleReader(height: settings.height, normalization: settings.ctc.normalization)
    (reader.pictureColumn, reader.textColumn) = (settings.pictureColumn, settings.textColumn)
    reader.isStrict = settings.strict
    let found = try reader.read(files)
    self.init(found.lines, source: files.joined(separator: ", "))
    for problem in found.problems.prefix(8) { note("left out: \(problem)") }
    if !found.problems.isEmpty {
      note("\(found.problems.count) of \(found.problems.count + lines.count) lines or files were left out")
    }
    if found.withoutText > 0 { note("left out, for nobody has transcribed them: \(found.withoutText) lines") }
    var hash = SHA256()
    for line in lines {
      hash.update(line.picture.pixels)
      hash.update(line.text)
    }
    self.hash = hash.hexadecimal()
  }

  var texts: [String] { lines.map(\.text) }
  var pictures: [Picture] { lines.map(\.picture) }

  public var facts: [Fact] {
    [
      Fact("lines", lines.count),
      Fact("characters", lines.reduce(0) { $0 + $1.text.unicodeScalars.count }),
    ]
  }

  func joined(with other: ReadData) -> ReadData { ReadData(lines + other.lines, source: source) }

  func choosing(_ places: [Int]) -> ReadData { ReadData(places.map { lines[$0] }, source: source) }
}
