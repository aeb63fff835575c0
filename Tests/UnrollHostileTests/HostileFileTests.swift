import Foundation
import Testing

/// Files that were made to do harm: each is refused by an error of its format, none ends the process, and memory stays
/// near the size of the file.
@Suite struct HostileFileTests {
  /// What a reading may take beside the size of the file.
  static let allowance = 64 << 20

  @Test(arguments: Reading.allCases) func areRefused(_ reading: Reading) async throws {
    let folder = try Folder()
    try reading.make(in: folder)
    let path = folder.path
    // In a process of its own: what traps is seen, and its memory is its own.
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [path = path as String, reading = reading as Reading] in
      let faults = readAll(reading, in: path, allowance: isSanitized ? nil : HostileFileTests.allowance)
      for fault in faults { FileHandle.standardError.write(Data("\(fault)\n".utf8)) }
      exit(faults.isEmpty ? 0 : 1)
    }
    if let text = result.map({ String(decoding: $0.standardErrorContent, as: UTF8.self) }), !text.isEmpty {
      Issue.record("\(text.replacing(path, with: "…").prefix(20_000))")
    }
  }

  @Test func thereAreManyOfThem() throws {
    var counts: [Reading: Int] = [:]
    for reading in Reading.allCases {
      let folder = try Folder()
      try reading.make(in: folder)
      counts[reading] = folder.names.count
    }
    #expect(counts.values.reduce(0, +) - counts[.survival, default: 0] >= 200, "\(counts)")
    #expect(counts.values.allSatisfy { $0 >= 40 }, "\(counts)")
  }

  /// The frame of the cases is sound: what is refused is refused for its fault alone.
  @Test(arguments: Reading.allCases) func soundFilesAreRead(_ reading: Reading) throws {
    let folder = try Folder()
    switch reading {
    case .safetensors: try folder.write(SafetensorsCases.sound, "sound")
    case .onnx: try folder.write(ONNXCases.bytes(), "sound")
    case .tokenizer: try folder.write(TokenizerCases.words, "words")
      try folder.write(TokenizerCases.pairs, "pairs")
    case .model, .survival:
      for kind in ModelFiles.kinds { try ModelFiles.of(kind).write(to: "\(folder.path)/\(kind.rawValue)") }
    }
    #expect(!folder.names.isEmpty)
    for name in folder.names { try reading.read("\(folder.path)/\(name)") }
  }
}
