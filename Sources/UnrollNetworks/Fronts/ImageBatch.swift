import UnrollCore

/// Pictures of one batch, which may differ in their width, or in their height where they are read by rows.
public struct ImageBatch: Sendable {
  /// `[B, H, W, C]`. What lies beyond a picture's own extent does not matter.
  public let pixels: Variable
  /// The number of columns of each picture, or of its rows where it is read by rows.
  public let layout: SequenceLayout

  public init(_ pixels: Variable, layout: SequenceLayout) {
    self.pixels = pixels
    self.layout = layout
  }

  /// Pictures of one size.
  ///
  /// - Parameters:
  ///   - pixels: `[B, H, W, C]`.
  ///   - reading: of the front.
  public init(_ pixels: Tensor, for reading: ImageFront.Reading) {
    let extent = pixels.shape.rank == 4 ? pixels.shape[reading.axis] : 0
    self.init(
      Variable(pixels),
      layout: SequenceLayout(
        lengths: Array(repeating: extent, count: pixels.shape.rank == 4 ? pixels.shape[0] : 0)))
  }

  /// Pictures of any size: zeros fill what lies below and beside the smaller ones. Where paper is 0 and ink is 1, that is
  /// as if they lay on more paper.
  ///
  /// - Parameters:
  ///   - pictures: `height · width · channels` numbers each, row-major.
  ///   - reading: of the front.
  public init(
    _ pictures: [(height: Int, width: Int, values: [Float])], channels: Int, for reading: ImageFront.Reading
  ) {
    let (height, width) = (pictures.map(\.height).max() ?? 0, pictures.map(\.width).max() ?? 0)
    var values: [Float] = []
    values.reserveCapacity(pictures.count * height * width * channels)
    for picture in pictures {
      let row = picture.width * channels
      precondition(picture.values.count == picture.height * row, "a picture is as large as it says")
      for y in 0..<picture.height {
        values += picture.values[y * row..<(y + 1) * row]
        values += repeatElement(0, count: (width - picture.width) * channels)
      }
      values += repeatElement(0, count: (height - picture.height) * width * channels)
    }
    self.init(
      Variable(Tensor(values, shape: [pictures.count, height, width, channels])),
      layout: SequenceLayout(lengths: pictures.map { reading.axis == 1 ? $0.height : $0.width }))
  }
}
