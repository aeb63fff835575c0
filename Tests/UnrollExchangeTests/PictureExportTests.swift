import Testing
import UnrollCore
import UnrollExchange
import UnrollNetworks

/// Pictures as ONNX graphs, held against the network at four sizes by `TraceWriterTests.check`.
@Suite struct PictureExportTests {
  private static func parameter(_ shape: Shape, _ seed: UInt64) -> Variable {
    var random = RandomSource(seed: seed)
    return Variable(.normal(deviation: 0.5, shape: shape, using: &random))
  }

  private static let blocks: [ConvolutionBlock.Form] = [
    .init(channels: 6, pool: 2), .init(channels: 4, kernel: .init(3, 5), pool: .init(2, 1)),
    .init(channels: 5, stride: .init(1, 2), isNormalized: false),
  ]

  private static func front(
    _ reading: ImageFront.Reading, blocks: [ConvolutionBlock.Form], sweeps: [PictureSweep.Form] = []
  ) -> ImageFront {
    var random = RandomSource(seed: 2)
    return ImageFront(
      reading, size: Extent2D(12, 16), channels: 2, blocks: blocks, sweeps: sweeps, using: &random)
  }

  @Test func operationsOnPictures() throws {
    let (weight, bias) = (Self.parameter([6, 3, 2, 2], 1), Self.parameter([6], 2))
    let graph = try TraceWriterTests.check { trace in
      let x = Variable(trace.numbers("x", [.batch, .fixed(7), .fixed(9), .fixed(4)]))
      let padding = Extent2D(1, 1)
      trace.gives(
        "convolution", try x.conv2d(weight, bias: bias, stride: .init(2, 1), padding: padding, groups: 2))
      trace.gives("rectified", try x.conv2d(weight, padding: padding, groups: 2, relu: true))
      trace.gives("largest", try x.maxPool2d(.init(kernel: 3, stride: 2, padding: 1)))
      trace.gives("mean", try x.meanPool2d(.init(kernel: .init(3, 2), stride: 2, padding: 1)))
    }
    #expect(graph.outputs.count == 4)
  }

  /// Pictures of one size: the batch alone is free.
  @Test(arguments: ImageFront.Reading.allCases, [0, 1, 2])
  func picturesOfOneSize(_ reading: ImageFront.Reading, _ kind: Int) throws {
    let front = Self.front(
      reading, blocks: kind == 1 ? Self.blocks : [],
      sweeps: kind == 2
        ? [.init(patch: 2, hidden: 3), .init(patch: .init(3, 1), hidden: 2, cell: .lstm)] : [])
    var random = RandomSource(seed: 7)
    let encoder = RecurrentEncoder(
      .gru, inputSize: front.outputSize, hiddenSizes: [5], bidirectional: true, using: &random)
    let head = PooledHead(
      [.last, .mean], features: encoder.outputSize, outputs: 3, bidirectional: true, using: &random)
    try TraceWriterTests.check { trace in
      trace.parameters(of: front, "front")
      let pixels = trace.numbers("pictures", [.batch, .fixed(12), .fixed(16), .fixed(2)])
      var none: RandomSource?
      let x = try front(ImageBatch(pixels, for: reading), random: &none)
      trace.gives("scores", try head(try encoder(x, random: &none), random: &none))
    }
  }

  /// Lines of any width: their lengths follow the strides.
  @Test func linesOfAnyWidth() throws {
    let front = Self.front(.columns, blocks: Self.blocks)
    var random = RandomSource(seed: 8)
    let encoder = RecurrentEncoder(
      .lstm, inputSize: front.outputSize, hiddenSizes: [5], bidirectional: true, using: &random)
    try TraceWriterTests.check { trace in
      trace.parameters(of: front, "front")
      let layout = trace.lengths("widths", steps: "width", times: 8)
      let pixels = trace.numbers("pictures", [.batch, .fixed(12), .time(layout), .fixed(2)])
      var none: RandomSource?
      let x = try front(ImageBatch(Variable(pixels), layout: layout), random: &none)
      let y = try encoder(x, random: &none)
      trace.gives("last", y.last)
    }
  }
}
