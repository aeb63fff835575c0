/// Cuts raw text into words as the treebank of a training did: `U.S.A.`, `3.50`, `:-)`, `does` `n't`.
///
/// It is learned from the words of the training, each of which it leaves whole:
/// - which marks stand inside words (`well-known`, `and/or`), and which are words of their own;
/// - which pieces are cut off behind an apostrophe (`'s`, `n't`) or before one (`l'`, `qu'`);
/// - all words that rules would cut otherwise (`Inc.`, `Yahoo!`, `o'clock`).
///
/// Every word knows its place in the text, in bytes of UTF-8 and in Unicode scalars.
package struct TreebankSplitter: Sendable, Equatable, Codable {
  /// A word and its place in the text.
  package struct Word: Sendable, Equatable {
    package let text: String
    /// Bytes of UTF-8.
    package let bytes: Range<Int>
    /// Unicode scalars, as strings of Python count them.
    package let characters: Range<Int>
  }

  /// Marks that stand between letters within words.
  private var inner: Set<String>
  /// Marks that stand between digits within words.
  private var digits: Set<String>
  /// Pieces that are cut off at the end and at the start, in lower case, with a straight apostrophe.
  private var endings: Set<String>
  private var beginnings: Set<String>
  /// Words that the rules would cut.
  private var whole: Set<String> = []

  /// The most words that are kept by themselves.
  private static let mostWords = 50_000
  /// Pieces that treebanks cut off where they cut at all.
  private static let clitics: Set<String> = [
    "n't", "'s", "'re", "'ve", "'ll", "'d", "'m", "'em", "'t", "'n",
  ]

  /// Learns from words, each as often as it occurs.
  package init(learning words: some Sequence<String>) {
    var counts: [String: Int] = [:]
    for word in words { counts[word, default: 0] += 1 }
    (inner, digits, endings, beginnings) = ([], [], [], [])
    var inside: [String: Int] = [:]
    for (word, count) in counts {
      learnMarks(word, count, &inside)
      let plain = Self.plain(word)
      if Self.clitics.contains(plain) { endings.insert(plain) }
      // A few letters before an apostrophe are the article of a Romance language.
      if plain.hasSuffix("'"), (2...8).contains(plain.count), plain.dropLast().allSatisfy(\.isLetter) {
        beginnings.insert(plain)
      }
    }
    // A mark that is more often a word of its own than inside words is cut at.
    inner = Set(inside.filter { $0.value >= counts[$0.key] ?? 0 }.keys)
    let cut = counts.keys.filter { self.words(in: $0).count > 1 && !$0.contains(where: \.isWhitespace) }
    let frequent = cut.sorted { (counts[$1] ?? 0, $0) < (counts[$0] ?? 0, $1) }
    whole = Set(frequent.prefix(Self.mostWords))
  }

  private mutating func learnMarks(_ word: String, _ count: Int, _ inside: inout [String: Int]) {
    let characters = Array(word)
    guard characters.count >= 3 else { return }
    for index in 1..<(characters.count - 1) {
      let (before, mark, after) = (characters[index - 1], characters[index], characters[index + 1])
      guard !mark.isLetter, !mark.isNumber, !Self.isApostrophe(mark) else { continue }
      if before.isNumber, after.isNumber {
        digits.insert(String(mark))
      } else if before.isLetter || before.isNumber, after.isLetter || after.isNumber {
        inside[String(mark), default: 0] += count
      }
    }
  }

  private static func isApostrophe(_ character: Character) -> Bool { character == "'" || character == "’" }

  private static func plain(_ word: some StringProtocol) -> String {
    String(word.lowercased().map { isApostrophe($0) ? "'" : $0 })
  }
}

// MARK: - Cutting

