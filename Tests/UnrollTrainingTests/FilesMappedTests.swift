import Testing
import UnrollCore
import UnrollTraining

/// Safetensors files read where the system keeps them.
@Suite struct FilesMappedTests {
  private static let tensors: [Safetensors.NamedTensor] = {
    var random = RandomSource(seed: 4)
    return [
      ("scalar", Tensor(1.5)), ("empty", .zeros([3, 0, 2])),
      ("long", .normal(deviation: 1, shape: [1025], using: &random)),
      ("matrix", .normal(deviation: 1, shape: [17, 9], using: &random)),
    ]
  }()

  @Test func eachTensorIsReadByItself() throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/a.safetensors"
    try Safetensors.write(Self.tensors, metadata: ["who": "we"], to: path)
    let file = try SafetensorsFile(path)
    #expect(file.names == Self.tensors.map(\.name))
    #expect(file.metadata == ["who": "we"])
    for (name, tensor) in Self.tensors.reversed() {
      #expect(file.shape(of: name) == tensor.shape)
      #expect(try file.tensor(name) == tensor)
    }
    #expect(file.shape(of: "other") == nil)
    #expect(modelFileError { () throws(ModelFileError) in _ = try file.tensor("other") }?.reason == .missing)
  }

  /// From memory and from the file: the same, whatever the type of the elements.
  @Test(arguments: [
    ("F64", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f] as [UInt8]), ("F16", [0, 0x3c, 0, 0xc0]), ("BF16", [0x80, 0x3f]),
    ("I64", [7, 0, 0, 0, 0, 0, 0, 0x80]), ("I32", [1, 2, 3, 4]), ("U8", [255]), ("BOOL", [1, 0]),
  ])
  func everyElementTypeIsRead(_ type: String, _ data: [UInt8]) throws {
    let folder = try ScratchFolder()
    let width = ["F64": 8, "I64": 8, "I32": 4, "F16": 2, "BF16": 2][type] ?? 1
    let bytes = safetensorsFile(
      "{\"x\":{\"dtype\":\"\(type)\",\"shape\":[\(data.count / width)],\"data_offsets\":[0,\(data.count)]}}",
      data: data)
    try folder.write(bytes, "a.safetensors")
    let read = try Safetensors.read("\(folder.path)/a.safetensors").tensors
    let decoded = try Safetensors.decode(bytes, file: "a").tensors
    #expect(read.map(\.name) == ["x"] && read[0].tensor == decoded[0].tensor)
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try ScratchFolder()
    func reason(_ name: String) -> ModelFileError.Reason? {
      modelFileError { () throws(ModelFileError) in _ = try Safetensors.read("\(folder.path)/\(name)") }?
        .reason
    }
    #expect(reason("nothing") == .missing)
    #expect(reason("") == .unsupported)
    try folder.write([], "empty")
    #expect(reason("empty") == .damaged)
    let whole = try Safetensors.encode(Self.tensors, file: "a")
    for count in [1, 7, 8, 9, whole.count - 1] {
      try folder.write(Array(whole[..<count]), "cut")
      #expect(reason("cut") == .damaged, "\(count) bytes")
    }
    try folder.write(whole + [0], "long")
    #expect(reason("long") == .damaged)
    #expect(
      modelFileError { () throws(ModelFileError) in _ = try SafetensorsFile("a\0b") }?.reason == .system)
  }

  @Test func aFileThatChangesIsNotTrusted() throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/a.safetensors"
    try Safetensors.write(Self.tensors, to: path)
    let file = try SafetensorsFile(path)
    _ = try file.tensor("long")
    // Written in place, not replaced: a longer one, so that nothing that is mapped goes away.
    try appending([0], to: path)
    #expect(modelFileError { () throws(ModelFileError) in _ = try file.tensor("long") }?.reason == .damaged)
  }
}
