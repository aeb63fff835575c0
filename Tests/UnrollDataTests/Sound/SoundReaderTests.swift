import Testing
import UnrollData

@Suite struct SoundReaderTests {
  private func samples(_ values: [Int], _ count: Int, big: Bool = false) -> [UInt8] {
    values.flatMap { bytes(UInt64(bitPattern: Int64($0)), count, big: big) }
  }

  @Test func integersOfEveryWidth() throws {
    let expected: [Float] = [0, 0.5, -1, -0.25]
    for (bits, scale) in [(16, 1 << 15), (24, 1 << 23), (32, 1 << 31)] {
      let values = expected.map { Int(Double($0) * Double(scale)) }
      for isBig in [false, true] {
        let parts = WAVParts(
          mark: isBig ? "RIFX" : "RIFF", bits: UInt64(bits), data: samples(values, bits / 8, big: isBig),
          isBig: isBig)
        #expect(try sound(parts.file) == Sound(samples: expected, sampleRate: 8000))
      }
    }
    #expect(try sound(WAVParts(bits: 8, data: [128, 192, 0, 96]).file).samples == expected)
    // Twelve bits stand at the top of sixteen, twenty at the top of 24.
    #expect(try sound(WAVParts(bits: 12, data: samples([1 << 14, -1 << 15], 2)).file).samples == [0.5, -1])
    #expect(try sound(WAVParts(bits: 20, data: samples([1 << 22], 3)).file).samples == [0.5])
  }

  @Test func twentyFourBitsInThirtyTwo() throws {
    // At the top, as the format has it.
    let top = WAVParts(bits: 24, align: 4, data: samples([1 << 30, -1 << 31, 256], 4))
    #expect(try sound(top.file).samples == [0.5, -1, 0x1p-23])
    // At the bottom, the highest byte empty or a sign.
    let bottom = WAVParts(bits: 24, align: 4, data: samples([1 << 22, 0xff_ffff, -1 << 23, 3], 4))
    let read = try sound(bottom.file)
    #expect(read.samples == [0.5, -0x1p-23, -1, 3 * 0x1p-23])
    #expect(read.remarks.count == 1)
    let extensible = WAVParts(
      tag: 0xfffe, bits: 32, extra: WAVParts.extensible(valid: 24, tag: 1), data: samples([1 << 30], 4))
    #expect(try sound(extensible.file) == Sound(samples: [0.5], sampleRate: 8000))
  }

  @Test func floatsOfBothWidthsAndWhatIsNotFinite() throws {
    let values: [Float] = [0.25, -3.5, .nan, .infinity, 1e-30]
    let single = WAVParts(tag: 3, bits: 32, data: values.flatMap { bytes(UInt64($0.bitPattern), 4) })
    let double = WAVParts(tag: 3, bits: 64, data: values.flatMap { bytes(Double($0).bitPattern, 8) })
    for parts in [single, double] {
      let read = try sound(parts.file)
      #expect(read.samples == [0.25, -3.5, 0, 0, 1e-30])
      #expect(read.remarks == ["2 samples are no finite numbers, and were read as 0"])
    }
    let huge = WAVParts(tag: 3, bits: 64, data: bytes(Double(1e300).bitPattern, 8))
    #expect(try sound(huge.file).samples == [0])
  }

  @Test func companded() throws {
    // ITU-T G.711, tables 1 and 2: the ends of the range, both zeros, and values between.
    let mu = WAVParts(tag: 7, bits: 8, data: [0x80, 0x00, 0xff, 0x7f, 0xf0, 0x9f])
    #expect(try sound(mu.file).samples.map { $0 * 32768 } == [32124, -32124, 0, 0, 120, 8316])
    let a = WAVParts(tag: 6, bits: 8, data: [0xaa, 0x2a, 0xd5, 0x55, 0xc5])
    #expect(try sound(a.file).samples.map { $0 * 32768 } == [32256, -32256, 8, -8, 264])
  }

  @Test func channelsStandSideBySide() throws {
    let file = WAVParts(channels: 3, data: samples([1, 2, 3, 4, 5, 6], 2)).file
    let read = try sound(file)
    #expect(read.channels == 3 && read.frames == 2)
    #expect(try read.mono().samples.map { $0 * 32768 } == [2, 5])
    #expect(try read.mono(.channel(3)).samples.map { $0 * 32768 } == [3, 6])
    #expect(throws: DataError.self) { try read.mono(.channel(4)) }
    #expect(throws: DataError.self) { try read.mono(.channel(0)) }
  }

