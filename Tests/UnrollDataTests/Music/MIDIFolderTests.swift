import Foundation
import Testing
import UnrollData

/// For `scripts/check-midi`: what is read of each file of a folder, and each file written again, for mido to look at.
@Suite(
  .enabled("UNROLL_MIDI names a folder", { ProcessInfo.processInfo.environment["UNROLL_MIDI"] != nil }))
struct MIDIFolderTests {
  @Test func everyFileIsToldAndWritten() throws {
    let environment = ProcessInfo.processInfo.environment
    let folder = URL(filePath: try #require(environment["UNROLL_MIDI"]))
    let target = URL(filePath: try #require(environment["UNROLL_MIDI_OUT"]))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".mid")
    }
    for name in names {
      let file = try MIDIFile(path: folder.appending(path: name).path)
      var lines = ["\(file.format.rawValue) \(file.duration) \(file.notes().notes.count)"]
      for (track, events) in file.tracks.enumerated() {
        for event in events { lines.append("\(track) \(event.tick) \(hexadecimal(event.message))") }
      }
      try lines.joined(separator: "\n").write(
        to: target.appending(path: "\(name).txt"), atomically: true, encoding: .utf8)
      try Data(file.bytes).write(to: target.appending(path: name))
    }
  }

  /// The message's bytes without its time, as a file of it alone has them.
  private func hexadecimal(_ message: MIDIMessage) -> String {
    let file = MIDIFile(tracks: [[.init(tick: 0, message: message)]])
    let end = message == .endOfTrack ? 0 : 4
    return file.bytes[(14 + 8 + 1)...].dropLast(end).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      .joined()
  }
}
