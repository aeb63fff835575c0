import Testing
import UnrollCore
import UnrollNetworks

/// What a step is: tokens by ids, pieces, characters and features; frames; their noise.
@Suite struct FrontTests {
  private static let ids: [[Int32]] = [[1, 2], [], [3, 1, 4], [2]]
  private static let places: [[Int32]] = [[0, 1], [], [2, 0, -1], [1]]
  private static let forms = TokenForms(
    pieces: [[0, 3], [], [5], [1, 1, 1]], characters: [[1], [2, 3, 1], [], [4]],
    features: [[0, 1], [2, 1], [3, 0], [1, 1]])

  private func front(characters: Bool, noise: TokenNoise = .none) -> TokenFront {
    var random = RandomSource(seed: 1)
    return TokenFront(
      count: 5, size: 3, pieces: 6,
      characters: characters ? .init(count: 5, size: 2, hidden: 4, cell: .gru) : nil,
      features: characters ? .init(count: 4, size: 2, perForm: 2) : nil, scale: 2, noise: noise,
      using: &random
    ).converted(to: .double)
  }

  @Test func vectorsAreThoseOfTheEquation() throws {
    let front = front(characters: true)
    let batch = TokenBatch(Self.ids, places: Self.places, of: Self.forms)
    var none: RandomSource?
    let x = try front(batch, random: &none)
    #expect(front.outputSize == 3 + 8 + 4 && x.rows.shape == [6, 15])
    let table = front.table.weight.value.doubles
    let pieces = front.pieces!.weight.value.doubles
    let features = front.features!.weight.value.doubles
    let found = x.layout.unpacking((0..<6).map { Array(x.rows.value.doubles[$0 * 15..<$0 * 15 + 15]) })
    for (sequence, (ids, places)) in zip(Self.ids, Self.places).enumerated() {
      for (step, (id, place)) in zip(ids, places).enumerated() {
        let row = found[sequence][step]
        let own = place < 0 ? [] : Self.forms.pieces[Int(place)]
        for column in 0..<3 {
          var expected = table[Int(id) * 3 + column]
          if !own.isEmpty {
            expected += own.reduce(0) { $0 + pieces[Int($1) * 3 + column] } / Double(own.count)
          }
          #expect(abs(row[column] - 2 * expected) < 1e-12)
        }
        for slot in 0..<2 where place >= 0 {
          let feature = Int(Self.forms.features[Int(place)][slot])
          for column in 0..<2 {
            #expect(abs(row[11 + slot * 2 + column] - 2 * features[feature * 2 + column]) < 1e-12)
          }
        }
        if place < 0 { #expect(row[3...].allSatisfy { $0 == 0 }) }
        // A form without characters has states that never began.
        if place == 2 { #expect(row[3..<11].allSatisfy { $0 == 0 }) }
      }
    }
    // A form by itself has the vector that it has among others.
    let alone = try front(TokenBatch([[2]], places: [[1]], of: Self.forms), random: &none)
    #expect(zip(alone.rows.value.doubles, found[3][0]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func aBatchKeepsTheFormsInUse() {
    let batch = TokenBatch([[2], [1, 2]], places: [[3], [1, 3]], of: Self.forms)
    #expect(batch.forms.pieces == [[1, 1, 1], []] && batch.forms.characters == [[4], [2, 3, 1]])
    #expect(batch.layout.unpacking(batch.places) == [[0], [1, 0]])
    #expect(TokenBatch([[2]], places: [[-1]], of: Self.forms).forms.pieces.isEmpty)
  }

  @Test func everyWeightTakesPart() throws {
    let front = front(characters: true)
    let batch = TokenBatch(Self.ids, places: Self.places, of: Self.forms)
    let gradients = try valueWithGradient(of: front) { front in
      var none: RandomSource?
      return try front(batch, random: &none).rows.square().sum()
    }.gradients
    for (name, gradient) in zip(gradients.names, gradients.values) {
      #expect(gradient.tensor.doubles.contains { $0 != 0 }, "\(name)")
    }
  }

  @Test func tokensWithoutFormsAreRefused() {
    var none: RandomSource?
    #expect(throws: ShapeError.self) { try front(characters: true)(TokenBatch(Self.ids), random: &none) }
    #expect(throws: ShapeError.self) { try front(characters: false)(TokenBatch([[5]]), random: &none) }
    var forms = Self.forms
    forms.features[0] = [1]
    #expect(throws: ShapeError.self) {
      try front(characters: true)(TokenBatch(Self.ids, places: Self.places, of: forms), random: &none)
    }
  }

  /// Noise replaces by chance, by id where it is asked for so, and a token that loses its form takes it along.
  @Test func noiseTakesTokensForUnknown() {
    let ids = [(0..<20_000).map { Int32(1 + $0 % 4) }]
    let places = [(0..<20_000).map { Int32($0 % 4) }]
    let batch = TokenBatch(ids, places: places, of: Self.forms)
    var random: RandomSource? = RandomSource(seed: 3)
    let uniform = TokenNoise(tokens: .uniform(0.25), replacement: 0, dropsForms: true)(batch, random: &random)
    let dropped = uniform.ids.count { $0 == 0 }
    // Four deviations of a binomial of 20 000.
    #expect(abs(dropped - 5000) < 245)
    #expect(zip(uniform.ids, uniform.places).allSatisfy { ($0 == 0) == ($1 == -1) })
    let byID = TokenNoise(tokens: .byID([0, 0, 1, 0, 0.5]))(batch, random: &random)
    #expect(zip(batch.ids, byID.ids).allSatisfy { $0 == 2 ? $1 == -1 : $0 == 4 || $0 == $1 })
    #expect(abs(byID.ids.count { $0 == 4 } - 2500) < 142 && byID.places == batch.places)
    let inner = TokenNoise(features: .byID([1, 0, 0, 0]), characters: .uniform(1), replacement: 0)(
      batch, random: &random)
    #expect(inner.forms.features == [[0, 1], [2, 1], [3, 0], [1, 1]] && inner.ids == batch.ids)
    #expect(inner.forms.characters == [[0], [0, 0, 0], [], [0]])
    var none: RandomSource?
    #expect(TokenNoise(tokens: .uniform(1))(batch, random: &none).ids == batch.ids)
  }

  @Test(arguments: FrameFront.Activation.allCases) func framesAreProjected(
    _ activation: FrameFront.Activation
  ) throws {
    var random = RandomSource(seed: 4)
    let front = FrameFront(inputSize: 3, outputSize: 2, activation: activation, using: &random)
    let frames = PackedSequence(
      try SequenceBatch(.normal(shape: [4, 2, 3], using: &random), lengths: [4, 1]))
    let other = Variable(.normal(shape: [5, 2], using: &random))
    var none: RandomSource?
    let sum = try front.projection!(frames.rows) + other
    let expected =
      switch activation {
      case .identity: sum
      case .tanh: sum.tanh()
      case .relu: sum.relu()
      }
    #expect(try front(frames, adding: other, random: &none).rows.value == expected.value)
    let plain = FrameFront(inputSize: 3, using: &random)
    #expect(plain.outputSize == 3 && plain.parameterShapes.isEmpty)
    #expect(try plain(frames, random: &none).rows.value == frames.rows.value)
    #expect(throws: ShapeError.self) {
      try FrameFront(inputSize: 4, using: &random)(frames, random: &none)
    }
  }

  /// One mask for all steps of a sequence, another for the next.
  @Test func sequencesHaveOneMask() {
    var random: RandomSource? = RandomSource(seed: 8)
    let layout = SequenceLayout(lengths: [9, 0, 4, 7])
    let x = PackedSequence(
      rows: Variable(Tensor(repeating: 1, shape: [layout.rows, 33])), layout: layout)
    let y = SequenceDropout(rate: 0.5)(x, random: &random).rows.value.elements
    let rows = layout.unpacking((0..<layout.rows).map { Array(y[$0 * 33..<$0 * 33 + 33]) })
    for sequence in rows { #expect(sequence.allSatisfy { $0 == sequence[0] }) }
    #expect(rows[0][0] != rows[2][0] && Set(y) == [0, 2])
    var none: RandomSource?
    #expect(SequenceDropout(rate: 0.5)(x, random: &none).rows.value == x.rows.value)
  }
}
