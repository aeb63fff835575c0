import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Tagger {
  public static let useInputs = "SENTENCE…"
  public static let useOptions: [TaskOption] = [
    TaskOption(
      "format", .choice(["json", "conll"]), standard: "json",
      "json: a sentence a line, an object of JSON a line. conll: a word a line, to which its tag is added."),
    TaskOption(
      "tokenized", .flag, "Words are what stands between blanks; otherwise punctuation is split off."),
    TaskOption("chances", .flag, "The chance of each tag as well."),
    TaskOption(
      "word-column", .integer(1...1000), valueName: "n", standard: "1",
      "With conll: the column of the words, counted from 1."),
  ]

  public func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let isTokenized = arguments.flag("tokenized")
    let withChances = arguments.flag("chances")
    if arguments.text("format") == "conll", inputs.isEmpty {
      var columns = TaggerColumns(self, wordColumn: arguments.integer("word-column") ?? 1)
      while let line = session.readLine() { session.write(try columns.take(line)) }
      session.write(try columns.finish())
      return
    }
    func answer(_ text: String) throws {
      let words = words(of: text, isTokenized: isTokenized)
      let answer = try answers([words], withChances: withChances)[0]
      if arguments.text("format") == "conll" {
        session.write(zip(words, answer.tags).map { "\($0)\t\($1)\n" }.joined() + "\n")
      } else {
        session.write(try json(words, answer.tags, answer.chances) + "\n")
      }
    }
    if !inputs.isEmpty { return try inputs.forEach(answer) }
    while let line = session.readLine() { try answer(line) }
  }

  private static let atBlanks = WordTokenizer.train(on: [], splitting: .whitespace)
  private static let atPunctuation = WordTokenizer.train(on: [], splitting: .words)

  /// The words of a text.
  func words(of text: String, isTokenized: Bool) -> [String] {
    (isTokenized ? Self.atBlanks : Self.atPunctuation).words(in: text)
  }

  private struct Line: Encodable {
    struct Entity: Encodable {
      let type: String
      let text: String
      /// The first word, counted from 0, and the one behind the last.
      let start: Int
      let end: Int
    }
    let words: [String]
    let tags: [String]
    let chances: [Float]?
    let entities: [Entity]?
  }

  private func json(_ words: [String], _ tags: [String], _ chances: [Float]) throws -> String {
    let found = entities(tags).map {
      Line.Entity(
        type: $0.type, text: words[$0.words].joined(separator: " "), start: $0.words.lowerBound,
        end: $0.words.upperBound)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = Line(
      words: words, tags: tags,
      chances: chances.isEmpty ? nil : chances.map { ($0 * 10_000).rounded() / 10_000 },
      entities: self.tags.scheme == nil ? nil : found)
    return String(decoding: try encoder.encode(line), as: UTF8.self)
  }
}

/// Columns that come line by line and go out with a tag added: in CoNLL-U as UPOS, else as one more column.
struct TaggerColumns {
  private let tagger: Tagger
  private let wordColumn: Int
  /// Lines that wait, and for those that hold a word, the word.
  private var lines: [(text: String, word: String?)] = []
  private var sentences = 0
  private var width: Int?
  /// Sentences that are tagged together.
  private static let together = 64

  init(_ tagger: Tagger, wordColumn: Int) {
    self.tagger = tagger
    self.wordColumn = wordColumn
  }

  /// Takes a line; the lines that are done, or nothing.
  mutating func take(_ line: String) throws -> String {
    let isBlank = line.allSatisfy { $0 == " " || $0 == "\t" }
    lines.append((line, isBlank ? nil : word(line)))
    guard isBlank else { return "" }
    sentences += 1
    return sentences >= Self.together ? try finish() : ""
  }

  /// The lines that wait, with their tags.
  mutating func finish() throws -> String {
    defer { (lines, sentences) = ([], 0) }
    var groups: [[String]] = [[]]
    for (text, word) in lines {
      if let word { groups[groups.count - 1].append(word) }
      if text.allSatisfy({ $0 == " " || $0 == "\t" }) { groups.append([]) }
    }
    var tags = try tagger.tag(groups).joined().makeIterator()
    var result = ""
    for (text, word) in lines {
      result += (word == nil ? text : Self.adding(tags.next() ?? "O", to: text)) + "\n"
    }
    return result
  }

  /// The word of a line; `nil` of a comment, and of a line of CoNLL-U that counts for no word.
  private mutating func word(_ line: String) -> String? {
    let fields = Self.fields(line)
    if line.hasPrefix("#"), width.map({ $0 != fields.count }) ?? (fields.count > 1 && !line.contains("\t")) {
      return nil
    }
    if TaggerSource.isUniversal(Array(line.utf8)) {
      return fields[0].contains { $0 == "-" || $0 == "." } ? nil : String(fields[1])
    }
    width = width ?? fields.count
    return wordColumn <= fields.count ? String(fields[wordColumn - 1]) : ""
  }

  private static func fields(_ line: String) -> [Substring] {
    line.contains("\t")
      ? line.split(separator: "\t", omittingEmptySubsequences: false) : line.split(separator: " ")
  }

  private static func adding(_ tag: String, to line: String) -> String {
    guard TaggerSource.isUniversal(Array(line.utf8)) else {
      return line + (line.contains(" ") && !line.contains("\t") ? " " : "\t") + tag
    }
    var fields = fields(line).map(String.init)
    fields[3] = tag
    return fields.joined(separator: "\t")
  }
}
