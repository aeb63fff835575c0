import Foundation
import Testing
import UnrollTasks

/// Corpora and tags with the scores that sacreBLEU, seqeval and scikit-learn give them; see `scripts/goldens/make-text`.
struct TextGoldens: Decodable, Sendable {
  struct Translation: Decodable, Sendable {
    let name: String
    let hypotheses: [String]
    let references: [[String]]
    let bleu: [String: [Double]]
    let chrf: [String: Double]
  }

  struct Tagged: Decodable, Sendable {
    let scheme: String
    let actual: [[String]]
    let predicted: [[String]]
    let overall: [Double?]
    let accuracy: Double
    let perType: [String: [Double]]
  }

  struct Classified: Decodable, Sendable {
    let actual: [String]
    let predicted: [String]
    let accuracy: Double
    let confusion: [[Int]]
    let macro: [Double]
    let micro: [Double]
    let weighted: [Double]
  }

  let translation: [Translation]
  let tagged: [Tagged]
  let classified: [Classified]

  static func read() throws -> TextGoldens {
    let url = try #require(
      Bundle.module.url(forResource: "text-metrics", withExtension: "json", subdirectory: "Goldens"))
    return try JSONDecoder().decode(TextGoldens.self, from: Data(contentsOf: url))
  }
}

@Suite struct TranslationMetricsTests {
  @Test func scoresAreThoseOfSacreBLEU() throws {
    let corpora = try TextGoldens.read().translation
    #expect(corpora.count >= 20)
    for corpus in corpora {
      for tokenizer in BLEUTokenizer.allCases {
        let expected = try #require(corpus.bleu[tokenizer.rawValue])
        let found = BLEU(
          hypotheses: corpus.hypotheses, references: corpus.references, tokenizer: tokenizer)
        let place = "\(corpus.name), \(tokenizer.rawValue)"
        // The same counts give the same score but for rounding; the goal is 0.01.
        #expect(abs(found.score - expected[0]) < 1e-9, "\(place): \(found.score), expected \(expected[0])")
        for (found, expected) in zip(found.precisions, expected[1...4]) {
          #expect(abs(found - expected) < 1e-9, "\(place), precision")
        }
        #expect(abs(found.brevityPenalty - expected[5]) < 1e-12, "\(place), brevity")
        #expect(
          found.hypothesisLength == Int(expected[6]) && found.referenceLength == Int(expected[7]), "\(place)")
      }
      let lower = BLEU(hypotheses: corpus.hypotheses, references: corpus.references, lowercase: true)
      #expect(abs(lower.score - (corpus.bleu["13a lowercase"]?[0] ?? -1)) < 1e-9, "\(corpus.name), lowercase")
      let effective = BLEU(
        hypotheses: corpus.hypotheses, references: corpus.references, effectiveOrder: true)
      #expect(
        abs(effective.score - (corpus.bleu["13a effective"]?[0] ?? -1)) < 1e-9, "\(corpus.name), effective")
    }
  }

  @Test func characterScoresAreThoseOfSacreBLEU() throws {
    for corpus in try TextGoldens.read().translation {
      func score(_ order: Int = 6, words: Int = 0, beta: Double = 2, lowercase: Bool = false) -> Double {
        ChrF(
          hypotheses: corpus.hypotheses, references: corpus.references, characterOrder: order,
          wordOrder: words, beta: beta, lowercase: lowercase
        ).score
      }
      for (label, found) in [
        ("6", score()), ("6+2", score(words: 2)), ("4", score(4)), ("6b1", score(beta: 1)),
        ("6 lowercase", score(lowercase: true)),
      ] {
        let expected = try #require(corpus.chrf[label])
        #expect(abs(found - expected) < 1e-9, "\(corpus.name), chrF \(label): \(found), expected \(expected)")
      }
    }
  }

  @Test func nothingScoresNothing() {
    #expect(BLEU(hypotheses: [], references: []).score == 0)
    #expect(ChrF(hypotheses: [], references: []).score == 0)
    let unreferenced = BLEU(hypotheses: ["a b c d", "e f g h"], references: [[], ["e f g h"]])
    #expect(unreferenced.score > 99.99 && unreferenced.hypothesisLength == 4)
  }
}

@Suite struct EntityScoreTests {
  @Test func scoresAreThoseOfTheSharedTask() throws {
    let cases = try TextGoldens.read().tagged
    #expect(cases.count >= 20)
    for (index, row) in cases.enumerated() {
      let found = EntityScore(actual: row.actual, predicted: row.predicted)
      let place = "\(row.scheme) \(index)"
      let overall = [found.overall.precision, found.overall.recall, found.overall.f1]
      for (found, expected) in zip(overall, row.overall) {
        #expect(abs(found - (expected ?? -1)) < 1e-12, "\(place)")
      }
      #expect(abs(found.accuracy - row.accuracy) < 1e-12, "\(place)")
      #expect(found.perType.map(\.type) == row.perType.keys.sorted(), "\(place)")
      for (type, score) in found.perType {
        let expected = try #require(row.perType[type])
        #expect(abs(score.precision - expected[0]) < 1e-12 && abs(score.recall - expected[1]) < 1e-12)
        #expect(abs(score.f1 - expected[2]) < 1e-12 && score.support == Int(expected[3]), "\(place), \(type)")
      }
    }
  }

