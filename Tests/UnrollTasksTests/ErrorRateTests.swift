import Testing
import UnrollTasks

/// Texts with the counts that jiwer 4.0.0 (RapidFuzz 3.14.6) gives them: hits, substitutions, deletions and insertions
/// of words, then of characters. Made by `jiwer.process_words` and `jiwer.process_characters`; ¶ is a line feed.
private let counted = """
  ||0 0 0 0|0 0 0 0
  |a b|0 0 0 2|0 0 0 3
  a b||0 0 2 0|0 0 3 0
  a b|b c|0 2 0 0|1 2 0 0
  the cat sat|the cat sat|3 0 0 0|11 0 0 0
    a   b |a b|2 0 0 0|3 0 2 0
  a\tb c|a b c|1 1 0 1|4 1 0 0
  a ¶ b|a b|2 0 0 0|3 0 2 0
  \u{E9}a \u{FC}|e\u{301}a \u{FC}|1 1 0 0|3 1 0 1
  a a a a|a a|2 0 2 0|3 0 4 0
  x y z w|y z w x|3 0 1 1|3 4 0 0
  GO TO ENTER|GO TWO AND ER|1 2 0 1|9 2 0 2
  \u{3000}a\u{3000}b|a b|0 1 0 1|2 1 0 0
  a\u{A0}b|a b|0 1 0 1|2 1 0 0
  c ba c ba ba ba ab a d|c ba a d ba ba ab a d|7 2 0 0|19 2 1 0
  a ab b a ba b d c|a ab a b a ba b c|7 0 1 1|15 0 2 2
  b a|b a|2 0 0 0|3 0 0 0
  b b b|b b a b|3 0 0 1|5 0 0 2
  d b b c a|d b d c a|4 1 0 0|8 1 0 0
  c b d d ba b a c a ba c|c b d ba d b a ba c|8 0 3 1|17 2 4 0
  ab c ab c d|ab c ba c d|4 1 0 0|10 0 1 1
  c a d a b c ab ab c b c c ba|c a d a b c ab ab c b c c c ba|13 0 0 1|28 0 0 2
  b a ba b|ba ba ab|1 2 1 0|7 0 1 1
  ab c c d ba d b a ba a d|ab d a ab ba d b ba a d|7 3 1 0|19 3 2 1
  d c b d ab b ab d d ba ba c d|d b d ab b ab d d d ba c d ab|11 1 1 1|25 1 3 3
  c b a d c ab ab|c b a d ba ab ab a|6 1 0 1|14 1 0 3
  d c ba ba c c ba b ab a d ab c|d c ba ba c c c ba c ab a c ab ba ab|10 3 0 2|27 3 0 6
  d c b ba d c c ab b ab b b c|d c ab b ba d a c ba ab b ab b ba b c|12 1 0 3|27 1 0 9
  ab d|ba|0 1 1 0|1 1 2 0
  b b a b a c b|c b d c a c b|4 3 0 0|10 3 0 0
  d a ba ab c a ab ab c a c ab ab|d a ab c c ab c a ba c ab ab|10 1 2 1|24 3 4 1
  d ab d b b ab a c ba|d ab d b b ab a c ba|9 0 0 0|20 0 0 0
  a c ab ab ab b|a c ab b ab d b|5 1 0 1|13 0 1 2
  c d c d a c c d c b d|c d c d a c c d c b d|11 0 0 0|21 0 0 0
  ba||0 0 1 0|0 0 2 0
  d c b|ba b ab ba|0 3 0 1|3 2 0 5
  c ab ba c|ab c ba ba|2 1 1 1|6 1 2 3
  |b ab|0 0 0 2|0 0 0 4
  ba ba ba ba d d d d ba|ba ba ba ba ba d d d a c d ba|9 0 0 3|22 0 0 7
  d c b b d ba ab d c ab|d b b d ba ab d c ab ab|9 0 1 1|20 0 2 3
  b c a a ba a c ba d a d|b ba a a b ba d a d|7 2 2 0|17 2 4 0
  b a ab a ba d ba a c|b a ab a ba d ba a c|9 0 0 0|20 0 0 0
  ab a ba d ab b a d a|b ab c ba d ab ba b a ab ba|6 3 0 2|18 2 0 7
  c ab ab ab b c a ab|c ab ab ab b c a ba ab|8 0 0 1|19 0 0 3
  b b ba a ba c|ba b ba a ba c|5 1 0 0|13 0 0 1
  a|ba b|0 1 0 1|1 0 0 3
  a|ba b c|0 1 0 2|1 0 0 5
  c ba c ba d c ab a ab ab b ba b|d ba d ab a ab ab b ba ba b|9 1 3 1|22 4 5 1
  c ab d c d d a|ab d c d d a|6 0 1 0|12 0 2 0
  ab c|c ab c|2 0 0 1|4 0 0 2
  b a d a c c c a ba a|b a d c c c c a b|7 2 1 0|16 1 3 0
  d ba c ba c b d c c|d ba c ba c b d ba c|8 1 0 0|18 1 0 1
  b b|d c|0 2 0 0|1 2 0 0
  ba d b a a ab ab ab c a ba a|ba d d b a a ab ab ab c a|10 0 2 1|23 0 5 2
  ||0 0 0 0|0 0 0 0
  a a ab b ab|a a ab b b|4 1 0 0|10 0 1 0
  |a a|0 0 0 2|0 0 0 3
  c d c b b ab a d b ba a d|b c d c b b ab a d b ba a b|11 1 0 1|24 1 0 2
  c a a d|a a a a a|2 2 0 1|5 2 0 2
  d c a d ab b c a c b b|d c a d ab b c ba c b c b|10 1 0 1|22 0 0 3
  a|a c|1 0 0 1|1 0 0 2
  d b c b c c a b|d b ab b a c a b|6 2 0 0|13 2 0 1
  ba b d d d a c c d b|ba b d a d a c d b|8 1 1 0|17 1 2 0
  ||0 0 0 0|0 0 0 0
  b d ba c d d b b c|b d ba ba c c d d b b ab c|9 0 0 3|18 0 0 8
  a ab d d c b b b d d a a b|a ab d c c b ba b d d a a ab|10 3 0 0|25 1 0 2
  a a ab ab ab ab b d a c ba|a a ab ab ab ab b d a c ba|11 0 0 0|26 0 0 0
  c ab d ab d ab ba ba d|ba a c ab d d ab ba a|6 1 2 2|16 2 4 3
  ab ba d c a c ba b a|ab ba d c a c ba b a|9 0 0 0|20 0 0 0
  a ba c c ba ba ab ab ab b d ab|a ba c ba ba ab ab ab b d ab|11 0 1 0|28 0 2 0
  ab d d a ba|ba ab ba a d c ba b|3 2 0 3|9 2 0 8
  c c c|c c|2 0 1 0|3 0 2 0
  d b b ba a ab ab ba ba ab|b d b c d a a ab ab ab ba ba ab|8 2 0 3|23 2 0 6
  c|c a|1 0 0 1|1 0 0 2
  """