extension TreebankSplitter {
  /// The words of a text.
  package func words(in text: String) -> [Word] {
    var result: [Word] = []
    var (bytes, scalars) = (0, 0)
    var chunk: [Character] = []
    func flush() {
      var (start, first) = (
        bytes - chunk.reduce(0) { $0 + $1.utf8.count },
        scalars - chunk.reduce(0) { $0 + $1.unicodeScalars.count }
      )
      for piece in pieces(chunk[...]) {
        let word = String(piece)
        let (byteCount, scalarCount) = (word.utf8.count, word.unicodeScalars.count)
        result.append(
          Word(text: word, bytes: start..<(start + byteCount), characters: first..<(first + scalarCount)))
        start += byteCount
        first += scalarCount
      }
      chunk = []
    }
    for character in text {
      if character.isWhitespace {
        if !chunk.isEmpty { flush() }
      } else {
        chunk.append(character)
      }
      bytes += character.utf8.count
      scalars += character.unicodeScalars.count
      if character.isWhitespace { continue }
    }
    if !chunk.isEmpty { flush() }
    return result
  }

  /// The words of text without white space.
  private func pieces(_ chunk: ArraySlice<Character>) -> [ArraySlice<Character>] {
    guard !chunk.isEmpty else { return [] }
    if isWhole(chunk) { return [chunk] }
    // Marks in front and behind, then what is left; not by recursion, since a chunk may be long.
    var (front, back): ([ArraySlice<Character>], [ArraySlice<Character>]) = ([], [])
    var rest = chunk
    while !rest.isEmpty, !isWhole(rest), let mark = leadingMark(rest) {
      front.append(mark)
      rest = rest.dropFirst(mark.count)
    }
    while !rest.isEmpty, !isWhole(rest), let mark = trailingMark(rest) {
      back.append(mark)
      rest = rest.dropLast(mark.count)
    }
    return front + core(rest) + back.reversed()
  }

  /// Words of the training, addresses, emoticons and abbreviations.
  private func isWhole(_ chunk: ArraySlice<Character>) -> Bool {
    guard chunk.count > 1 else { return true }
    let isWord = chunk.allSatisfy { $0.isLetter || $0.isNumber }
    if isWord { return beginningOfTwo(chunk) == nil }
    if chunk.count <= 64, whole.contains(String(chunk)) { return true }
    return Self.isAddress(chunk) || Self.isEmoticon(chunk) || Self.isAcronym(chunk)
  }

  /// `http://a.b/c`, `www.a.org`, `a@b.org`, which end with a letter, a digit or a slash.
  private static func isAddress(_ chunk: ArraySlice<Character>) -> Bool {
    guard chunk.count >= 6, let last = chunk.last, last.isLetter || last.isNumber || last == "/",
      let first = chunk.first, first.isLetter || first.isNumber
    else { return false }
    let text = String(chunk.prefix(200)).lowercased()
    if text.hasPrefix("www.") || text.contains("://") { return true }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && parts[1].contains(".")
      && text.allSatisfy { $0.isLetter || $0.isNumber || "@.-_+".contains($0) }
  }

  /// `:-)`, `;)`, `=D`, `<3`, `^^`, and runs of one mark: `...`, `--`, `!!`.
  private static func isEmoticon(_ chunk: ArraySlice<Character>) -> Bool {
    guard chunk.count <= 5, let first = chunk.first, let last = chunk.last else { return false }
    if chunk.elementsEqual("<3") || chunk.elementsEqual("^^") || chunk.elementsEqual("^_^") { return true }
    let isFace = ":;=8xX".contains(first) && ")(][dDpPoO/\\|}{@*3sS".contains(last)
    if isFace, (2...3).contains(chunk.count), !first.isLetter || chunk.count == 3 {
      return chunk.count == 2
        ? !first.isNumber || "])".contains(last) : "-o*'^".contains(chunk[chunk.startIndex + 1])
    }
    return chunk.allSatisfy { $0 == first } && ".-!?*=_".contains(first)
  }

  /// `U.S.A.`, `e.g.`: letters, each with a full stop behind it.
  private static func isAcronym(_ chunk: ArraySlice<Character>) -> Bool {
    guard chunk.count >= 4, chunk.count <= 16, chunk.count % 2 == 0 else { return false }
    return chunk.enumerated().allSatisfy { $0 % 2 == 0 ? $1.isLetter : $1 == "." }
  }

  private static func isMark(_ character: Character) -> Bool { !character.isLetter && !character.isNumber }

