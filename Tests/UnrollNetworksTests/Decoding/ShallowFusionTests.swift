import Testing
import UnrollCore
import UnrollNetworks

/// A small recurrent language model of symbols 1 to 3; token 0 begins and ends.
private struct SmallLanguageModel: Sendable {
  let embedding: Embedding
  let network: AnyRecurrentNetwork
  let output: Linear

  init(seed: UInt64) {
    var random = RandomSource(seed: seed)
    embedding = Embedding(count: 4, size: 5, deviation: 1, using: &random)
    network = AnyRecurrentNetwork(.lstm, inputSize: 5, hiddenSize: 9, layers: 2, using: &random)
    output = Linear(inputSize: 9, outputSize: 4, using: &random)
  }

  /// The states of a row: one list of parts a layer.
  typealias State = [AnyRecurrentNetwork.State]?

  func step(_ states: [State], _ tokens: [Int32]) throws -> (Tensor, [State]) {
    var none: RandomSource?
    let known = states.compactMap { $0 }
    let joined: [AnyRecurrentNetwork.State]? =
      known.isEmpty
      ? nil
      : known[0].indices.map { layer in
        known[0][layer].indices.map { part in Variable.concatenated(known.map { $0[layer][part] }, axis: 0) }
      }
    let layout = SequenceLayout(lengths: tokens.map { _ in 1 })
    let (outputs, after) = try network(
      PackedSequence(rows: embedding(tokens), layout: layout), initialState: joined, random: &none)
    let rows: [State] = tokens.indices.map { row in after.map { $0.map { $0.rows(row..<row + 1) } } }
    return (try output(outputs.rows).logSoftmax().value, rows)
  }

  /// ln p of a whole sequence, read at once.
  func logProbability(_ symbols: [Int32]) throws -> Double {
    var none: RandomSource?
    let read = [0] + symbols
    let packed = PackedSequence(
      rows: try embedding(read), layout: SequenceLayout(lengths: [read.count]))
    let scores = try output(try network(packed, random: &none).outputs.rows).logSoftmax().value
    return (symbols + [0]).enumerated().reduce(0) { $0 + scores.doubles[$1.offset * 4 + Int($1.element)] }
  }
}

@Suite struct ShallowFusionTests {
  /// The state that is carried gives what reading the whole prefix gives, and the search finds the best of all.
  @Test func theStateIsCarried() throws {
    for seed in 1...3 {
      let model = SmallLanguageModel(seed: UInt64(seed))
      let scorer = ShallowFusion(weight: 0.6, start: 0, end: 0, initial: nil as SmallLanguageModel.State) {
        states, tokens in try model.step(states, tokens)
      }
      let scores = drawnLogProbabilities(steps: 6, classes: 4, deviation: 1, seed: UInt64(seed) + 9)
      let (symbols, score) = AllLabellings(scores, blank: 0).best { symbols in
        (try? model.logProbability(symbols)).map { 0.6 * $0 } ?? .nan
      }
      let found = try CTCBeamSearch(width: 3000, threshold: .infinity, scorer: scorer)(scores)
      // The model computes in single precision.
      #expect(found[0].symbols == symbols && abs(found[0].score - score) < 1e-5)
      for result in found.prefix(50) {
        let expected = 0.6 * (try model.logProbability(result.symbols))
        #expect(abs(result.score - result.logProbability - expected) < 1e-5)
      }
    }
  }

  /// Symbols that the model numbers otherwise, and one that it does not know.
  @Test func tokensAreTranslated() throws {
    let model = SmallLanguageModel(seed: 8)
    let scorer = ShallowFusion(
      weight: 1, start: 0, end: nil, tokens: [-1, 3, -1, 1], initial: nil as SmallLanguageModel.State
    ) { states, tokens in try model.step(states, tokens) }
    let (first, firstState) = try model.step([nil], [0])
    let (second, _) = try model.step(firstState, [3])
    let start = try scorer.start()
    let state = try scorer.advance([start], by: [1])[0]
    let after = try scorer.advance([state], by: [3])[0]
    #expect(scorer.score(1, after: start) == first.doubles[3])
    #expect(scorer.score(3, after: state) == second.doubles[1])
    #expect(scorer.score(2, after: after) == -.infinity && scorer.score(9, after: after) == -.infinity)
    #expect(scorer.endScore(after: after) == 0)
  }

  private struct Broken: Error {}

  /// What the model throws comes through the search.
  @Test func errorsComeThrough() {
    let scorer = ShallowFusion(weight: 1, start: 0, end: 0, initial: 0) {
      (_: [Int], _: [Int32]) throws(Broken) -> (Tensor, [Int]) in throw Broken()
    }
    let scores = drawnLogProbabilities(steps: 6, classes: 4, seed: 2)
    #expect(throws: Broken.self) { try CTCBeamSearch(width: 3, scorer: scorer)(scores) }
    #expect(throws: SumScorer<NoScorer, ShallowFusion<Int, Broken>>.Failure.self) {
      try CTCBeamSearch(width: 3, scorer: SumScorer(NoScorer(), scorer))(scores)
    }
  }
}
