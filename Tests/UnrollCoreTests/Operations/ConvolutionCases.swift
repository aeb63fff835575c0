import UnrollCore

/// A convolution or pooling at some size.
private struct PictureCase: Sendable, CustomStringConvertible {
  let pictures: Int
  let extent: Extent2D
  var channels = 3
  var outputs = 5
  let window: Window2D
  var groups = 1

  var description: String {
    "\(pictures) × \(extent.height)×\(extent.width)×\(channels) to \(outputs), kernel "
      + "\(window.kernel.height)×\(window.kernel.width), stride \(window.stride.height)×\(window.stride.width), "
      + "padding \(window.padding.height)×\(window.padding.width), groups \(groups)"
  }

  var input: Shape { [pictures, extent.height, extent.width, channels] }
  var weight: Shape { [outputs, window.kernel.height, window.kernel.width, channels / groups] }

  /// The pixels that a window sees, by their place in it.
  func pixels(_ row: Int, _ column: Int) -> [(place: (Int, Int), pixel: (Int, Int))] {
    var result: [(place: (Int, Int), pixel: (Int, Int))] = []
    for i in 0..<window.kernel.height {
      for j in 0..<window.kernel.width {
        let y = row * window.stride.height + i - window.padding.height
        let x = column * window.stride.width + j - window.padding.width
        if (0..<extent.height).contains(y), (0..<extent.width).contains(x) { result.append(((i, j), (y, x))) }
      }
    }
    return result
  }

  /// A value for each window and channel.
  func eachWindow(
    _ channels: Int, _ body: (_ picture: Int, _ row: Int, _ column: Int, _ channel: Int) -> Double
  ) -> Grid {
    let (rows, columns) = (window.rows(of: extent.height), window.columns(of: extent.width))
    var values: [Double] = []
    for picture in 0..<pictures {
      for row in 0..<rows {
        for column in 0..<columns {
          for channel in 0..<channels { values.append(body(picture, row, column, channel)) }
        }
      }
    }
    return Grid([pictures, rows, columns, channels], values)
  }

  func element(_ x: Grid, _ picture: Int, _ at: (Int, Int), _ channel: Int) -> Double {
    x.values[((picture * extent.height + at.0) * extent.width + at.1) * channels + channel]
  }

  func convolution(_ x: Grid, _ w: Grid, _ bias: Grid?) -> Grid {
    let (inputs, perGroup) = (channels / groups, outputs / groups)
    return eachWindow(outputs) { picture, row, column, output in
      var sum = bias?.values[output] ?? 0
      for (place, pixel) in pixels(row, column) {
        for channel in 0..<inputs {
          let at =
            ((output * window.kernel.height + place.0) * window.kernel.width + place.1) * inputs + channel
          sum += w.values[at] * element(x, picture, pixel, output / perGroup * inputs + channel)
        }
      }
      return sum
    }
  }

  func pooled(_ x: Grid, _ pool: ([Double]) -> Double) -> Grid {
    eachWindow(channels) { picture, row, column, channel in
      pool(pixels(row, column).map { element(x, picture, $0.pixel, channel) })
    }
  }
}

extension OperationFamily {
  private static let convolutions: [PictureCase] = [
    .init(pictures: 0, extent: .init(4, 5), window: .init(kernel: 3, stride: 1, padding: 1)),
    .init(pictures: 1, extent: 1, channels: 1, outputs: 1, window: .init(kernel: 1)),
    .init(pictures: 2, extent: 1, window: .init(kernel: 3, stride: 1, padding: 1)),
    // A kernel larger than the picture: no place at all, and places by padding alone.
    .init(pictures: 2, extent: .init(3, 2), window: .init(kernel: 5, stride: 1)),
    .init(
      pictures: 2, extent: .init(3, 2), window: .init(kernel: .init(5, 7), stride: 1, padding: .init(2, 4))),
    .init(pictures: 1, extent: 0, window: .init(kernel: 1, stride: 1)),
    .init(pictures: 3, extent: 7, channels: 1, outputs: 7, window: .init(kernel: 3, stride: 2, padding: 1)),
    .init(
      pictures: 1, extent: .init(7, 17), channels: 7, outputs: 17,
      window: .init(kernel: .init(1, 7), stride: 1)),
    .init(
      pictures: 2, extent: .init(5, 17), channels: 2, outputs: 33,
      window: .init(kernel: .init(3, 2), stride: .init(1, 3), padding: .init(0, 1))),
    .init(
      pictures: 2, extent: .init(6, 5), channels: 6, outputs: 9,
      window: .init(kernel: 3, stride: 2, padding: 1), groups: 3),
    .init(
      pictures: 2, extent: .init(4, 5), channels: 17, outputs: 17,
      window: .init(kernel: 3, stride: 1, padding: 1), groups: 17),
    .init(
      pictures: 3, extent: .init(9, 8), channels: 16, outputs: 31,
      window: .init(kernel: 3, stride: 1, padding: 1)),
    // Worth two threads, and more than one piece of patches.
    .init(
      pictures: 5, extent: .init(28, 31), channels: 8, outputs: 15,
      window: .init(kernel: 3, stride: 1, padding: 1)),
  ]

