import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// A decoder with copying learns to write words that its vocabulary lacks.
@Suite struct CopyingTests {
  private static let vocabulary = 8
  /// Unknown, begin, end, and the word that says which of the others is asked for.
  private static let (unknown, begin, end, mark): (Int32, Int32, Int32, Int32) = (1, 2, 3, 4)

  /// Four unknown words of two hundred, with the mark before one of them, which is to be written.
  private func examples(_ count: Int, _ random: inout RandomSource) -> (
    sources: TokenBatch, copying: CopySource, targets: DecoderTargets, answers: [Int32]
  ) {
    var (ids, numbers, answers): ([[Int32]], [[Int32]], [Int32]) = ([], [], [])
    for _ in 0..<count {
      var words = (0..<4).map { _ in 100 + random.below(200) }
      let place = random.below(4)
      let wanted = words[place]
      words.insert(Int(Self.mark), at: place)
      let own = words.map { $0 < Self.vocabulary ? Int32($0) : Self.unknown }
      var extra = ExtraTokens<Int>(vocabularySize: Self.vocabulary)
      numbers.append(extra.source(own, words, unknown: Self.unknown))
      ids.append(own)
      answers.append(extra.target([Self.unknown], [wanted], unknown: Self.unknown)[0])
    }
    return (
      TokenBatch(ids), CopySource(numbers, vocabularySize: Self.vocabulary),
      DecoderTargets(
        answers.map { [$0] }, begin: Self.begin, end: Self.end, vocabularySize: Self.vocabulary,
        unknown: Self.unknown), answers
    )
  }

  @Test(arguments: [false, true]) func unknownWordsAreCopied(_ coverage: Bool) throws {
    var random = RandomSource(seed: 3)
    let front = TokenFront(count: Self.vocabulary, size: 12, using: &random)
    let encoder = RecurrentEncoder(
      .gru, inputSize: 12, hiddenSizes: [16], bidirectional: true, using: &random)
    var configuration = AttentionDecoder.Configuration(hiddenSize: 16, memorySize: 32)
    configuration.copies = true
    configuration.coverage = coverage
    configuration.unknown = Self.unknown
    var model = SequenceToSequence(
      source: nil, encoder: encoder,
      decoder: AttentionDecoder(configuration, front: front, using: &random))
    var optimizer = Adam(learningRate: 0.02)
    for _ in 0..<120 {
      let batch = examples(32, &random)
      let gradients = try valueWithGradient(of: model) { model in
        var noise: RandomSource? = RandomSource(seed: 1)
        return try model.loss(batch.sources, batch.targets, copying: batch.copying, random: &noise).mean
      }.gradients
      optimizer.update(&model, gradients)
    }
    let test = examples(100, &random)
    let found = try BeamSearch(width: 2, constraints: DecodingConstraints(banned: [Self.unknown]))(
      try model.stepDecoder(test.sources, copying: test.copying), start: Self.begin, end: Self.end,
      limits: test.answers.map { _ in 3 })
    let right = zip(found, test.answers).count { $0.first?.tokens == [$1] }
    #expect(right >= 98, "\(right) of 100")
  }
}
