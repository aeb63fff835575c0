import UnrollData

/// Texts and sentences as people write them.
enum SummaryText {
  private static let closing: Set<String> = [".", ",", ";", ":", "!", "?", ")", "]", "}", "%", "”"]
  private static let opening: Set<String> = ["(", "[", "{", "$", "€", "£", "#", "“"]
  /// What stands without spaces between digits, as in a date.
  private static let between: Set<String> = ["/", "-", ".", ",", ":"]

  /// Words and punctuation as a text.
  ///
  /// - Parameter source: a text; words of it that differ by their case alone are written as it writes them first.
  static func joined(_ words: [String], spelledAs source: String) -> String {
    var spelling: [String: String] = [:]
    if !source.isEmpty {
      for word in WordTokenizer.train(on: [String]()).words(in: source)
      where spelling[word.lowercased()] == nil {
        spelling[word.lowercased()] = word
      }
    }
    let words = words.map { spelling[$0] ?? $0 }
    var text = ""
    for (index, word) in words.enumerated() {
      let before = index > 0 ? words[index - 1] : ""
      func isNumber(_ place: Int) -> Bool {
        words.indices.contains(place) && words[place].allSatisfy(\.isNumber)
      }
      let isDate =
        (between.contains(word) && isNumber(index - 1) && isNumber(index + 1))
        || (between.contains(before) && isNumber(index) && isNumber(index - 2))
      if index > 0, !closing.contains(word), !opening.contains(before), !isDate, word != "/", before != "/" {
        text += " "
      }
      text += word
    }
    return text
  }

  /// The first sentences of a text: its lines where it has several, otherwise what full stops and marks end.
  static func lead(_ text: String, _ count: Int) -> String {
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    let sentences = lines.count > 1 ? lines : Self.sentences(text)
    return sentences.prefix(count).joined(separator: "\n")
  }

  private static func sentences(_ text: String) -> [Substring] {
    var (sentences, start): ([Substring], String.Index) = ([], text.startIndex)
    var index = start
    while index < text.endIndex {
      let next = text.index(after: index)
      let ends = ".!?".contains(text[index]) && next < text.endIndex && text[next].isWhitespace
      if ends || "。！？".contains(text[index]) {
        sentences.append(text[start..<next])
        start = next
      }
      index = next
    }
    sentences.append(text[start...])
    return sentences.filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
