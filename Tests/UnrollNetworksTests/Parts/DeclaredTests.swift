import Testing
import UnrollCore
import UnrollNetworks

typealias AnyCell = UnrollNetworks.CellKind

/// Networks whose parameters have shapes and no numbers.
@Suite struct DeclaredTests {
  private func network(_ kind: AnyCell, _ random: inout RandomSource) -> AnyRecurrentNetwork {
    AnyRecurrentNetwork(kind, inputSize: 3, hiddenSizes: [5, 2], bidirectional: true, using: &random)
  }

  @Test(arguments: AnyCell.allCases) func shapesAreThoseOfTheNetwork(_ kind: AnyCell) {
    var random = RandomSource(seed: 1)
    let real = network(kind, &random)
    let declared = AnyRecurrentNetwork.declared { network(kind, &$0) }
    #expect(real.parameterShapes.map(\.name) == declared.parameterShapes.map(\.name))
    #expect(real.parameterShapes.map(\.shape) == declared.parameterShapes.map(\.shape))
    #expect(real.parameters.map(\.value.shape) == declared.parameterShapes.map(\.shape))
    #expect(declared.parameters.allSatisfy { $0.value.elements.allSatisfy { $0 == 0 } })
    #expect(real.parameterCount == declared.parameterCount)
  }

  /// Sixteen thousand units in thirty-two layers would be half a terabyte.
  @Test func noMemoryIsTakenForNumbers() {
    let declared = SequenceToSequence.declared { random in
      let front = TokenFront(count: 1 << 30, size: 16384, pieces: 1 << 30, using: &random)
      let encoder = RecurrentEncoder(
        .lstm, inputSize: 16384, hiddenSizes: Array(repeating: 16384, count: 32), bidirectional: true,
        using: &random)
      var configuration = AttentionDecoder.Configuration(hiddenSize: 16384, memorySize: encoder.outputSize)
      configuration.layers = 16
      configuration.copies = true
      configuration.coverage = true
      configuration.lexiconSize = 16384
      configuration.output = .full
      return SequenceToSequence(
        source: front, encoder: encoder,
        decoder: AttentionDecoder(configuration, front: front, using: &random))
    }
    let shapes = declared.parameterShapes
    #expect(shapes.contains { $0.name == "encoder.layers.31.backward.cell.weightRecurrent" })
    #expect(shapes.first { $0.name == "source.table.weight" }?.shape == [1 << 30, 16384])
    #expect(declared.parameterCount > 1 << 40)
    let heads = withoutParameterValues { random in
      (
        NextStepHead(.adaptive, features: 65536, count: 1 << 30, using: &random).parameterCount,
        StepHead(features: 65536, labels: 1 << 20, constraints: nil, using: &random).parameterCount,
        PooledHead([.attention, .last], features: 1 << 20, outputs: 1 << 20, using: &random).parameterCount
      )
    }
    #expect(heads.0 > 1 << 33 && heads.1 > 1 << 40 && heads.2 > 1 << 40)
  }

  /// What is made afterwards has its numbers again, and a declared parameter takes one.
  @Test func valuesAreTaken() {
    var declared = Linear.declared { Linear(inputSize: 2, outputSize: 3, using: &$0) }
    declared.weight.value = Tensor(repeating: 2, shape: [3, 2])
    #expect(declared.weight.value.elements == [2, 2, 2, 2, 2, 2])
    #expect(declared.bias?.value == .zeros([3]))
    var random = RandomSource(seed: 1)
    #expect(Linear(inputSize: 2, outputSize: 3, using: &random).weight.value.elements.contains { $0 != 0 })
  }
}