  @Test func chunksBeforeAndBetween() throws {
    let junk = WAVParts.chunk("JUNK", [UInt8](repeating: 7, count: 101))
    let list = WAVParts.chunk("LIST", Array("INFOISFT".utf8))
    let data = samples([1, -1], 2)
    for pad in [true, false] {
      let odd = WAVParts.chunk("bext", [1, 2, 3], pad: pad)
      let parts = WAVParts(before: junk + odd, between: odd + list, data: data, after: list)
      #expect(try sound(parts.file).samples == [0x1p-15, -0x1p-15])
    }
    // Samples before their format.
    let late =
      Array("RIFF".utf8) + bytes(0, 4) + Array("WAVE".utf8) + WAVParts.chunk("data", data)
      + WAVParts(data: []).file[12...]
    #expect(try sound(late).samples == [0x1p-15, -0x1p-15])
  }

  @Test func placeholdersOfPipes() throws {
    let data = samples([1, 2, 3], 2)
    for (riff, size) in [(0, 0), (36, 0), (0xffff_ffff, 0xffff_ffff), (0x7fff_ffff, 0x7fff_f000)] {
      let read = try sound(WAVParts(riffSize: UInt64(riff), data: data, dataSize: UInt64(size)).file)
      #expect(read.samples.count == 3)
      #expect(read.remarks.count == 1)
    }
    // A file that is truly empty, with chunks behind.
    let empty = WAVParts(data: [], after: WAVParts.chunk("LIST", Array("INFO".utf8)))
    #expect(try sound(empty.file) == Sound(samples: [], sampleRate: 8000))
    #expect(try sound(WAVParts(data: []).file) == Sound(samples: [], sampleRate: 8000))
  }

