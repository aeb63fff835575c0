import Testing
import UnrollData

/// Makes ZIP archives, sound ones and others.
struct ZipMaker {
  struct Member {
    var name: String
    var bytes: [UInt8]
    var method: UInt32 = 0
    var flags: UInt32 = 0
    /// What the directory states in place of the truth.
    var size: UInt32?
    var packedSize: UInt32?
    var offset: UInt32?
    var checksum: UInt32?
    var extra: [UInt8] = []
  }

  /// Whether 64-bit records stand at the end, and whether the short ones leave their values to them.
  var isWide = false
  var leavesValues = false
  var comment: [UInt8] = []
  var count: UInt32?
  var directoryOffset: UInt32?

  static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  static func little(_ value: UInt32, _ count: Int) -> [UInt8] { little(UInt64(value), count) }

  func archive(_ members: [Member]) -> [UInt8] {
    let little = Self.little as (UInt32, Int) -> [UInt8]
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let packed = member.method == 8 ? Deflater.pack(member.bytes) : member.bytes
      let name = Array(member.name.utf8)
      var middle = little(member.flags, 2) + little(member.method, 2) + [0, 0, 0, 0]
      middle += little(member.checksum ?? CRC32.of(member.bytes), 4)
      middle += little(member.packedSize ?? UInt32(packed.count), 4)
      middle += little(member.size ?? UInt32(member.bytes.count), 4) + little(UInt32(name.count), 2)
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + middle + little(UInt32(member.extra.count), 2)
      directory += [UInt8](repeating: 0, count: 10) + little(member.offset ?? UInt32(file.count), 4)
      directory += name + member.extra
      // A local header may have extra fields that the directory has not.
      file += [0x50, 0x4B, 3, 4, 20, 0] + middle + [3, 0] + name + [7, 7, 7] + packed
    }
    let start = UInt32(file.count)
    file += directory
    let count = self.count ?? UInt32(members.count)
    if isWide {
      let place = UInt64(file.count)
      file +=
        [0x50, 0x4B, 6, 6] + Self.little(UInt64(44), 8) + [45, 0, 45, 0] + [UInt8](repeating: 0, count: 8)
      file += Self.little(UInt64(count), 8) + Self.little(UInt64(count), 8)
      file += Self.little(UInt64(directory.count), 8) + Self.little(UInt64(start), 8)
      file += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + Self.little(place, 8) + [1, 0, 0, 0]
    }
    file += [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    file +=
      leavesValues
      ? [UInt8](repeating: 0xFF, count: 12)
      : little(count, 2) + little(count, 2)
        + little(UInt32(directory.count), 4) + little(directoryOffset ?? start, 4)
    return file + little(UInt32(comment.count), 2) + comment
  }
}

@Suite struct ZipTests {
  private func failure(_ bytes: [UInt8]) -> DataError? {
    do throws(DataError) {
      let archive = try ZipArchive(bytes, name: "x.zip")
      for entry in archive.entries { _ = try archive.contents(of: entry, limit: 1 << 20) }
      return nil
    } catch { return error }
  }

  private let members = [
    ZipMaker.Member(name: "a/b.txt", bytes: Array("one two one two one two".utf8), method: 8),
    ZipMaker.Member(name: "ä", bytes: [1, 2, 3]), ZipMaker.Member(name: "empty", bytes: []),
  ]

  @Test(arguments: [(false, false), (true, false), (true, true)])
  func membersAreRead(_ isWide: Bool, _ leavesValues: Bool) throws {
    var maker = ZipMaker(isWide: isWide, leavesValues: leavesValues)
    for comment in [[], Array("PK\u{5}\u{6} not the end".utf8)] as [[UInt8]] {
      maker.comment = comment
      let bytes = maker.archive(members)
      #expect(ZipArchive.isZip(bytes))
      let archive = try ZipArchive(bytes, name: "x.zip")
      #expect(archive.entries.map(\.name) == ["a/b.txt", "ä", "empty"])
      for (entry, member) in zip(archive.entries, members) {
        #expect(entry.size == member.bytes.count)
        #expect(try archive.contents(of: entry, limit: 100) == member.bytes)
      }
      let found = try #require(archive.entry("ä"))
      #expect(throws: DataError.self) { try archive.contents(of: found, limit: 2) }
      let fromFile = try withFile(bytes) { path in
        let file = try ZipArchive(path: path)
        return try file.contents(of: file.entries[1], limit: 3)
      }
      #expect(fromFile == [1, 2, 3])
    }
    #expect(try ZipArchive(ZipMaker().archive([]), name: "x.zip").entries.isEmpty)
  }

