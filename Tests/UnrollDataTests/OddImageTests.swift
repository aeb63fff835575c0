import Foundation
import Testing
import UnrollData

/// 241 odd pictures from other projects' tests, where they are at hand: each gives the pixels that Pillow gives, or is
/// refused for the reason that is true.
@Suite(.enabled("SKIPPED: needs shared/data/odd_images beside the package", { SharedData.oddImages != nil }))
struct OddImageTests {

  /// What we refuse and Pillow reads, with what the refusal says.
  static let refused = [
    // Too large for either, so Pillow did not try.
    "bmp/l2rgb_read.bmp": "at most 100000000 pixels", "bmpsuite/reallybig.bmp": "at most 100000000 pixels",
    "gif/decompression_bomb.gif": "at most 100000000 pixels",
    // Runs that leave their row, which each reader shows in its own way.
    "bmpsuite/badrle.bmp": "a run beyond its row",
    "jpeg/pil_sample_cmyk.jpg": "CMYK", "tiff/tiff_strip_cmyk_jpeg.tif": "CMYK", "tiff/lab-red.tif": "L*a*b*",
    "netpbm/hopper.pfm": "a PFM picture", "tiff/12bit.cropped.tif": "12 bits",
    "tiff/16_bit_binary_pgm.tiff": "32 bits", "tiff/8bit.s.tif": "signed",
    // Damaged fax codes, of which libtiff shows what it can.
    "tiff/crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif": "ffmpeg",
    "tiff/crash-74d2a78403a5a59db1fb0a2b8735ac068a75f6e3.tif": "ffmpeg",
    // Formats that are not read.
    "ico/black_and_white.ico": "an icon", "ico/hopper.ico": "an icon", "ico/hopper_mask.ico": "an icon",
    "ico/python.ico": "an icon", "tga/200x32_p_bl_raw_origin.tga": "none of them",
    "tga/p_16.tga": "none of them",
    "tga/rgba16.tga": "none of them",
  ]

  /// What is read here and not by Pillow, with the checksum of its pixels: damage in chunks that no pixel depends on,
  /// and bit fields that Pillow does not know.
  static let read = [
    "apng/chunk_no_fctl.png": "b74d4937e01ab329", "png/png_decompression_dos.png": "e3820096cb82366b",
    "testpngs/crashers-empty_ancillary_chunks.png": "3df4e78cc32c638d",
    "bmpsuite/pal2.bmp": "bc7e318d7a5e8b21", "bmpsuite/rgb32-111110.bmp": "15aa5b9e0c661a58",
    "bmpsuite/rgba16-4444.bmp": "0bfefeca0e2bb850", "bmpsuite/rgba32abf.bmp": "71ff34dcb94a17b8",
  ]

  /// Samples of 16 bits, which Pillow cuts or takes for white; these were held against NumPy's `(v · 255 + 32895) >> 16`
  /// of the samples that Pillow and ffmpeg give. And one whose colour under full transparency is another.
  static let rounded = [
    "apng/mode_16bit.png": "bb492cfc1d1d793a", "netpbm/16_bit_binary.pgm": "ecf8c2b5e16b9115",
    "netpbm/hopper_16bit_plain.pgm": "952c5eab86ea36df", "png/i_trns.png": "728c0a349b384c1b",
    "pngsuite/basn0g16.png": "f17fa71e5e62a73b", "pngsuite/basn2c16.png": "a9dff6085fe81eea",
    "pngsuite/basn4a16.png": "e071c0ea344f34b0", "pngsuite/basn6a16.png": "3daad02ebc3eb868",
    "pngsuite/ibasn4a16.png": "e071c0ea344f34b0", "pngsuite/ibasn6a16.png": "3daad02ebc3eb868",
    "pngsuite/iftbwn0g16.png": "09955bf2743754d1", "tiff/16bit.MM.cropped.tif": "9bb2761abf840433",
    "tiff/16bit.cropped.tif": "9bb2761abf840433", "tiff/16bit.r.tif": "9bb2761abf840433",
    "gif/first_frame_transparency.gif": "daf9a20059747191",
  ]

