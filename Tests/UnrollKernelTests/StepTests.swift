import CUnrollKernels
import Testing

@Suite struct StepTests {
  static let hidden = awkwardSizes.filter { $0 > 0 }
  static let rows = [1, 2, 3, 7, 8, 16, 17]

  /// Sums of H products of about 1/√H, walks of √H roundings of terms that size; then slopes of at most 1 and a few
  /// activations of 5 ulp, on values of at most 3.
  static let forwardTolerance = Tolerance(
    48, because: "a walk of H roundings and activations of 5 ulp, on values up to 3")
  static let backwardTolerance = Tolerance(64, because: "a walk of 4H roundings on gradients up to 4")

  @Test(arguments: KernelTarget.available, StepKind.allCases)
  func forwardIsItsEquations(_ target: KernelTarget, _ kind: StepKind) {
    for hidden in Self.hidden {
      for rows in hidden > 40 ? [1, 2, 5, 16] : Self.rows {
        checkForward(StepCase(target, kind, rows: rows, hidden: hidden, seed: UInt64(rows * 1000 + hidden)))
      }
    }
  }

  @Test(arguments: KernelTarget.available, StepKind.allCases)
  func backwardIsItsEquations(_ target: KernelTarget, _ kind: StepKind) {
    for hidden in Self.hidden {
      for rows in hidden > 40 ? [1, 2, 5, 16] : Self.rows {
        for rowsNext in Set([0, rows / 2, rows]) {
          let seed = UInt64(rows * 1000 + hidden)
          let example = StepCase(target, kind, rows: rows, hidden: hidden, seed: seed)
          checkBackward(example, example.incoming(rowsNext: rowsNext, dout: rows % 2 == 1, seed: seed + 1))
        }
      }
    }
  }

  /// More units than one block of a sum holds, and more rows than one group of tiles.
  @Test(arguments: KernelTarget.available, StepKind.allCases)
  func largeStepsAreTheirEquations(_ target: KernelTarget, _ kind: StepKind) {
    let example = StepCase(target, kind, rows: 51, hidden: 390, seed: 7)
    checkForward(example)
    checkBackward(example, example.incoming(rowsNext: 50, dout: true, seed: 8))
  }

