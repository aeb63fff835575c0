import UnrollCore
import UnrollData
import UnrollTraining

/// How pictures become numbers of one shape: what `config.json` holds of it.
struct PictureScaling: Codable, Sendable, Equatable {
  let height: Int
  let width: Int
  /// 1 or 3.
  let channels: Int
  /// Of the values from 0 to 1, by channel.
  private(set) var mean: [Float]
  private(set) var deviation: [Float]

  var size: Extent2D { Extent2D(height, width) }

  /// Learns from pictures what is not said.
  ///
  /// - Parameters:
  ///   - size: height and width; empty: the commonest, the larger shrunk to 64.
  ///   - isColored: `nil`: if some picture has a colour.
  init(of pictures: [LabeledPicture], size: [Int], isColored: Bool?) {
    let size = size.count == 2 ? size : Self.commonest(pictures)
    (height, width) = (size[0], size[1])
    channels = isColored ?? pictures.contains { $0.picture.hasColor } ? 3 : 1
    mean = Array(repeating: 0, count: channels)
    deviation = Array(repeating: 1, count: channels)
    var sums = [Double](repeating: 0, count: channels)
    var (squares, count) = (sums, 0)
    // Some thousand pictures say enough.
    for place in stride(from: 0, to: pictures.count, by: max(1, pictures.count / 5000)) {
      for (index, value) in fitted(pictures[place].picture).pixels.enumerated() {
        sums[index % channels] += Double(value) / 255
        squares[index % channels] += Double(value) * Double(value) / 65025
      }
      count += height * width
    }
    for channel in 0..<channels {
      let middle = sums[channel] / Double(max(1, count))
      let variance = squares[channel] / Double(max(1, count)) - middle * middle
      mean[channel] = Float(middle)
      deviation[channel] = Float(max(1e-2, max(0, variance).squareRoot()))
    }
  }

  private static func commonest(_ pictures: [LabeledPicture]) -> [Int] {
    var counts: [[Int]: Int] = [:]
    for one in pictures { counts[[one.picture.height, one.picture.width], default: 0] += 1 }
    // Of equally common sizes the smallest.
    let best =
      counts.min { ($1.value, $0.key[0], $0.key[1]) < ($0.value, $1.key[0], $1.key[1]) }?.key ?? [1, 1]
    let side = max(best[0], best[1])
    return side <= 64 ? best : best.map { max(1, ($0 * 64 + side / 2) / side) }
  }

  /// - Throws: `ModelFileError` when it cannot be what was stored.
  func check(_ files: ModelFiles) throws {
    guard (1...4096).contains(height), (1...4096).contains(width), channels == 1 || channels == 3 else {
      throw files.damaged(
        "size", expected: "1 to 4096 rows and columns of 1 or 3 channels",
        found: "\(height) × \(width) × \(channels)")
    }
    guard mean.count == channels, deviation.count == channels, mean.allSatisfy(\.isFinite),
      deviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw files.damaged("mean", expected: "a mean and a deviation of each channel", found: "others") }
  }

  /// A picture of this size and these channels.
  func fitted(_ picture: Picture) -> Picture {
    let colored = channels == 1 ? picture.grey() : picture.rgb()
    return colored.width == width && colored.height == height
      ? colored : colored.resized(width: width, height: height)
  }

  /// `[pictures, H, W, C]`, standardised, of pictures that fit.
  func pixels(_ pictures: [Picture]) -> Tensor {
    let tables = (0..<channels).map { channel in
      (0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }
    }
    var values: [Float] = []
    values.reserveCapacity(pictures.count * height * width * channels)
    for picture in pictures {
      if let table = tables.first, channels == 1 {
        for pixel in picture.pixels { values.append(table[Int(pixel)]) }
      } else {
        for (index, pixel) in picture.pixels.enumerated() {
          values.append(tables[index % channels][Int(pixel)])
        }
      }
    }
    return Tensor(values, shape: [pictures.count, height, width, channels])
  }

  /// For a person.
  var facts: [Fact] {
    func text(_ values: [Float]) -> String {
      values.map { NumberText.decimal(Double($0), places: 4) }.joined(separator: ", ")
    }
    return [
      Fact("pictures are read as", "\(height) × \(width) × \(channels)"),
      Fact("mean of a channel", text(mean)),
      Fact("deviation of a channel", text(deviation)),
    ]
  }
}

/// Whether colours are read.
public enum PictureColor: String, Sendable, CaseIterable {
  /// Where pictures have any.
  case auto
  case grey, rgb

  var isColored: Bool? { self == .auto ? nil : self == .rgb }
}

extension Picture {
  /// Whether some pixel is not grey.
  fileprivate var hasColor: Bool {
    guard channels >= 3 else { return false }
    for start in stride(from: 0, to: pixels.count, by: channels) {
      if pixels[start] != pixels[start + 1] || pixels[start] != pixels[start + 2] { return true }
    }
    return false
  }
}
