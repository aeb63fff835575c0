import UnrollCore

/// A layer of recurrences over a picture in place of a convolution (Visin et al. 2015, "ReNet: a recurrent neural network
/// based alternative to convolutional networks", section 2): patches are read down and up each column, then what was
/// found is read from left to right and back along each row, so that each place has seen the whole picture.
///
///     p = patches of x                 [H′, W′, patch · C]
///     v = both directions over p, column by column
///     y = both directions over v, row by row          [H′, W′, 2H]
public struct PictureSweep: Module {
  /// The extents of a layer.
  public struct Form: Sendable, Hashable, Codable {
    /// The pixels that are read at a time; what is left of a picture at its right and lower edge is not read.
    public let patch: Extent2D
    /// H, the units of each direction.
    public let hidden: Int
    public let cell: CellKind

    public init(patch: Extent2D = 2, hidden: Int, cell: CellKind = .gru) {
      self.patch = patch
      self.hidden = hidden
      self.cell = cell
    }
  }

  public let form: Form
  public var vertical: RecurrentEncoder
  public var horizontal: RecurrentEncoder

  public init(channels: Int, _ form: Form, using random: inout RandomSource) {
    self.form = form
    vertical = RecurrentEncoder(
      form.cell, inputSize: channels * form.patch.height * form.patch.width, hiddenSizes: [form.hidden],
      bidirectional: true, using: &random)
    horizontal = RecurrentEncoder(
      form.cell, inputSize: vertical.outputSize, hiddenSizes: [form.hidden], bidirectional: true,
      using: &random)
  }

  public var outputChannels: Int { horizontal.outputSize }

  /// - Parameters:
  ///   - x: `[B, H, W, C]`.
  ///   - layout: the extent of each picture along `axis`.
  ///   - axis: 1 where pictures may differ in height, 2 where in width.
  /// - Returns: `[B, H′, W′, 2H]`, and the extents of what came out.
  /// - Throws: `ShapeError` when x does not fit.
  public func callAsFunction(
    _ x: Variable, _ layout: SequenceLayout, axis: Int, random: inout RandomSource?
  ) throws(ShapeError) -> (y: Variable, layout: SequenceLayout) {
    let patches = patches(x)
    let (batch, height, width) = (patches.shape[0], patches.shape[1], patches.shape[2])
    let after = layout.windowed(Window2D(kernel: form.patch), axis: axis)
    let extents: [Character: Int] = ["b": batch, "h": height, "w": width]
    let down = patches.reshaped(to: [batch * height * width, patches.shape[3]])
      .arrangingRows("bhw", to: "hbw", extents)
    let columns = axis == 1 ? after.lengths.flatMap { Array(repeating: $0, count: width) } : nil
    let found = try sweep(vertical, down, steps: height, count: batch * width, columns, &random)
    let across = found.arrangingRows("hbw", to: "wbh", extents)
    let rows = axis == 2 ? after.lengths.flatMap { Array(repeating: $0, count: height) } : nil
    let y = try sweep(horizontal, across, steps: width, count: batch * height, rows, &random)
      .arrangingRows("wbh", to: "bhw", extents)
    return (y.reshaped(to: [batch, height, width, outputChannels]), after)
  }

  /// `[B, H′, W′, patch · C]`.
  private func patches(_ x: Variable) -> Variable {
    let (patch, channels) = (form.patch, x.shape[3])
    let (height, width) = (x.shape[1] / patch.height, x.shape[2] / patch.width)
    guard patch != 1 else { return x }
    var cut = x
    let (usedRows, usedColumns) = (height * patch.height, width * patch.width)
    if usedColumns < x.shape[2] {
      cut = cut.reshaped(to: [x.shape[0] * x.shape[1], x.shape[2] * channels])
        .columns(0..<usedColumns * channels)
    }
    if usedRows < x.shape[1] {
      cut = cut.reshaped(to: [x.shape[0], x.shape[1] * usedColumns * channels])
        .columns(0..<usedRows * usedColumns * channels)
    }
    // Rows of a patch lie together already.
    return
      cut.reshaped(to: [x.shape[0] * usedRows * width, patch.width * channels])
      .arrangingRows(
        "bhiw", to: "bhwi", ["b": x.shape[0], "h": height, "i": patch.height, "w": width]
      )
      .reshaped(to: [x.shape[0], height, width, patch.height * patch.width * channels])
  }

  /// Sequences that lie padded, `[steps · count, F]`, read both ways, with zeros beyond their ends.
  private func sweep(
    _ encoder: RecurrentEncoder, _ rows: Variable, steps: Int, count: Int, _ lengths: [Int]?,
    _ random: inout RandomSource?
  ) throws(ShapeError) -> Variable {
    let layout = SequenceLayout(lengths: lengths ?? Array(repeating: steps, count: count))
    let found = try encoder(
      PackedSequence(rows: rows.packed(layout, steps: steps), layout: layout), random: &random)
    return layout.isUniform && layout.timeSteps == steps
      ? found.rows : found.rows.gather(layout.packedRows(steps: steps))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try vertical.forEachParameter(parameterName(path, "vertical"), body)
    try horizontal.forEachParameter(parameterName(path, "horizontal"), body)
  }
}
