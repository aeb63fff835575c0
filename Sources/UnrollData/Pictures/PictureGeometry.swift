import UnrollCore

extension Picture {
  /// A rectangle in pixels; its far edges are not part of it.
  public struct Rectangle: Sendable, Equatable, Hashable, Codable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
      self.x = x
      self.y = y
      self.width = width
      self.height = height
    }

    package var right: Int { x + width }
    package var bottom: Int { y + height }
  }

  /// The part of the picture that lies in a rectangle; `nil` when there is none.
  public func cropped(to rectangle: Rectangle) -> Picture? {
    // Rectangles may come from files, with any numbers.
    let (farX, overX) = rectangle.x.addingReportingOverflow(rectangle.width)
    let (farY, overY) = rectangle.y.addingReportingOverflow(rectangle.height)
    let (left, top) = (max(0, rectangle.x), max(0, rectangle.y))
    let (right, bottom) = (overX ? width : min(width, farX), overY ? height : min(height, farY))
    guard rectangle.width > 0, rectangle.height > 0, left < right, top < bottom else { return nil }
    if right - left == width && bottom - top == height { return self }
    var result: [UInt8] = []
    result.reserveCapacity((right - left) * (bottom - top) * channels)
    for y in top..<bottom {
      result.append(
        contentsOf: pixels[((y * width + left) * channels)..<((y * width + right) * channels)])
    }
    return Picture(width: right - left, height: bottom - top, channels: channels, pixels: result)
  }

  /// The picture with room of one colour around it; the colour has a value for each channel.
  public func padded(left: Int, top: Int, right: Int, bottom: Int, color: [UInt8]) -> Picture {
    precondition(min(left, top, right, bottom) >= 0 && color.count == channels)
    var result = Picture(width: left + width + right, height: top + height + bottom, color: color)
    for y in 0..<height {
      let start = ((y + top) * result.width + left) * channels
      result.pixels.replaceSubrange(
        start..<(start + width * channels),
        with: pixels[(y * width * channels)..<((y + 1) * width * channels)])
    }
    return result
  }

  /// The picture with left for right.
  public func flippedHorizontally() -> Picture { rearranged(width, height) { x, y in (width - 1 - x, y) } }

  /// The picture with top for bottom.
  public func flippedVertically() -> Picture { rearranged(width, height) { x, y in (x, height - 1 - y) } }

  /// The picture with rows for columns.
  public func transposed() -> Picture { rearranged(height, width) { x, y in (y, x) } }

  /// The picture turned counterclockwise by a number of quarter turns.
  public func rotated(quarterTurns: Int) -> Picture {
    switch ((quarterTurns % 4) + 4) % 4 {
    case 1: rearranged(height, width) { x, y in (width - 1 - y, x) }
    case 2: rearranged(width, height) { x, y in (width - 1 - x, height - 1 - y) }
    case 3: rearranged(height, width) { x, y in (y, height - 1 - x) }
    default: self
    }
  }

  /// The picture as it is to be seen, from the orientation 1…8 that a camera stored (EXIF 2.32, tag 274).
  public func oriented(_ orientation: Int) -> Picture {
    switch orientation {
    case 2: flippedHorizontally()
    case 3: rotated(quarterTurns: 2)
    case 4: flippedVertically()
    case 5: transposed()
    case 6: rotated(quarterTurns: 3)
    case 7: rearranged(height, width) { x, y in (width - 1 - y, height - 1 - x) }
    case 8: rotated(quarterTurns: 1)
    default: self
    }
  }

  /// A picture whose pixel at each place is the one at `source` of that place.
  private func rearranged(
    _ newWidth: Int, _ newHeight: Int, _ source: (_ x: Int, _ y: Int) -> (x: Int, y: Int)
  ) -> Picture {
    var result = [UInt8](repeating: 0, count: pixels.count)
    var target = 0
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        let place = source(x, y)
        let start = (place.y * width + place.x) * channels
        for channel in 0..<channels { result[target + channel] = pixels[start + channel] }
        target += channels
      }
    }
    return Picture(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }
}

extension Picture {
  /// An affine map of places: `(x, y) ↦ (a x + b y + c, d x + e y + f)`, in pixels from the upper left corner.
  public struct AffineMap: Sendable, Equatable {
    public var a: Double
    public var b: Double
    public var c: Double
    public var d: Double
    public var e: Double
    public var f: Double

