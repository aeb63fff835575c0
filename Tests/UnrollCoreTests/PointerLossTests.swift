import Testing
import UnrollCore

/// What the table of operations cannot ask: labels that nothing gives, gates that are shut.
@Suite struct PointerLossTests {
  private func run(_ l: [Double], _ isKnown: [Bool], _ s: [Double], _ m: [Double]) throws
    -> (losses: [Double], gradients: [[Double]])
  {
    struct Nothing: Module {
      mutating func forEachParameter(_ path: String, _ body: (String, inout Parameter) throws -> Void)
        rethrows
      {}
    }
    let inputs = [l, s, m].map { Tensor(doubles: $0, shape: [$0.count]) }
    let (_, losses, _, gradients) = try valueWithGradient(of: Nothing(), inputs: inputs) { _, x in
      let losses = try Variable.pointerLoss(losses: x[0], isKnown: isKnown, gate: x[1], copied: x[2])
      return (losses.sum(), losses.value.doubles)
    }
    return (losses, gradients.map(\.doubles))
  }

  @Test func nothingMakesAnInfinity() throws {
    let (losses, gradients) = try run(
      [0, 200, 0, 3, 5, 0], [true, true, false, true, false, false], [800, -800, -800, 800, 0, 0],
      [0, 0.25, 1, 1, 0, 1e-40])
    #expect(losses[0] == 0)
    #expect(abs(losses[1] + naturalLogarithm(0.25)) < 1e-12)
    #expect(abs(losses[2]) < 1e-12)
    #expect(abs(losses[3] - 3) < 1e-12)
    // Neither generated nor copied: of the least probability, 10⁻³⁰.
    #expect(abs(losses[4] + naturalLogarithm(1e-30)) < 1e-9)
    #expect(losses.allSatisfy(\.isFinite) && gradients.joined().allSatisfy(\.isFinite))
  }

  /// A label that cannot be copied teaches the gate to generate, and one that the vocabulary lacks to copy.
  @Test func theGateLearnsWhatIsPossible() throws {
    let (_, gradients) = try run([2, 0], [true, false], [0, 0], [0, 0.5])
    #expect(abs(gradients[1][0] + 0.5) < 1e-12 && abs(gradients[1][1] - 0.5) < 1e-12)
    #expect(gradients[0] == [1, 0])
    #expect(abs(gradients[2][1] + 2) < 1e-12)
  }

  @Test func otherCountsAreRefused() {
    #expect(throws: ShapeError.self) { try run([1, 2], [true], [0, 0], [1, 1]) }
    #expect(throws: ShapeError.self) { try run([1], [true], [0, 0], [1]) }
  }
}
