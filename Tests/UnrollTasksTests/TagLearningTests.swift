import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks
import UnrollTraining

/// What a tagger learns.
struct TagLearningTests {
  @Test func aWordByItsNeighbours() throws {
    let tagger = try Tagger.train(on: TagToy.grammar(120), settings: TagToy.small())
    let tests = TagToy.grammar(50, seed: 9)
    #expect(try tagger.tag(tests.map(\.words)) == tests.map(\.tags))
    let score = try tagger.score(tests)
    #expect(score.scores[0].name == "accuracy")
    #expect(score["accuracy"] == 1 && score["whole sentences"] == 1)
    #expect(score["F1 of entities"].isNaN && score["accuracy of unseen words"].isNaN)
    #expect(score["words"] == 300 && score["accuracy of seen words"] == 1)
  }

  @Test(arguments: TagDecision.allCases, [CellKind.lstm, .gru])
  func namesThatAreNew(_ decision: TagDecision, _ cell: CellKind) throws {
    var settings = TagToy.small(entities: true)
    settings.decision = decision
    settings.network.cell = cell
    let tagger = try Tagger.train(on: TagToy.names(150), settings: settings)
    let tests = TagToy.names(40, seed: 9)
    #expect(try tagger.tag(tests.map(\.words)) == tests.map(\.tags))
    let score = try tagger.score(tests)
    #expect(score.scores[0].name == "F1 of entities" && score["F1 of entities"] == 1)
    let words = tagger.preparation.lexicon.words
    let unseen = tests.flatMap(\.words).count { words.encode(words: [$0]) == [SpecialToken.unknown.id] }
    #expect(unseen > 80 && score["accuracy of unseen words"] == 1)
    #expect(score.scores.contains { $0.note == "\(unseen) words" })
    let long = try #require(tests.first { $0.tags.contains("I-person") }).words
    let entities = try #require(try tagger.answers([TagInput(long)])[0].entities)
    #expect(entities.map(\.type) == ["person", "place"])
    #expect(entities.map { $0.start..<$0.end } == [2..<4, 5..<6])
    #expect(entities.map(\.text) == [long[2] + " " + long[3], long[5]])
  }

  /// Each part alone is enough for a toy that needs nothing else.
  @Test(arguments: [0, 1, 2]) func partsMayBeLeftOut(_ which: Int) throws {
    var settings = TagToy.small(entities: true, epochs: 20)
    if which != 1 { settings.characterSize = 0 }
    if which != 2 { settings.featureSize = 0 }
    if which == 0 { settings.network.layers = 2 }
    // Without characters and shapes only neighbours tell, and they do here.
    let tagger = try Tagger.train(on: TagToy.names(150), settings: settings)
    let score = try tagger.score(TagToy.names(40, seed: 9))
    #expect(score["F1 of entities"] > (which == 0 ? 0.5 : 0.95))
  }

  @Test(arguments: ["BIO", "BIOES", "IOB1"]) func theSchemeOfTheDataComesBack(_ scheme: String) throws {
    let sentences = TagToy.names(100).map { sentence in
      let tags = sentence.tags.enumerated().map { index, tag -> String in
        let goesOn = index + 1 < sentence.tags.count && sentence.tags[index + 1].hasPrefix("I-")
        switch scheme {
        case "IOB1": return tag.replacing("B-", with: "I-")
        case "BIOES":
          if tag.hasPrefix("I-") { return tag.replacing("I-", with: "E-") }
          return goesOn ? tag : tag.replacing("B-", with: "S-")
        default: return tag
        }
      }
      return TagData.Sentence(words: sentence.words, tags: tags)
    }
    let tagger = try Tagger.train(on: sentences, settings: TagToy.small(entities: true))
    #expect(try tagger.tag(sentences.map(\.words)) == sentences.map(\.tags))
    let answer = try tagger.answers([TagInput(sentences[0].words)])[0]
    #expect(answer.entities?.last?.type == "place")
  }