  @Test func whatIsCutShortIsReadAsFarAsItGoes() throws {
    let file = WAVParts(channels: 2, data: samples([1, 2, 3, 4, 5, 6], 2)).file
    let read = try sound(Array(file.dropLast(3)))
    #expect(read.samples.count == 4)
    #expect(read.remarks == ["cut short: the header announces 3 frames, and 2 are there"])
    let halfFrame = WAVParts(data: samples([1, 2], 2) + [9])
    #expect(
      try sound(halfFrame.file).remarks == ["1 bytes at the end make no whole frame, and were left out"])
  }

  @Test func longAndWaveSixtyFour() throws {
    let data = samples([1, 2, 3], 2)
    let sizes = bytes(0, 8) + bytes(UInt64(data.count), 8) + bytes(3, 8) + bytes(0, 4)
    let long = WAVParts(
      mark: "RF64", riffSize: 0xffff_ffff, before: WAVParts.chunk("ds64", sizes), data: data,
      dataSize: 0xffff_ffff, after: WAVParts.chunk("LIST", Array("INFO".utf8)))
    #expect(try sound(long.file) == Sound(samples: [1, 2, 3].map { $0 * 0x1p-15 }, sampleRate: 8000))

    let tail: [UInt8] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a]
    func chunk(_ mark: String, _ body: [UInt8]) -> [UInt8] {
      let padding = [UInt8](repeating: 0, count: (8 - body.count % 8) % 8)
      return Array(mark.utf8) + tail + bytes(UInt64(body.count + 24), 8) + body + padding
    }
    let format = Array(WAVParts(data: []).file[20..<36])
    let riff: [UInt8] = [0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0, 0]
    let wave =
      Array("riff".utf8) + riff + bytes(0, 8) + Array("wave".utf8) + tail + chunk("junk", [1, 2, 3])
      + chunk("fmt ", format) + chunk("data", data) + chunk("levl", [0])
    #expect(try sound(wave) == Sound(samples: [1, 2, 3].map { $0 * 0x1p-15 }, sampleRate: 8000))
  }

  @Test func aiff() throws {
    let expected = Sound(samples: [0.5, -1], sampleRate: 8000)
    for (bits, scale) in [(8, 1 << 7), (16, 1 << 15), (24, 1 << 23), (32, 1 << 31)] {
      let data = samples([scale / 2, -scale], bits / 8, big: true)
      #expect(try sound(AIFFParts(bits: UInt64(bits), data: data).file) == expected)
      #expect(try sound(AIFFParts(code: "NONE", bits: UInt64(bits), data: data).file) == expected)
    }
    #expect(
      try sound(AIFFParts(data: samples([1 << 14, -1 << 15], 2, big: true), soundFirst: true).file)
        == expected)
    #expect(try sound(AIFFParts(code: "sowt", data: samples([1 << 14, -1 << 15], 2)).file) == expected)
    let floats = [Float(0.5), -1].flatMap { bytes(UInt64($0.bitPattern), 4, big: true) }
    #expect(try sound(AIFFParts(code: "fl32", bits: 32, data: floats).file) == expected)
    let silent = AIFFParts(code: "ulaw", frames: 2, bits: 16, data: [0xff, 0xff])
    #expect(try sound(silent.file).samples == [0, 0])
    // 22,254.545 Hz, the rate of early Macintoshes.
    let old = AIFFParts(rate: [0x40, 0x0d, 0xad, 0xdd, 0x17, 0x46, 0, 0, 0, 0], data: [0, 0])
    let read = try sound(old.file)
    #expect(read.sampleRate == 22255 && read.remarks.count == 1)
  }

  @Test func au() throws {
    func file(_ encoding: UInt64, _ data: [UInt8], size: UInt64, big: Bool = true) -> [UInt8] {
      let fields = [28, size, encoding, 8000, 1].flatMap { bytes($0, 4, big: big) }
      return Array((big ? ".snd" : "dns.").utf8) + fields + [1, 2, 3, 4] + data
    }
    let expected = Sound(samples: [0.5, -1], sampleRate: 8000)
    for (encoding, width) in [(2, 1), (3, 2), (4, 3), (5, 4)] {
      let values = [1 << (8 * width - 2), -1 << (8 * width - 1)]
      for isBig in [true, false] {
        let data = samples(values, width, big: isBig)
        #expect(try sound(file(UInt64(encoding), data, size: UInt64(data.count), big: isBig)) == expected)
      }
    }
    let endless = try sound(file(3, samples([1 << 14, -1 << 15], 2, big: true), size: 0xffff_ffff))
    #expect(endless.samples == expected.samples && endless.remarks.count == 1)
    #expect(try sound(file(27, [0xaa], size: 1)).samples == [32256 / 32768])
  }

  @Test func rawSamples() throws {
    let data = samples([1 << 14, -1 << 15, 0], 2)
    let raw = RawSoundFormat(sampleRate: 16000)
    #expect(try sound(data, raw: raw) == Sound(samples: [0.5, -1, 0], sampleRate: 16000))
    #expect(SampleEncoding.names.allSatisfy { SampleEncoding(name: $0) != nil })
    #expect(SampleEncoding(name: "s17le") == nil)
    let big = RawSoundFormat(sampleRate: 8000, encoding: try #require(SampleEncoding(name: "s16be")))
    #expect(try sound([0x40, 0, 1], raw: big).samples == [0.5])
    #expect(soundFailure(data, raw: RawSoundFormat(sampleRate: 0))?.kind == .badSound)
    // Nothing is taken for a header.
    #expect(try sound(WAVParts(data: []).file, raw: raw).samples.count == 22)
  }

  @Test func piecesDoNotMatter() throws {
    let file = WAVParts(channels: 3, bits: 24, data: (0..<999).map { UInt8(truncatingIfNeeded: $0 &* 37) })
      .file
    let whole = try sound(file, pieceSize: 1 << 20)
    #expect(whole.frames == 111)
    for piece in [1, 2, 3, 8, 64] { #expect(try sound(file, pieceSize: piece) == whole) }
    for count in [1, 2, 7, 110, 111, 112, 1 << 30] {
      let reader = try SoundReader(ByteSource(file, name: "a.wav"))
      #expect(reader.frames == 111)
      var samples: [Float] = []
      while true {
        let block = try reader.read(frames: count)
        if block.isEmpty { break }
        #expect(block.count == 3 * count || samples.count + block.count == 333)
        samples += block
      }
      #expect(samples == whole.samples)
      #expect(try reader.read(frames: 1).isEmpty)
    }
  }

  @Test func anEndlessFileIsReadInBlocks() throws {
    let reader = try SoundReader(path: "/dev/zero", raw: RawSoundFormat(sampleRate: 16000))
    #expect(reader.frames == nil)
    for _ in 0..<20 { #expect(try reader.read(frames: 10000) == [Float](repeating: 0, count: 10000)) }
    let mono = try MonoSoundReader(reader, sampleRate: 8000)
    var count = 0
    while count < 20000 { count += try mono.read().count }
    #expect(throws: DataError.self) {
      try Sound(path: "/dev/zero", raw: RawSoundFormat(sampleRate: 16000), maximumSamples: 200_000)
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    let values = (0..<97).map { Float($0 - 48) / 49 }
    let original = Sound(samples: values, sampleRate: 44100)
    let encodings: [(SampleEncoding, Float)] = [
      (.pcm16, 0x1p-16), (.pcm24, 0x1p-24), (.float32, 0), (.muLaw, 0.016), (.aLaw, 0.016),
    ]
    for (encoding, error) in encodings {
      let read = try sound(original.wav(encoding: encoding))
      #expect(read.sampleRate == 44100 && read.remarks.isEmpty && read.frames == 97)
      for (a, b) in zip(read.samples, values) { #expect(abs(a - b) <= error) }
    }
    let loud = Sound(samples: [2, -2, .nan], sampleRate: 8000)
    #expect(try sound(loud.wav()).samples == [32767 / 32768, -1, 0])
    var writer = WAVWriter(sampleRate: 8000)
    _ = writer.bytes(loud.samples)
    #expect(writer.clipped == 2)
    let stream = WAVWriter(sampleRate: 8000).header(frames: nil) + bytes(0x4000, 2)
    #expect(try sound(stream).samples == [0.5])
  }
}
