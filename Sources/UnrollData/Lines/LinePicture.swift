/// A picture of a line of text and what it says: what reading is learned from.
public struct LineExample: Sendable, Equatable {
  /// Grey, dark on light, of the height that was asked for.
  public let picture: Picture
  public let text: String
  /// Where it came from: a picture's file, or a line of a page's layout.
  public let place: String

  public init(picture: Picture, text: String, place: String) {
    self.picture = picture
    self.text = text
    self.place = place
  }
}

extension Picture {
  /// The most times that a line of text is as wide as it is high.
  static var widestLine: Int { 200 }

  /// A line of text as a network reads it: grey without alpha, dark ink on light paper, values stretched to the full range,
  /// and of a height.
  ///
  /// Whether ink is light on dark is found out. Where there is hardly any contrast, values stay as they are: noise on an
  /// empty line is not made to look like ink.
  ///
  /// - Parameter name: what errors call it.
  /// - Throws: `DataError` when it is wider than two hundred times its height, or a hundred times as high as wide: no line.
  public func normalizedLine(height newHeight: Int, name: String) throws(DataError) -> Picture {
    guard width <= height * Self.widestLine, height <= width * 100 else {
      throw DataError(
        .badPicture, file: name,
        expected:
          "a line of text, at most \(Self.widestLine) times as wide and 100 times as high as the other side",
        found: "\(width) × \(height) pixels")
    }
    let line = grey().linePolarity().stretched()
    let newWidth = max(1, (width * newHeight + height / 2) / height)
    return newWidth == width && newHeight == height
      ? line : line.resized(width: newWidth, height: newHeight, .bilinear)
  }

  /// A grey line with light for dark, where two thirds of it and most of its border are dark.
  private func linePolarity() -> Picture {
    let histogram = histogram
    let threshold = InkMap.otsuThreshold(histogram)
    let dark = histogram[...threshold].reduce(0, +)
    guard dark * 3 > pixels.count * 2, contrast(histogram) >= Self.leastContrast else { return self }
    var (border, darkBorder) = (0, 0)
    for x in 0..<width {
      border += 2
      for y in [0, height - 1] where Int(self[x, y]) <= threshold { darkBorder += 1 }
    }
    return darkBorder * 2 > border ? inverted() : self
  }

  private static var leastContrast: Int { 40 }

  /// How far the lightest hundredth is from the darkest.
  private func contrast(_ histogram: [Int]) -> Int {
    Self.quantile(histogram, 0.99) - Self.quantile(histogram, 0.01)
  }

  /// The smallest value that a share of all is not above.
  private static func quantile(_ histogram: [Int], _ share: Double) -> Int {
    let wanted = share * Double(histogram.reduce(0, +))
    var sum = 0
    for (value, count) in histogram.enumerated() {
      sum += count
      if Double(sum) >= wanted { return value }
    }
    return 255
  }

  /// A grey line whose paper is white and whose darkest ink, but for a hundredth, is black.
  private func stretched() -> Picture {
    let histogram = histogram
    let light = Int(paper)
    let dark = Self.quantile(histogram, 0.01)
    guard light - dark >= Self.leastContrast else { return self }
    let table = (0..<256).map { value in
      UInt8(min(255, max(0, ((value - dark) * 255 + (light - dark) / 2) / (light - dark))))
    }
    return Picture(width: width, height: height, channels: 1, pixels: pixels.map { table[Int($0)] })
  }
}
