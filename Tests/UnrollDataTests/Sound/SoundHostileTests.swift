import Testing
import UnrollCore
import UnrollData

@Suite struct SoundHostileTests {
  private func why(_ bytes: [UInt8]) -> String {
    guard let error = soundFailure(bytes) else { return "read" }
    return String(error.description.drop { $0 != ":" }.dropFirst(2))
  }

  @Test func whatCannotBeIsRefusedForItsReason() {
    #expect(why([]) == "the file is empty")
    #expect(why(WAVParts(channels: 0).file) == "expected 1 to 1024 channels, found 0")
    #expect(why(WAVParts(channels: 60000, bits: 8).file) == "expected 1 to 1024 channels, found 60000")
    #expect(why(WAVParts(rate: 0).file) == "expected a sample rate from 1 to 100000000 Hz, found 0 Hz")
    #expect(why(WAVParts(rate: 0xffff_ffff).file).hasSuffix("found 4294967295 Hz"))
    #expect(why(WAVParts(bits: 0).file) == "expected PCM samples of 1 to 32 bits, found 0 bits")
    #expect(why(WAVParts(bits: 36, align: 5).file) == "expected PCM samples of 1 to 32 bits, found 36 bits")
    #expect(why(WAVParts(tag: 3, bits: 16).file) == "expected float samples of 32 or 64 bits, found 16 bits")
    #expect(why(WAVParts(tag: 0x11).file) == "expected WAV, AIFF or AU, found IMA ADPCM in WAV")
    #expect(why(WAVParts(tag: 0xfffe).file).contains("at least 40 bytes, as its format is \"extensible\""))
    var guid = WAVParts.extensible(valid: 16, tag: 1)
    guid[20] ^= 1
    #expect(why(WAVParts(tag: 0xfffe, extra: guid).file).contains("a GUID of a format of sound"))
    #expect(why(AIFFParts(channels: 0).file).contains("1 to 1024 channels"))
    #expect(why(AIFFParts(rate: [UInt8](repeating: 0, count: 10)).file).contains("found no number"))
    #expect(why(AIFFParts(rate: [0xc0] + [UInt8](repeating: 1, count: 9)).file).contains("found no number"))
    #expect(
      why(AIFFParts(rate: [0x7f, 0xfe] + [UInt8](repeating: 255, count: 8)).file).contains("sample rate"))
    #expect(why(AIFFParts(code: "ima4").file).contains("AIFF-C coded as \"ima4\""))
    #expect(why(Array("Once upon a time".utf8)).contains("found text"))
    #expect(why([1, 2, 3, 4, 0]).contains("starts with the bytes 01 02 03 04"))
    #expect(why(Array("fLaC".utf8)).contains("found FLAC"))
    #expect(why([0xff, 0xfb, 0x90, 0x64]).contains("found MP3"))
  }

  @Test func everyTruncationEnds() {
    let files = [
      WAVParts(before: WAVParts.chunk("bext", [1, 2, 3]), data: [1, 2, 3, 4], dataSize: 0xffff_fff0).file,
      WAVParts(tag: 0xfffe, extra: WAVParts.extensible(valid: 16, tag: 3), data: [1, 2]).file,
      AIFFParts(code: "sowt", data: [1, 2, 3, 4]).file, AIFFParts(data: [1, 2], soundFirst: true).file,
    ]
    for file in files {
      for count in 0..<file.count {
        let error = soundFailure(Array(file[..<count]))
        #expect(error == nil || error?.kind == .badSound || error?.kind == .emptyFile)
      }
    }
    // A format that is cut is never read.
    let file = WAVParts(data: [1, 2]).file
    for count in 12..<36 { #expect(soundFailure(Array(file[..<count]))?.kind == .badSound) }
  }

  @Test func sizesThatLieAllocateNothing() throws {
    for size in [0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0x1000_0000] as [UInt64] {
      let read = try sound(WAVParts(data: [1, 2], dataSize: size).file)
      #expect(read.samples.count == 1 && read.remarks.count == 1)
      #expect(
        why(WAVParts(before: WAVParts.chunk("junk", [], size: size)).file).contains(
          "found the end of the file"))
    }
    // 2³² and 2⁶⁴ − 1 samples in 64 bits.
    for size in [1 << 33, UInt64.max, UInt64(Int64.max)] {
      let sizes = bytes(size, 8) + bytes(size, 8) + bytes(size, 8) + bytes(0xffff_ffff, 4)
      let file = WAVParts(
        mark: "RF64", before: WAVParts.chunk("ds64", sizes), data: [1, 2, 3], dataSize: 0xffff_ffff
      ).file
      #expect(try sound(file).samples.count == 1)
    }
    for frames in [0xffff_ffff, 0x8000_0000, 0x1000_0000, 5] as [UInt64] {
      let read = try sound(AIFFParts(frames: frames, data: [1, 2]).file)
      // A number of frames that was never filled in leaves the chunk's size.
      #expect(read.samples.count == 1 && read.remarks.count == (frames < 0x7fff_0000 ? 1 : 0))
    }
  }

  @Test func damageNeverTraps() throws {
    var random = RandomSource(seed: 17)
    let long = bytes(0, 8) + bytes(40, 8) + bytes(20, 8) + bytes(1, 4) + Array("JUNK".utf8) + bytes(9, 8)
    let body = (0..<40).map { UInt8($0) }
    let seeds = [
      WAVParts(data: body).file, WAVParts(channels: 2, bits: 24, align: 8, data: body).file,
      WAVParts(mark: "RIFX", data: body, isBig: true).file,
      WAVParts(tag: 0xfffe, bits: 32, extra: WAVParts.extensible(valid: 24, tag: 1), data: body).file,
      WAVParts(tag: 3, bits: 64, before: WAVParts.chunk("LIST", [1, 2, 3]), data: body).file,
      WAVParts(mark: "RF64", before: WAVParts.chunk("ds64", long), data: body, dataSize: 0xffff_ffff).file,
      AIFFParts(data: body).file, AIFFParts(code: "fl32", bits: 32, data: body, soundFirst: true).file,
      Array(".snd".utf8) + [24, 40, 3, 8000, 1].flatMap { bytes($0, 4, big: true) } + body,
    ]
    var read = 0
    for round in 0..<6000 {
      var file = seeds[round % seeds.count]
      for _ in 0...random.below(4) {
        guard !file.isEmpty else { break }
        let place = random.below(file.count)
        switch random.below(5) {
        case 0: file[place] = UInt8(random.below(256))
        case 1: file[place] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]
        case 2: file.removeSubrange(place..<min(file.count, place + 1 + random.below(8)))
        case 3:
          file.insert(contentsOf: file[place..<min(file.count, place + 1 + random.below(12))], at: place)
        default: file.removeLast(min(file.count, random.below(12)))
        }
      }
      do throws(DataError) {
        let sound = try sound(file, pieceSize: 1 + random.below(64))
        // No more samples than bytes, all of them finite.
        #expect(sound.samples.count <= file.count && sound.samples.allSatisfy(\.isFinite))
        read += 1
      } catch { #expect([.badSound, .emptyFile].contains(error.kind)) }
    }
    #expect(read > 1500 && read < 5500)
  }

  @Test func filesAreFilesAndFoldersAreNot() throws {
    #expect { try Sound(path: "no such.wav") } throws: { ($0 as? DataError)?.kind == .missingFile }
    #expect { try Sound(path: "/") } throws: { ($0 as? DataError)?.kind == .unreadableFile }
    let file = WAVParts(
      between: WAVParts.chunk("LIST", [UInt8](repeating: 1, count: 1 << 19)), data: [0, 64]
    ).file
    try withFile(file) { path in
      let read = try Sound(path: path)
      #expect(read == Sound(samples: [0.5], sampleRate: 8000))
      #expect { try Sound(path: path, maximumSamples: 0) } throws: { ($0 as? DataError)?.kind == .tooLarge }
    }
  }

  @Test func codedSoundNamesItsTool() throws {
    let missing = ExternalTool("unroll-no-ffmpeg")
    do throws(ExternalToolError) {
      _ = try missing.run(arguments: [], outputLimit: 1, timeLimit: .seconds(1))
    } catch {
      let error = DataError(error, file: "a.flac", needed: "FLAC")
      #expect(error.kind == .missingTool)
      #expect(
        error.description
          == "a.flac: FLAC is read by unroll-no-ffmpeg, which is not installed\n        install unroll-no-ffmpeg"
      )
    }
    // A file that only looks coded: the tool is there and refuses it, or is not there.
    try withFile(Array("fLaC".utf8) + [UInt8](repeating: 1, count: 100)) { path -> Void in
      #expect { try Sound(path: path) } throws: { error in
        [.failedTool, .missingTool].contains((error as? DataError)?.kind)
      }
    }
  }

  @Test(.enabled("needs ffmpeg", { ExternalTool("ffmpeg").isInstalled }))
  func ffmpegGivesTheSamplesOfALosslessFile() throws {
    let original = Sound(
      samples: (0..<20000).map { Float(($0 &* 7919) % 65536 - 32768) / 32768 }, sampleRate: 22050, channels: 2
    )
    try withFile(original.wav()) { path in
      let coded = "\(path).flac"
      _ = try ExternalTool("ffmpeg").run(
        arguments: ["-nostdin", "-v", "error", "-i", path, "-y", coded], outputLimit: 0,
        timeLimit: .seconds(60))
      defer { _ = try? ExternalTool("rm").run(arguments: [coded], outputLimit: 0, timeLimit: .seconds(9)) }
      let reader = try SoundReader(path: coded)
      #expect(reader.format == "FLAC, 32-bit float")
      #expect(try Sound(reader) == original)
      // No file is opened but the one that was named.
      let list = "\(path).m3u8"
      _ = try ExternalTool("sh").run(
        arguments: [
          "-c", "printf '#EXTM3U\\n#EXT-X-TARGETDURATION:9\\n#EXTINF:9,\\n%s\\n' \"$1\" > \"$2\"", "sh",
          coded, list,
        ],
        outputLimit: 0, timeLimit: .seconds(9))
      defer { _ = try? ExternalTool("rm").run(arguments: [list], outputLimit: 0, timeLimit: .seconds(9)) }
      #expect { try Sound(path: list) } throws: { ($0 as? DataError)?.kind == .badSound }
    }
  }
}
