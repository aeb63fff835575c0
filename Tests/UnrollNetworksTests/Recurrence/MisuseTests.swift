import Foundation
import Testing
import UnrollCore
import UnrollNetworks

/// What a program does wrong with layers is a typed error, or ends it with a message that says where.
@Suite struct LayerMisuseTests {
  private static func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func backwardLayersAreReversed() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var random = RandomSource(seed: 1)
      let cell = LSTMCell(inputSize: 2, hiddenSize: 2, using: &random)
      _ = RecurrentLayer(Recurrent(cell), backward: Recurrent(cell))
    }
    #expect(Self.message(result).contains("the backward one is; found reversed: false and false"))
  }

  @Test func streamsTakeStepsOfTheirSize() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var random = RandomSource(seed: 1)
      let session = try StreamingSession(LSTM(inputSize: 3, hiddenSize: 2, using: &random))
      _ = session.step([1, 2])
    }
    #expect(Self.message(result).contains("1 · 3 features were expected, found 2"))
  }

  @Test func lengthsAreNamed() {
    let x = Tensor.zeros([5, 2, 3])
    let wrong: [(lengths: [Int], said: String)] = [
      ([5, -1], "length 1 is -1"), ([6, 5], "length 0 is 6"), ([5], "1 lengths"), ([1, 2, 3], "3 lengths"),
    ]
    for (lengths, said) in wrong {
      #expect { try SequenceBatch(x, lengths: lengths) } throws: { error in
        let text = "\(error)"
        return error is ShapeError && text.contains("SequenceBatch.lengths") && text.contains(said)
      }
    }
  }
}
