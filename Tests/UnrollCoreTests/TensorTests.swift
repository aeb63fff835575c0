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

  @Test func precisionConvertsThereAndBack() {
    let single = Tensor([0.1, -2.5, 3e-30])
    #expect(single.converted(to: .double).doubles[0] == Double(Float(0.1)))
    #expect(single.converted(to: .double).converted(to: .single) == single)
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