  /// A mark in front of other characters: as long as a word of the training or an emoticon reaches.
  private func leadingMark(_ chunk: ArraySlice<Character>) -> ArraySlice<Character>? {
    guard let first = chunk.first, Self.isMark(first),
      !Self.isApostrophe(first) || chunk.count == 1 || !isEnding(chunk)
    else { return nil }
    // A sign belongs to its number, and a point to its decimals.
    if "-+.".contains(first), let next = chunk.dropFirst().first, next.isNumber,
      whole.contains(where: { $0.first == first && $0.count > 1 && $0.dropFirst().first?.isNumber == true })
    {
      return nil
    }
    for length in stride(from: min(8, chunk.count - 1), to: 1, by: -1) {
      let start = chunk.prefix(length)
      if start.allSatisfy(Self.isMark), isWhole(start) { return start }
    }
    return chunk.prefix(1)
  }

  private func trailingMark(_ chunk: ArraySlice<Character>) -> ArraySlice<Character>? {
    guard let last = chunk.last, Self.isMark(last) else { return nil }
    if Self.isApostrophe(last), isBeginning(chunk) { return nil }
    for length in stride(from: min(8, chunk.count - 1), to: 1, by: -1) {
      let end = chunk.suffix(length)
      if end.allSatisfy(Self.isMark) || Self.isEmoticon(end) && Self.isMark(end[end.startIndex]), isWhole(end)
      {
        return end
      }
    }
    return chunk.suffix(1)
  }

  private func isEnding(_ chunk: ArraySlice<Character>) -> Bool {
    endings.contains(Self.plain(String(chunk)))
  }
  private func isBeginning(_ chunk: ArraySlice<Character>) -> Bool {
    beginnings.contains(Self.plain(String(chunk)))
  }

  /// `cannot` where `n't` is cut off, unless the training has it as one word.
  private func beginningOfTwo(_ chunk: ArraySlice<Character>) -> Int? {
    guard chunk.count == 6, endings.contains("n't"), !whole.contains(String(chunk)),
      String(chunk).lowercased() == "cannot"
    else { return nil }
    return 3
  }

  /// Words without marks around them.
  private func core(_ chunk: ArraySlice<Character>) -> [ArraySlice<Character>] {
    guard !chunk.isEmpty else { return [] }
    if let cut = beginningOfTwo(chunk) { return [chunk.prefix(cut), chunk.dropFirst(cut)] }
    if isWhole(chunk) { return [chunk] }
    var result: [ArraySlice<Character>] = []
    var start = chunk.startIndex
    for index in chunk.indices.dropFirst().dropLast() where index >= start {
      let mark = chunk[index]
      guard Self.isMark(mark), !Self.isApostrophe(mark), index > start else { continue }
      let (before, after) = (chunk[index - 1], chunk[index + 1])
      let isKept =
        before.isNumber && after.isNumber
        ? digits.contains(String(mark)) || ".,:".contains(mark) : inner.contains(String(mark))
      if isKept, !Self.isMark(before), !Self.isMark(after) { continue }
      result += apart(chunk[start..<index])
      // A run of one mark, such as two hyphens, is one word.
      var end = index + 1
      while end < chunk.endIndex - 1, end - index < 5, chunk[end] == mark { end += 1 }
      if !isWhole(chunk[index..<end]) { end = index + 1 }
      result.append(chunk[index..<end])
      start = end
    }
    if start < chunk.endIndex { result += apart(chunk[start...]) }
    return result
  }

  /// Cuts off what stands before and behind apostrophes.
  private func apart(_ word: ArraySlice<Character>) -> [ArraySlice<Character>] {
    var (front, back): ([ArraySlice<Character>], [ArraySlice<Character>]) = ([], [])
    var rest = word
    while rest.count > 1, !(rest.count <= 64 && whole.contains(String(rest))) {
      if let length = (2...4).first(where: { $0 < rest.count && isEnding(rest.suffix($0)) }) {
        // `n't` before `'t`.
        let longest = (2...4).last { $0 < rest.count && isEnding(rest.suffix($0)) } ?? length
        back.append(rest.suffix(longest))
        rest = rest.dropLast(longest)
      } else if let length = (2...8).first(where: { $0 < rest.count && isBeginning(rest.prefix($0)) }) {
        front.append(rest.prefix(length))
        rest = rest.dropFirst(length)
      } else {
        break
      }
    }
    return front + (rest.isEmpty ? [] : [rest]) + back.reversed()
  }
}
