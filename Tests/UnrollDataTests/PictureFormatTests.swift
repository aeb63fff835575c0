import Foundation
import Testing
import UnrollData

@Suite struct PictureFormatTests {
  private func read(_ bytes: [UInt8], _ name: String = "x") throws -> Picture {
    var reader = PictureReader()
    reader.keepsAlpha = true
    return try reader.picture(bytes, name: name)
  }

  /// The picture, or nil where the machine lacks what reads it, which is said aloud.
  private func readIfPossible(_ bytes: [UInt8], _ name: String, _ reader: PictureReader) throws -> Picture? {
    do throws(DataError) {
      return try reader.picture(bytes, name: name)
    } catch {
      guard error.kind == .missingTool else { throw error }
      print("SKIPPED: \(error)")
      return nil
    }
  }

  @Test func filesOfPillowGiveItsPixels() throws {
    for (name, file) in try PillowPictures.shared.get().files.sorted(by: { $0.key < $1.key }) {
      var reader = PictureReader()
      reader.keepsAlpha = true
      guard name != "cmyk.jpg", let picture = try readIfPossible(Array(file.bytes), name, reader) else {
        continue
      }
      var expected = file.picture
      if name == "turned.jpg" { expected = expected.rotated(quarterTurns: 3) }
      #expect(picture.width == expected.width && picture.height == expected.height, "\(name)")
      let wanted = picture.channels == expected.channels ? expected : expected.grey()
      let given = picture.channels == wanted.channels ? picture : picture.grey()
      let difference = zip(given.pixels, wanted.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      // JPEG leaves a decoder the rounding of its transform; everything else is exact.
      #expect(difference <= (name.contains("jp") ? 2 : 0), "\(name): \(difference)")
    }
  }

  @Test func cmykIsRefusedByName() throws {
    let files = try PillowPictures.shared.get().files
    let error = #expect(throws: DataError.self) { try read(Array(files["cmyk.jpg"]!.bytes)) }
    #expect(error?.kind == .unsupportedPicture)
    #expect(error?.description.contains("CMYK") == true)
  }

  @Test func orientationIsLeftWhereItIsNotWanted() throws {
    var reader = PictureReader()
    reader.appliesOrientation = false
    let files = try PillowPictures.shared.get().files
    if let picture = try readIfPossible(Array(files["turned.jpg"]!.bytes), "x", reader) {
      #expect(picture.width == 40 && picture.height == 24)
    }
  }

  @Test func animationsAreThoseOfPillow() throws {
    for (disposal, animation) in try PillowPictures.shared.get().animations {
      var reader = PictureReader()
      reader.keepsAlpha = true
      let frames = try reader.frames(Array(animation.bytes), name: "x.gif")
      #expect(frames.count == animation.frames.count && frames.count == 6, "disposal \(disposal)")
      for (frame, expected) in zip(frames, animation.frames) {
        let wanted = Picture(width: 16, height: 12, channels: 4, pixels: Array(expected)).onWhite()
        #expect(frame.onWhite() == wanted, "disposal \(disposal)")
      }
      var limited = reader
      limited.maximumPixels = 16 * 12 * 5
      #expect(throws: DataError.self) { try limited.frames(Array(animation.bytes), name: "x.gif") }
    }
  }

  @Test(arguments: [1, 2, 3, 4]) func whatIsWrittenAsPNGIsReadAgain(_ channels: Int) throws {
    for (width, height) in [(1, 1), (1, 31), (33, 1), (17, 9), (64, 48)] {
      for picture in [
        SamplePictures.noise(width, height, channels), SamplePictures.wave(width, height, channels),
      ] {
        #expect(try read(picture.png()) == picture)
      }
    }
    #expect(SamplePictures.wave(200, 150, channels).png().count < 200 * 150 * channels)
  }

  /// All kinds of PNG, from samples of the test's own.
  @Test(arguments: [
    (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16),
    (6, 8), (6, 16),
  ])
  func everyKindOfPNGIsRead(_ colorType: Int, _ depth: Int) throws {
    var numbers = Numbers(state: UInt64(colorType * 100 + depth))
    for isInterlaced in [false, true] {
      for (width, height) in [(1, 1), (2, 3), (5, 5), (8, 8), (9, 17), (31, 7)] {
        var maker = PNGMaker(width: width, height: height, depth: depth, colorType: colorType)
        maker.isInterlaced = isInterlaced
        let count = width * height * maker.samplesInPixel
        let samples = (0..<count).map { _ in Int(numbers.next() % (1 << UInt64(depth))) }
        if colorType == 3 {
          maker.palette = (0..<(3 << min(depth, 8))).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        }
        let picture = try read(maker.file(samples))
        #expect(picture.pixels == bytes(samples, maker), "\(width) × \(height), \(isInterlaced)")
        // A colour that stands for nothing; in a palette, alpha for the first colours.
        switch colorType {
        case 0: maker.transparency = [UInt8(samples[0] >> 8), UInt8(samples[0] & 255)]
        case 2: maker.transparency = samples.prefix(3).flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        case 3: maker.transparency = [0, 77]
        default: continue
        }
        let transparent = try read(maker.file(samples))
        #expect(transparent.pixels == bytesWithAlpha(samples, maker))
      }
    }
  }

  private func byte(_ value: Int, _ depth: Int) -> UInt8 {
    UInt8((Double(value) * 255 / Double(1 << depth - 1)).rounded())
  }

  private func bytes(_ samples: [Int], _ maker: PNGMaker) -> [UInt8] {
    guard maker.colorType == 3 else { return samples.map { byte($0, maker.depth) } }
    return samples.flatMap { maker.palette[(3 * $0)..<(3 * $0 + 3)] }
  }

  private func bytesWithAlpha(_ samples: [Int], _ maker: PNGMaker) -> [UInt8] {
    let plain = bytes(samples, maker)
    let (step, colors) = (maker.samplesInPixel, maker.colorType == 3 ? 3 : maker.samplesInPixel)
    return (0..<(samples.count / step)).flatMap { index -> [UInt8] in
      let own = Array(samples[(index * step)..<((index + 1) * step)])
      let alpha: UInt8 =
        maker.colorType == 3
        ? (own[0] < 2 ? maker.transparency[own[0]] : 255) : own == Array(samples.prefix(step)) ? 0 : 255
      return plain[(index * colors)..<((index + 1) * colors)] + [alpha]
    }
  }

  @Test func ofSixteenBitsTheNearestByteIsTaken() throws {
    let maker = PNGMaker(width: 256, height: 256, depth: 16, colorType: 0)
    let picture = try read(maker.file(Array(0..<65536)))
    for value in 0..<65536 { #expect(Int(picture.pixels[value]) == (value * 2 + 257) / 514) }
  }

  @Test func textPicturesAreRead() throws {
    func text(_ text: String) throws -> Picture { try read(Array(text.utf8)) }
    #expect(try text("P1\n# words\n3 2\n101\n0 1 0").pixels == [0, 255, 0, 255, 0, 255])
    #expect(try text("P2 2 2 #c\n15 0 15\n7 8").pixels == [0, 255, 119, 136])
    #expect(try text("P3\n1 2\n255\n1 2 3 4 5 6\n").pixels == [1, 2, 3, 4, 5, 6])
    #expect(try text("P2 1 1 65535 32768").pixels == [128])
    #expect(
      try read(Array("P4 9 2\n".utf8) + [0xAA, 0x80, 0, 0]).pixels == [0, 255, 0, 255, 0, 255, 0, 255, 0]
        + [UInt8](repeating: 255, count: 9))
    #expect(try read(Array("P5 2 1 3\n".utf8) + [1, 3]).pixels == [85, 255])
    #expect(try read(Array("P6 1 1 65535\n".utf8) + [0x80, 0, 0, 0, 0xFF, 0xFF]).pixels == [128, 0, 255])
    let wide = "P7\n# c\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    #expect(try read(Array(wide.utf8) + [1, 2, 3, 4]).pixels == [1, 2, 3, 4])
    for bad in [
      "P2 2 2 15 0 15 7", "P2 2 2 15 0 15 7 16", "P2 2 2 0 0 0 0 0", "P2 2 2 65536 1 1 1 1", "P2 -1 2 3",
      "P1 2 2 1 1 1 2", "P1 9999999999999999999999 1 0", "P5 5 5 255\n1234", "P7\nWIDTH 1\nENDHDR\n",
      "P2 0 5 9 ",
      "P6 1000000 1000000 255\n", "P7\nDEPTH 9\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\n", "P7\nXYZ 3\n",
      "P2 3",
    ] {
      #expect(throws: DataError.self, "\(bad)") { try text(bad) }
    }
  }

  @Test func bitmapsOfAllDepthsAreRead() throws {
    for depth in [1, 2, 4, 8] {
      let maker = BMPMaker(width: 5, height: 3, depth: depth)
      let indices = (0..<15).map { $0 * 7 % (1 << depth) }
      let palette = (0..<(1 << depth)).flatMap { (color: Int) -> [UInt8] in
        [UInt8(color), UInt8(255 - color), UInt8(color / 2)]
      }
      for isTopDown in [false, true] {
        let picture = try read(maker.indexed(indices, palette: palette, isTopDown: isTopDown))
        let expected = indices.flatMap { Array(palette[(3 * $0)..<(3 * $0 + 3)]) }
        #expect(picture.rgb().pixels == expected, "\(depth)")
      }
    }
    // 5, 6 and 5 bits; 10 bits each and 2 of alpha.
    let words: [UInt32] = [0xFFFF, 0xF800, 0x07E0, 0x001F, 0x8410]
    let sixteen = try read(
      BMPMaker(width: 5, height: 1, depth: 16).fields(words, masks: [0xF800, 0x07E0, 0x001F]))
    #expect(sixteen.pixels == [255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 131, 129, 131])
    let deep = try read(
      BMPMaker(width: 1, height: 1, depth: 32).fields(
        [0x7FF0_0401], masks: [0x3FF0_0000, 0x000F_FC00, 0x0000_03FF, 0xC000_0000]))
    #expect(deep.pixels == [255, 0, 0, 85])
    #expect(throws: DataError.self) {
      try read(BMPMaker(width: 1, height: 1, depth: 32).fields([0], masks: [0xF0F, 0xF0, 0xF000]))
    }
  }

