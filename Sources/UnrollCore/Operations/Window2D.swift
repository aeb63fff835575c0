/// So much down and so much across.
public struct Extent2D: Hashable, Sendable, Codable, ExpressibleByIntegerLiteral {
  public let height: Int
  public let width: Int

  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same both ways.
  public init(_ both: Int) { self.init(both, both) }
  public init(integerLiteral both: Int) { self.init(both) }
}

/// Where a window stands on pictures: of `kernel` pixels, `stride` after the one before, the first `padding` pixels
/// before the picture's first; what it sees beyond the picture is zeros, or does not count. Of n pixels there are
///
///     ⌊(n + 2·padding − kernel) / stride⌋ + 1
///
/// places, none where that is below 1 or n is 0.
public struct Window2D: Hashable, Sendable, Codable {
  public let kernel: Extent2D
  public let stride: Extent2D
  public let padding: Extent2D

  /// - Parameters:
  ///   - stride: `nil`: the kernel, so that windows lie side by side.
  public init(kernel: Extent2D, stride: Extent2D? = nil, padding: Extent2D = 0) {
    let stride = stride ?? kernel
    precondition(kernel.height > 0 && kernel.width > 0, "a window has pixels")
    precondition(stride.height > 0 && stride.width > 0, "a window moves")
    precondition(padding.height >= 0 && padding.width >= 0, "padding is not negative")
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  private static func places(_ extent: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> Int {
    let room = extent + 2 * padding - kernel
    return extent == 0 || room < 0 ? 0 : room / stride + 1
  }

  /// The places down a picture of so many rows.
  public func rows(of height: Int) -> Int {
    Self.places(height, kernel.height, stride.height, padding.height)
  }
  /// The places across a picture of so many columns.
  public func columns(of width: Int) -> Int { Self.places(width, kernel.width, stride.width, padding.width) }

  /// Whether there are as many places as pixels along an axis of `[B, H, W, C]`, whatever their number.
  package func keepsExtent(axis: Int) -> Bool {
    axis == 1
      ? stride.height == 1 && kernel.height == 2 * padding.height + 1
      : stride.width == 1 && kernel.width == 2 * padding.width + 1
  }

  /// Whether each window sees a pixel.
  var alwaysMeetsPixels: Bool { padding.height < kernel.height && padding.width < kernel.width }
}
