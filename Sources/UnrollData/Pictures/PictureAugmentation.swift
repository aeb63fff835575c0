import UnrollCore

/// Small changes by chance that leave what a picture shows as it is, so that a network sees more pictures than there are.
///
/// One affine map and one elastic displacement are drawn and applied in a single sampling, then values are changed. The
/// size stays, but for the width of lines of text. Equal sources of chance give equal pictures.
public struct PictureAugmentation: Sendable, Equatable {
  /// The largest shift to either side, as a part of the height, in both directions.
  public var shift: Float = 0
  /// The largest change of size, as a part of it: 0.1 gives sizes from 1 / 1.1 to 1.1.
  public var scale: Float = 0
  /// The largest further change of the width alone.
  public var stretch: Float = 0
  /// The largest angle in degrees to either side.
  public var rotation: Float = 0
  /// The largest slant to either side: the tangent of its angle.
  public var slant: Float = 0
  /// The mean length of elastic displacements, as a part of the height (Simard, Steinkraus and Platt 2003).
  public var elastic: Float = 0
  /// How far displacements resemble each other, as a part of the height.
  public var elasticReach: Float = 0.25
  /// The largest deviation of normal noise that is added, of values from 0 to 1.
  public var noise: Float = 0
  /// The largest change of brightness, of values from 0 to 1.
  public var brightness: Float = 0
  /// The largest change of contrast, as a part of it.
  public var contrast: Float = 0
  /// Whether the picture becomes wider or narrower with what it shows, so that no letter at its ends is lost; then it is also
  /// turned by no more than moves its ends by a twentieth of the height.
  public var widens = false
  /// Whether one half of pictures is mirrored, left for right. Never for text.
  public var mirrors = false
  /// The part of pictures that are left as they are.
  public var unchanged: Float = 0
  /// What lies beyond the border.
  public var border = Border.edge

  /// What stands where nothing of the picture is.
  public enum Border: String, Sendable, Equatable {
    /// The nearest pixel.
    case edge
    /// The most frequent value among the lighter half: paper.
    case paper
    /// Zero.
    case black
  }

  /// Changes nothing, until told to.
  public init() {}

  /// For lines of text: slants and strokes vary with the hand and the print, and paper lies beyond the border.
  public static var textLine: PictureAugmentation {
    var result = PictureAugmentation()
    (result.shift, result.scale, result.stretch) = (0.04, 0.05, 0.08)
    (result.rotation, result.slant, result.elastic) = (0.6, 0.12, 0.02)
    (result.noise, result.brightness, result.contrast) = (0.03, 0.06, 0.15)
    (result.border, result.unchanged, result.widens) = (.paper, 0.1, true)
    return result
  }

  /// The same kinds of changes, larger or smaller by a factor.
  public func scaled(by factor: Float) -> PictureAugmentation {
    var result = self
    for part in [
      \.shift, \.scale, \.stretch, \.rotation, \.slant, \.elastic, \.noise, \.brightness, \.contrast,
    ] as [WritableKeyPath<PictureAugmentation, Float>] {
      result[keyPath: part] *= factor
    }
    return result
  }

  /// For single digits, light on black, as in MNIST.
  public static var digits: PictureAugmentation {
    var result = PictureAugmentation()
    (result.shift, result.scale, result.stretch) = (0.07, 0.12, 0.08)
    (result.rotation, result.slant, result.elastic) = (12, 0.15, 0.03)
    result.border = .black
    return result
  }

  /// For faces: those that look to the left look to the right, in other light.
  public static var faces: PictureAugmentation {
    var result = PictureAugmentation()
    (result.shift, result.scale, result.rotation) = (0.05, 0.08, 6)
    (result.noise, result.brightness, result.contrast) = (0.02, 0.08, 0.2)
    result.mirrors = true
    return result
  }

  /// A changed picture of the same size, or of another width where it `widens`.
  public func callAsFunction(_ picture: Picture, using random: inout RandomSource) -> Picture {
    guard random.uniform() >= unchanged else { return picture }
    let isMirrored = mirrors && random.uniform() < 0.5
    let moved = moved(picture, isMirrored: isMirrored, using: &random)
    return relit(moved, using: &random)
  }

  /// A number between −1 and 1.
  private static func signed(_ random: inout RandomSource) -> Double { 2 * Double(random.uniform()) - 1 }

