import Foundation
import Testing
import UnrollCore
import UnrollData

@Suite struct MIDITests {
  private let end: [UInt8] = [0, 0xff, 0x2f, 0]

  private func event(_ tick: Int, _ message: MIDIMessage) -> MIDIFile.Event {
    MIDIFile.Event(tick: tick, message: message)
  }

  @Test func statusesMayBeLeftOutAlsoAcrossMetaEvents() throws {
    let track: [UInt8] =
      [0, 0x90, 60, 100, 10, 62, 90, 5, 0xff, 1, 2, 0x61, 0x62, 5, 60, 0, 0, 62, 0]
      + [0, 0xc3, 7, 1, 8, 0, 0xb0, 64, 127, 0, 0xe1, 1, 64, 0, 0xa0, 60, 1, 0, 0xd0, 9] + end
    let file = try midi(MIDIParts(tracks: [track]).file)
    #expect(file.remarks.isEmpty && file.format == .single && file.division == .ticksPerQuarter(96))
    let expected: [MIDIFile.Event] = [
      event(0, .noteOn(channel: 0, pitch: 60, velocity: 100)),
      event(10, .noteOn(channel: 0, pitch: 62, velocity: 90)),
      event(15, .meta(kind: 1, bytes: [0x61, 0x62])),
      event(20, .noteOn(channel: 0, pitch: 60, velocity: 0)),
      event(20, .noteOn(channel: 0, pitch: 62, velocity: 0)),
      event(20, .program(channel: 3, number: 7)),
      event(21, .program(channel: 3, number: 8)),
      event(21, .control(channel: 0, number: 64, value: 127)),
      event(21, .pitchBend(channel: 1, value: 64 * 128 + 1)),
      event(21, .keyPressure(channel: 0, pitch: 60, pressure: 1)),
      event(21, .channelPressure(channel: 0, pressure: 9)),
      event(21, .endOfTrack),
    ]
    #expect(file.tracks == [expected])
    let found = file.notes()
    #expect(
      found.notes == [
        MIDINote(pitch: 60, velocity: 100, start: 0, end: 20),
        MIDINote(pitch: 62, velocity: 90, start: 10, end: 20),
      ])
    #expect(found.unended == 0 && found.unstarted == 0)
    #expect(try midi(file.bytes) == file)
  }

  @Test func overlapsEndsAndStarts() throws {
    let track: [UInt8] =
      [
        0, 0x90, 60, 1, 10, 60, 2, 10, 0x80, 60, 0, 10, 60, 0, 0, 60, 0, 0, 0x90, 64, 5, 0x83, 0, 0xff, 0x2f,
        0,
      ]
    let found = try midi(MIDIParts(tracks: [track]).file).notes()
    #expect(
      found.notes == [
        MIDINote(pitch: 60, velocity: 1, start: 0, end: 20),
        MIDINote(pitch: 60, velocity: 2, start: 10, end: 30),
        MIDINote(pitch: 64, velocity: 5, start: 30, end: 414),
      ])
    #expect(found.unended == 1 && found.unstarted == 1)
  }

  @Test func tempoOfAnyTrackHoldsForAll() throws {
    let tempo: [UInt8] = [96, 0xff, 0x51, 3, 0x0f, 0x42, 0x40]
    let music: [UInt8] = [0, 0x90, 60, 1, 0x81, 0x40, 60, 0] + end
    let file = try midi(MIDIParts(format: 1, tracks: [music, tempo + end]).file)
    // Half a second for the first quarter, and one for the next.
    #expect(file.duration == 1.5)
    #expect(TempoMap(file).seconds(48) == 0.25 && TempoMap(file).seconds(144) == 1)
    // Pieces of their own have tempos of their own.
    let apart = try midi(MIDIParts(format: 2, tracks: [music, tempo + end]).file)
    #expect(apart.duration == 1 + 0.5)
    #expect(TempoMap(apart, track: 9).seconds(96) == 0.5)
    // A tempo of 0 says nothing.
    let zero: [UInt8] = [0, 0xff, 0x51, 3, 0, 0, 0]
    #expect(try midi(MIDIParts(tracks: [zero + music]).file).duration == 1)
  }

  @Test func ticksOfTimeCode() throws {
    for (rate, expected) in [(24, 1.0), (25, 0.96), (30, 0.8), (29, 24 * 1001 / 30000)] {
      let division = UInt64((256 - rate) << 8 | 40)
      let track: [UInt8] = [0, 0xff, 0x51, 3, 1, 0, 0, 0x87, 0x40, 0x90, 60, 1] + end
      let file = try midi(MIDIParts(division: division, tracks: [track]).file)
      #expect(file.division == .timeCode(framesPerSecond: rate, ticksPerFrame: 40))
      #expect(abs(file.duration - expected) < 1e-12)
      #expect(try midi(file.bytes) == file)
    }
  }

  @Test func chunksHeadersAndWrappings() throws {
    let track: [UInt8] = [0, 0x90, 60, 1, 96, 60, 0] + end
    let plain = try midi(MIDIParts(tracks: [track]).file)
    let long = try midi(MIDIParts(header: [1, 2, 3], tracks: [track]).file)
    #expect(long == plain)
    let file = MIDIParts(tracks: [track]).file
    let alien = Array(file[..<14]) + MIDIParts.chunk("XFIH", [1, 2, 3]) + file[14...]
    #expect(try midi(alien).tracks == plain.tracks && midi(alien).remarks.count == 1)
    let riff = Array("RIFF".utf8) + bytes(UInt64(file.count + 12), 4) + Array("RMIDdata".utf8)
    #expect(try midi(riff + bytes(UInt64(file.count), 4) + file) == plain)
    // A track without its end gets one.
    let endless = try midi(MIDIParts(tracks: [Array(track.dropLast(4))]).file)
    #expect(endless.tracks[0].last?.message == .endOfTrack && endless.tracks[0].last?.tick == 96)
    // What stands behind the end is passed over.
    #expect(try midi(MIDIParts(tracks: [track + [1, 2, 3]]).file) == plain)
    let exclusive = try midi(MIDIParts(tracks: [[0, 0xf0, 3, 1, 2, 0xf7, 0, 0xf7, 1, 9] + track]).file)
    #expect(exclusive.tracks[0].first?.message == .exclusive(start: 0xf0, bytes: [1, 2, 0xf7]))
    #expect(try midi(exclusive.bytes) == exclusive)
  }

  @Test func whatIsCutShortIsReadAsFarAsItGoes() throws {
    let track: [UInt8] = [0, 0x90, 60, 1, 96, 60, 0] + end
    let file = MIDIParts(format: 1, tracks: [track, track]).file
    let whole = try midi(file)
    for count in 0..<file.count {
      let error = midiFailure(Array(file[..<count]))
      guard error == nil else {
        #expect(count < 14 && [.badMusic, .emptyFile].contains(error?.kind))
        continue
      }
      let read = try midi(Array(file[..<count]))
      #expect(!read.remarks.isEmpty, "\(count)")
      for (a, b) in zip(read.tracks, whole.tracks) { #expect(b.starts(with: a.dropLast())) }
    }
  }

  @Test func damageIsNamedWithItsPlace() {
    func why(_ bytes: [UInt8]) -> String { midiFailure(bytes)?.description ?? "read" }
    #expect(why([]) == "a.mid: the file is empty")
    #expect(why(Array("X:1\nT:A tune\n".utf8)).hasSuffix("found text at byte 0"))
    #expect(why([0, 1, 2, 3, 4]).hasSuffix("found something else at byte 0"))
    #expect(why(MIDIParts(format: 3).file) == "a.mid: expected format 0, 1 or 2, found 3 at byte 8")
    #expect(why(MIDIParts(division: 0).file).hasSuffix("found 0 at byte 12"))
    #expect(why(MIDIParts(division: 0xe000).file).contains("found 32 of 0 at byte 12"))
    #expect(why(MIDIParts(tracks: [[0, 60, 1]]).file).hasSuffix("with no status before at byte 23"))
    #expect(why(MIDIParts(tracks: [[0, 0x90, 0x80, 1]]).file).hasSuffix("found 128 at byte 24"))
    #expect(why(MIDIParts(tracks: [[0, 0xf4]]).file).contains("the status 0xf4"))
    #expect(why(MIDIParts(tracks: [[0x80, 0x80, 0x80, 0x80, 0]]).file).contains("at most four bytes"))
    #expect(why(MIDIParts(announced: 1).file + [0, 1, 2, 3, 4, 5, 6, 7]).contains("a chunk \"MTrk\""))
    #expect(why(MIDIParts(announced: 1, header: []).file) == "read")
  }

  @Test func notesBecomeAFileAndComeBack() throws {
    let notes = [
      MIDINote(track: 1, channel: 0, pitch: 60, velocity: 90, start: 0, end: 480),
      MIDINote(track: 1, channel: 0, pitch: 60, velocity: 91, start: 480, end: 960),
      MIDINote(track: 1, channel: 0, pitch: 64, velocity: 92, start: 480, end: 480),
      MIDINote(track: 2, channel: 9, pitch: 35, velocity: 127, start: 0, end: 300_000_000),
    ]
    let file = MIDIFile(notes: notes, beatsPerMinute: 90, programs: [1: 19])
    let read = try midi(file.bytes)
    #expect(read.tracks.count == 3 && read.remarks.isEmpty)
    let found = read.notes()
    #expect(found.unended == 0 && found.unstarted == 0)
    #expect(Set(found.notes.map { "\($0)" }) == Set(notes.map { "\($0)" }))
    #expect(read.tracks[1].first?.message == .program(channel: 0, number: 19))
    #expect(abs(TempoMap(read).seconds(480) - 60.0 / 90) < 1e-6)
    #expect(try midi(MIDIFile(notes: []).bytes).notes().notes.isEmpty)
  }

  @Test func damageNeverTraps() throws {
    var random = RandomSource(seed: 23)
    let track: [UInt8] =
      [
        0, 0xff, 0x51, 3, 7, 0xa1, 0x20, 0, 0x90, 60, 100, 10, 62, 90, 0x81, 0, 0xff, 1, 2, 1, 2, 5, 60, 0, 0,
        62, 0,
      ]
      + [0, 0xf0, 3, 1, 2, 0xf7, 0, 0xb0, 64, 127, 3, 0xe0, 1, 2] + end
    let seeds = [
      MIDIParts(tracks: [track]).file, MIDIParts(format: 1, division: 0xe728, tracks: [track, track]).file,
      MIDIParts(format: 2, tracks: [end, track, end]).file,
    ]
    var read = 0
    for round in 0..<5000 {
      var file = seeds[round % seeds.count]
      for _ in 0...random.below(4) where !file.isEmpty {
        let place = random.below(file.count)
        switch random.below(4) {
        case 0: file[place] = UInt8(random.below(256))
        case 1: file[place] = [0, 0x7f, 0x80, 0xff, 0x90][random.below(5)]
        case 2: file.removeSubrange(place..<min(file.count, place + 1 + random.below(5)))
        default:
          file.insert(contentsOf: file[place..<min(file.count, place + 1 + random.below(9))], at: place)
        }
      }
      do throws(DataError) {
        let found = try midi(file)
        #expect(found.tracks.joined().count <= file.count)
        #expect(found.duration.isFinite && found.duration >= 0)
        let notes = found.notes().notes
        #expect(notes.allSatisfy { $0.end >= $0.start })
        let again = try midi(found.bytes)
        #expect(again.tracks == found.tracks && again.format == found.format)
        read += 1
      } catch { #expect([.badMusic, .emptyFile].contains(error.kind)) }
    }
    #expect(read > 1000 && read < 4900)
  }

  @Test(.enabled("needs shared/data/midi beside the package", { SharedMIDI.archive != nil }))
  func threeHundredSongsAreReadAsTheirTablesSay() throws {
    let folder = try SharedMIDI.unpacked()
    defer { try? FileManager.default.removeItem(at: folder) }
    var count = 0
    for (part, table, first) in [("jazzsoft", "manifest.tsv", 3), ("pop909", "index.tsv", 2)] {
      for row in try SharedMIDI.rows(folder.appending(path: "\(part)/\(table)")) {
        let file = try MIDIFile(path: folder.appending(path: "\(part)/\(row[0])").path)
        let found = file.notes()
        let expected = [file.format.rawValue, file.tracks.count].map(String.init)
        #expect(
          Array(row[first..<(first + 2)]) == expected
            && file.division == .ticksPerQuarter(Int(row[first + 2])!))
        #expect(found.notes.count == Int(row[first + 3]), "\(row)")
        #expect(abs(file.duration - Double(row[first + 4])!) < 0.006, "\(row): \(file.duration)")
        #expect(file.remarks.isEmpty)
        #expect(try midi(file.bytes) == file)
        count += 1
      }
    }
    #expect(count == 309)
  }
}
