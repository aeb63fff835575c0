import Testing
import UnrollData

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

func bytes(base64 text: String) throws -> [UInt8] {
  Array(try #require(Data(base64Encoded: text.filter { !$0.isWhitespace })))
}

/// A member of gzip that stores bytes without compression.
private func storedMember(_ bytes: [UInt8], header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]) -> [UInt8]
{
  func little(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }
  let count = UInt32(bytes.count)
  var member = header + [1] + little(count, 2) + little(~count, 2) + bytes
  member += little(CRC32.of(bytes), 4) + little(count, 4)
  return member
}

@Suite struct CompressionTests {
  /// What the fixtures become.
  static let text: [UInt8] = {
    let sentence = String(repeating: "The five boxing wizards jump quickly; ", count: 3)
    let rest = (0..<600).map { (index: Int) -> UInt8 in UInt8(32 + (index * index * 7 + index) % 90) }
    return Array(sentence.utf8) + rest
  }()

  /// Written by Python's `gzip` at level 9: codes of its own.
  static let dynamic = """
    H4sIAAAAAAACA+3KOxJAMBQF0K3cKpNa+cykygIUyjQeQXziYXxXbwsKpVOfvPWow+7B0xligyPcxVKt6LZRMG+h7IcrRf7h
    gjZMiKKsZIas086SycQqiSA2GopcIsySOFJ//vPL/AAcBTxoygIAAA==
    """

  /// Written by Python's `zlib`: the fixed codes, no frame; the first 150 bytes.
  static let fixed = """
    C8lIVUjLLEtVSMqvyMxLVyjPrEosSilWyCrNLVAoLM1Mzs6ptFYIoaIqBQ27JCuFvAI1l4IAOyuXGI0YFyu7gAIXtYI8Bask
    Ow0FNasYAA==
    """

