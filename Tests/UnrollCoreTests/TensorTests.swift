import Testing
import UnrollCore

@Suite struct TensorTests {
  @Test func copiesAreIndependentOnceWritten() {
    let original = Tensor([1, 2, 3, 4], shape: [2, 2])
    var copy = original
    copy[3] = 9
    #expect(original.elements == [1, 2, 3, 4])
    #expect(copy.elements == [1, 2, 3, 9])
  }

  @Test func copiesShareMemoryUntilWritten() {
    let original = Tensor([1, 2, 3])
    var copy = original
    #expect(original.storage === copy.storage)
    copy[0] = 5
    #expect(original.storage !== copy.storage)
  }

  @Test(arguments: [[], [0], [3], [2, 0, 4], [2, 3, 4]])
  func shapesCount(_ extents: [Int]) {
    let shape = Shape(extents)
    #expect(shape.count == extents.reduce(1, *))
    #expect(Tensor.zeros(shape).elements == Array(repeating: 0, count: shape.count))
  }

  @Test func memoryIsAligned() {
    for count in [1, 7, 16, 1025, 70_000] {
      let address = UInt(bitPattern: Tensor.zeros([count]).storage.address)
      #expect(address % UInt(TensorStorage.alignment) == 0)
    }
  }

  @Test func elementsHaveIndicesOfEveryAxis() {
    var x = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])
    #expect(x[1, 2, 3] == 23 && x[0, 1, 2] == 6)
    x[1, 0, 2] = -1
    #expect(x[14] == -1 && x.elements.filter { $0 == -1 }.count == 1)
    var matrix = Tensor.zeros([2, 2])
    matrix[0, 1] = 5
    #expect(matrix.elements == [0, 5, 0, 0])
  }

  /// A product keeps its weights packed; a weight that is written afterwards counts in the next.
  @Test func writingAnElementDropsWhatWasPacked() throws {
    var weight = Tensor([1, 2, 3, 4], shape: [2, 2])
    let x = Variable(Tensor([1, 1], shape: [1, 2]))
    #expect(try x.linear(Variable(weight)).value.elements == [3, 7])
    weight[0] = 10
    #expect(try x.linear(Variable(weight)).value.elements == [12, 7])
    weight[3] = 0
    #expect(try x.linear(Variable(weight)).value.elements == [12, 3])
  }

  @Test func precisionConvertsThereAndBack() {
    let single = Tensor([0.1, -2.5, 3e-30])
    #expect(single.converted(to: .double).doubles[0] == Double(Float(0.1)))
    #expect(single.converted(to: .double).converted(to: .single) == single)
  }
}

/// Plain numbers have the operations of variables, by the same names.
@Suite struct TensorOperationTests {
  private let x = Tensor([1, -2, 3, 4, 5, -6], shape: [2, 3])

  @Test func arithmeticWithNumbersOnBothSides() {
    #expect((2 * x).elements == [2, -4, 6, 8, 10, -12])
    #expect((x * 2).elements == (2 * x).elements)
    #expect((x + 1).elements == [2, -1, 4, 5, 6, -5])
    #expect((1 + x).elements == (x + 1).elements)
    #expect((1 - x).elements == [0, 3, -2, -3, -4, 7])
    #expect((x - 1).elements == [0, -3, 2, 3, 4, -7])
    #expect((x / 2).elements == [0.5, -1, 1.5, 2, 2.5, -3])
    #expect((60 / x).elements == [60, -30, 20, 15, 12, -10])
    #expect((-x).elements == [-1, 2, -3, -4, -5, 6])
    // Rounded once, as a division is, and not as a product with 1/3.
    #expect((x / 3).elements == x.elements.map { $0 / 3 })
  }

  @Test func arithmeticOfTensorsRepeatsWhatIsMissing() {
    let column = Tensor([10, 20], shape: [2, 1])
    #expect((x + column).elements == [11, 8, 13, 24, 25, 14])
    #expect((column - Tensor([1, 2, 3])).elements == [9, 8, 7, 19, 18, 17])
    #expect((x * x).elements == [1, 4, 9, 16, 25, 36])
    #expect((x / column).shape == [2, 3])
    #expect(Tensor(3).broadcast(to: [2, 1]).elements == [3, 3])
  }

  @Test func reductionsAlongAxes() {
    #expect(x.sum().scalar == 5)
    #expect(abs(x.mean().scalar - 0.8333333) < 1e-6)
    #expect(x.sum(axis: 0).elements == [5, 3, -3])
    #expect(x.mean(axis: -1, keepingAxis: true) == Tensor([2.0 / 3, 1], shape: [2, 1]))
    #expect(x.max(axis: 0).elements == [4, 5, 3])
    #expect(x.argmax() == [2, 1])
    #expect(x.argmax(axis: 0) == [1, 1, 0])
    #expect(x.softmax().sum(axis: -1).elements.allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(x.logSoftmax(axis: 0).exp().sum(axis: 0).elements.allSatisfy { abs($0 - 1) < 1e-6 })
  }

  @Test func argmaxTakesTheFirstOfEqualsAndNotANumberBeforeAll() {
    #expect(Tensor([3, 1, 3], shape: [1, 3]).argmax() == [0])
    #expect(Tensor([3, .nan, 7, .nan], shape: [1, 4]).argmax() == [1])
    #expect(Tensor([3, .nan, 7], shape: [1, 3]).max(axis: 1).elements[0].isNaN)
    #expect(Tensor([-.infinity, -.infinity], shape: [1, 2]).argmax() == [0])
  }