  @Test func runsOfBitmapsAreUnpacked() throws {
    let palette = (0..<256).flatMap { (red: Int) -> [UInt8] in [UInt8(red), 0, 0] }
    // A run, a row's end, four as they are, a jump, a run, the end.
    let codes: [UInt8] = [3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 2, 9, 0, 1]
    let picture = try read(BMPMaker(width: 6, height: 3, depth: 8).runs(codes, palette: palette))
    let rows = (0..<3).map { y in (0..<6).map { x in picture[x, y] } }
    #expect(rows == [[0, 0, 0, 0, 9, 9], [1, 2, 3, 0, 0, 0], [7, 7, 7, 0, 0, 0]])
    let nibbles: [UInt8] = [5, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 1]
    let four = try read(
      BMPMaker(width: 5, height: 2, depth: 4).runs(nibbles, palette: Array(palette.prefix(48))))
    let reds = (0..<2).flatMap { y in (0..<5).map { x in four[x, y] } }
    #expect(reds == [3, 4, 5, 6, 7, 1, 2, 1, 2, 1])
    for bad in [
      [7, 1, 0, 1], [3, 1], [0, 5, 1, 2], [0, 2, 200, 0, 0, 1], [0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
    ] as [[UInt8]] {
      #expect(throws: DataError.self) {
        try read(BMPMaker(width: 6, height: 3, depth: 8).runs(bad, palette: palette))
      }
    }
  }