  /// The rules of the scorer's two functions, case by case.
  @Test(arguments: [
    (["B-X", "I-X", "O"], ["X 0 1"]), (["I-X", "I-X", "B-X", "I-X"], ["X 0 1", "X 2 3"]),
    (["I-X", "I-Y"], ["X 0 0", "Y 1 1"]), (["B-X", "I-Y", "I-Y"], ["X 0 0", "Y 1 2"]),
    (["B-X", "I-X", "E-X", "S-X"], ["X 0 2", "X 3 3"]), (["E-X", "E-X"], ["X 0 0", "X 1 1"]),
    (["O", "E-X", "I-X"], ["X 1 1", "X 2 2"]), (["S-X", "I-X"], ["X 0 0", "X 1 1"]),
    (["B-X", "S-X"], ["X 0 0", "X 1 1"]), (["B", "I", "O", "I"], [" 0 1", " 3 3"]), ([], []), (["O"], []),
    (["B-X-Y", "I-X-Y"], ["X-Y 0 1"]), (["", "Bad", "NOUN"], []), (["B-X", "B-X"], ["X 0 0", "X 1 1"]),
  ])
  func chunksFollowTheRules(_ tags: [String], _ expected: [String]) {
    let found = TagChunk.chunks(tags).map { "\($0.type) \($0.steps.lowerBound) \($0.steps.upperBound)" }
    #expect(found == expected)
  }

  @Test func missingPredictionsAreOutside() {
    let score = EntityScore(actual: [["B-X", "I-X"], ["B-X"]], predicted: [["B-X"]])
    #expect(score.overall.support == 2 && score.overall.recall == 0 && score.accuracy == 1.0 / 3)
  }
}

@Suite struct ClassificationMetricsTests {
  @Test func scoresAreThoseOfScikitLearn() throws {
    for row in try TextGoldens.read().classified {
      let report = ClassificationReport(actual: row.actual, predicted: row.predicted)
      #expect(abs(report.accuracy - row.accuracy) < 1e-12)
      #expect(report.confusion == row.confusion)
      for (found, expected) in [
        (report.macro, row.macro), (report.micro, row.micro), (report.weighted, row.weighted),
      ] {
        #expect(abs(found.precision - expected[0]) < 1e-12 && abs(found.recall - expected[1]) < 1e-12)
        #expect(abs(found.f1 - expected[2]) < 1e-12)
      }
    }
  }

  @Test func nothingIsDefined() {
    let report = ClassificationReport(classes: ["a", "b"], actual: [], predicted: [])
    #expect(report.accuracy.isNaN && report.macro.f1 == 0 && report.weighted.f1 == 0)
    // A class beyond the table is left out.
    #expect(ClassificationReport(classes: ["a"], actual: [0, 1, 0], predicted: [0, 0, -1]).count == 1)
  }

  /// A class that occurs nowhere takes no part in the plain mean; one that is only predicted does.
  @Test func classesThatDoNotOccurAreLeftOut() {
    let report = ClassificationReport(
      classes: ["a", "b", "never"], actual: [0, 0, 0, 0], predicted: [0, 0, 1, 0])
    #expect(report.macro.precision == 0.5 && report.macro.recall == 0.375)
    #expect(report.weighted.precision == 1 && report.macro.support == 4)
  }

  @Test func setsOfLabels() {
    let (perLabel, micro) = MultiLabelMetrics.scores(
      labelCount: 3, actual: [[0, 1], [], [2]], predicted: [[0], [1], [2]])
    #expect(perLabel.map(\.f1) == [1, 0, 1])
    #expect(micro.precision == 2.0 / 3 && micro.recall == 2.0 / 3)
    #expect(MultiLabelMetrics.exactMatch(actual: [[0, 1], [], [2]], predicted: [[0], [1], [2]]) == 1.0 / 3)
  }

  @Test func surprise() {
    // Eight tokens of one bit each: as if two were equally likely, and half a bit a character.
    let nats = 8 * 0.6931471805599453
    #expect(abs(LanguageModelMetrics.perplexity(totalNats: nats, tokens: 8) - 2) < 1e-12)
    #expect(abs(LanguageModelMetrics.bitsPerCharacter(totalNats: nats, characters: 16) - 0.5) < 1e-12)
    #expect(LanguageModelMetrics.perplexity(totalNats: 0, tokens: 0).isNaN)
  }
}
