import UnrollCore
import UnrollData
import UnrollNetworks

/// Lines as a network reads them: pixels from 0, paper, to 1, ink, with room behind the line for a last step.
public struct ReadInputs: CTCInputs {
  public typealias InputFront = ImageFront
  let pictures: [Picture]
  /// The columns of pixels that a step stands for.
  let stepWidth: Int
  /// How pictures are changed while training.
  var augmentation: PictureAugmentation?

  /// - Parameter pictures: of lines, as they are seen; those of texts from right to left are read mirrored.
  init(_ pictures: [Picture], _ settings: ReadSettings, augments: Bool = false) {
    self.pictures = settings.isMirrored ? pictures.map { $0.flippedHorizontally() } : pictures
    stepWidth = settings.stepWidth
    augmentation =
      augments && settings.augmentation > 0 ? .textLine.scaled(by: Float(settings.augmentation)) : nil
  }

  public var count: Int { pictures.count }

  public func steps(_ place: Int) -> Int { pictures[place].width / stepWidth + 1 }

  public func batch(_ places: [Int], random: inout RandomSource?) throws -> ImageBatch {
    let lines = places.map { place in
      guard let augmentation, random != nil else { return pictures[place] }
      return augmentation(pictures[place], using: &random!)
    }
    return ImageBatch(lines.map(pixels), channels: 1, for: .columns)
  }

  private static let values = (0..<256).map { 1 - Float($0) / 255 }

  private func pixels(_ line: Picture) -> (height: Int, width: Int, values: [Float]) {
    let width = (line.width / stepWidth + 1) * stepWidth
    var values: [Float] = []
    values.reserveCapacity(width * line.height)
    for y in 0..<line.height {
      for pixel in line.pixels[y * line.width..<(y + 1) * line.width] {
        values.append(Self.values[Int(pixel)])
      }
      values += repeatElement(0, count: width - line.width)
    }
    return (line.height, width, values)
  }
}

extension ReadSettings {
  var isMirrored: Bool { direction == .rightToLeft }

  /// A text in the order in which the network reads it, or such a one as a text again.
  func ordered(_ text: String) -> String { isMirrored ? RightToLeft.reordered(text) : text }

  /// The blocks of convolution: the first ones halve width and height, until a step is as wide as it should be; the others
  /// halve the height as long as there are rows for it.
  var blocks: [ConvolutionBlock.Form] {
    var (width, rows) = (1, height)
    return convolution.map { channels in
      let (across, down) = (width < stepWidth ? 2 : 1, rows >= 8 ? 2 : 1)
      (width, rows) = (width * across, rows / down)
      return ConvolutionBlock.Form(channels: channels, pool: Extent2D(down, across))
    }
  }

  public func check() throws(SettingError) {
    guard stepWidth.nonzeroBitCount == 1 else {
      throw SettingError("step-width", expected: "1, 2, 4 or 8", found: stepWidth)
    }
    guard 1 << convolution.count >= stepWidth else {
      throw SettingError(
        "step-width",
        expected: "at most \(1 << convolution.count) with \(convolution.count) blocks of convolution",
        found: stepWidth)
    }
  }
}
