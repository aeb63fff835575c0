/// How much of a reference a summary says (Lin 2004), computed as the Python package `rouge-score` does: F1, from 0 to
/// 100, of n-grams of one word, of two, of the longest common subsequence, and of its union over lines. Tokens are runs of
/// a–z and 0–9, without case; a corpus's score is the mean of its examples'.
///
///     P = hits / words of the summary    R = hits / words of the reference    F1 = 2·P·R / (P + R)
public struct ROUGE: Sendable, Equatable {
  public private(set) var rouge1 = 0.0
  public private(set) var rouge2 = 0.0
  public private(set) var rougeL = 0.0
  /// Lines count as sentences.
  public private(set) var rougeLsum = 0.0

  /// Scores a corpus.
  ///
  /// - Parameters:
  ///   - summaries: a text for each example.
  ///   - references: what each should say.
  ///   - stems: whether English words of more than three letters count by their stems (Porter's).
  public init(summaries: [String], references: [String], stems: Bool = false) {
    let count = min(summaries.count, references.count)
    guard count > 0 else { return }
    for (summary, reference) in zip(summaries, references) {
      let one = ROUGE(summary, reference, stems: stems)
      rouge1 += one.rouge1 / Double(count)
      rouge2 += one.rouge2 / Double(count)
      rougeL += one.rougeL / Double(count)
      rougeLsum += one.rougeLsum / Double(count)
    }
  }

  /// Scores one summary.
  public init(_ summary: String, _ reference: String, stems: Bool = false) {
    let (own, wanted) = (Self.tokens(summary, stems: stems), Self.tokens(reference, stems: stems))
    rouge1 = Self.overlap(own, wanted, 1)
    rouge2 = Self.overlap(own, wanted, 2)
    if let last = Self.table(wanted, own).last?.last { rougeL = Self.f1(last, own.count, wanted.count) }
    rougeLsum = Self.union(
      Self.lines(summary, stems: stems), Self.lines(reference, stems: stems))
  }

  /// Runs of a–z and 0–9.
  static func tokens(_ text: String, stems: Bool) -> [String] {
    let letters = text.lowercased().utf8
    return letters.split {
      !(UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0)
    }
    .map {
      let word = String(decoding: $0, as: UTF8.self)
      return stems && word.utf8.count > 3 ? PorterStemmer.stem(word) : word
    }
  }

  private static func lines(_ text: String, stems: Bool) -> [[String]] {
    text.split { $0 == "\n" || $0 == "\r\n" }.map { tokens(String($0), stems: stems) }
  }

  /// F1 from 0 to 100.
  private static func f1(_ hits: Int, _ own: Int, _ wanted: Int) -> Double {
    guard hits > 0 else { return 0 }
    let (precision, recall) = (Double(hits) / Double(own), Double(hits) / Double(wanted))
    return 200 * precision * recall / (precision + recall)
  }

  private static func overlap(_ own: [String], _ wanted: [String], _ n: Int) -> Double {
    func grams(_ words: [String]) -> [[String]: Int] {
      var counts: [[String]: Int] = [:]
      guard words.count >= n else { return counts }
      for start in 0...(words.count - n) { counts[Array(words[start..<start + n]), default: 0] += 1 }
      return counts
    }
    let theirs = grams(wanted)
    let hits = grams(own).reduce(0) { $0 + min($1.value, theirs[$1.key] ?? 0) }
    return f1(hits, max(0, own.count - n + 1), max(0, wanted.count - n + 1))
  }

  /// Lengths of the longest common subsequences of all beginnings of two lists, [first + 1][second + 1].
  private static func table(_ first: [String], _ second: [String]) -> [[Int]] {
    var table = [Array(repeating: 0, count: second.count + 1)]
    for word in first {
      let above = table[table.count - 1]
      var row = Array(repeating: 0, count: second.count + 1)
      for (index, other) in second.enumerated() {
        row[index + 1] = word == other ? above[index] + 1 : max(above[index + 1], row[index])
      }
      table.append(row)
    }
    return table
  }

  /// For each line of the reference the words that are in a longest common subsequence with any line of the summary; a
  /// word counts as often as both texts hold it.
  private static func union(_ own: [[String]], _ wanted: [[String]]) -> Double {
    func counts(_ lines: [[String]]) -> [String: Int] {
      lines.joined().reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
    var (mine, theirs, hits) = (counts(own), counts(wanted), 0)
    for line in wanted {
      var found = Set<Int>()
      for other in own {
        let table = table(line, other)
        var (row, column) = (line.count, other.count)
        while row > 0, column > 0 {
          if line[row - 1] == other[column - 1] {
            found.insert(row - 1)
            (row, column) = (row - 1, column - 1)
          } else if table[row][column - 1] > table[row - 1][column] {
            column -= 1
          } else {
            row -= 1
          }
        }
      }
      for index in found.sorted() {
        let word = line[index]
        guard mine[word, default: 0] > 0, theirs[word, default: 0] > 0 else { continue }
        mine[word, default: 0] -= 1
        theirs[word, default: 0] -= 1
        hits += 1
      }
    }
    return f1(hits, own.reduce(0) { $0 + $1.count }, wanted.reduce(0) { $0 + $1.count })
  }
}
