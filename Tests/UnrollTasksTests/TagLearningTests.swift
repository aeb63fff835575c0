import Synchronization
import Testing
import UnrollCore
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
    #expect(score.accuracy == 1 && score.value == 1 && score.wholeSentences == 1)
    #expect(score.entities == nil && score.unseen.count == 0 && score.seen.count == 300)
  }

  @Test(arguments: TagDecision.allCases, ["lstm", "gru"])
  func namesThatAreNew(_ decision: TagDecision, _ cell: String) throws {
    var settings = TagToy.small(entities: true)
    settings.decision = decision
    settings.cell = try #require(CellKind(rawValue: cell))
    let tagger = try Tagger.train(on: TagToy.names(150), settings: settings)
    let tests = TagToy.names(40, seed: 9)
    #expect(try tagger.tag(tests.map(\.words)) == tests.map(\.tags))
    let score = try tagger.score(tests)
    #expect(score.entities?.overall.f1 == 1 && score.value == 1)
    #expect(score.unseen.count > 80 && score.unseen.value == 1)
    let entities = tagger.entities(["O", "B-person", "I-person", "O", "B-place"])
    #expect(entities.map(\.type) == ["person", "place"])
    #expect(entities.map(\.words) == [1..<3, 4..<5])
  }

  /// Each part alone is enough for a toy that needs nothing else.
  @Test(arguments: [0, 1, 2]) func partsMayBeLeftOut(_ which: Int) throws {
    var settings = TagToy.small(entities: true, epochs: 20)
    if which != 1 { settings.characterSize = 0 }
    if which != 2 { settings.featureSize = 0 }
    if which == 0 { settings.layers = 2 }
    // Without characters and shapes only neighbours tell, and they do here.
    let tagger = try Tagger.train(on: TagToy.names(150), settings: settings)
    let tests = TagToy.names(40, seed: 9)
    #expect(try tagger.score(tests).value > (which == 0 ? 0.5 : 0.95))
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
      return Tagger.Sentence(words: sentence.words, tags: tags)
    }
    let tagger = try Tagger.train(on: sentences, settings: TagToy.small(entities: true))
    #expect(try tagger.tag(sentences.map(\.words)) == sentences.map(\.tags))
    #expect(tagger.entities(sentences[0].tags).last?.type == "place")
  }

  @Test func theSameBitsTwiceAndOnAnyNumberOfThreads() throws {
    var settings = TagToy.small(entities: true, epochs: 3)
    settings.layers = 2
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
    settings.seed = 2
    #expect(try weights(1) != first)
  }

  @Test func membersDecideTogether() throws {
    var settings = TagToy.small(entities: true, epochs: 8)
    settings.members = 3
    let tagger = try Tagger.train(on: TagToy.names(100), settings: settings)
    let tests = TagToy.names(40, seed: 9)
    #expect(try tagger.score(tests).value > 0.95)
    #expect(tagger.settings.members == 3)
    #expect(tagger.description.groups[1].rows.contains { $0.name == "members" && $0.value == "3" })
  }

  @Test func theBestEpochIsKept() throws {
    let tests = TagToy.grammar(30, seed: 9)
    let tagger = try Tagger.train(on: TagToy.grammar(60), validation: tests, settings: TagToy.small())
    let best = tagger.summary.history.compactMap(\.validation).min()
    #expect(tagger.summary.validationSentences == 30 && tagger.summary.sentences == 60)
    #expect(tagger.summary.score == best.map { 1 - $0 })
    #expect(try tagger.score(tests).value == tagger.summary.score)
  }

  /// Words that only the validation part holds are known after the last training.
  @Test func aRefitLearnsFromTheValidationPart() throws {
    var settings = TagToy.small(entities: true, epochs: 20)
    settings.refits = true
    let judges = (0..<20).map { _ in
      Tagger.Sentence(words: ["qu", "xi", "today"], tags: ["S-ship", "O", "O"])
    }
    let tagger = try Tagger.train(on: TagToy.names(60), validation: judges, settings: settings)
    #expect(tagger.summary.isRefitted && tagger.summary.sentences == 80)
    #expect(tagger.summary.validationSentences == 20 && tagger.summary.score != nil)
    // In the scheme of the training part.
    #expect(try tagger.tag([["qu", "xi", "today"]]) == [["B-ship", "O", "O"]])
    settings.refits = false
    let other = try Tagger.train(on: TagToy.names(60), validation: judges, settings: settings)
    #expect(!other.summary.isRefitted && other.summary.sentences == 60)
    #expect(try other.tag([["qu", "xi", "today"]]) != [["B-ship", "O", "O"]])
  }

  @Test func stoppingKeepsWhatIsThere() throws {
    let steps = Atomic(0)
    let tagger = try Tagger.train(on: TagToy.grammar(60), settings: TagToy.small(epochs: 50)) {
      steps.add(1, ordering: .relaxed) == (oldValue: 8, newValue: 9)
        || steps.load(ordering: .relaxed) > 8
    }
    #expect(tagger.summary.end == "interrupted" && tagger.summary.history.count < 50)
    #expect(try tagger.tag([["The", "cat"]])[0].count == 2)
  }

  @Test func chancesAreThoseOfTheTags() throws {
    for entities in [true, false] {
      let sentences = entities ? TagToy.names(100) : TagToy.grammar(100)
      let tagger = try Tagger.train(on: sentences, settings: TagToy.small(entities: entities))
      let answer = try tagger.answers([sentences[0].words, []], withChances: true)
      #expect(answer[0].chances.count == sentences[0].words.count && answer[1].chances.isEmpty)
      #expect(answer[0].chances.allSatisfy { $0 > 0.5 && $0 <= 1.0001 })
    }
  }
}

extension Tagger {
  fileprivate static func train(
    on sentences: [Sentence], settings: TaggerSettings, shouldStop: @escaping () -> Bool
  ) throws -> Tagger {
    try train(on: sentences, validation: nil, settings: settings, report: { _ in }, shouldStop: shouldStop)
  }
}
