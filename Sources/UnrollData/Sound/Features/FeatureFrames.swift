/// Vectors over time: `[frames, width]`, the values of a frame side by side.
public struct FeatureFrames: Sendable, Equatable {
  public var values: [Float]
  /// Values of a frame.
  public let width: Int

  /// - Precondition: A width of at least 1, and whole frames.
  public init(_ values: [Float] = [], width: Int) {
    precondition(width > 0 && values.count.isMultiple(of: width), "the values are no whole frames")
    self.values = values
    self.width = width
  }

  /// How many frames there are.
  public var count: Int { values.count / width }

  /// The values of a frame.
  public subscript(frame: Int) -> ArraySlice<Float> { values[(frame * width)..<((frame + 1) * width)] }

  /// Adds frames of the same width at the end.
  public mutating func append(_ other: FeatureFrames) {
    precondition(other.width == width, "frames have one width")
    values += other.values
  }
}
