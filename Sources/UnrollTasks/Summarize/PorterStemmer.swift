/// Porter's stemmer of English words (Porter 1980), with the changes that NLTK made to it, as ROUGE of the Python package
/// `rouge-score` uses it: irregular words, and other endings in `-ies`, `-ied`, `-alli` and `-logi`.
enum PorterStemmer {
  /// Words whose stem no rule finds.
  private static let irregular: [String: String] = [
    "sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
    "innings": "inning",
    "inning": "inning", "outings": "outing", "outing": "outing", "cannings": "canning", "canning": "canning",
    "howe": "howe", "proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
  ]

  /// The stem of a word of small ASCII letters and digits.
  static func stem(_ word: String) -> String {
    if let known = irregular[word] { return known }
    guard word.utf8.count > 2 else { return word }
    var letters = Letters(Array(word.utf8))
    letters.plural()
    letters.past()
    letters.finalY()
    letters.longSuffix()
    letters.apply(Letters.step3) { $0.measure > 0 }
    letters.apply(Letters.step4) { $0.measure > 1 }
    letters.finalE()
    return String(decoding: letters.text, as: UTF8.self)
  }

  /// A word, or what is left of it.
  private struct Letters {
    var text: [UInt8]

    init(_ text: [UInt8]) { self.text = text }

    typealias Rules = [(suffix: String, replacement: String)]

    static let step2: Rules = [
      ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
      ("bli", "ble"),
      ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
      ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
      ("aliti", "al"),
      ("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful"),
    ]
    static let step3: Rules = [
      ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
      ("ness", ""),
    ]
    static let step4: Rules = [
      "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
      "ate", "iti",
      "ous", "ive", "ize",
    ].map { ($0, "") }

    // MARK: What a word is made of

    func isConsonant(_ index: Int) -> Bool {
      switch text[index] {
      case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"):
        false
      case UInt8(ascii: "y"): index == 0 || !isConsonant(index - 1)
      default: true
      }
    }

    /// m of [C](VC)^m[V]: how often a consonant follows a vowel.
    var measure: Int {
      var (count, wasVowel) = (0, false)
      for index in text.indices {
        let isVowel = !isConsonant(index)
        if wasVowel, !isVowel { count += 1 }
        wasVowel = isVowel
      }
      return count
    }

    var hasVowel: Bool { text.indices.contains { !isConsonant($0) } }

    var endsInDoubleConsonant: Bool {
      text.count >= 2 && text[text.count - 1] == text[text.count - 2] && isConsonant(text.count - 1)
    }

    /// Whether it ends in a consonant, a vowel and a consonant that is not w, x or y.
    var isShort: Bool {
      let last = text.count - 1
      if text.count == 2 { return !isConsonant(0) && isConsonant(1) }
      return text.count >= 3 && isConsonant(last - 2) && !isConsonant(last - 1) && isConsonant(last)
        && !"wxy".utf8.contains(text[last])
    }

    func ends(in suffix: String) -> Bool {
      text.count >= suffix.utf8.count && text.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    func dropping(_ count: Int) -> Letters { Letters(Array(text.dropLast(count))) }

    mutating func replace(_ suffix: String, by replacement: String) {
      text.removeLast(suffix.utf8.count)
      text += replacement.utf8
    }

    // MARK: Steps

    /// The first rule whose suffix fits decides, also where its condition fails.
    mutating func apply(_ rules: Rules, where condition: (Letters) -> Bool) {
      guard let rule = rules.first(where: { ends(in: $0.suffix) }) else { return }
      let stem = dropping(rule.suffix.utf8.count)
      guard condition(stem) else { return }
      if rule.suffix == "ion", stem.text.last.map({ "st".utf8.contains($0) }) != true { return }
      replace(rule.suffix, by: rule.replacement)
    }

    mutating func plural() {
      if ends(in: "ies"), text.count == 4 { return replace("ies", by: "ie") }
      apply([("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")]) { _ in true }
    }

    mutating func past() {
      if ends(in: "ied") { return replace("ied", by: text.count == 4 ? "ie" : "i") }
      if ends(in: "eed") {
        if dropping(3).measure > 0 { replace("eed", by: "ee") }
        return
      }
      guard let suffix = ["ed", "ing"].first(where: { ends(in: $0) && dropping($0.utf8.count).hasVowel })
      else { return }
      self = dropping(suffix.utf8.count)
      if let rule = ["at", "bl", "iz"].first(where: { ends(in: $0) }) {
        replace(rule, by: rule + "e")
      } else if endsInDoubleConsonant {
        if !"lsz".utf8.contains(text[text.count - 1]) { text.removeLast() }
      } else if measure == 1, isShort {
        text.append(UInt8(ascii: "e"))
      }
    }

    mutating func finalY() {
      guard ends(in: "y"), text.count > 2, isConsonant(text.count - 2) else { return }
      replace("y", by: "i")
    }

    mutating func longSuffix() {
      if ends(in: "alli"), dropping(4).measure > 0 {
        replace("alli", by: "al")
        return longSuffix()
      }
      let before = text
      apply(Self.step2) { $0.measure > 0 }
      // What is before `logi` counts with its l.
      if text == before, ends(in: "logi"), !Self.step2.contains(where: { ends(in: $0.suffix) }),
        dropping(3).measure > 0
      {
        replace("logi", by: "log")
      }
    }

    mutating func finalE() {
      if ends(in: "e") {
        let stem = dropping(1)
        if stem.measure > 1 || (stem.measure == 1 && !stem.isShort) { self = stem }
      }
      if ends(in: "ll"), dropping(1).measure > 1 { text.removeLast() }
    }
  }
}
