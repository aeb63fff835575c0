/// How a new pixel is made of those that it covers.
public enum Resampling: String, Sendable, CaseIterable {
  /// The mean of what is covered.
  case box
  /// A triangle: bilinear where a picture grows, with antialiasing where it shrinks.
  case bilinear
  /// The cubic of Keys (1981) with a = −0.5.
  case bicubic

  /// How far the filter reaches, in pixels of the larger of both pictures.
  var support: Double {
    switch self {
    case .box: 0.5
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .bilinear: return max(0, 1 - x)
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }
}

/// The pixels that each new pixel of a row is made of, and their weights.
private struct ResizeWeights {
  /// For each new pixel the first that it is made of, and how many.
  var ranges: [(first: Int, count: Int)] = []
  /// `longest` weights for each, as integers of 22 bits behind the point.
  var weights: [Int32] = []
  let longest: Int
  static let bits = 22

  /// Where a filter's middle lies, and what it reaches, is what Pillow's `resize` takes: with weights as integers, the
  /// bytes are the same.
  init(_ from: Int, _ to: Int, _ resampling: Resampling) {
    let scale = Double(from) / Double(to)
    let stretch = max(1, scale)
    let support = resampling.support * stretch
    longest = Int(support.rounded(.up)) * 2 + 1
    for index in 0..<to {
      let middle = (Double(index) + 0.5) * scale
      let first = max(0, Int(middle - support + 0.5))
      let end = min(from, Int(middle + support + 0.5))
      var row = (first..<max(first, end)).map {
        resampling.weight((Double($0) - middle + 0.5) * (1 / stretch))
      }
      let sum = row.reduce(0, +)
      if sum != 0 { for place in row.indices { row[place] /= sum } }
      ranges.append((first, row.count))
      for place in 0..<longest {
        let value = place < row.count ? row[place] * Double(1 << Self.bits) : 0
        weights.append(Int32(value < 0 ? value - 0.5 : value + 0.5))
      }
    }
  }
}

extension Picture {
  /// The picture at another size: rows first, then columns, each rounded to bytes (Pillow's `resize`, byte for byte;
  /// from version 13 on it begins with columns where that is faster).
  ///
  /// Alpha is taken as a channel like the others: put a picture on white first.
  public func resized(width newWidth: Int, height newHeight: Int, _ resampling: Resampling = .bilinear)
    -> Picture
  {
    precondition(newWidth > 0 && newHeight > 0, "a picture needs pixels")
    var result = self
    if newWidth != width {
      result = result.resizedHorizontally(ResizeWeights(width, newWidth, resampling), newWidth)
    }
    if newHeight != height {
      result = result.resizedVertically(ResizeWeights(height, newHeight, resampling), newHeight)
    }
    return result
  }

  private static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> Int32(ResizeWeights.bits)) }

  private func resizedHorizontally(_ weights: ResizeWeights, _ newWidth: Int) -> Picture {
    var result = [UInt8](repeating: 0, count: newWidth * height * channels)
    var target = 0
    for y in 0..<height {
      let row = y * width * channels
      for x in 0..<newWidth {
        let (first, count) = weights.ranges[x]
        for channel in 0..<channels {
          var sum: Int32 = 1 << Int32(ResizeWeights.bits - 1)
          var source = row + first * channels + channel
          for place in 0..<count {
            sum &+= Int32(pixels[source]) &* weights.weights[x * weights.longest + place]
            source += channels
          }
          result[target] = Self.byte(sum)
          target += 1
        }
      }
    }
    return Picture(width: newWidth, height: height, channels: channels, pixels: result)
  }

  private func resizedVertically(_ weights: ResizeWeights, _ newHeight: Int) -> Picture {
    let rowSize = width * channels
    var result = [UInt8](repeating: 0, count: rowSize * newHeight)
    var sums = [Int32](repeating: 0, count: rowSize)
    for y in 0..<newHeight {
      let (first, count) = weights.ranges[y]
      for index in 0..<rowSize { sums[index] = 1 << Int32(ResizeWeights.bits - 1) }
      for place in 0..<count {
        let weight = weights.weights[y * weights.longest + place]
        let source = (first + place) * rowSize
        for index in 0..<rowSize { sums[index] &+= Int32(pixels[source + index]) &* weight }
      }
      let target = y * rowSize
      for index in 0..<rowSize { result[target + index] = Self.byte(sums[index]) }
    }
    return Picture(width: width, height: newHeight, channels: channels, pixels: result)
  }
}