  private func moved(_ picture: Picture, isMirrored: Bool, using random: inout RandomSource) -> Picture {
    let height = Double(picture.height)
    let right = Self.signed(&random) * Double(shift) * height
    let down = Self.signed(&random) * Double(shift) * height
    let size = exponential(Self.signed(&random) * naturalLogarithm(1 + Double(max(0, scale))))
    let wide = size * exponential(Self.signed(&random) * naturalLogarithm(1 + Double(max(0, stretch))))
    var angle = Self.signed(&random) * Double(rotation) * .pi / 180
    let lean = Self.signed(&random) * Double(slant)
    var newWidth = picture.width
    if widens {
      let most = 0.1 * height / Double(picture.width)
      angle = min(most, max(-most, angle))
      let room = Double(picture.width) * wide + 2 * abs(right) + abs(lean) * height * size
      newWidth = max(1, Int(room.rounded(.up)))
    }
    let field = elastic > 0 ? ElasticField(self, newWidth, picture.height, using: &random) : nil
    let isStill = right == 0 && down == 0 && size == 1 && wide == 1 && angle == 0 && lean == 0 && field == nil
    if isStill { return isMirrored ? picture.flippedHorizontally() : picture }
    // From a place of the result back to one of the picture, about the middle: shift, rotation, slant, size.
    let (sin, cos) = (sine(angle), cosine(angle))
    let (middleX, middleY) = (Double(picture.width) / 2, height / 2)
    let sign = isMirrored ? -1.0 : 1.0
    let (farX, farY) = (Double(picture.width) - 0.5, height - 0.5)
    let newMiddle = Double(newWidth) / 2
    return picture.sampled(width: newWidth, height: picture.height, fill: fill(picture)) { x, y in
      var (u, v) = (x - newMiddle - right, y - middleY - down)
      if let field {
        let (du, dv) = field.displacement(x, y)
        (u, v) = (u + du, v + dv)
      }
      (u, v) = (cos * u - sin * v, sin * u + cos * v)
      u += lean * v
      (u, v) = (sign * u / wide + middleX, v / size + middleY)
      if border == .edge { (u, v) = (min(farX, max(0.5, u)), min(farY, max(0.5, v))) }
      return (u, v)
    }
  }

  private func fill(_ picture: Picture) -> [UInt8] {
    switch border {
    case .edge, .black: return [UInt8](repeating: 0, count: picture.channels)
    case .paper:
      return (0..<picture.channels).map { channel in
        let values = stride(from: channel, to: picture.pixels.count, by: picture.channels).map {
          picture.pixels[$0]
        }
        return Picture(width: picture.width, height: picture.height, channels: 1, pixels: values).paper
      }
    }
  }

  /// Changes values: `(v − ½) · contrast + ½ + brightness + noise`. Alpha stays.
  private func relit(_ picture: Picture, using random: inout RandomSource) -> Picture {
    guard noise > 0 || brightness > 0 || contrast > 0 else { return picture }
    let gain = Float(exponential(Self.signed(&random) * naturalLogarithm(1 + Double(max(0, contrast)))))
    let lift = Float(Self.signed(&random)) * brightness
    let deviation = noise * random.uniform()
    var result = picture
    for index in result.pixels.indices {
      if picture.hasAlpha, index % picture.channels == picture.channels - 1 { continue }
      var value = (Float(picture.pixels[index]) / 255 - 0.5) * gain + 0.5 + lift
      if deviation > 0 { value += deviation * random.normal() }
      result.pixels[index] = UInt8((min(1, max(0, value)) * 255).rounded())
    }
    return result
  }
}

/// Displacements of places that change slowly: independent normal numbers on a coarse grid, and cubic curves between.
private struct ElasticField {
  private let step: Double
  private let columns: Int
  private var shifts: [(x: Double, y: Double)]

  init(
    _ augmentation: PictureAugmentation, _ width: Int, _ pixelHeight: Int, using random: inout RandomSource
  ) {
    let height = Double(pixelHeight)
    step = max(2, Double(augmentation.elasticReach) * height)
    columns = Int(Double(width) / step) + 4
    let rows = Int(height / step) + 4
    // The mean length of a normal vector of two parts is 1.25 deviations; between points of the grid it is smaller.
    let deviation = Double(augmentation.elastic) * height
    shifts = []
    for _ in 0..<(columns * rows) {
      let x = deviation * Double(random.normal())
      shifts.append((x, deviation * Double(random.normal())))
    }
  }

  /// The weights of four neighbours: a uniform cubic B-spline.
  private static func weights(_ t: Double) -> (Double, Double, Double, Double) {
    let s = 1 - t
    return (
      s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6, t * t * t / 6
    )
  }

  func displacement(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    let (u, v) = (x / step, y / step)
    let (column, row) = (Int(u), Int(v))
    let (a, b) = (Self.weights(u - Double(column)), Self.weights(v - Double(row)))
    var (dx, dy) = (0.0, 0.0)
    for (j, wy) in [b.0, b.1, b.2, b.3].enumerated() {
      let start = (row + j) * columns + column
      let (p, q, r, s) = (shifts[start], shifts[start + 1], shifts[start + 2], shifts[start + 3])
      dx += wy * (a.0 * p.x + a.1 * q.x + a.2 * r.x + a.3 * s.x)
      dy += wy * (a.0 * p.y + a.1 * q.y + a.2 * r.y + a.3 * s.y)
    }
    return (dx, dy)
  }
}
