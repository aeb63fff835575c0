import Testing
import UnrollCore

/// What a recorder writes down, and that it changes nothing.
@Suite struct TraceTests {
  private static let layout = SequenceLayout(lengths: [2, 4, 1])

  private static func random(_ shape: Shape, _ seed: UInt64 = 1) -> Tensor {
    var random = RandomSource(seed: seed)
    return .normal(deviation: 1, shape: shape, using: &random)
  }

  /// Names of what is recorded of a function of packed rows.
  private static func names(_ body: (Variable) throws -> Variable) throws -> [String] {
    let recorder = TraceRecorder()
    let x = Variable(random([layout.rows, 6]))
    let axes = TracedLayout(name: "time", layout, of: [.free("batch", 3)])
    recorder.readsLengths("lengths", layout, axes)
    recorder.reads("x", .tensor(x.value), [[.steps(axes)], [.fixed(6)]])
    let y = try TraceRecorder.$current.withValue(recorder) { try body(x) }
    recorder.gives("y", .tensor(y.value))
    return recorder.graph.nodes.map { node in
      Mirror(reflecting: node.operation).children.first?.label ?? "\(node.operation)"
    }
  }

  @Test func operationsAreKnownByName() throws {
    let weight = Variable(Self.random([4, 6], 2))
    let found = try Self.names { x in
      // Of constants alone nothing is recorded.
      let constant = weight.tanh() + 1
      let y = 2 * (try x.linear(constant).tanh().softmax())
      return try y.columns(0..<2).meanOverSteps(Self.layout)
    }
    #expect(
      found == ["linear", "unary", "softmax", "affine", "columns", "meanOverSteps", "gather"])
  }

  @Test func operationsWithoutANameAreKnownByTheirFunction() throws {
    let recorder = TraceRecorder()
    let x = Variable(Self.random([3, 2]))
    recorder.reads("x", .tensor(x.value), [[.fixed(3)], [.fixed(2)]])
    TraceRecorder.$current.withValue(recorder) { _ = x.sum() }
    guard case .unnamed(let name)? = recorder.graph.nodes.first?.operation else {
      Issue.record("expected an operation without a name")
      return
    }
    #expect(name == "sum()")
  }

  /// A value is the same value whatever way it took, and another one once it is written.
  @Test func valuesAreKnownByTheirMemory() throws {
    let recorder = TraceRecorder()
    var x = Self.random([3, 2])
    recorder.reads("x", .tensor(x), [[.fixed(3)], [.fixed(2)]])
    TraceRecorder.$current.withValue(recorder) {
      _ = Variable(Variable(x).detached.value).tanh()
      #expect(recorder.graph.nodes.count == 1)
      x[0] = 7
      _ = Variable(x).tanh()
      #expect(recorder.graph.nodes.count == 1)
    }
  }

  @Test func layoutsNameTheirMaps() {
    let recorder = TraceRecorder()
    let layout = Self.layout
    TraceRecorder.$current.withValue(recorder) {
      for (indices, map) in [
        (layout.lastRowsAsGiven, LayoutMap.last), (layout.firstRowsAsGiven, .first),
        (layout.sequenceMajorRows, .sequenceMajor), (layout.sequenceOfRow, .sequenceOfStep),
        (layout.sortedSequences, .sequences), (layout.givenSequences, .sequences),
        (layout.paddedRows, .packed), (layout.packedRows(steps: 4), .padded), (layout.ownRows, .own),
      ] {
        #expect(recorder.graph.map(indices)?.map == map)
        #expect(recorder.graph.map(indices)?.layout == layout)
        #expect(recorder.graph.map(indices.map { $0 }) == nil)
      }
    }
    #expect(recorder.graph.map(layout.lastRowsAsGiven) == nil)
  }

  /// The same bits with and without a recorder, in a loop, too.
  @Test func recordingChangesNothing() throws {
    let x = Variable(Self.random([Self.layout.rows, 3]))
    let start = Variable(Self.random([3, 3], 2))
    let weight = Variable(Self.random([3, 3], 3))
    func run(_ reversed: Bool) throws -> [Tensor] {
      let (outputs, final) = try StepOrder(Self.layout, reversed: reversed).loop([x], initial: [start]) {
        inputs, state, _ throws(ShapeError) in
        let next = (try inputs[0].linear(weight) + state[0]).tanh()
        return ([next.columns(0..<2)], [next])
      }
      return (outputs + final).map(\.value)
    }
    for reversed in [false, true] {
      let plain = try run(reversed)
      let recorder = TraceRecorder()
      let axes = TracedLayout(name: "time", Self.layout, of: [.free("batch", 3)])
      recorder.readsLengths("lengths", Self.layout, axes)
      recorder.reads("x", .tensor(x.value), [[.steps(axes)], [.fixed(3)]])
      let traced = try TraceRecorder.$current.withValue(recorder) { try run(reversed) }
      #expect(plain == traced)
      guard case .loop(let loop, _)? = recorder.graph.nodes.last?.operation else {
        Issue.record("expected a loop")
        return
      }
      #expect(loop.nodes.count == 4)
    }
  }

  /// Each sequence's states, one after the other, by a loop of its own.
  @Test(arguments: [false, true]) func loopsKeepEachSequencesState(_ reversed: Bool) throws {
    for lengths in [[2, 4, 1], [3, 3], [0, 2, 0, 1], [0], [1]] {
      let layout = SequenceLayout(lengths: lengths)
      let x = Variable(Self.random([layout.rows, 2]))
      let start = Variable(Self.random([lengths.count, 2], 2))
      let (outputs, final) = try StepOrder(layout, reversed: reversed).loop([x], initial: [start]) {
        inputs, state, _ in
        let next = inputs[0] + 0.5 * state[0]
        return ([next], [next])
      }
      let rows = layout.unpacking(Array(0..<layout.rows))
      for (place, sequence) in layout.order.enumerated() {
        for column in 0..<2 {
          var state = start.value[place * 2 + column]
          for row in reversed ? rows[sequence].reversed() : rows[sequence] {
            state = x.value[row * 2 + column] + 0.5 * state
            #expect(outputs[0].value[row * 2 + column] == state)
          }
          #expect(final[0].value[place * 2 + column] == state)
        }
      }
    }
  }

  @Test func rowsGoWhereTheirAxesSay() {
    let x = Variable(Tensor((0..<24).map { Float($0) }, shape: [12, 2]))
    func firsts(_ y: Variable) -> [Int] {
      y.value.elements.enumerated().filter { $0.0 % 2 == 0 }.map { Int($0.1) / 2 }
    }
    let transposed = x.arrangingRows("ab", to: "ba", ["a": 3, "b": 4])
    #expect(firsts(transposed) == (0..<4).flatMap { b in (0..<3).map { $0 * 4 + b } })
    let repeated = x.arrangingRows("a", to: "ai", ["a": 12, "i": 2])
    #expect(firsts(repeated) == (0..<12).flatMap { [$0, $0] })
    let tiled = x.arrangingRows("a", to: "ia", ["a": 12, "i": 2])
    #expect(firsts(tiled) == Array(0..<12) + Array(0..<12))
    let diagonal = x.arrangingRows("aba", to: "ab", ["a": 2, "b": 3])
    #expect(firsts(diagonal) == [0, 2, 4, 7, 9, 11])
    let turned = x.arrangingRows("abc", to: "cab", ["a": 2, "b": 2, "c": 3])
    #expect(firsts(turned) == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
  }
}
