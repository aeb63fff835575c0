import UnrollCore

/// A picture as steps, after convolution or as it is:
///
///     z = blocks of convolution(picture)            [H′, W′, C′]
///     x = z by columns, by rows, or place by place
///
/// By columns a step has H′·C′ features and there are W′ of them, by rows W′·C′ and H′, of the grid C′ and H′·W′. Along
/// the axis that is read a batch may be ragged, and no picture's steps depend on the padding: it is put back to zeros
/// before each convolution, and normalisation and pooling see single pictures' places alone.
public struct ImageFront: Front {
  /// What a step is.
  public enum Reading: String, Sendable, Codable, CaseIterable {
    /// A column, from left to right: a line of text.
    case columns
    /// A row, from the top.
    case rows
    /// A place, row by row: memory for captions; without convolution, a pixel.
    case grid

    /// The axis of `[B, H, W, C]` along which pictures of a batch may differ.
    public var axis: Int { self == .rows ? 1 : 2 }
  }

  public let reading: Reading
  /// H × W of a picture; the extent along the axis that is read does not count.
  public let size: Extent2D
  /// C.
  public let channels: Int
  public var blocks: [ConvolutionBlock]
  /// Sweeps over what the blocks give, in both directions along both axes.
  public var sweeps: [PictureSweep]
  /// Of the steps.
  public var dropout: SequenceDropout
  /// H′ × W′ of a picture of `size`.
  public let outputExtent: Extent2D
  private let outputChannels: Int

  /// - Parameters:
  ///   - size: of the pictures.
  ///   - channels: of the pictures.
  ///   - blocks: none: the picture as it is.
  ///   - sweeps: recurrences over the picture itself before it is read as steps (Visin et al. 2015); none at first.
  ///   - dropout: the share of features dropped, by one mask for all steps.
  public init(
    _ reading: Reading, size: Extent2D, channels: Int, blocks: [ConvolutionBlock.Form] = [],
    sweeps: [PictureSweep.Form] = [], dropout: Float = 0, using random: inout RandomSource
  ) {
    self.reading = reading
    self.size = size
    self.channels = channels
    var (extent, features) = (size, channels)
    self.blocks = []
    for form in blocks {
      self.blocks.append(ConvolutionBlock(inputChannels: features, form, using: &random))
      (extent, features) = (form.extent(of: extent), form.channels)
    }
    self.sweeps = []
    for form in sweeps {
      let sweep = PictureSweep(channels: features, form, using: &random)
      self.sweeps.append(sweep)
      extent = Extent2D(extent.height / form.patch.height, extent.width / form.patch.width)
      features = sweep.outputChannels
    }
    (outputExtent, outputChannels) = (extent, features)
    self.dropout = SequenceDropout(rate: dropout)
  }

  public var outputSize: Int {
    switch reading {
    case .columns: outputExtent.height * outputChannels
    case .rows: outputExtent.width * outputChannels
    case .grid: outputChannels
    }
  }

  /// The steps of a picture that is so long along the axis that is read; 0 where it is too small. By the grid, the places
  /// of one row.
  public func steps(of length: Int) -> Int {
    let isRows = reading.axis == 1
    let afterBlocks = blocks.reduce(length) { extent, block in
      let both = block.form.extent(of: Extent2D(extent, extent))
      return isRows ? both.height : both.width
    }
    return sweeps.reduce(afterBlocks) { extent, sweep in
      extent / (isRows ? sweep.form.patch.height : sweep.form.patch.width)
    }
  }

  public func callAsFunction(
    _ input: ImageBatch, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    let (z, layout) = try features(input, random: &random)
    let steps = try packed(z, layout)
    return dropout(steps, random: &random)
  }

  /// z, `[B, H′, W′, C′]`, and the extent of each picture along the axis that is read.
  public func features(
    _ input: ImageBatch, random: inout RandomSource?
  ) throws(ShapeError) -> (z: Variable, layout: SequenceLayout) {
    let shape = input.pixels.shape
    let fixed = reading.axis == 1 ? size.width : size.height
    guard shape.rank == 4, shape[3] == channels,
      reading == .grid || shape[3 - reading.axis] == fixed,
      input.layout.batch == shape[0], input.layout.timeSteps <= shape[reading.axis]
    else {
      let own = reading.axis == 1 ? "H, \(size.width)" : "\(size.height), W"
      throw ShapeError(
        place: "ImageFront", expected: "[\(input.layout.batch), \(own), \(channels)]", found: shape)
    }
    var (z, layout) = (input.pixels, input.layout)
    for block in blocks {
      z = try block(try z.zeroedBeyond(axis: reading.axis, layout))
      layout = layout.windowed(block.convolution.window, axis: reading.axis)
        .windowed(Window2D(kernel: block.form.pool), axis: reading.axis)
    }
    for sweep in sweeps { (z, layout) = try sweep(z, layout, axis: reading.axis, random: &random) }
    return (z, layout)
  }

  /// The places of pictures as packed steps.
  private func packed(_ z: Variable, _ layout: SequenceLayout) throws(ShapeError) -> PackedSequence {
    let (batch, height, width, features) = (z.shape[0], z.shape[1], z.shape[2], z.shape[3])
    let places = z.reshaped(to: [batch * height * width, features])
    let extents: [Character: Int] = ["b": batch, "h": height, "w": width]
    switch reading {
    case .columns:
      let steps = places.arrangingRows("bhw", to: "wbh", extents)
        .reshaped(to: [width * batch, height * features])
      return PackedSequence(rows: steps.packed(layout, steps: width), layout: layout)
    case .rows:
      let steps = places.arrangingRows("bhw", to: "hbw", extents)
        .reshaped(to: [height * batch, width * features])
      return PackedSequence(rows: steps.packed(layout, steps: height), layout: layout)
    case .grid:
      let grid = SequenceLayout(lengths: layout.lengths.map { $0 * height })
      guard layout.lengths.contains(where: { $0 != width }) else {
        return PackedSequence(rows: places.arrangingRows("bhw", to: "hwb", extents), layout: grid)
      }
      let rows = grid.packing(
        layout.lengths.enumerated().map { picture, length in
          (0..<height).flatMap { row in
            (0..<length).map { Int32((picture * height + row) * width + $0) }
          }
        })
      return PackedSequence(rows: places.gather(rows), layout: grid)
    }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    for index in blocks.indices {
      try blocks[index].forEachParameter(parameterName(path, "blocks.\(index)"), body)
    }
    for index in sweeps.indices {
      try sweeps[index].forEachParameter(parameterName(path, "sweeps.\(index)"), body)
    }
  }
}

extension Variable {
  /// The steps that exist of a padded `[steps · batch, F]`.
  func packed(_ layout: SequenceLayout, steps: Int) -> Variable {
    layout.isUniform && layout.timeSteps == steps && !layout.isTraced
      ? self : gather(layout.paddedRows)
  }
}
