import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks

/// n-gram models as ARPA files.
@Suite struct NGramTextTests {
  private static let words = ["zero", "one", "two", "three", "été", "never"]

  private static func sentences(_ count: Int, seed: UInt64) -> [[Int32]] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in
      var last = 0
      return (0..<random.below(7)).map { _ in
        last = random.below(4) == 0 ? random.below(5) : (last * 3 + 1) % 5
        return Int32(last)
      }
    }
  }

  /// What is written and read back scores as the model did.
  @Test(arguments: [1, 2, 3, 4], NGramModel.Smoothing.allCases)
  func aModelSurvivesItsFile(_ order: Int, _ smoothing: NGramModel.Smoothing) throws {
    let model = try NGramModel.learn(
      sentences: Self.sentences(80, seed: 1), vocabularySize: 6, order: order, smoothing: smoothing
    ).model
    let file = try ARPAModel(ByteSource(ARPAModel(model, words: Self.words).bytes, name: "m.arpa"))
    #expect(Set(file.words) == Set(Self.words + ["<s>", "</s>", "<unk>"]))
    let again = try NGramModel(file, vocabularySize: 6) { word in
      Self.words.firstIndex(of: word).map(Int32.init)
    }
    #expect(again.order == order && again.entries.count == model.entries.count)
    for sentence in Self.sentences(40, seed: 2) + [[5, 9, -1], []] {
      let (found, expected) = (
        again.logProbability(ofSentence: sentence), model.logProbability(ofSentence: sentence)
      )
      #expect(abs(found - expected) < 1e-12 * max(1, abs(expected)))
    }
  }

  /// Tokens in another order, and a word that has none.
  @Test func tokensAreTheCallers() throws {
    let model = try NGramModel.learn(
      sentences: Self.sentences(80, seed: 3), vocabularySize: 6, order: 2
    ).model
    let file = ARPAModel(model, words: Self.words)
    let turned = try NGramModel(file, vocabularySize: 5) { word in
      Self.words.firstIndex(of: word).flatMap { $0 == 5 ? nil : Int32(4 - $0) }
    }
    let (found, expected) = (
      turned.logProbability(ofSentence: [4, 3, 0]), model.logProbability(ofSentence: [0, 1, 4])
    )
    #expect(abs(found - expected) < 1e-12)
    #expect(throws: NGramError.self) { try NGramModel(file, vocabularySize: 1) { _ in 0 } }
  }
}