  /// Finding W x + b within the step gives the bits of finding it beforehand, on one block of a sum and on several.
  @Test(arguments: KernelTarget.available, StepKind.allCases)
  func directInputGivesTheSameBits(_ target: KernelTarget, _ kind: StepKind) {
    for hidden in [1, 9, 16, 33] {
      for (rows, inputs) in [(1, 0), (1, 17), (2, 1), (5, 390), (7, 8), (51, 33)] {
        let example = StepCase(target, kind, rows: rows, hidden: hidden, seed: 5)
        let input = example.input(inputs, seed: 6)
        let want = example.projecting(input).forward(split: false)
        for split in [false, true] {
          let found = example.direct(input, split: split)
          #expect(found.h.bytes == want.h.bytes, "\(kind) h, \(rows)×\(inputs)→\(hidden), split \(split)")
          if kind.isLSTM { #expect(found.c.bytes == want.c.bytes, "\(kind) c, \(rows)×\(inputs)→\(hidden)") }
        }
      }
    }
  }

  private func checkForward(_ example: StepCase) {
    let kind = example.kind
    let whole = example.forward(split: false)
    let want = StepReference(example).forward()
    let threes = [Double](repeating: 3, count: max(want.saved.count, want.h.count))
    let name = "\(kind) \(example.rows)×\(example.hidden)"
    if kind.gates > 1 {
      expectClose("\(name) saved", whole.saved, want.saved, magnitudes: threes, Self.forwardTolerance)
    }
    expectClose("\(name) c", whole.c, want.c, magnitudes: threes, Self.forwardTolerance)
    expectClose("\(name) h", whole.h, want.h, magnitudes: threes, Self.forwardTolerance)
    #expect(example.forward(split: true).isSame(as: whole), "\(name) differs when split")
  }

  /// At the kernel's own forward results, so that the errors of both steps are judged apart.
  private func checkBackward(_ example: StepCase, _ incoming: StepCase.Incoming) {
    let forward = example.forward(split: false)
    let whole = example.backward(forward, incoming, split: false)
    let results = StepReference.Forward(
      saved: example.kind.gates == 1 ? [] : forward.saved.values, c: forward.c.values, h: forward.h.values)
    let want = StepReference(example).backward(
      results, next: incoming.next.values, rowsNext: incoming.rowsNext, dout: incoming.dout?.values,
      carry: incoming.carry.values, dc: incoming.dc.values)
    let fours = [Double](repeating: 4, count: want.gates.count)
    let name = "\(example.kind) \(example.rows)×\(example.hidden), \(incoming.rowsNext) rows follow"
    expectClose("\(name): gates", whole.gates, want.gates, magnitudes: fours, Self.backwardTolerance)
    expectClose("\(name): carry", whole.carry, want.carry, magnitudes: fours, Self.backwardTolerance)
    expectClose("\(name): dc", whole.dc, want.dc, magnitudes: fours, Self.backwardTolerance)
    #expect(example.backward(forward, incoming, split: true).isSame(as: whole), "\(name) differs when split")
  }

  /// The gradients against differences of the forward step itself, in double: independent of the reference's algebra.
  @Test(arguments: StepKind.allCases)
  func gradientsAreSlopes(_ kind: StepKind) {
    let (rows, hidden, step) = (3, 5, 1e-5)
    let example = StepCase(.double, kind, rows: rows, hidden: hidden, seed: 91)
    let incoming = example.incoming(rowsNext: 0, dout: true, seed: 92)
    let forward = example.forward(split: false)
    let backward = example.backward(forward, incoming, split: false)
    let dout = incoming.dout?.values ?? []

    /// Σ (dout + carry)⊙h + Σ dc⊙c: its gradients are those that the incoming ones stand for.
    func loss(_ example: StepCase) -> Double {
      let result = StepReference(example).forward()
      let state = (0..<rows * hidden).reduce(0.0) { $0 + (dout[$1] + incoming.carry[$1]) * result.h[$1] }
      return (0..<result.c.count).reduce(state) { $0 + incoming.dc[$1] * result.c[$1] }
    }
    func slope(_ array: Elements, _ index: Int) -> Double {
      let value = array[index]
      array[index] = value + step
      let above = loss(example)
      array[index] = value - step
      let below = loss(example)
      array[index] = value
      return (above - below) / (2 * step)
    }
    let quarters = kind.gates == 3 ? [0, 1, 3] : Array(0..<kind.gates)
    for row in 0..<rows {
      for unit in 0..<hidden {
        for (gate, quarter) in quarters.enumerated() {
          let got = backward.gates[(row * kind.saved + quarter) * hidden + unit]
          let want = slope(example.x, (row * kind.gates + gate) * hidden + unit)
          #expect(
            abs(got - want) < 1e-8, "\(kind): gate \(gate) of row \(row), unit \(unit): \(got), slope \(want)"
          )
        }
        guard kind.isLSTM else { continue }
        let want = slope(example.cPrevious, row * hidden + unit)
        #expect(abs(backward.dc[row * hidden + unit] - want) < 1e-8)
      }
    }
    let dh = gradientOfPreviousState(example, backward)
    for i in 0..<rows * hidden { #expect(abs(dh[i] - slope(example.hPrevious, i)) < 1e-8) }
  }

  /// carry + the gate gradients through R: what the preceding step will see.
  private func gradientOfPreviousState(_ example: StepCase, _ backward: StepCase.Backward) -> [Double] {
    let (hidden, kind) = (example.hidden, example.kind)
    let summed = kind == .gruBefore ? 2 : kind.gates
    return (0..<example.rows * hidden).map { at in
      let (row, unit) = (at / hidden, at % hidden)
      return (0..<summed * hidden).reduce(backward.carry[at]) {
        $0 + backward.gates[row * kind.saved * hidden + $1] * example.r[$1 * hidden + unit]
      }
    }
  }
}