  @Test func filesAreToldByTheirBytes() throws {
    for (bytes, word) in [
      (Array("%PDF-1.7".utf8), "a PDF"), ([0, 0, 1, 0, 1, 0], "an icon"), ([1, 2, 3], "none of them"),
      (Array("8BPS".utf8), "Photoshop"), ([0x49, 0x49, 43, 0, 8, 0], "BigTIFF"),
    ] {
      let error = #expect(throws: DataError.self) { try read(bytes) }
      #expect(error?.kind == .unsupportedPicture)
      #expect(error?.description.contains(word) == true)
    }
    #expect(throws: DataError.self) { try read([]) }
    let error = #expect(throws: DataError.self) { try Picture(path: "no/such.png") }
    #expect(error?.kind == .missingFile)
  }
}

/// Writes BMP files.
struct BMPMaker {
  var width: Int
  var height: Int
  var depth: Int

  private func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private func file(_ body: [UInt8], compression: Int, colors: [UInt8], height: Int) -> [UInt8] {
    var header = little(40, 4) + little(width, 4) + little(height, 4) + [1, 0] + little(depth, 2)
    header += little(compression, 4) + little(body.count, 4) + little(0, 8)
    header += little(compression == 3 || compression == 6 ? 0 : colors.count / 4, 4) + little(0, 4)
    let start = 14 + header.count + colors.count
    let front = Array("BM".utf8) + little(start + body.count, 4) + little(0, 4) + little(start, 4)
    return front + header + colors + body
  }

  private func entries(_ palette: [UInt8]) -> [UInt8] {
    stride(from: 0, to: palette.count, by: 3).flatMap { (place: Int) -> [UInt8] in
      [palette[place + 2], palette[place + 1], palette[place], 0]
    }
  }

  func indexed(_ indices: [Int], palette: [UInt8], isTopDown: Bool) -> [UInt8] {
    let rows = (0..<height).map { y -> [UInt8] in
      var bits = (0..<width).flatMap { x in (0..<depth).reversed().map { indices[y * width + x] >> $0 & 1 } }
      while bits.count % 32 != 0 { bits.append(0) }
      return stride(from: 0, to: bits.count, by: 8).map { start in
        UInt8((0..<8).reduce(0) { $0 << 1 | bits[start + $1] })
      }
    }
    let body = (isTopDown ? rows : rows.reversed()).flatMap { $0 }
    return file(body, compression: 0, colors: entries(palette), height: isTopDown ? -height : height)
  }

  func runs(_ codes: [UInt8], palette: [UInt8]) -> [UInt8] {
    file(codes, compression: depth == 8 ? 1 : 2, colors: entries(palette), height: height)
  }

  /// One row of pixels under masks.
  func fields(_ words: [UInt32], masks: [UInt32]) -> [UInt8] {
    var body = words.flatMap { little(Int($0), depth / 8) }
    while body.count % 4 != 0 { body.append(0) }
    return file(
      body, compression: masks.count == 4 ? 6 : 3, colors: masks.flatMap { little(Int($0), 4) }, height: 1)
  }
}
