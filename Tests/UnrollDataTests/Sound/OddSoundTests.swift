import Foundation
import Testing
import UnrollData

/// 63 odd files of sound, against what libsndfile reads of each, where they are at hand.
@Suite(.enabled("needs shared/data/odd_wav beside the package", { OddSound.archive != nil }))
struct OddSoundTests {
  @Test func everyFileIsReadAsItIsOrRefusedForItsReason() throws {
    let folder = try OddSound.unpacked()
    defer { try? FileManager.default.removeItem(at: folder) }
    let table = try String(contentsOf: folder.appending(path: "manifest.tsv"), encoding: .utf8)
    let rows = table.split(separator: "\n").dropFirst().map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(rows.count == 63)
    var counts: [OddSound.Verdict: Int] = [:]
    for row in rows {
      let found = OddSound.read(folder.appending(path: row[0]).path)
      let verdict = OddSound.verdict(row, found)
      counts[verdict, default: 0] += 1
      #expect(verdict != .wrong, "\(row): \(found)")
    }
    #expect(counts[.same] == 34)
    #expect(counts[.better] == 1)
    #expect(counts[.refused] == 7)
    // The rest is coded: at the mercy of the decoder that is installed, or of none.
    #expect(counts[.coded] == 21)
  }
}

enum OddSound {
  enum Found {
    case sound(Sound)
    case refused(DataError)
  }

  enum Verdict { case same, better, refused, coded, wrong }

  /// What libsndfile reads as three bytes a sample, and has four; the file's own project reads as we do.
  static let better = "pcmwaveformat-24bit-4byte-48kHz-stereo.wav"
  static let betterSamples: [Float] = [-96, 23052, 8_388_607, -8_360_672].map { $0 * 0x1p-23 }

  static var archive: URL? {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return ["../shared/data/odd_wav/odd_wav.tar.xz", "../../shared/data/odd_wav/odd_wav.tar.xz"]
      .map { root.appending(path: $0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  static func unpacked() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "unroll-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let archive = try #require(archive)
    _ = try ExternalTool("tar").run(
      arguments: ["-xJf", archive.path, "-C", folder.path], outputLimit: 1 << 16, timeLimit: .seconds(60))
    return folder.appending(path: "odd_wav")
  }

  static func read(_ path: String) -> Found {
    do throws(DataError) { return .sound(try Sound(path: path)) } catch { return .refused(error) }
  }

  static func verdict(_ row: [String], _ found: Found) -> Verdict {
    let own = ["wav", "aif", "aiff", "aifc", "au"].contains(row[0].split(separator: ".").last ?? "")
    let wasRead = row[2] == "ok"
    switch found {
    case .refused(let error) where own: return !wasRead && error.kind == .badSound ? .refused : .wrong
    case .refused(let error):
      let tool = ExternalTool("ffmpeg")
      return error.kind == (tool.isInstalled ? .failedTool : .missingTool) ? .coded : .wrong
    case .sound(let sound) where row[0].hasSuffix(better):
      return sound.samples == betterSamples && sound.remarks.count == 1 ? .better : .wrong
    case .sound(let sound):
      let isFinite = sound.samples.allSatisfy(\.isFinite)
      // What libsndfile gives up on, decoders may read in part.
      guard wasRead else { return !own && isFinite ? .coded : .wrong }
      // Decoders differ by what they leave out at either end, at most a block of MP3.
      let (frames, error) = own ? (0, 6e-7) : (1152, 2e-3)
      let isSame =
        isFinite && sound.sampleRate == Int(row[5]) && sound.channels == Int(row[6])
        && abs(sound.frames - (Int(row[7]) ?? -1)) <= frames
        && abs(peak(sound) - (Double(row[8]) ?? -1)) <= error
        && abs(rms(sound) - (Double(row[9]) ?? -1)) <= error && (!own || sound.remarks.isEmpty)
      return isSame ? own ? .same : .coded : .wrong
    }
  }

  static func peak(_ sound: Sound) -> Double { Double(sound.samples.reduce(0) { max($0, abs($1)) }) }

  static func rms(_ sound: Sound) -> Double {
    let power = sound.samples.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (power / Double(max(1, sound.samples.count))).squareRoot()
  }
}

extension OddSound.Found: CustomStringConvertible {
  var description: String {
    switch self {
    case .refused(let error): return "refused: \(error)"
    case .sound(let sound):
      return "\(sound.sampleRate) Hz, \(sound.channels) × \(sound.frames), peak \(OddSound.peak(sound)), "
        + "rms \(OddSound.rms(sound)), \(sound.remarks)"
    }
  }
}
