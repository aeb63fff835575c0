import Testing
import UnrollCore
import UnrollNetworks

@Suite struct LayerTests {
  @Test func linearIsItsEquation() throws {
    var random = RandomSource(seed: 1)
    var layer = Linear(inputSize: 2, outputSize: 3, using: &random)
    layer.weight.value = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    layer.bias?.value = Tensor([0.5, 0, -1])
    let y = try layer(Variable(Tensor([1, -1, 2, 0], shape: [2, 1, 2])))
    #expect(y.value == Tensor([-0.5, -1, -2, 2.5, 6, 9], shape: [2, 1, 3]))
    #expect(layer.parameters.map(\.name) == ["weight", "bias"])
    #expect(layer.parameterCount == 9)
    #expect(throws: ShapeError.self) { try layer(Variable(.zeros([2, 3]))) }
    let bare = Linear(inputSize: 2, outputSize: 3, bias: false, using: &random)
    #expect(bare.parameters.map(\.name) == ["weight"])
  }

  @Test func embeddingLooksUp() throws {
    var random = RandomSource(seed: 1)
    var table = Embedding(count: 3, size: 2, using: &random)
    table.weight.value = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let (value, gradients) = try valueWithGradient(of: table) { table throws(ShapeError) in
      let rows = try table([2, 0, -1, 2])
      return (rows * Variable(Tensor([1, 1, 1, 1, 1, 1, 10, 10], shape: [4, 2]))).sum()
    }
    #expect(value.scalar == 11 + 3 + 110)
    #expect(gradients["weight"]?.elements == [1, 1, 0, 0, 11, 11])
    #expect(throws: ShapeError.self) { try table([3]) }
    #expect(try table([]).shape == [0, 2])
  }

  @Test func dropoutKeepsTheMean() {
    var random: RandomSource? = RandomSource(seed: 2)
    let x = Variable(Tensor(repeating: 1, shape: [200, 500]))
    for rate in [Float(0.1), 0.5, 0.9] {
      let y = Dropout(rate: rate)(x, random: &random).value.elements
      let dropped = Float(y.filter { $0 == 0 }.count) / 100_000
      #expect(abs(dropped - rate) < 0.007, "four standard deviations of a share of 100 000")
      #expect(y.allSatisfy { $0 == 0 || abs($0 - 1 / (1 - rate)) < 1e-5 })
    }
    var none: RandomSource?
    #expect(Dropout(rate: 0.5)(x, random: &none).value == x.value)
  }

  @Test func layerNormMakesRowsEven() throws {
    var random = RandomSource(seed: 3)
    let y = try LayerNorm(size: 50)(Variable(.normal(mean: 7, deviation: 3, shape: [4, 50], using: &random)))
    for row in 0..<4 {
      let values = y.value.doubles[row * 50..<(row + 1) * 50]
      #expect(abs(values.reduce(0, +)) < 1e-4)
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 50 - 1) < 1e-4)
    }
    #expect(throws: ShapeError.self) { try LayerNorm(size: 4)(Variable(.zeros([2, 5]))) }
  }

  @Test(arguments: [0, 1, 2, 7, 31, 32, 33, 64, 100], KernelTarget.available)
  func orthogonalRowsAreAtRightAngles(_ size: Int, _ target: KernelTarget) {
    var random = RandomSource(seed: 4)
    let q = KernelTarget.$forced.withValue(target) { Initializer.orthogonal(size: size, using: &random) }
    #expect(q.shape == [size, size])
    // A few roundings of single precision.
    #expect(Self.skew(q.doubles, size) < 2e-6)
  }

  /// How far the rows of a matrix are from length 1 and right angles.
  private static func skew(_ rows: [Double], _ size: Int) -> Double {
    var worst = 0.0
    for i in 0..<size {
      for j in 0...i {
        let product = (0..<size).reduce(0) { $0 + rows[i * size + $1] * rows[j * size + $1] }
        worst = max(worst, abs(product - (i == j ? 1 : 0)))
      }
    }
    return worst
  }

  /// The rows are those of Gram and Schmidt for the same draws, in double precision: signs and all.
  @Test(arguments: [1, 3, 20, 40]) func orthogonalRowsAreThoseOfTheDefinition(_ size: Int) {
    var (random, same) = (RandomSource(seed: 9), RandomSource(seed: 9))
    let found = Initializer.orthogonal(size: size, using: &random).doubles
    let drawn = Tensor.normal(shape: [size, size], using: &same).doubles
    var rows: [[Double]] = []
    for row in 0..<size {
      var own = Array(drawn[row * size..<(row + 1) * size])
      for _ in 0..<2 {
        for other in rows {
          let overlap = zip(own, other).reduce(0) { $0 + $1.0 * $1.1 }
          for index in own.indices { own[index] -= overlap * other[index] }
        }
      }
      let norm = own.reduce(0) { $0 + $1 * $1 }.squareRoot()
      rows.append(own.map { $0 / norm })
    }
    // The last rows lose digits to the condition of the draws, which is some hundreds here.
    for (index, expected) in rows.joined().enumerated() { #expect(abs(found[index] - expected) < 2e-4) }
  }

  @Test func orthogonalBitsDoNotDependOnThreads() {
    func make(_ threads: Int) -> Tensor {
      var random = RandomSource(seed: 3)
      return WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
        Initializer.orthogonal(gates: 3, size: 150, using: &random)
      }
    }
    let one = make(1)
    #expect(one.shape == [450, 150])
    for threads in [2, 3, 5] { #expect(make(threads) == one) }
  }

  /// Rows that depend on each other, or are zeros, give a matrix that is orthogonal all the same.
  @Test func rowsThatDependOnEachOther() {
    let q = Kernels.orthogonalRows(Tensor([0, 0, 0, 1, 2, 3, 2, 4, 6], shape: [3, 3])).doubles
    #expect(Self.skew(q, 3) < 1e-6)
  }

  @Test func glorotStaysWithinItsBound() {
    var random = RandomSource(seed: 5)
    let weights = Initializer.glorot(gates: 4, hidden: 20, inputs: 30, using: &random)
    let bound = (6 / Float(50)).squareRoot()
    #expect(weights.shape == [80, 30])
    #expect(weights.elements.allSatisfy { abs($0) <= bound })
    #expect(weights.elements.contains { abs($0) > 0.95 * bound })
  }

  /// Orthogonal recurrent weights a gate, and a forget gate that starts open.
  @Test(arguments: CellKind.allCases) func cellsStartAsTheyShould(_ kind: CellKind) {
    func check<Cell: StandardCell>(_ type: Cell.Type) {
      var random = RandomSource(seed: 6)
      let cell = Cell(inputSize: 3, hiddenSize: 5, using: &random)
      let parameters = Dictionary(uniqueKeysWithValues: cell.parameters.map { ($0.name, $0.value) })
      let gates = kind.gates
      #expect(parameters["weightInput"]?.shape == [gates * 5, 3])
      #expect(parameters["weightRecurrent"]?.shape == [gates * 5, 5])
      if gates == 4 {
        #expect(parameters["bias"]?.elements == (0..<20).map { (5..<10).contains($0) ? 1 : 0 })
      } else {
        #expect(parameters["bias"]?.elements.allSatisfy { $0 == 0 } == true)
      }
      let r = parameters["weightRecurrent"]!.doubles
      for gate in 0..<gates {
        for i in 0..<5 {
          let row = r[(gate * 5 + i) * 5..<(gate * 5 + i + 1) * 5]
          #expect(abs(row.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6)
        }
      }
    }
    check(kind.type)
  }
}
