import Testing
import UnrollCore

/// Two parameters, for tests of the tape.
private struct Pair: Module {
  var first: Parameter
  var second: Parameter

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "first"), &first)
    try body(parameterName(path, "second"), &second)
  }
}

@Suite struct TapeTests {
  private static let pair = Pair(first: Parameter(Tensor([1, 2, 3])), second: Parameter(Tensor([4, 5])))

  @Test func gradientsComeByName() {
    let (value, gradients) = valueWithGradient(of: Self.pair) { pair in
      (pair.first.variable * pair.first.variable).sum()
    }
    #expect(value.scalar == 14)
    #expect(gradients.names == ["first", "second"])
    #expect(gradients["first"]?.elements == [2, 4, 6])
    #expect(gradients["second"]?.elements == [0, 0])
    #expect(gradients["third"] == nil)
  }

  @Test func aConstantHasNoGradient() {
    let (value, gradients) = valueWithGradient(of: Self.pair) { _ in Variable(Tensor(3)) }
    #expect(value.scalar == 3)
    #expect(gradients.tensors.map(\.elements) == [[0, 0, 0], [0, 0]])
  }

  @Test func aParameterMayBeTheResult() {
    let (value, gradients) = valueWithGradient(
      of: Pair(first: Parameter(Tensor(7)), second: Parameter(Tensor(1)))
    ) {
      $0.first.variable
    }
    #expect(value.scalar == 7)
    #expect(gradients["first"]?.elements == [1])
  }

  @Test func nothingFlowsThroughDetached() {
    let (_, gradients) = valueWithGradient(of: Self.pair) { pair in
      (pair.first.variable * pair.first.variable.detached).sum()
    }
    #expect(gradients["first"]?.elements == [1, 2, 3])
  }

  /// One gradient handed to two variables is not changed through either.
  @Test func sharedGradientsStayApart() {
    let (_, gradients) = valueWithGradient(of: Self.pair) { pair in
      let x = pair.first.variable
      let sum = x + x.affine(times: 2, plus: 0)
      return (sum + sum.rows(0..<1) + x).sum()
    }
    // 3·(1, 1, 1), three of them again through the first row, and 1 each.
    #expect(gradients["first"]?.elements == [13, 4, 4])
  }

  @Test func valuesStayAsTheyWere() {
    let before = Self.pair
    _ = valueWithGradient(of: before) { pair in pair.first.variable.exp().sum() }
    #expect(before.first.value.elements == [1, 2, 3])
  }

  /// The walk back is a loop: a chain this long would overflow the stack of a recursion.
  @Test func longChainsDoNotRecurse() {
    let (_, gradients) = valueWithGradient(of: Self.pair) { pair in
      var x = pair.second.variable
      for _ in 0..<200_000 { x = x + 1 }
      return x.sum()
    }
    #expect(gradients["second"]?.elements == [1, 1])
  }

  @Test func errorsPass() {
    #expect(throws: ShapeError.self) {
      try valueWithGradient(of: Self.pair) { pair throws(ShapeError) in
        try pair.first.variable.linear(Variable(Tensor.zeros([2, 9])))
      }
    }
  }

  @Test func writingAWeightDropsItsPanels() throws {
    var weight = Parameter(Tensor([1, 2], shape: [1, 2]))
    let x = Variable(Tensor([3, 4], shape: [1, 2]))
    #expect(try x.linear(weight.variable).value.elements == [11])
    weight.update { $0[0] = 10 }
    #expect(try x.linear(weight.variable).value.elements == [38])
    weight.value[1] = 0
    #expect(try x.linear(weight.variable).value.elements == [30])
  }
}

@Suite struct SequenceLayoutTests {
  @Test func rowsAreSortedFromLongToShort() {
    let layout = SequenceLayout(lengths: [2, 0, 3, 2])
    #expect(layout.order == [2, 0, 3, 1])
    #expect(layout.counts == [3, 3, 1])
    #expect(layout.offsets == [0, 3, 6, 7])
    #expect(layout.places == [1, 3, 0, 2])
    #expect(layout.lastRows == [6, 4, 5, -1])
    #expect(layout.paddedRows == [2, 0, 3, 6, 4, 7, 10])
    #expect(layout.packedRows(steps: 4) == [1, -1, 0, 2, 4, -1, 3, 5, -1, -1, 6, -1, -1, -1, -1, -1])
  }

  @Test(arguments: [[], [0], [0, 0], [1], [5], [4, 4, 4], [3, 1, 0, 7, 7, 2]])
  func packingAndPaddingAreInverse(_ lengths: [Int]) {
    let layout = SequenceLayout(lengths: lengths)
    #expect(layout.rows == lengths.reduce(0, +))
    #expect(layout.timeSteps == lengths.max() ?? 0)
    let back = layout.packedRows(steps: layout.timeSteps)
    #expect(layout.paddedRows.enumerated().allSatisfy { back[Int($1)] == Int32($0) })
    #expect(back.filter { $0 >= 0 }.count == layout.rows)
    #expect(layout.isUniform == (Set(lengths).count <= 1))
  }

  @Test func bothOrdersVisitEveryStep() {
    let layout = SequenceLayout(lengths: [3, 1])
    let ahead = StepOrder(layout, reversed: false)
    let back = StepOrder(layout, reversed: true)
    #expect(ahead.steps == [0, 1, 2] && back.steps == [2, 1, 0])
    #expect((0..<3).map(ahead.continuing) == [0, 1, 1] && (0..<3).map(ahead.goingOn) == [1, 1, 0])
    #expect((0..<3).map(back.continuing) == [1, 1, 0] && (0..<3).map(back.goingOn) == [0, 1, 1])
  }
}
