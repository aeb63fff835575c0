/// Where a page has ink: a picture of two values.
public struct InkMap: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// 1 where there is ink, else 0; row by row.
  public internal(set) var ink: [UInt8]

  package init(width: Int, height: Int, ink: [UInt8]) {
    precondition(ink.count == width * height)
    self.width = width
    self.height = height
    self.ink = ink
  }

  /// The map as a grey picture: black ink on white.
  public var picture: Picture {
    Picture(width: width, height: height, channels: 1, pixels: ink.map { $0 == 1 ? 0 : 255 })
  }
}

/// How ink is told from paper.
public enum Binarization: Sendable, Equatable {
  /// One threshold for the page: that which parts its values best (Otsu 1979).
  case otsu
  /// A threshold for each pixel, from the mean m and the deviation s around it: `m · (1 + k · (s / 128 − 1))` (Sauvola and
  /// Pietikäinen 2000). `window` is the side of the square around a pixel; a part of the page's size when `nil`.
  case sauvola(window: Int? = nil, k: Double = 0.3)
}

extension InkMap {
  /// The ink of a picture.
  ///
  /// A picture of two values keeps them: a scanner has decided already.
  public init(_ picture: Picture, _ method: Binarization = .sauvola()) {
    let grey = picture.grey()
    let histogram = grey.histogram
    let threshold = Self.otsuThreshold(histogram)
    let isBilevel = histogram.sorted(by: >).prefix(2).reduce(0, +) * 1000 >= grey.pixels.count * 995
    switch method {
    case .sauvola(let window, let k) where !isBilevel:
      let side = window ?? max(15, min(grey.width, grey.height) / 30)
      self = Self.sauvola(grey, window: side | 1, k: k)
    default:
      self.init(
        width: grey.width, height: grey.height, ink: grey.pixels.map { Int($0) <= threshold ? 1 : 0 })
    }
  }

  /// The largest value of the darker class, where the variance between both classes is the largest.
  static func otsuThreshold(_ histogram: [Int]) -> Int {
    let count = Double(histogram.reduce(0, +))
    let total = histogram.enumerated().reduce(0.0) { $0 + Double($1.offset * $1.element) }
    var (below, sum) = (0.0, 0.0)
    var best = (threshold: 127, variance: -1.0)
    for (value, frequency) in histogram.enumerated() {
      below += Double(frequency)
      sum += Double(value * frequency)
      guard below > 0, below < count else { continue }
      let difference = sum / below - (total - sum) / (count - below)
      let variance = below * (count - below) * difference * difference
      if variance > best.variance { best = (value, variance) }
    }
    return best.threshold
  }

  /// Sums of all values above and to the left make the mean and the deviation of any square four look-ups.
  private static func sauvola(_ grey: Picture, window: Int, k: Double) -> InkMap {
    let (width, height) = (grey.width, grey.height)
    let stride = width + 1
    var sums = [UInt32](repeating: 0, count: stride * (height + 1))
    var squares = [UInt64](repeating: 0, count: stride * (height + 1))
    for y in 0..<height {
      var (rowSum, rowSquares) = (UInt32(0), UInt64(0))
      for x in 0..<width {
        let value = UInt32(grey.pixels[y * width + x])
        rowSum &+= value
        rowSquares += UInt64(value * value)
        // The sums wrap round beyond 2³², and their differences do not.
        sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] &+ rowSum
        squares[(y + 1) * stride + x + 1] = squares[y * stride + x + 1] + rowSquares
      }
    }
    let reach = window / 2
    var ink = [UInt8](repeating: 0, count: width * height)
    for y in 0..<height {
      let (top, bottom) = (max(0, y - reach) * stride, min(height, y + reach + 1) * stride)
      let rows = min(height, y + reach + 1) - max(0, y - reach)
      for x in 0..<width {
        let (left, right) = (max(0, x - reach), min(width, x + reach + 1))
        let count = Double(rows * (right - left))
        let sum = sums[bottom + right] &- sums[bottom + left] &- sums[top + right] &+ sums[top + left]
        let square =
          squares[bottom + right] &- squares[bottom + left] &- squares[top + right] &+ squares[top + left]
        let mean = Double(sum) / count
        let deviation = max(0, Double(square) / count - mean * mean).squareRoot()
        let threshold = mean * (1 + k * (deviation / 128 - 1))
        if Double(grey.pixels[y * width + x]) <= threshold { ink[y * width + x] = 1 }
      }
    }
    return InkMap(width: width, height: height, ink: ink)
  }
}

extension Picture {
  /// How often each of the 256 values is there, in all channels.
  package var histogram: [Int] {
    var result = [Int](repeating: 0, count: 256)
    for value in pixels { result[Int(value)] += 1 }
    return result
  }

  /// Whether a page is light on dark: where there is contrast, ink is the smaller part.
  ///
  /// The page is looked at in squares. Those whose values differ strongly vote: dark for the most part, or light.
  public var isLightOnDark: Bool {
    let grey = grey()
    let side = max(16, min(width, height) / 40)
    var votes = (light: 0, dark: 0)
    for top in Swift.stride(from: 0, to: height - side + 1, by: side) {
      for left in Swift.stride(from: 0, to: width - side + 1, by: side) {
        var histogram = [Int](repeating: 0, count: 256)
        for y in top..<(top + side) {
          for x in left..<(left + side) { histogram[Int(grey.pixels[y * width + x])] += 1 }
        }
        let threshold = InkMap.otsuThreshold(histogram)
        let dark = histogram[...threshold].reduce(0, +)
        let lightMean = Self.mean(histogram, threshold + 1..<256)
        let darkMean = Self.mean(histogram, 0..<threshold + 1)
        guard lightMean - darkMean > 60, dark > 0, dark < side * side else { continue }
        // Edges of a page and of pictures are half and half.
        let share = Double(dark) / Double(side * side)
        if share < 0.35 { votes.light += 1 }
        if share > 0.65 { votes.dark += 1 }
      }
    }
    return votes.dark > 2 * votes.light && votes.dark > 4
  }

  private static func mean(_ histogram: [Int], _ values: Range<Int>) -> Double {
    var (count, sum) = (0, 0)
    for value in values {
      count += histogram[value]
      sum += value * histogram[value]
    }
    return count == 0 ? 0 : Double(sum) / Double(count)
  }
}