  @Test func arrangements() throws {
    #expect(x.transposed() == Tensor([1, 4, -2, 5, 3, -6], shape: [3, 2]))
    #expect(x.reshaped(to: [1, 2, 3]).permuted([2, 0, 1]).shape == [3, 1, 2])
    #expect(x.split(into: 3).map(\.elements) == [[1, 4], [-2, 5], [3, -6]])
    #expect(x.split(sizes: [1, 1], axis: 0).map(\.elements) == [[1, -2, 3], [4, 5, -6]])
    #expect(Tensor.concatenated([x, x.columns(0..<1)], axis: 1).elements == [1, -2, 3, 1, 4, 5, -6, 4])
    #expect(x.gather([1, -1, 1]).elements == [4, 5, -6, 0, 0, 0, 4, 5, -6])
    #expect(try x.matmul(x.transposed()).elements == [14, -24, -24, 77])
    #expect(throws: ShapeError.self) { try x.matmul(x) }
  }
}

/// Reductions and elementwise operations on all threads: the same bits on any number of them.
@Suite struct ReductionThreadTests {
  private static func all(_ threads: Int, _ x: Tensor, _ tall: Tensor) -> [Tensor] {
    WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
      [
        x.sum(), x.mean(), x.sum(axis: 0), x.sum(axis: 1), x.sum(axis: 2), x.max(axis: 1), x.transposed(),
        tall.sum(axis: 0), tall.sum(axis: 1), tall.sum(), x + tall.rows(0..<1).reshaped(to: [7]), x * 3,
        x / x.sum(axis: 2, keepingAxis: true), x.softmax(axis: 1),
        Tensor([Float(Kernels.maximum(x)), Kernels.allFinite(x) ? 1 : 0]),
      ]
    }
  }

  @Test func bitsDoNotDependOnThreads() {
    var random = RandomSource(seed: 12)
    let x = Tensor.normal(shape: [40, 700, 7], using: &random)
    let tall = Tensor.normal(shape: [50_001, 7], using: &random)
    let one = Self.all(1, x, tall)
    for threads in [2, 3, 5] { #expect(Self.all(threads, x, tall) == one, "\(threads) threads") }
    // And they are right: in double precision, an element at a time.
    for (found, expected) in zip(one, Self.all(1, x.converted(to: .double), tall.converted(to: .double))) {
      expectClose(found.doubles, expected.doubles, 1e-5, "\(found.shape)")
    }
    #expect(abs(Double(one[0].scalar) - x.doubles.reduce(0, +)) < 1e-3)
    #expect(Double(one[14][0]) == x.doubles.max())
  }

  @Test func largeTensorsThatAreNotFiniteAreFound() {
    var x = Tensor.zeros([100_000])
    #expect(Kernels.allFinite(x))
    x[70_000] = .nan
    #expect(!Kernels.allFinite(x) && Kernels.maximum(x).isNaN)
    x[70_000] = -.infinity
    #expect(!Kernels.allFinite(x) && Kernels.maximum(x) == 0)
    #expect(Kernels.maximum(.zeros([0])) == -.infinity && Kernels.allFinite(.zeros([0])))
  }
}

@Suite struct PaddedTokensTests {
  @Test func listsStandSideBySide() {
    let words = PaddedTokens([[5, 2, 9], [7], []])
    #expect(words.ids == [5, 7, -1, 2, -1, -1, 9, -1, -1])
    #expect(words.lengths == [3, 1, 0] && words.timeSteps == 3 && words.batch == 3)
  }

  @Test func stepsAndPaddingMayBeGiven() {
    let cut = PaddedTokens([[1, 2, 3], [4]], timeSteps: 2, padding: 0)
    #expect(cut.ids == [1, 4, 2, 0] && cut.lengths == [2, 1])
    #expect(PaddedTokens([[1]], timeSteps: 3).ids == [1, -1, -1])
    #expect(PaddedTokens([]).ids.isEmpty && PaddedTokens([[], []]).timeSteps == 0)
    #expect(PaddedTokens([[1]], timeSteps: -1).ids.isEmpty)
  }
}

@Suite struct RandomSourceTests {
  @Test func equalSeedsGiveEqualNumbers() {
    var a = RandomSource(seed: 7)
    var b = RandomSource(seed: 7)
    var c = RandomSource(seed: 8)
    let first = (0..<100).map { _ in a.next() }
    #expect(first == (0..<100).map { _ in b.next() })
    #expect(first != (0..<100).map { _ in c.next() })
  }

  @Test func momentsAreRight() {
    var random = RandomSource(seed: 1)
    let normal = Tensor.normal(shape: [100_000], using: &random).doubles
    let mean = normal.reduce(0, +) / Double(normal.count)
    let variance = normal.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(normal.count)
    #expect(abs(mean) < 0.013, "four standard errors of the mean")
    #expect(abs(variance - 1) < 0.018, "four standard errors of the variance")
    let uniform = Tensor.uniform(-2...4, shape: [100_000], using: &random).elements
    #expect(uniform.allSatisfy { $0 >= -2 && $0 <= 4 })
    #expect(abs(uniform.reduce(0, +) / 100_000 - 1) < 0.022)
  }

  @Test func splitSourcesDiffer() {
    var parent = RandomSource(seed: 3)
    var left = parent.split()
    var right = parent.split()
    #expect((0..<10).map { _ in left.next() } != (0..<10).map { _ in right.next() })
  }
}
