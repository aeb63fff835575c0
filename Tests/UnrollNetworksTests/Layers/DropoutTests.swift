import Testing
import UnrollCore
import UnrollNetworks

@Suite struct DropoutTests {
  /// The gradient leaves out what the value did, and scales as it did.
  @Test(arguments: [1, 7, 16, 33, 100_003], KernelTarget.available)
  func theGradientFindsTheSameElements(_ count: Int, _ target: KernelTarget) {
    KernelTarget.$forced.withValue(target) {
      struct Nothing: Module {
        mutating func forEachParameter(
          _ path: String, _ body: (String, inout Parameter) throws -> Void
        ) rethrows {}
      }
      let x = Tensor(repeating: 3, shape: [count])
      let (_, y, _, gradients) = valueWithGradient(of: Nothing(), inputs: [x]) { _, x in
        var random: RandomSource? = RandomSource(seed: 11)
        let y = Dropout(rate: 0.3)(x[0], random: &random)
        return (y.sum(), y.value)
      }
      let kept = 1 / (1 - Float(0.3))
      #expect(zip(y.elements, gradients[0].elements).allSatisfy { $0 == 3 * $1 || abs($0 - 3 * $1) < 1e-6 })
      #expect(gradients[0].elements.allSatisfy { $0 == 0 || $0 == kept })
    }
  }

  @Test func draws() {
    func draw(_ random: inout RandomSource?, threads: Int = 1) -> Tensor {
      WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
        Dropout(rate: 0.5)(Variable(Tensor(repeating: 1, shape: [300, 200])), random: &random).value
      }
    }
    var (a, b): (RandomSource?, RandomSource?) = (RandomSource(seed: 1), RandomSource(seed: 1))
    let first = draw(&a)
    #expect(draw(&b, threads: 3) == first, "the seed decides, and nothing else")
    let second = draw(&a)
    #expect(second != first, "the source has moved on")
    // Two draws, and neighbours within one, agree as often as coins do: four deviations of 60 000.
    let agreement = zip(first.elements, second.elements).filter { $0 == $1 }.count
    #expect(abs(agreement - 30_000) < 490)
    let neighbours = zip(first.elements, first.elements.dropFirst()).filter { $0 == $1 }.count
    #expect(abs(neighbours - 30_000) < 490)
    let below = zip(first.elements, first.elements.dropFirst(200)).filter { $0 == $1 }.count
    #expect(abs(below - 29_900) < 490)
  }

  @Test func masksAreScaledOrNot() {
    var random = RandomSource(seed: 1)
    let scaled = Dropout.mask([40, 50], rate: 0.2, precision: .single, using: &random).value.elements
    #expect(Set(scaled) == [0, 1 / (1 - Float(0.2))])
    let plain = Dropout.mask([40, 50], rate: 0.2, scaled: false, precision: .double, using: &random).value
    #expect(plain.precision == .double && Set(plain.elements) == [0, 1])
    let all = Dropout.mask([10], rate: 1, precision: .single, using: &random).value.elements
    #expect(all.allSatisfy { $0 == 0 })
  }
}
