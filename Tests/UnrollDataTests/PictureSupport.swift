import Foundation
import Testing
import UnrollData

/// Pictures and files that tests make.
enum SamplePictures {
  /// Waves, an edge and some noise: what `scripts/goldens/pictures` makes too.
  static func wave(_ width: Int, _ height: Int, _ channels: Int) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels {
          let wave = (x * (3 + c) + y * (5 - c)) % 61 * 4
          let noise = (x * 7919 + y * 104_729 + c * 1_299_709) % 97 % 11
          pixels.append(UInt8(x > y ? min(255, wave + noise) : 255 - wave))
        }
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: pixels)
  }

  static func noise(_ width: Int, _ height: Int, _ channels: Int, seed: UInt64 = 1) -> Picture {
    var numbers = Numbers(state: seed)
    let pixels = (0..<(width * height * channels)).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    return Picture(width: width, height: height, channels: channels, pixels: pixels)
  }
}

/// Writes PNG files of every kind, from samples of any depth.
struct PNGMaker {
  var width: Int
  var height: Int
  var depth: Int
  var colorType: Int
  var isInterlaced = false
  var palette: [UInt8] = []
  var transparency: [UInt8] = []
  /// The filter of each row; by turns when `nil`.
  var filter: Int?

  var samplesInPixel: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

  static func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
    let typed = Array(type.utf8) + body
    return big(body.count) + typed + big(Int(CRC32.of(typed)))
  }

  static func big(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  var header: [UInt8] {
    Self.chunk(
      "IHDR",
      Self.big(width) + Self.big(height) + [UInt8(depth), UInt8(colorType), 0, 0, isInterlaced ? 1 : 0])
  }

  /// The file of `height` × `width` × samples values.
  func file(_ samples: [Int]) -> [UInt8] {
    var bytes = Self.signature + header
    if !palette.isEmpty { bytes += Self.chunk("PLTE", palette) }
    if !transparency.isEmpty { bytes += Self.chunk("tRNS", transparency) }
    let packed = Zlib.pack(rows(samples))
    // In two pieces, as long data is.
    bytes += Self.chunk("IDAT", Array(packed.prefix(packed.count / 3)))
    bytes += Self.chunk("IDAT", Array(packed.dropFirst(packed.count / 3)))
    return bytes + Self.chunk("IEND", [])
  }

  private func rows(_ samples: [Int]) -> [UInt8] {
    let whole = [(0, 0, 1, 1)]
    let seven = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ]
    var result: [UInt8] = []
    for (x0, y0, stepX, stepY) in isInterlaced ? seven : whole {
      var above: [UInt8] = []
      for (index, y) in stride(from: y0, to: height, by: stepY).enumerated() {
        var bits: [Int] = []
        for x in stride(from: x0, to: width, by: stepX) {
          for sample in 0..<samplesInPixel {
            let value = samples[(y * width + x) * samplesInPixel + sample]
            for bit in (0..<depth).reversed() { bits.append(value >> bit & 1) }
          }
        }
        guard !bits.isEmpty else { break }
        while bits.count % 8 != 0 { bits.append(0) }
        let row = stride(from: 0, to: bits.count, by: 8).map { start in
          UInt8((0..<8).reduce(0) { $0 << 1 | bits[start + $1] })
        }
        result += filtered(row, above, filter ?? index % 5)
        above = row
      }
    }
    return result
  }

  private func filtered(_ row: [UInt8], _ above: [UInt8], _ filter: Int) -> [UInt8] {
    let step = max(1, samplesInPixel * depth / 8)
    return [UInt8(filter)]
      + row.indices.map { index in
        let left = index >= step ? Int(row[index - step]) : 0
        let up = above.isEmpty ? 0 : Int(above[index])
        let corner = index >= step && !above.isEmpty ? Int(above[index - step]) : 0
        let estimate = left + up - corner
        let nearest = [left, up, corner].min { abs($0 - estimate) < abs($1 - estimate) } ?? 0
        return row[index] &- UInt8([0, left, up, (left + up) / 2, nearest][filter])
      }
  }
}

/// Small pictures as Pillow writes and reads them.
struct PillowPictures: Decodable {
  struct File: Decodable {
    let bytes: Data
    let width: Int
    let height: Int
    let channels: Int
    let pixels: Data
    var picture: Picture {
      Picture(width: width, height: height, channels: channels, pixels: Array(pixels))
    }
  }
  struct Animation: Decodable {
    let bytes: Data
    let frames: [Data]
  }
  struct Resized: Decodable {
    let from: [Int]
    let to: [Int]
    let channels: Int
    let filter: String
    let pixels: Data
  }
  let files: [String: File]
  let animations: [String: Animation]
  let resized: [Resized]
  let luma: Data

  static let shared = Result {
    let url = try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
    return try JSONDecoder().decode(
      PillowPictures.self, from: Data(contentsOf: url.appending(path: "pictures/pillow.json")))
  }
}

/// Data that lies beside the package on some machines.
enum SharedData {
  static var oddImages: URL? { file("odd_images/odd_images.tar.xz") }
  static var pages: URL? { file("pages/pages.tar.xz") }
  static var clips: URL? { file("clips/clips.tar.xz") }

  static func file(_ path: String) -> URL? {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    return ["../shared/data", "../../shared/data"].map { root.appending(path: "\($0)/\(path)") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// Calls `body` with a folder into which an archive was unpacked.
  static func unpacked<R>(_ archive: URL, _ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "unroll-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let tar = Process()
    tar.executableURL = URL(filePath: "/usr/bin/env")
    tar.arguments = ["tar", "-xf", archive.path, "-C", folder.path]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    return try body(folder)
  }
}

/// SHA-256 (FIPS 180-4), to compare with lists of checksums.
func sha256(_ bytes: [UInt8]) -> String {
  func root(_ prime: Int, _ exponent: Double) -> UInt32 {
    let value = pow(Double(prime), exponent)
    return UInt32((value - value.rounded(.down)) * 0x1p32)
  }
  let primes = (2..<312).filter { number in !(2..<number).contains { number % $0 == 0 && $0 * $0 <= number } }
  let constants = primes.prefix(64).map { root($0, 1 / 3) }
  var state = primes.prefix(8).map { root($0, 0.5) }
  var message = bytes + [0x80]
  while message.count % 64 != 56 { message.append(0) }
  for shift in stride(from: 56, through: 0, by: -8) {
    message.append(UInt8(truncatingIfNeeded: (bytes.count * 8) >> shift))
  }
  func rotate(_ x: UInt32, _ k: UInt32) -> UInt32 { x >> k | x << (32 - k) }
  var words = [UInt32](repeating: 0, count: 64)
  for start in stride(from: 0, to: message.count, by: 64) {
    for index in 0..<16 { words[index] = UInt32(bigEndian: message, at: start + 4 * index) }
    for index in 16..<64 {
      let (a, b) = (words[index - 15], words[index - 2])
      let low = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
      let high = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
      words[index] = words[index - 16] &+ low &+ words[index - 7] &+ high
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let first = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25))
      let one = first &+ ((e & f) ^ (~e & g)) &+ constants[index] &+ words[index]
      let two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ one, c, b, a, one &+ two)
    }
    for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
  }
  return state.map { word in
    String(repeating: "0", count: 8 - String(word, radix: 16).count) + String(word, radix: 16)
  }
  .joined()
}
