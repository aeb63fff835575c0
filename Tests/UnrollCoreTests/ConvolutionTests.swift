import Testing
import UnrollCore

@Suite struct ConvolutionTests {
  private static func picture(_ shape: Shape, _ seed: UInt64 = 1) -> Tensor {
    var random = RandomSource(seed: seed)
    return .normal(shape: shape, using: &random)
  }

  /// Values and gradients of a small stack, on a pool of so many threads.
  private static func run(threads: Int) throws -> [Tensor] {
    try WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
      let inputs = [
        picture([5, 29, 31, 3]), picture([17, 3, 3, 3], 2), picture([17], 3), picture([8, 2, 2, 17], 4),
      ]
      let (_, y, _, gradients) = try valueWithGradient(of: NoParameters(), inputs: inputs) { _, x in
        let first = try x[0].conv2d(x[1], bias: x[2], padding: 1, relu: true).maxPool2d(.init(kernel: 2))
        let second = try first.conv2d(x[3], stride: 2, padding: 1).meanPool2d(.init(kernel: 3, stride: 2))
        return (second.square().sum(), second.value)
      }
      return [y] + gradients
    }
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let alone = try Self.run(threads: 1)
    for threads in [2, 3, 7] { #expect(try Self.run(threads: threads) == alone, "\(threads) threads") }
  }

  @Test func aPictureDoesNotDependOnOthers() throws {
    let (all, weight) = (Self.picture([3, 9, 8, 4]), Variable(Self.picture([5, 3, 3, 4], 2)))
    let together = try Variable(all).conv2d(weight, padding: 1).value.elements
    let size = 9 * 8 * 4
    for picture in 0..<3 {
      let one = Tensor(Array(all.elements[picture * size..<(picture + 1) * size]), shape: [1, 9, 8, 4])
      let alone = try Variable(one).conv2d(weight, padding: 1).value.elements
      #expect(Array(together[picture * alone.count..<(picture + 1) * alone.count]) == alone)
    }
  }

  @Test func whatIsNotANumberIsKept() throws {
    let x = Variable(Tensor([1, .nan, 3, 4], shape: [1, 2, 2, 1]))
    #expect(try x.maxPool2d(.init(kernel: 2)).value.scalar.isNaN)
    #expect(try x.meanPool2d(.init(kernel: 2)).value.scalar.isNaN)
    // One that a window does not see does not matter, though patches are made of zeros.
    let y = try x.conv2d(Variable(Tensor([1], shape: [1, 1, 1, 1])), stride: 2)
    #expect(y.value.elements == [1])
  }

  @Test func shapesThatDoNotFitAreRefused() {
    let x = Variable(Self.picture([1, 4, 4, 6]))
    func refused(_ place: String, _ body: () throws -> Variable) {
      do {
        let found = try body()
        Issue.record("\(place): gave \(found.shape)")
      } catch {
        #expect((error as? ShapeError)?.place == place)
      }
    }
    refused("conv2d.weight") { try x.conv2d(Variable(.zeros([5, 3, 3, 4]))) }
    refused("conv2d.weight") { try x.conv2d(Variable(.zeros([5, 3, 3, 3])), groups: 2) }
    refused("conv2d.weight") { try x.conv2d(Variable(.zeros([5, 54]))) }
    refused("conv2d.weight") { try x.conv2d(Variable(.zeros([5, 3, 3, 6])), groups: 0) }
    refused("conv2d.bias") { try x.conv2d(Variable(.zeros([5, 3, 3, 6])), bias: Variable(.zeros([4]))) }
    refused("conv2d") { try x.reshaped(to: [16, 6]).conv2d(Variable(.zeros([5, 3, 3, 6]))) }
    refused("maxPool2d") { try x.maxPool2d(.init(kernel: 2, padding: 2)) }
    refused("meanPool2d") { try x.reshaped(to: [4, 4, 6]).meanPool2d(.init(kernel: 2)) }
    refused("zeroedBeyond") { try x.zeroedBeyond(axis: 1, SequenceLayout(lengths: [5])) }
  }
}