  @Test func checksumsAreThoseOfTheStandards() {
    // The check values of ISO 3309 and RFC 1950.
    #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(Adler32.of(Array("Wikipedia".utf8)) == 0x11E6_0398)
    for count in [0, 1, 7, 8, 9, 15, 16, 17, 5551, 5552, 5553] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 >> 3) }
      var whole = CRC32()
      whole.add(bytes, in: 0..<count)
      var parts = CRC32()
      parts.add(bytes, in: 0..<(count / 3))
      parts.add(bytes, in: (count / 3)..<count)
      #expect(whole.value == CRC32.of(bytes) && parts.value == whole.value)
      var (a, b) = (1, 0)
      for byte in bytes {
        a = (a + Int(byte)) % 65521
        b = (b + a) % 65521
      }
      #expect(Adler32.of(bytes) == UInt32(b << 16 | a))
    }
  }

  @Test func blocksOfEveryKindAreUnpacked() throws {
    let (dynamic, fixed) = (try bytes(base64: Self.dynamic), try bytes(base64: Self.fixed))
    #expect(try Gzip.unpack(dynamic, name: "x.gz", limit: 1000) == Self.text)
    #expect(try Inflater.raw(fixed, limit: 1000) == Array(Self.text.prefix(150)))
    #expect(try Gzip.unpack(storedMember(Self.text), name: "x.gz", limit: 1000) == Self.text)
    #expect(try Gzip.unpack(storedMember([]), name: "x.gz", limit: 0) == [])
  }

  @Test func severalMembersAreJoined() throws {
    let one = try bytes(base64: Self.dynamic)
    let two = storedMember([1, 2, 3])
    // A member with a name, a comment, an extra field and a checksum of its header.
    let front: [UInt8] = [0x1F, 0x8B, 8, 0x1E, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 0x61, 0, 0x62, 0]
    let sum = CRC32.of(front)
    let three = storedMember(
      [4], header: front + [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)])
    let joined = try Gzip.unpack(one + two + three + [0, 0, 0], name: "x.gz", limit: 1000)
    #expect(joined == Self.text + [1, 2, 3, 4])
    #expect(throws: DataError.self) { try Gzip.unpack(one + [0, 7], name: "x.gz", limit: 1000) }
  }

  @Test func everyCutIsToldAsOne() throws {
    let whole = try bytes(base64: Self.dynamic)
    for count in 0..<whole.count {
      let error = #expect(throws: DataError.self) {
        try Gzip.unpack(Array(whole.prefix(count)), name: "x.gz", limit: 1000)
      }
      #expect(error?.kind == .badCompression)
      #expect(error?.description.contains("x.gz: the gzip data ends in the middle") == true)
    }
  }

  @Test func changedBytesAreFound() throws {
    let whole = try bytes(base64: Self.dynamic)
    // Not the bytes that say when and where the file was written, nor the last bits before the checksum, which fill a byte.
    for place in Array(0..<4) + Array(10..<whole.count) where place != whole.count - 9 {
      var damaged = whole
      damaged[place] ^= 0x10
      #expect((try? Gzip.unpack(damaged, name: "x.gz", limit: 1000)) == nil, "byte \(place)")
    }
  }

  @Test func outputIsBounded() throws {
    let bomb = Zlib.pack([UInt8](repeating: 0, count: 4 << 20))
    #expect(bomb.count < 1 << 16)
    #expect(throws: CompressionFault.tooLarge(limit: 1 << 20)) { try Zlib.unpack(bomb, limit: 1 << 20) }
    var stopping = try Zlib.inflater(bomb, limit: 1_000_001, stopsAtLimit: true)
    #expect(try stopping.unpack() == [UInt8](repeating: 0, count: 1_000_001))
    let packed = try bytes(base64: Self.dynamic)
    let error = #expect(throws: DataError.self) { try Gzip.unpack(packed, name: "x.gz", limit: 713) }
    #expect(error?.kind == .tooLarge)
    #expect(try Gzip.unpack(packed, name: "x.gz", limit: 714).count == 714)
  }

  @Test(arguments: [0, 1, 2, 3, 4, 7, 257, 258, 259, 1000, 32768, 32769, 100_000])
  func whatIsPackedIsUnpacked(_ count: Int) throws {
    var numbers = Numbers(state: UInt64(count))
    let alike = [UInt8](repeating: 7, count: count)
    let noise = (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    let words = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 9 % 13 * ($0 % 9)) }
    let few = (0..<count).map { _ in UInt8(numbers.next() % 3) }
    for bytes in [alike, noise, words, few] {
      let packed = Zlib.pack(bytes)
      #expect(try Zlib.unpack(packed, limit: count) == bytes)
      #expect(packed.count <= count * 9 / 8 + 16)
    }
    if count >= 1000 { #expect(Zlib.pack(alike).count < count / 80 + 8) }
  }

  @Test func codesThatAreNoneAreRefused() {
    func refused(_ bits: [(value: Int, width: Int)]) -> CompressionFault? {
      var bytes: [UInt8] = []
      var count = 0
      for (value, width) in bits {
        for bit in 0..<width {
          if count % 8 == 0 { bytes.append(0) }
          bytes[count / 8] |= UInt8(value >> bit & 1) << UInt8(count % 8)
          count += 1
        }
      }
      bytes += [UInt8](repeating: 0, count: 400)
      do throws(CompressionFault) {
        _ = try Inflater.raw(bytes, limit: 1 << 16)
        return nil
      } catch { return error }
    }
    #expect(refused([(1, 1), (3, 2)]) == .invalid("a block of no known kind"))
    #expect(refused([(1, 1), (0, 2), (0, 5), (5, 16), (5, 16)]) != nil)
    // 288 literals, 32 distances, a code of lengths with gaps, with too many codes.
    #expect(refused([(1, 1), (2, 2), (31, 5), (0, 5)]) == .invalid("too many symbols"))
    #expect(
      refused([(1, 1), (2, 2), (0, 5), (0, 5), (15, 4), (2, 3), (0, 54)]) == .invalid("a code with gaps"))
    #expect(
      refused([(1, 1), (2, 2), (0, 5), (0, 5), (15, 4), (1, 3), (1, 3), (1, 3), (0, 48)])
        == .invalid("too many codes"))
    // A repetition of the length before the first.
    #expect(
      refused([(1, 1), (2, 2), (0, 5), (0, 5), (0, 4), (1, 3), (1, 3), (0, 6), (0, 1)])
        == .invalid("a repetition of nothing"))
    // The fixed codes: a copy at the start, and the symbol 286.
    #expect(refused([(1, 1), (1, 2), (0x40, 7), (0, 5)]) == .invalid("a copy of what is not there"))
    #expect(refused([(1, 1), (1, 2), (0x63, 8)]) == .invalid("no code"))
  }

  @Test func damagedDataIsReadOrRefused() throws {
    var numbers = Numbers(state: 5)
    let samples = [try bytes(base64: Self.dynamic), storedMember(Self.text), try bytes(base64: Self.fixed)]
    var (read, refused) = (0, 0)
    for round in 0..<3000 {
      var data = samples[round % samples.count]
      for _ in 0...(numbers.next() % 3) {
        data[Int(numbers.next() % UInt64(data.count))] = UInt8(truncatingIfNeeded: numbers.next())
      }
      do {
        // Without its checksum, so that damage is met by what comes behind.
        #expect(try Inflater.raw(Array(data.dropFirst(10)), limit: 5000).count <= 5000)
        read += 1
      } catch { refused += 1 }
      if (try? Gzip.unpack(data, name: "x.gz", limit: 5000)) != nil { read += 1 }
    }
    #expect(read > 20 && refused > 200)
  }

  @Test func filesAreUnpackedWhereTheyArePacked() throws {
    for file in [try bytes(base64: Self.dynamic), Self.text] {
      #expect(try withFile(file) { try Gzip.bytes(at: $0) } == Self.text)
    }
  }
}
