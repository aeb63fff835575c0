import Testing
import UnrollData

/// Reading either gives a picture or throws `DataError`; it never stops the process, and never takes what a header alone
/// asks for.
@Suite struct PictureHostileTests {
  private let reader: PictureReader = {
    var reader = PictureReader()
    reader.startsTools = false
    reader.maximumPixels = 4_000_000
    return reader
  }()

  private func failure(_ bytes: [UInt8]) -> DataError? {
    do throws(DataError) {
      let frames = try reader.frames(bytes, name: "x")
      #expect(!frames.isEmpty)
      return nil
    } catch {
      #expect(!error.description.isEmpty && error.description.utf8.count < 2000)
      return error
    }
  }

  private func samples() throws -> [(name: String, bytes: [UInt8])] {
    let pillow = try PillowPictures.shared.get()
    var result = pillow.files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.bytes)) }
    result += pillow.animations.sorted { $0.key < $1.key }.map { ("\($0.key).gif", Array($0.value.bytes)) }
    var numbers = Numbers(state: 3)
    for (colorType, depth) in [(0, 1), (0, 16), (2, 16), (3, 4), (6, 8)] {
      var maker = PNGMaker(width: 9, height: 11, depth: depth, colorType: colorType, isInterlaced: true)
      if colorType == 3 { maker.palette = [UInt8](repeating: 9, count: 48) }
      let values = (0..<(99 * maker.samplesInPixel)).map { _ in Int(numbers.next() % (1 << UInt64(depth))) }
      result.append(("interlaced \(colorType).png", maker.file(values)))
    }
    return result.map { (name: $0.0, bytes: $0.1) }
  }

  /// A file that ends early is told to be damaged, unless nothing of its picture is missing.
  @Test func cutFilesAreRefused() throws {
    for (name, bytes) in try samples() {
      var accepted = 0
      // All of the last bytes, and some of those before.
      let cuts = Set(stride(from: 0, to: bytes.count, by: max(1, bytes.count / 100)))
      for count in cuts.union(max(0, bytes.count - 20)..<bytes.count) {
        if failure(Array(bytes.prefix(count))) == nil { accepted += 1 }
      }
      // A GIF may lack its end, and later frames; a TIFF's directory may stand before the pixels.
      let isWholeAtEnd = name.hasSuffix("png") || name.hasSuffix("jpg") || name.hasSuffix("bmp")
      if isWholeAtEnd { #expect(accepted <= 3, "\(name): \(accepted) of \(bytes.count)") }
      #expect(accepted < bytes.count, "\(name)")
    }
  }

  /// Damage behind the checksums: PNG's are made anew.
  private func repaired(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.starts(with: PNGMaker.signature) else { return bytes }
    var result = bytes
    var position = 8
    while position + 12 <= result.count {
      let length = Int(UInt32(bigEndian: result, at: position))
      let end = position + 8 + length
      guard length < 1 << 30, end + 4 <= result.count else { break }
      let sum = PNGMaker.big(Int(CRC32.of(result[(position + 4)..<end])))
      result.replaceSubrange(end..<(end + 4), with: sum)
      position = end + 4
    }
    return result
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func damagedFilesAreReadOrRefused(_ seed: UInt64) throws {
    var numbers = Numbers(state: seed)
    let samples = try samples()
    let extremes: [UInt8] = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]
    var (read, refused) = (0, 0)
    for _ in 0..<1200 {
      var bytes = samples[Int(numbers.next() % UInt64(samples.count))].bytes
      // Headers are where damage does most.
      let reach = numbers.next() % 2 == 0 ? min(bytes.count, 80) : bytes.count
      for _ in 0...(numbers.next() % 4) where !bytes.isEmpty {
        let place = Int(numbers.next() % UInt64(min(reach, bytes.count)))
        switch numbers.next() % 5 {
        case 0: bytes[place] = extremes[Int(numbers.next() % UInt64(extremes.count))]
        case 1: bytes[place] ^= 1 << UInt8(numbers.next() % 8)
        case 2: bytes[place] = UInt8(truncatingIfNeeded: numbers.next())
        case 3: bytes.remove(at: place)
        default:
          let end = min(bytes.count, place + Int(numbers.next() % 40))
          bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int(numbers.next() % UInt64(bytes.count)))
        }
      }
      if numbers.next() % 2 == 0 { bytes = repaired(bytes) }
      if failure(bytes) == nil { read += 1 } else { refused += 1 }
    }
    #expect(read > 100 && refused > 100)
  }

  /// Sizes that no data stands behind are refused in no time and without memory.
  @Test func sizesThatLieAreRefused() throws {
    var large = PictureReader()
    large.startsTools = false
    func refused(_ bytes: [UInt8], _ what: String) {
      do throws(DataError) {
        _ = try large.frames(bytes, name: "x")
        Issue.record("\(what) was read")
      } catch { #expect([.tooLarge, .badPicture, .badCompression].contains(error.kind), "\(error)") }
    }
    let data = PNGMaker.chunk("IDAT", Zlib.pack([0, 1, 2, 3])) + PNGMaker.chunk("IEND", [])
    for (width, height) in [
      (9999, 9999), (1 << 31 - 1, 1 << 31 - 1), (1, 1 << 31 - 1), (0, 5), (100_000_000, 1),
    ] {
      for (colorType, depth) in [(6, 16), (0, 1)] {
        let maker = PNGMaker(width: width, height: height, depth: depth, colorType: colorType)
        refused(PNGMaker.signature + maker.header + data, "PNG of \(width) × \(height)")
        let interlaced = PNGMaker(
          width: width, height: height, depth: depth, colorType: colorType, isInterlaced: true)
        refused(PNGMaker.signature + interlaced.header + data, "PNG of \(width) × \(height)")
      }
    }
    for text in [
      "P5 9999 9999 255\n", "P6 10000 10000 65535\n", "P3 10000 10000 255\n1 2 3", "P1 9999 9999\n0",
      "P4 9999 9999 ",
    ] {
      refused(Array(text.utf8), text)
    }
    refused(
      Array("GIF89a".utf8) + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0] + [
        0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 8, 1, 0, 0,
      ], "GIF")
    refused(
      Array("GIF89a".utf8) + [0x10, 0x27, 0x10, 0x27, 0, 0, 0] + [
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
      ], "GIF")
    let palette = [UInt8](repeating: 0, count: 768)
    refused(BMPMaker(width: 9999, height: 9999, depth: 8).runs([0, 1], palette: palette), "BMP of runs")
    refused(BMPMaker(width: 9999, height: 1, depth: 32).fields([0], masks: [1, 2, 4]), "BMP of fields")
  }

  /// A bomb is unpacked as far as a picture goes, and no further.
  @Test func bombsAreBounded() throws {
    let maker = PNGMaker(width: 4, height: 4, depth: 8, colorType: 0)
    let bomb = Zlib.pack([UInt8](repeating: 0, count: 64 << 20))
    let file = PNGMaker.signature + maker.header + PNGMaker.chunk("IDAT", bomb) + PNGMaker.chunk("IEND", [])
    #expect(try reader.picture(file, name: "x").pixels == [UInt8](repeating: 0, count: 16))
    // Text that unpacks to anything is never unpacked.
    let text = PNGMaker.chunk("zTXt", Array("a\0\0".utf8) + bomb)
    let plain =
      PNGMaker.chunk("IDAT", Zlib.pack([UInt8](repeating: 0, count: 20))) + PNGMaker.chunk("IEND", [])
    #expect(try reader.picture(PNGMaker.signature + maker.header + text + plain, name: "x").width == 4)
  }

  /// Directories that lead back to themselves, and parts that all lie in the same place.
  @Test func circlesEnd() throws {
    let files = try PillowPictures.shared.get().files
    var bytes = Array(try #require(files["grey raw.tif"]).bytes)
    let directory = Int(UInt32(littleEndian: bytes, at: 4))
    let count = Int(UInt16(littleEndian: bytes, at: directory))
    let link = directory + 2 + 12 * count
    for target in [directory, 0, 8, 4, bytes.count - 1, Int(UInt32.max)] {
      for byte in 0..<4 { bytes[link + byte] = UInt8(truncatingIfNeeded: target >> (8 * byte)) }
      _ = failure(bytes)
    }
    #expect(try reader.frames(Array(try #require(files["grey raw.tif"]).bytes), name: "x").count == 1)
  }
}