  /// Written by Python's `zipfile`, one member with 64-bit sizes.
  @Test func anArchiveOfPythonIsRead() throws {
    let bytes = try bytes(
      base64: """
        UEsDBC0AAAAIAAAAIVC0lReI//////////8JABQAd29yZHMudHh0AQAQABgBAAAAAAAAFAAAAAAAAADLz0tVKCnPVyjJKEpN
        Vcgf5UF5AFBLAwQUAAAAAAAAACFQC/lDVgYAAAAGAAAAAwAAAHJhd3N0b3JlZFBLAQItAy0AAAAIAAAAIVC0lReIFAAAABgB
        AAAJAAAAAAAAAAAAAACAAQAAAAB3b3Jkcy50eHRQSwECFAMUAAAAAAAAACFQC/lDVgYAAAAGAAAAAwAAAAAAAAAAAAAAgAFP
        AAAAcmF3UEsFBgAAAAACAAIAaAAAAHYAAAAAAA==
        """)
    let archive = try ZipArchive(bytes, name: "x.zip")
    let words = try archive.contents(of: try #require(archive.entry("words.txt")), limit: 1000)
    #expect(String(decoding: words, as: UTF8.self) == String(repeating: "one two three ", count: 20))
    #expect(try archive.contents(of: archive.entries[1], limit: 1000) == Array("stored".utf8))
  }

  @Test func wideSizesOfAMemberAreRead() throws {
    var member = ZipMaker.Member(name: "w", bytes: [9, 9, 9], size: .max, packedSize: .max)
    member.extra =
      [0x34, 0x12, 1, 0, 5, 1, 0, 16, 0] + ZipMaker.little(UInt64(3), 8) + ZipMaker.little(UInt64(3), 8)
    let archive = try ZipArchive(ZipMaker().archive([member]), name: "x.zip")
    #expect(try archive.contents(of: archive.entries[0], limit: 10) == [9, 9, 9])
    member.extra = [1, 0, 16, 0] + ZipMaker.little(UInt64.max, 8) + ZipMaker.little(UInt64(3), 8)
    #expect(failure(ZipMaker().archive([member])) != nil)
    member.extra = []
    #expect(failure(ZipMaker().archive([member]))?.description.contains("lacks a 64-bit size") == true)
  }

  @Test func liesAreRefused() {
    func change(_ index: Int, _ body: (inout ZipMaker.Member) -> Void) -> String {
      var members = self.members
      body(&members[index])
      return failure(ZipMaker().archive(members))?.description ?? ""
    }
    #expect(change(0) { $0.method = 12 }.contains("compressed by method 12"))
    #expect(change(0) { $0.flags = 1 }.contains("is encrypted"))
    #expect(change(0) { $0.size = 1 << 30 }.contains("a size that its bytes cannot have"))
    #expect(change(0) { $0.size = 22 }.contains("23") || change(0) { $0.size = 22 }.contains("at most 22"))
    #expect(change(0) { $0.size = 24 }.contains("its checksum is another"))
    #expect(change(0) { $0.checksum = 0 }.contains("its checksum is another"))
    #expect(change(1) { $0.packedSize = 1 << 30 }.contains("does not lie in the file"))
    #expect(change(1) { $0.offset = 1 << 30 }.contains("does not lie in the file"))
    #expect(change(1) { $0.offset = 1 }.contains("overlap"))
    #expect(change(1) { $0.name = "empty" }.contains("is there twice"))
    #expect(failure(ZipMaker(count: 2).archive(members))?.description.contains("too long") == true)
    #expect(failure(ZipMaker(count: 4).archive(members)) != nil)
    #expect(failure(ZipMaker(count: 65535).archive(members))?.description.contains("too short") == true)
    for offset in [0, 1, 5000, .max] as [UInt32] {
      #expect(failure(ZipMaker(directoryOffset: offset).archive(members)) != nil)
    }
  }

  @Test func cutAndDamagedArchivesAreReadOrRefused() {
    let whole = ZipMaker(isWide: true).archive(members)
    for count in 0..<whole.count { #expect(failure(Array(whole.prefix(count))) != nil) }
    var numbers = Numbers(state: 1)
    var refused = 0
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0...(numbers.next() % 3) {
        bytes[Int(numbers.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: numbers.next())
      }
      if let error = failure(bytes) {
        #expect(error.kind == .badCompression || error.kind == .tooLarge)
        refused += 1
      }
    }
    #expect(refused > 1000)
  }
}