    public init(a: Double, b: Double, c: Double, d: Double, e: Double, f: Double) {
      (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    public func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
      (a * x + b * y + c, d * x + e * y + f)
    }

    /// This map, and another of its result.
    func followed(by next: AffineMap) -> AffineMap {
      AffineMap(
        a: next.a * a + next.b * d, b: next.a * b + next.b * e, c: next.a * c + next.b * f + next.c,
        d: next.d * a + next.e * d, e: next.d * b + next.e * e, f: next.d * c + next.e * f + next.f)
    }
  }

  /// The picture turned counterclockwise by an angle in degrees about its middle, sampled bilinearly.
  ///
  /// - Parameters:
  ///   - fill: the colour of places that lie outside, with a value for each channel; white by default.
  ///   - expands: whether the result is as large as the turned picture; otherwise it has the size of this one.
  public func rotated(degrees: Double, fill: [UInt8]? = nil, expands: Bool = false) -> Picture {
    let (map, newWidth, newHeight) = rotation(degrees: degrees, expands: expands)
    return sampled(width: newWidth, height: newHeight, fill: fill) { map($0, $1) }
  }

  /// The map from places of a turned picture to those of this one, and its size.
  package func rotation(degrees: Double, expands: Bool) -> (map: AffineMap, width: Int, height: Int) {
    let angle = degrees * .pi / 180
    let (sin, cos) = (sine(angle), cosine(angle))
    var (newWidth, newHeight) = (width, height)
    if expands {
      let (w, h) = (Double(width), Double(height))
      newWidth = max(1, Int((abs(w * cos) + abs(h * sin) - 1e-6).rounded(.up)))
      newHeight = max(1, Int((abs(w * sin) + abs(h * cos) - 1e-6).rounded(.up)))
    }
    let (toX, toY) = (Double(width) / 2, Double(height) / 2)
    let (fromX, fromY) = (Double(newWidth) / 2, Double(newHeight) / 2)
    // Upwards is towards smaller y, so counterclockwise on the screen is this.
    let map = AffineMap(
      a: cos, b: -sin, c: toX - cos * fromX + sin * fromY,
      d: sin, e: cos, f: toY - sin * fromX - cos * fromY)
    return (map, newWidth, newHeight)
  }

  /// A picture whose pixel at each place is sampled bilinearly at `source` of that place. Places are of pixels' middles:
  /// the first pixel's is (0.5, 0.5).
  public func sampled(
    width newWidth: Int, height newHeight: Int, fill: [UInt8]? = nil,
    source: (_ x: Double, _ y: Double) -> (x: Double, y: Double)
  ) -> Picture {
    let fill = fill ?? [UInt8](repeating: 255, count: channels)
    precondition(fill.count == channels)
    var result = Picture(width: newWidth, height: newHeight, color: fill)
    var target = 0
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        let place = source(Double(x) + 0.5, Double(y) + 0.5)
        put(place.x - 0.5, place.y - 0.5, fill, &result.pixels, target)
        target += channels
      }
    }
    return result
  }

  /// Writes the colour between four pixels; beyond the border there is `fill`.
  @inline(__always)
  private func put(_ x: Double, _ y: Double, _ fill: [UInt8], _ result: inout [UInt8], _ target: Int) {
    guard x > -1, y > -1, x < Double(width), y < Double(height) else { return }
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (rightShare, lowerShare) = (Float(x - left), Float(y - top))
    let (x0, y0) = (Int(left), Int(top))
    for channel in 0..<channels {
      func value(_ x: Int, _ y: Int) -> Float {
        guard x >= 0, y >= 0, x < width, y < height else { return Float(fill[channel]) }
        return Float(pixels[(y * width + x) * channels + channel])
      }
      let upper = value(x0, y0) * (1 - rightShare) + value(x0 + 1, y0) * rightShare
      let lower = value(x0, y0 + 1) * (1 - rightShare) + value(x0 + 1, y0 + 1) * rightShare
      result[target + channel] = UInt8((upper * (1 - lowerShare) + lower * lowerShare + 0.5).rounded(.down))
    }
  }
}