  @Test func eachIsReadOrRefusedForTheTrueReason() throws {
    try SharedData.unpacked(try #require(SharedData.oddImages)) { folder in
      let root = folder.appending(path: "odd_images")
      let manifest = try String(contentsOf: root.appending(path: "manifest.tsv"), encoding: .utf8)
      let lines = manifest.split(separator: "\n").dropFirst()
      #expect(lines.count == 241)
      let outcomes = try lines.map { line in
        try judge(line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init), root)
      }
      let counts = Dictionary(grouping: outcomes) { $0 }.mapValues(\.count)
      print("odd pictures: \(counts)")
    }
  }

  /// Reads a file and compares it with its line of the manifest; tells how it went.
  private func judge(_ fields: [String], _ root: URL) throws -> String {
    let name = fields[0]
    var reader = PictureReader()
    reader.keepsAlpha = true
    // Pillow turns TIFF pictures, and no others.
    reader.appliesOrientation = name.hasPrefix("tiff/")
    let isRefusedByPillow = fields[2].hasPrefix("error")
    let picture: Picture
    do throws(DataError) {
      picture = try reader.picture(at: root.appending(path: name).path)
    } catch {
      if error.kind == .missingTool {
        print("SKIPPED: \(error)")
        return "missing"
      }
      #expect(
        [.badPicture, .unsupportedPicture, .tooLarge, .badCompression, .failedTool].contains(error.kind),
        "\(error)")
      if !isRefusedByPillow {
        let reason = try #require(Self.refused[name], "\(error)")
        #expect(error.description.contains(reason), "\(error)")
      }
      return "refused"
    }
    #expect(Self.refused[name] == nil, "\(name) was read")
    let pixels = rgba(picture)
    if name.hasPrefix("webp/") {
      // libwebp and ffmpeg do not agree on how chroma is stretched.
      let means = fields[8].split(separator: ",").compactMap { Double($0) }
      for (channel, mean) in means.enumerated() {
        let sum = stride(from: channel, to: pixels.count, by: 4).reduce(0) { $0 + Int(pixels[$1]) }
        #expect(abs(Double(sum) / Double(pixels.count / 4) - mean) < 0.4, "\(name)")
      }
      return "close"
    }
    let expected = Self.rounded[name] ?? Self.read[name] ?? fields[9]
    #expect(!isRefusedByPillow || Self.read[name] != nil, "\(name) was read")
    #expect(sha256(pixels).prefix(16) == expected, "\(name)")
    return "same"
  }

  private func rgba(_ picture: Picture) -> [UInt8] {
    let channels = picture.channels
    var result: [UInt8] = []
    result.reserveCapacity(picture.width * picture.height * 4)
    for start in stride(from: 0, to: picture.pixels.count, by: channels) {
      for color in 0..<3 { result.append(picture.pixels[start + (channels < 3 ? 0 : color)]) }
      result.append(picture.hasAlpha ? picture.pixels[start + channels - 1] : 255)
    }
    return result
  }

  /// Pictures of one motif, stored turned and to be seen upright.
  @Test func orientationsAreApplied() throws {
    try SharedData.unpacked(try #require(SharedData.oddImages)) { folder in
      let pictures = try [3, 5, 7].map { number in
        try Picture(path: folder.appending(path: "odd_images/jpeg/hopper_orientation_\(number).jpg").path)
          .grey()
      }
      let upright = try Picture(path: folder.appending(path: "odd_images/netpbm/hopper.ppm").path).grey()
      for picture in pictures {
        let difference = zip(picture.pixels, upright.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(difference < 6 * upright.pixels.count)
      }
    }
  }
}

/// Small real videos, where they are at hand.
@Suite(.enabled("SKIPPED: needs shared/data/clips beside the package", { SharedData.clips != nil }))
struct VideoClipTests {

  /// The number of frames and their size.
  static let clips = [
    ("2422.flc", 28, 320, 200), ("carphone_distorted.mp4", 120, 176, 144),
    ("carphone_pristine.mp4", 120, 176, 144),
    ("chi.gif", 31, 320, 240), ("cockatoo.mp4", 280, 1280, 720), ("iss634.apng", 273, 245, 245),
  ]

  @Test func framesAreRead() throws {
    try SharedData.unpacked(try #require(SharedData.clips)) { folder in
      for (name, count, width, height) in Self.clips {
        guard let frames = try frames(folder.appending(path: "clips/\(name)").path) else { return }
        #expect(
          frames.count == count && frames.last.width == width && frames.last.height == height, "\(name)")
      }
      let path = folder.appending(path: "clips/cockatoo.mp4").path
      var options = VideoOptions()
      options.framesPerSecond = 5
      options.size = (32, 18)
      options.isGrey = true
      let few = try #require(try frames(path, options))
      #expect(few.count == 70 && few.last.width == 32 && few.last.channels == 1)
      options.maximumFrames = 10
      #expect(throws: DataError.self) { try self.frames(path, options) }
      options.stopsAtMaximum = true
      #expect(try frames(path, options)?.count == 10)
      options.maximumPixels = 1000
      #expect(throws: DataError.self) { try self.frames(path, options) }
    }
  }

  /// Frames by our own reader and by ffmpeg, where both read the same file at an even rate.
  @Test func animationsAgree() throws {
    try SharedData.unpacked(try #require(SharedData.clips)) { folder in
      let path = folder.appending(path: "clips/chi.gif").path
      let own = try PictureReader().frames(at: path)
      guard let other = try frames(path) else { return }
      #expect(own.count == other.count)
      #expect(own.last == other.last)
    }
  }

  private func frames(_ path: String, _ options: VideoOptions = VideoOptions()) throws -> (
    count: Int, last: Picture
  )? {
    let result = Result { () throws(DataError) in try Self.all(path, options) }
    if case .failure(let error) = result, error.kind == .missingTool {
      print("SKIPPED: \(error)")
      return nil
    }
    return try result.get()
  }

  private static func all(_ path: String, _ options: VideoOptions) throws(DataError) -> (
    count: Int, last: Picture
  )? {
    let reader = try VideoFrameReader(path: path, options: options)
    var last: Picture?
    while let frame = try reader.next() { last = frame }
    return last.map { (reader.count, $0) }
  }
}