  private static let pools: [PictureCase] = [
    .init(pictures: 0, extent: .init(4, 5), window: .init(kernel: 2)),
    .init(pictures: 2, extent: 1, window: .init(kernel: 1)),
    .init(pictures: 2, extent: .init(1, 3), window: .init(kernel: 2)),
    .init(pictures: 2, extent: 1, channels: 2, window: .init(kernel: 3, stride: 2, padding: 1)),
    .init(pictures: 1, extent: .init(7, 5), channels: 1, window: .init(kernel: 2)),
    .init(
      pictures: 2, extent: .init(5, 4), channels: 7,
      window: .init(kernel: .init(3, 2), stride: .init(2, 1), padding: .init(1, 0))),
    .init(
      pictures: 1, extent: .init(4, 6), channels: 17,
      window: .init(kernel: .init(2, 3), stride: 1, padding: .init(1, 2))),
    .init(pictures: 4, extent: .init(16, 18), channels: 33, window: .init(kernel: 2)),
  ]

  static let pictures: [OperationFamily] = [
    OperationFamily(
      "conv2d",
      convolutions.map { size in
        OperationCase(
          name: "conv2d \(size)", operands: [.init(size.input), .init(size.weight)], tolerance: 2e-6,
          apply: {
            try $0[0].conv2d(
              $0[1], stride: size.window.stride, padding: size.window.padding, groups: size.groups)
          }, reference: { size.convolution($0[0], $0[1], nil) })
      }),
    OperationFamily(
      "conv2d with bias",
      convolutions.map { size in
        OperationCase(
          name: "conv2d with bias \(size)",
          operands: [.init(size.input), .init(size.weight), .init([size.outputs])],
          tolerance: 2e-6,
          apply: {
            try $0[0].conv2d(
              $0[1], bias: $0[2], stride: size.window.stride, padding: size.window.padding,
              groups: size.groups)
          }, reference: { size.convolution($0[0], $0[1], $0[2]) })
      }),
    // Small, so that no sum is near the kink.
    OperationFamily(
      "conv2d with bias and relu",
      convolutions.filter { $0.input.count <= 64 || $0.groups == 3 }.map { size in
        OperationCase(
          name: "conv2d with bias and relu \(size)",
          operands: [.init(size.input), .init(size.weight), .init([size.outputs])], tolerance: 2e-6,
          apply: {
            try $0[0].conv2d(
              $0[1], bias: $0[2], stride: size.window.stride, padding: size.window.padding,
              groups: size.groups,
              relu: true)
          }, reference: { size.convolution($0[0], $0[1], $0[2]).map { max(0, $0) } })
      }),
    OperationFamily(
      "maxPool2d",
      pools.map { size in
        OperationCase(
          name: "maxPool2d \(size)", operands: [.init(size.input)],
          apply: { try $0[0].maxPool2d(size.window) }, reference: { size.pooled($0[0]) { $0.max() ?? .nan } })
      }),
    OperationFamily(
      "meanPool2d",
      pools.map { size in
        OperationCase(
          name: "meanPool2d \(size)", operands: [.init(size.input)],
          apply: { try $0[0].meanPool2d(size.window) },
          reference: { size.pooled($0[0]) { $0.reduce(0, +) / Double($0.count) } })
      }),
    OperationFamily(
      "zeroedBeyond",
      [(1, [0, 3, 2]), (2, [4, 1, 0]), (2, [5, 5, 5])].map { axis, lengths in
        OperationCase(
          name: "zeroedBeyond axis \(axis), \(lengths)", operands: [.init([3, 3, 5, 7])],
          apply: { try $0[0].zeroedBeyond(axis: axis, SequenceLayout(lengths: lengths)) },
          reference: { x in
            Grid(
              x[0].shape,
              x[0].values.enumerated().map { index, value in
                let (row, column) = (index / 35 % 3, index / 7 % 5)
                return (axis == 1 ? row : column) < lengths[index / 105] ? value : 0
              })
          })
      }),
  ]
}
