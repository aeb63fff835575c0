import Testing
import UnrollCore
import UnrollData

@Suite struct FourierTests {
  static let lengths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 128, 200, 250, 400, 401, 512, 1000]

  /// The definition, with angles reduced in integers.
  private func definition(_ values: [Double]) -> [(Double, Double)] {
    let count = values.count
    return (0...(count / 2)).map { bin in
      var (re, im) = (0.0, 0.0)
      for index in 0..<count {
        let angle = -2 * Double.pi * Double(index * bin % count) / Double(count)
        re += values[index] * cosine(angle)
        im += values[index] * sine(angle)
      }
      return (re, im)
    }
  }

  @Test(arguments: lengths) func theDefinitionAndItsInverse(_ count: Int) {
    var random = RandomSource(seed: UInt64(count))
    let values = (0..<count).map { _ in Double(random.normal()) }
    var transform = FourierTransform(count)
    var (re, im, back) = ([Double](), [Double](), [Double]())
    for _ in 0..<2 {
      transform.forward(values, real: &re, imaginary: &im)
      #expect(re.count == count / 2 + 1 && im.count == re.count)
      for (bin, expected) in definition(values).enumerated() {
        #expect(abs(re[bin] - expected.0) < 1e-12 * Double(count + 10))
        #expect(abs(im[bin] - expected.1) < 1e-12 * Double(count + 10))
      }
      transform.inverse(real: re, imaginary: im, into: &back)
      for (a, b) in zip(back, values) { #expect(abs(a - b) < 1e-13 * Double(count + 10)) }
    }
  }
}
