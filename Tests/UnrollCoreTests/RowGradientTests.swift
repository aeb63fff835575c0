import Testing
import UnrollCore

/// Gradients of look-ups: rows where few were asked for, and never other numbers than the dense form's.
@Suite struct RowGradientTests {
  struct Table: Module {
    var rows: Parameter

    init(_ count: Int, _ width: Int) {
      var random = RandomSource(seed: 3)
      rows = Parameter(.normal(shape: [count, width], using: &random))
    }

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows { try body(parameterName(path, "rows"), &rows) }
  }

  private static let indices: [Int32] = [7, 2, -1, 7, 0, 7, 2]

  private static func weights(_ count: Int, _ width: Int, seed: UInt64 = 5) -> Variable {
    var random = RandomSource(seed: seed)
    return Variable(.normal(shape: [count, width], using: &random))
  }

  @Test(arguments: [1, 7, 8, 9, 15, 16, 17, 31, 33], KernelTarget.available)
  func rowsAreMergedAndSorted(_ width: Int, _ target: KernelTarget) {
    KernelTarget.$forced.withValue(target) {
      let weights = Self.weights(7, width)
      let (_, gradients) = valueWithGradient(of: Table(50, width)) {
        ($0.rows.variable.gather(Self.indices) * weights).sum()
      }
      guard case .rows(let rows) = gradients.values[0] else {
        Issue.record("rows were expected, found a dense gradient")
        return
      }
      #expect(rows.indices == [0, 2, 7])
      #expect(rows.shape == [50, width] && rows.values.shape == [3, width])
      let w = weights.value.doubles
      var dense = [Double](repeating: 0, count: 50 * width)
      for (use, index) in Self.indices.enumerated() where index >= 0 {
        for c in 0..<width { dense[Int(index) * width + c] += w[use * width + c] }
      }
      for (found, expected) in zip(gradients["rows"]?.doubles ?? [], dense) {
        #expect(abs(found - expected) < 1e-6)
      }
      #expect(gradients.tensors[0].shape == [50, width])
    }
  }

  /// Most rows asked for: writing zeros is cheaper than telling them apart.
  @Test func manyRowsAreDense() {
    let (_, gradients) = valueWithGradient(of: Table(8, 3)) {
      $0.rows.variable.gather([0, 1, 2, 3, 4, 4]).sum()
    }
    guard case .dense(let tensor) = gradients.values[0] else {
      Issue.record("a dense gradient was expected, found rows")
      return
    }
    #expect(tensor.elements.enumerated().allSatisfy { $1 == [1, 1, 1, 1, 2, 0, 0, 0][$0 / 3] })
  }

  @Test func twoLookUpsAreOne() {
    let (_, gradients) = valueWithGradient(of: Table(50, 4)) { table in
      let first = table.rows.variable.gather([9, 3]).sum()
      return first + 2 * table.rows.variable.gather([3, 40]).sum()
    }
    guard case .rows(let rows) = gradients.values[0] else {
      Issue.record("rows were expected, found a dense gradient")
      return
    }
    #expect(rows.indices == [3, 9, 40])
    #expect(rows.values.elements == [3, 3, 3, 3, 1, 1, 1, 1, 2, 2, 2, 2])
  }

  /// A table that is the head as well: whichever gradient comes first, both count.
  @Test(arguments: [true, false]) func rowsJoinADenseGradient(_ looksUpFirst: Bool) {
    let (_, gradients) = valueWithGradient(of: Table(50, 4)) { table in
      func lookUp() -> Variable { table.rows.variable.gather([9, 3, 9]).sum() }
      func all() -> Variable { table.rows.variable.sum() }
      return looksUpFirst ? lookUp() + all() : all() + lookUp()
    }
    let found = gradients["rows"]?.elements ?? []
    #expect(found.enumerated().allSatisfy { $1 == ($0 / 4 == 9 ? 3 : $0 / 4 == 3 ? 2 : 1) })
  }

  /// A look-up in what is no parameter, and with no look-ups or no rows at all.
  @Test func otherLookUps() {
    let (_, gradients) = valueWithGradient(of: Table(50, 4)) {
      (2 * $0.rows.variable).gather([9]).sum()
    }
    #expect(gradients["rows"]?.elements.enumerated().allSatisfy { $1 == ($0 / 4 == 9 ? 2 : 0) } == true)
    let (_, none) = valueWithGradient(of: Table(50, 4)) { $0.rows.variable.gather([-1, -1]).sum() }
    #expect(none["rows"]?.elements.allSatisfy { $0 == 0 } == true)
    let (_, empty) = valueWithGradient(of: Table(50, 0)) { $0.rows.variable.gather([1]).sum() }
    #expect(empty["rows"]?.shape == [50, 0])
  }

  @Test func inputsAreDense() {
    let (_, _, _, inputs) = valueWithGradient(of: NoParameters(), inputs: [.zeros([50, 2])]) { _, x in
      (x[0].gather([4]).sum(), ())
    }
    #expect(inputs[0].elements.enumerated().allSatisfy { $1 == ($0 / 2 == 4 ? 1 : 0) })
  }

  @Test func threadsDoNotChangeABit() {
    var random = RandomSource(seed: 8)
    let indices = (0..<3000).map { _ in Int32(random.below(700)) }
    let weights = Self.weights(3000, 130)
    func run(_ threads: Int) -> [Float] {
      WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
        valueWithGradient(of: Table(2000, 130)) {
          ($0.rows.variable.gather(indices) * weights).sum()
        }.gradients.tensors[0].elements
      }
    }
    let alone = run(1)
    #expect(run(2) == alone)
    #expect(run(5) == alone)
  }
}
