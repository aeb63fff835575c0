import Foundation
import Testing
import UnrollCore
import UnrollData

@Suite struct PictureTests {
  private let small = Picture(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])

  @Test func quarterTurnsAndFlipsPutPixelsWhereTheyBelong() {
    #expect(small.flippedHorizontally().pixels == [3, 2, 1, 6, 5, 4])
    #expect(small.flippedVertically().pixels == [4, 5, 6, 1, 2, 3])
    #expect(small.transposed().pixels == [1, 4, 2, 5, 3, 6])
    #expect(small.rotated(quarterTurns: 1).pixels == [3, 6, 2, 5, 1, 4])
    #expect(small.rotated(quarterTurns: 2).pixels == [6, 5, 4, 3, 2, 1])
    #expect(small.rotated(quarterTurns: -1).pixels == [4, 1, 5, 2, 6, 3])
    #expect(small.rotated(quarterTurns: 1).width == 2)
    for channels in 1...4 {
      let picture = SamplePictures.noise(7, 5, channels)
      #expect(picture.rotated(quarterTurns: 1).rotated(quarterTurns: 3) == picture)
      #expect(picture.transposed().transposed() == picture)
      #expect(picture.rotated(quarterTurns: 2) == picture.flippedHorizontally().flippedVertically())
    }
  }

  /// The eight orientations undo what a camera did.
  @Test func orientationsAreUndone() {
    let upright = SamplePictures.noise(5, 3, 3)
    let stored: [Picture] = [
      upright, upright.flippedHorizontally(), upright.rotated(quarterTurns: 2), upright.flippedVertically(),
      upright.transposed(), upright.rotated(quarterTurns: 1),
      upright.transposed().rotated(quarterTurns: 2), upright.rotated(quarterTurns: 3),
    ]
    for (index, picture) in stored.enumerated() {
      #expect(picture.oriented(index + 1) == upright, "\(index + 1)")
    }
    #expect(upright.oriented(9) == upright)
  }

  @Test func croppingTakesWhatLiesInside() {
    #expect(small.cropped(to: .init(x: 1, y: 0, width: 2, height: 2))?.pixels == [2, 3, 5, 6])
    #expect(small.cropped(to: .init(x: -5, y: 1, width: 7, height: 9))?.pixels == [4, 5])
    #expect(small.cropped(to: .init(x: 3, y: 0, width: 1, height: 1)) == nil)
    #expect(small.cropped(to: .init(x: 0, y: 0, width: 0, height: 1)) == nil)
    #expect(small.cropped(to: .init(x: 1, y: 1, width: .max, height: .max))?.pixels == [5, 6])
    #expect(small.cropped(to: .init(x: .min, y: .min, width: -1, height: 5)) == nil)
    let padded = small.padded(left: 1, top: 0, right: 0, bottom: 1, color: [9])
    #expect(padded.pixels == [9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9])
  }

  @Test func rotationByDegreesAgreesWithQuarterTurns() {
    let picture = SamplePictures.noise(9, 9, 1)
    #expect(picture.rotated(degrees: 0) == picture)
    for turns in 1...3 {
      let turned = picture.rotated(degrees: 90 * Double(turns))
      let expected = picture.rotated(quarterTurns: turns)
      #expect(zip(turned.pixels, expected.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    }
    let wide = SamplePictures.noise(8, 3, 3).rotated(degrees: 90, expands: true)
    #expect(wide.width == 3 && wide.height == 8)
    // A smooth picture there and back is nearly itself away from the border.
    let smooth = Picture(
      width: 60, height: 40, channels: 1, pixels: (0..<2400).map { UInt8(60 + $0 % 60 + $0 / 60) })
    let back = smooth.rotated(degrees: 3).rotated(degrees: -3)
    for y in 8..<32 {
      for x in 8..<52 { #expect(abs(Int(back[x, y]) - Int(smooth[x, y])) <= 1) }
    }
    #expect(smooth.rotated(degrees: 30, fill: [7])[0, 0] == 7)
  }

  /// Byte for byte what Pillow's `resize` gives.
  @Test func resizingIsThatOfPillow() throws {
    let pillow = try PillowPictures.shared.get()
    #expect(pillow.resized.count > 100)
    for golden in pillow.resized {
      let filter = try #require(Resampling(rawValue: golden.filter))
      let picture = SamplePictures.wave(golden.from[0], golden.from[1], golden.channels)
      let resized = picture.resized(width: golden.to[0], height: golden.to[1], filter)
      let isSame = resized.pixels == Array(golden.pixels)
      #expect(isSame, "\(golden.from) to \(golden.to), \(golden.filter)")
    }
  }

  @Test func greyIsTheLumaOfPillow() throws {
    #expect(SamplePictures.wave(33, 17, 3).grey().pixels == Array(try PillowPictures.shared.get().luma))
    let red = Picture(width: 1, height: 1, color: [255, 0, 0])
    #expect(red.grey().pixels == [76])
    #expect(small.grey() == small && small.rgb().grey() == small)
  }

  @Test func alphaIsPutOnWhite() {
    let picture = Picture(
      width: 4, height: 1, channels: 2, pixels: [0, 0, 0, 255, 100, 128, 255, 7])
    #expect(picture.onWhite().pixels == [255, 0, 177, 255])
    let color = Picture(width: 1, height: 1, color: [10, 20, 30, 51])
    #expect(color.onWhite().pixels == [206, 208, 210])
    #expect(color.inverted().pixels == [245, 235, 225, 51])
  }

  @Test func floatsGoThereAndBack() {
    let picture = SamplePictures.noise(16, 16, 3)
    let floats = picture.floats()
    #expect(floats.allSatisfy { $0 >= 0 && $0 <= 1 })
    #expect(Picture(width: 16, height: 16, channels: 3, floats: floats) == picture)
    #expect(picture.tensor().shape == [16, 16, 3])
    let odd = Picture(width: 4, height: 1, channels: 1, floats: [.nan, -1, 2, .infinity])
    #expect(odd.pixels == [0, 0, 255, 255])
  }

  @Test func idxFilesAreRead() throws {
    let pixels = SamplePictures.noise(4, 6, 1).pixels
    let file: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4] + pixels
    let images = try IDXFile(file, name: "x.idx")
    #expect(images.shape == [2, 3, 4] && images.count == 2)
    #expect(
      try images.picture(at: 1) == Picture(width: 4, height: 3, channels: 1, pixels: Array(pixels[12...])))
    let packed: [UInt8] = [0, 0, 0x0B, 1, 0, 0, 0, 2, 0xFF, 0xFE, 1, 0]
    let labels = try IDXFile(packed, name: "x.idx")
    #expect(try labels.integers() == [-2, 256])
    #expect(labels.floats() == [-2, 256])
    #expect(throws: DataError.self) { try labels.picture(at: 0) }
    for count in 0..<file.count {
      #expect(throws: DataError.self) { try IDXFile(Array(file.prefix(count)), name: "x.idx") }
    }
    let huge: [UInt8] = [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12)
    #expect(throws: DataError.self) { try IDXFile(huge, name: "x.idx") }
    #expect(throws: DataError.self) { try IDXFile(file + [0], name: "x.idx") }
  }
}
