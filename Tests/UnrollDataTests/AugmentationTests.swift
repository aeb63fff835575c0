import Testing
import UnrollCore
import UnrollData

@Suite struct AugmentationTests {
  private let picture = SamplePictures.wave(40, 24, 1)

  /// The mean place of what is dark, in pixels.
  private func middle(_ picture: Picture) -> (x: Double, y: Double) {
    var (sum, x, y) = (0.0, 0.0, 0.0)
    for row in 0..<picture.height {
      for column in 0..<picture.width {
        let weight = Double(255 - picture[column, row])
        sum += weight
        x += weight * Double(column)
        y += weight * Double(row)
      }
    }
    return (x / sum, y / sum)
  }

  private func square(_ width: Int, _ height: Int) -> Picture {
    var result = Picture(width: width, height: height, color: [255])
    for y in (height / 2 - 4)..<(height / 2 + 4) {
      for x in (width / 2 - 4)..<(width / 2 + 4) { result[x, y] = 0 }
    }
    return result
  }

  @Test func nothingIsChangedUntilAskedFor() {
    var random = RandomSource(seed: 1)
    #expect(PictureAugmentation()(picture, using: &random) == picture)
    var augmentation = PictureAugmentation.textLine
    augmentation.unchanged = 1
    #expect(augmentation(picture, using: &random) == picture)
  }

  @Test(arguments: [PictureAugmentation.textLine, .digits, .faces])
  func equalSourcesGiveEqualPictures(_ augmentation: PictureAugmentation) {
    for channels in 1...4 {
      let picture = SamplePictures.wave(37, 21, channels)
      var (one, two) = (RandomSource(seed: 5), RandomSource(seed: 5))
      var changed = 0
      for _ in 0..<20 {
        let a = augmentation(picture, using: &one)
        #expect(a == augmentation(picture, using: &two))
        #expect((a.width == 37 || augmentation.widens) && a.height == 21 && a.channels == channels)
        if a != picture { changed += 1 }
      }
      #expect(changed > 12)
    }
    var random = RandomSource(seed: 3)
    for (width, height) in [(1, 1), (1, 50), (300, 1), (2, 3)] {
      let small = SamplePictures.noise(width, height, 1)
      let changed = augmentation(small, using: &random)
      #expect(changed.height == height && (changed.width == width || augmentation.widens))
    }
  }

  @Test func changesStayWithinTheirBounds() {
    var random = RandomSource(seed: 2)
    let page = square(40, 40)
    var augmentation = PictureAugmentation()
    augmentation.shift = 0.1
    augmentation.border = .paper
    var (left, right) = (0.0, 0.0)
    for _ in 0..<300 {
      let place = middle(augmentation(page, using: &random))
      #expect(abs(place.x - 19.5) <= 4.05 && abs(place.y - 19.5) <= 4.05)
      (left, right) = (min(left, place.x - 19.5), max(right, place.x - 19.5))
    }
    #expect(left < -3 && right > 3)
    augmentation = PictureAugmentation()
    augmentation.scale = 0.5
    augmentation.border = .paper
    let areas = (0..<200).map { _ in
      augmentation(page, using: &random).pixels.reduce(0.0) { $0 + Double(255 - $1) / 255 } / 64
    }
    #expect((areas.min() ?? 0) > 0.42 && (areas.min() ?? 1) < 0.5)
    #expect((areas.max() ?? 9) < 2.32 && (areas.max() ?? 0) > 2)
  }

  /// What stands at the ends of a line of text is still there.
  @Test func linesOfTextLoseNoLetters() {
    var line = Picture(width: 400, height: 40, color: [255])
    for y in 12..<28 { for x in [0, 1, 2, 3, 396, 397, 398, 399] { line[x, y] = 0 } }
    var random = RandomSource(seed: 9)
    for _ in 0..<200 {
      let changed = PictureAugmentation.textLine(line, using: &random)
      let dark = (0..<changed.width).filter { x in (8..<32).contains { changed[x, $0] < 110 } }
      #expect(dark.contains { $0 < 30 } && dark.contains { $0 > changed.width - 30 })
      #expect(changed.width > 340 && changed.width < 480)
    }
  }

  @Test func slantMovesTheTopAgainstTheBottom() {
    var page = Picture(width: 60, height: 40, color: [255])
    for y in 0..<40 { for x in 28..<32 { page[x, y] = 0 } }
    var augmentation = PictureAugmentation()
    augmentation.slant = 0.4
    augmentation.border = .paper
    var random = RandomSource(seed: 4)
    let leans = (0..<100).map { _ -> Double in
      let changed = augmentation(page, using: &random)
      let (top, bottom) = (
        (0..<60).filter { changed[$0, 4] < 128 }, (0..<60).filter { changed[$0, 35] < 128 }
      )
      return
        (Double(top.reduce(0, +)) / Double(top.count) - Double(bottom.reduce(0, +)) / Double(bottom.count))
        / 31
    }
    #expect(
      leans.allSatisfy { abs($0) < 0.42 } && leans.contains { $0 > 0.25 } && leans.contains { $0 < -0.25 })
  }

  @Test func elasticDisplacementsAreSmallAndSmooth() {
    var augmentation = PictureAugmentation()
    augmentation.elastic = 0.03
    var random = RandomSource(seed: 6)
    // A picture whose values tell the place.
    let ramp = Picture(
      width: 100, height: 100, channels: 1, pixels: (0..<10_000).map { UInt8(50 + $0 % 100) })
    var (sum, count, largest) = (0, 0, 0)
    for _ in 0..<20 {
      let changed = augmentation(ramp, using: &random)
      for y in 10..<90 {
        for x in 10..<90 {
          let shift = abs(Int(changed[x, y]) - Int(ramp[x, y]))
          sum += shift
          count += 1
          largest = max(largest, shift)
          // Neighbours move alike.
          #expect(abs(Int(changed[x + 1, y]) - Int(changed[x, y])) <= 3)
        }
      }
    }
    #expect(Double(sum) / Double(count) > 0.5 && Double(sum) / Double(count) < 3 && largest < 15)
  }

  @Test func onlyFacesAreMirrored() {
    var augmentation = PictureAugmentation()
    augmentation.mirrors = true
    var random = RandomSource(seed: 7)
    var count = 0
    for _ in 0..<400 {
      let changed = augmentation(picture, using: &random)
      if changed == picture.flippedHorizontally() { count += 1 } else { #expect(changed == picture) }
    }
    #expect(count > 150 && count < 250)
    #expect(!PictureAugmentation.textLine.mirrors && !PictureAugmentation.digits.mirrors)
    #expect(PictureAugmentation.faces.mirrors)
  }

  @Test func lightChangesWithinItsBounds() {
    let grey = Picture(width: 50, height: 50, color: [128, 128])
    var augmentation = PictureAugmentation()
    augmentation.brightness = 0.1
    var random = RandomSource(seed: 8)
    for _ in 0..<50 {
      let changed = augmentation(grey, using: &random)
      // Alpha stays.
      #expect(abs(Int(changed[0, 0]) - 128) <= 26 && changed[0, 0, 1] == 128)
    }
    augmentation = PictureAugmentation()
    augmentation.noise = 0.1
    let noisy = augmentation(Picture(width: 100, height: 100, color: [128]), using: &random)
    let mean = noisy.pixels.reduce(0.0) { $0 + Double($1) } / 10_000
    let variance = noisy.pixels.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 10_000
    #expect(abs(mean - 128) < 1 && variance > 0 && variance.squareRoot() <= 26)
  }
}
