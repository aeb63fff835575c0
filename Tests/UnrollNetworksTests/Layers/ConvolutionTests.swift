import Foundation
import Testing
import UnrollCore
import UnrollNetworks

@Suite struct ConvolutionGoldenTests {
  private struct Form: Decodable {
    let stride, padding, groups, pool, poolStride, poolPadding: [Int]
  }

  /// Convolution, layer normalisation over channels, ReLU and both poolings, and all gradients.
  @Test(arguments: KernelTarget.available) func pyTorchAgrees(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let golden = try Golden("pictures")
      for (name, notes) in golden.notes {
        let form = try JSONDecoder().decode(Form.self, from: Data(notes.utf8))
        func both(_ list: [Int]) -> Extent2D { Extent2D(list[0], list[1]) }
        let pool = Window2D(
          kernel: both(form.pool), stride: both(form.poolStride), padding: both(form.poolPadding))
        let names = ["input", "weight", "bias", "gain", "shift"]
        let scale = try golden["\(name)/scale"]
        let (_, pools, _, gradients) = try valueWithGradient(
          of: NoParameters(), inputs: try names.map { try golden["\(name)/\($0)"] }
        ) { _, x in
          let z = try x[0].conv2d(
            x[1], bias: x[2], stride: both(form.stride), padding: both(form.padding), groups: form.groups[0]
          ).layerNorm(gain: x[3], bias: x[4]).relu()
          let (largest, mean) = (try z.maxPool2d(pool), try z.meanPool2d(pool))
          let turned = Variable(scale).gather((0..<Int32(scale.shape[0])).reversed())
          return ((largest * Variable(scale)).sum() + 3 * (mean * turned).sum(), (largest, mean))
        }
        let single = Tolerance(2e-5, because: "single precision, of normalised sums of some dozen products")
        expectClose(pools.0.value, try golden["\(name)/largest"], single, "\(name), largest")
        expectClose(pools.1.value, try golden["\(name)/mean"], single, "\(name), mean")
        for (part, gradient) in zip(names, gradients) {
          expectClose(
            gradient, try golden["\(name)/\(part).gradient"], single, "\(name), gradient of \(part)")
        }
      }
    }
  }
}
