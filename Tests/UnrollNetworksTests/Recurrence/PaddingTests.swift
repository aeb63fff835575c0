import Testing
import UnrollCore
import UnrollNetworks

@Suite struct PaddingTests {
  @Test func sequencesOfSeveralLengthsBecomeABatch() throws {
    let batch = try SequenceBatch(padding: [
      Tensor([1, 2, 3, 4], shape: [2, 2]), Tensor.zeros([0, 2]), Tensor([5, 6, 7, 8, 9, 10], shape: [3, 2]),
    ])
    #expect(batch.lengths == [2, 0, 3])
    #expect(batch.values.shape == [3, 3, 2])
    #expect(batch.values.value.elements == [1, 2, 0, 0, 5, 6, 3, 4, 0, 0, 7, 8, 0, 0, 0, 0, 9, 10])
    #expect(throws: ShapeError.self) {
      try SequenceBatch(padding: [Tensor.zeros([2, 2]), Tensor.zeros([2, 3])])
    }
    #expect(throws: ShapeError.self) { try SequenceBatch(padding: [Tensor.zeros([4])]) }
    #expect(throws: ShapeError.self) { try SequenceBatch(padding: []) }
  }

  /// Padded token lists give a network what each list alone gives it.
  @Test func tokenListsTrainAsTheyAre() throws {
    var random = RandomSource(seed: 3)
    let table = Embedding(count: 10, size: 4, using: &random)
    let network = LSTM(inputSize: 4, hiddenSize: 8, using: &random)
    let lists: [[Int32]] = [[5, 2, 9], [7], [], [1, 1]]
    let together = try network(table(PaddedTokens(lists))).outputs.values.value
    for (column, list) in lists.enumerated() where !list.isEmpty {
      let alone = try network(table(PaddedTokens([list]))).outputs.values.value
      for step in list.indices {
        for unit in 0..<8 { #expect(abs(together[step, column, unit] - alone[step, 0, unit]) < 1e-6) }
      }
    }
    #expect(throws: ShapeError.self) { try table(PaddedTokens([[10]])) }
  }
}
