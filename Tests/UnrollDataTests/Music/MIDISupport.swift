import Foundation
import Testing
import UnrollData

/// A MIDI file put together by hand.
struct MIDIParts {
  var format: UInt64 = 0
  var division: UInt64 = 96
  var announced: UInt64?
  var header: [UInt8] = []
  /// Each track's bytes.
  var tracks: [[UInt8]] = []

  static func chunk(_ mark: String, _ body: [UInt8], size: UInt64? = nil) -> [UInt8] {
    Array(mark.utf8) + bytes(size ?? UInt64(body.count), 4, big: true) + body
  }

  var file: [UInt8] {
    let fields = [format, announced ?? UInt64(tracks.count), division].flatMap { bytes($0, 2, big: true) }
    return Self.chunk("MThd", fields + header) + tracks.flatMap { Self.chunk("MTrk", $0) }
  }
}

func midi(_ bytes: [UInt8]) throws(DataError) -> MIDIFile { try MIDIFile(bytes, name: "a.mid") }

func midiFailure(_ bytes: [UInt8]) -> DataError? {
  do throws(DataError) {
    _ = try midi(bytes)
    return nil
  } catch { return error }
}

/// 309 files and what mido reads of them, where they are at hand.
enum SharedMIDI {
  static var archive: URL? {
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return ["../shared/data/midi/midi.tar.xz", "../../shared/data/midi/midi.tar.xz"]
      .map { root.appending(path: $0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  static func unpacked() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "unroll-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let archive = try #require(archive)
    _ = try ExternalTool("tar").run(
      arguments: ["-xJf", archive.path, "-C", folder.path], outputLimit: 1 << 16, timeLimit: .seconds(60))
    return folder.appending(path: "midi")
  }

  static func rows(_ url: URL) throws -> [[String]] {
    try String(contentsOf: url, encoding: .utf8).split(separator: "\n").dropFirst().map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }
}