  @Test func theSameBitsTwiceAndOnAnyNumberOfThreads() throws {
    var settings = TagToy.small(entities: true, epochs: 3)
    settings.network.layers = 2
    let sentences = TagToy.names(60)
    func weights(_ threads: Int) throws -> [UInt8] {
      try WorkerPool.$limit.withValue(threads) {
        let folder = try TestFolder()
        try Tagger.train(on: sentences, settings: settings).save(to: "\(folder.path)/m")
        return try folder.read("m/model.safetensors")
      }
    }
    let first = try weights(1)
    #expect(try weights(1) == first)
    #expect(try weights(2) == first)
    settings.learning.seed = 2
    #expect(try weights(1) != first)
  }

  @Test func membersDecideTogether() throws {
    var settings = TagToy.small(entities: true, epochs: 8)
    settings.learning.members = 3
    let tagger = try Tagger.train(on: TagToy.names(100), settings: settings)
    #expect(try tagger.score(TagToy.names(40, seed: 9))["F1 of entities"] > 0.95)
    #expect(tagger.settings.learning.members == 3 && tagger.networks.count == 3)
    #expect(tagger.description.groups.flatMap(\.facts).contains(Fact("members", 3)))
  }

  @Test func theBestEpochIsKept() throws {
    let tests = TagToy.grammar(30, seed: 9)
    let tagger = try Tagger.train(on: TagToy.grammar(60), settings: TagToy.small(), validation: tests)
    let best = tagger.record.history.compactMap(\.validation).min()
    #expect(tagger.record.scoredOn == "validation" && tagger.record.facts.contains(Fact("sentences", 60)))
    let kept = try #require(tagger.record.scores.first)
    #expect(kept.name == "accuracy" && kept.value == best.map { 1 - $0 })
    #expect(try tagger.score(tests).scores[0].value == kept.value)
  }

  /// Words that only the validation part holds are known after the last training.
  @Test func aRefitLearnsFromTheValidationPart() throws {
    var settings = TagToy.small(entities: true, epochs: 20)
    settings.learning.refit = true
    let judges = (0..<20).map { _ in
      TagData.Sentence(words: ["qu", "xi", "today"], tags: ["S-ship", "O", "O"])
    }
    let tagger = try Tagger.train(on: TagToy.names(60), settings: settings, validation: judges)
    #expect(tagger.record.isRefit && tagger.record.scoredOn == "validation")
    #expect(!tagger.record.scores.isEmpty)
    // In the scheme of the training part.
    #expect(try tagger.tag([["qu", "xi", "today"]]) == [["B-ship", "O", "O"]])
    settings.learning.refit = false
    let other = try Tagger.train(on: TagToy.names(60), settings: settings, validation: judges)
    #expect(!other.record.isRefit)
    #expect(try other.tag([["qu", "xi", "today"]]) != [["B-ship", "O", "O"]])
  }

  @Test func stoppingKeepsWhatIsThere() throws {
    let tagger = try Tagger.train(
      on: TagToy.grammar(60), settings: TagToy.small(epochs: 50), session: .stopping(after: 8))
    #expect(tagger.record.end == "interrupted" && tagger.record.history.count < 50)
    #expect(try tagger.tag([["The", "cat"]])[0].count == 2)
  }

  @Test func probabilitiesAreThoseOfTheTags() throws {
    for entities in [true, false] {
      let sentences = entities ? TagToy.names(100) : TagToy.grammar(100)
      let tagger = try Tagger.train(on: sentences, settings: TagToy.small(entities: entities))
      let answers = try tagger.answersWithProbabilities([sentences[0].words, []])
      let probabilities = try #require(answers[0].probabilities)
      #expect(probabilities.count == sentences[0].words.count && answers[1].probabilities == [])
      #expect(probabilities.allSatisfy { $0 > 0.5 && $0 <= 1.0001 })
      #expect(try tagger.answers([TagInput(sentences[0].words)])[0].probabilities == nil)
    }
  }
}