private func line(_ rate: ErrorRate) -> String {
  "\(rate.hits) \(rate.substitutions) \(rate.deletions) \(rate.insertions)"
}

@Suite struct ErrorRateTests {
  @Test func countsAreThoseOfJiwer() {
    var (words, characters) = (ErrorRate(), ErrorRate())
    let cases = counted.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.split(separator: "|", omittingEmptySubsequences: false).map { String($0).replacing("¶", with: "\n") }
    }
    #expect(cases.count == 74)
    for fields in cases {
      let (own, letters) = (
        ErrorRate.words([fields[0]], [fields[1]]), ErrorRate.characters([fields[0]], [fields[1]])
      )
      #expect(line(own) == fields[2], "words of \(fields[0]) | \(fields[1])")
      #expect(line(letters) == fields[3], "characters of \(fields[0]) | \(fields[1])")
      words = pooled(words, own)
      characters = pooled(characters, letters)
    }
    let (references, found) = (cases.map { $0[0] }, cases.map { $0[1] })
    #expect(line(ErrorRate.words(references, found)) == line(words))
    #expect(abs(ErrorRate.words(references, found).rate - 0.33112582781456956) < 1e-12)
    #expect(abs(ErrorRate.characters(references, found).rate - 0.2614445574771109) < 1e-12)
  }

  private func pooled(_ a: ErrorRate, _ b: ErrorRate) -> ErrorRate {
    ErrorRate(
      hits: a.hits + b.hits, substitutions: a.substitutions + b.substitutions,
      deletions: a.deletions + b.deletions, insertions: a.insertions + b.insertions)
  }

  @Test func confusionsAreCounted() {
    let rate = ErrorRate.words(["go to enter", "go to", "b"], ["go two enter", "go two", "b b"])
    #expect(rate.commonest(5).map(\.times) == [2, 1])
    #expect(rate.commonest(1)[0].confusion == .init(reference: "to", found: "two"))
    #expect(rate.commonest(2)[1].confusion == .init(reference: "", found: "b"))
    #expect(rate.errors == 3 && rate.count == 6 && rate.rate == 0.5)
  }

  /// What is too large for one table is cut in two, and is no longer for it.
  @Test func longTextsAreCut() {
    var state: UInt32 = 1
    func draw(_ count: Int) -> [UInt32] {
      (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return state >> 30
      }
    }
    let (a, b) = (draw(300), draw(257))
    let whole = EditDistance(a, b)
    let cut = EditDistance(a, b, largestTable: 64)
    func price(_ distance: EditDistance) -> Int {
      distance.edits.count { if case .hit = $0 { false } else { true } }
    }
    #expect(price(whole) == price(cut))
    // Each element once, in order.
    for distance in [whole, cut] {
      var (next, other) = (0, 0)
      for edit in distance.edits {
        switch edit {
        case .hit(let i, let j):
          #expect(i == next && j == other && a[i] == b[j])
          (next, other) = (next + 1, other + 1)
        case .substitution(let i, let j):
          #expect(i == next && j == other && a[i] != b[j])
          (next, other) = (next + 1, other + 1)
        case .deletion(let i):
          #expect(i == next)
          next += 1
        case .insertion(let j):
          #expect(j == other)
          other += 1
        }
      }
      #expect(next == a.count && other == b.count)
    }
  }
}
