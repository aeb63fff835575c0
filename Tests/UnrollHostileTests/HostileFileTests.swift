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
    #expect(folder.names.count >= Self.leastCount)
    let report = try Folder()
    // In a process of its own: what traps is seen, and its memory is its own.
    await #expect(processExitsWith: .success) {
      [path = folder.path as String, report = report.path as String, reading = reading as Reading] in
      readAll(
        reading, in: path, report: report, allowance: isSanitized ? nil : HostileFileTests.allowance)
    }
    for name in report.names {
      let text = try String(contentsOfFile: "\(report.path)/\(name)", encoding: .utf8)
      Issue.record("\(name): \(text.replacing(folder.path, with: "…").prefix(20_000))")
    }
  }

  /// The least number of files for each of what reads them.
  private static let leastCount = 80

  /// The frame of the cases is sound: what is refused is refused for its fault alone.
  @Test(arguments: Reading.allCases) func soundFilesAreRead(_ reading: Reading) throws {
    let folder = try Folder()
    switch reading {
    case .safetensors: try folder.write(SafetensorsCases.sound, "sound")
    case .onnx:
      try folder.write(ONNXCases.bytes(), "sound")
      try ExternalCases.write(ExternalCases.sound, "sound with data beside it", in: folder)
    case .pytorch: try folder.write(PyTorchCases.sound, "sound")
    case .tokenizer:
      try folder.write(TokenizerCases.words, "words")
      try folder.write(TokenizerCases.pairs, "pairs")
    case .model, .survival:
      for kind in ModelFiles.kinds { try ModelFiles.of(kind).write(to: "\(folder.path)/\(kind.rawValue)") }
    }
    #expect(!folder.names.isEmpty)
    for name in folder.names { try reading.read("\(folder.path)/\(name)") }
  }
}
