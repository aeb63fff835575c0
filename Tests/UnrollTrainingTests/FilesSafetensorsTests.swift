import Testing
import UnrollCore
import UnrollTraining

/// A file made by hand: a length, a header, and data.
func safetensorsFile(_ header: String, data: [UInt8] = []) -> [UInt8] {
  let header = Array(header.utf8)
  return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
}

private func bytes<Value: FixedWidthInteger>(_ values: [Value]) -> [UInt8] {
  values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}

@Suite struct SafetensorsTests {
  static let example: [Safetensors.NamedTensor] = [
    ("weight", Tensor([1, -2, .infinity, 0x1p-140, -0.0, 6], shape: [2, 3])),
    ("an \"odd\" \\ name\n\u{1}, é 🌊", Tensor([7])),
    ("scalar", Tensor(42)),
    ("empty", Tensor([], shape: [3, 0, 2])),
    ("", Tensor([1, 2])),
  ]

  @Test func whatIsWrittenIsRead() throws {
    let metadata = ["made by": "a test", "quote\"": "\t\\"]
    let file = try Safetensors.encode(Self.example, metadata: metadata, file: "memory")
    #expect(file[0] % 8 == 0, "the header is padded to 8 bytes")
    let read = try Safetensors.decode(file, file: "memory")
    #expect(read.metadata == metadata)
    #expect(read.tensors.map(\.name) == Self.example.map(\.name))
    for (found, expected) in zip(read.tensors, Self.example) {
      #expect(found.tensor.shape == expected.tensor.shape)
      #expect(found.tensor.elements.map(\.bitPattern) == expected.tensor.elements.map(\.bitPattern))
    }
    #expect(try Safetensors.encode(Self.example, metadata: metadata, file: "memory") == file)
  }

  @Test func noTensorsAreAFile() throws {
    let file = try Safetensors.encode([], file: "memory")
    #expect(file == safetensorsFile("{}      "))
    #expect(try Safetensors.decode(file, file: "memory").tensors.isEmpty)
  }

  @Test func filesAreReplacedAndRead() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/weights.safetensors"
    try Safetensors.write([("a", Tensor([1]))], to: path)
    try Safetensors.write([("a", Tensor([2, 3]))], to: path)
    #expect(try Safetensors.read(path).tensors[0].tensor == Tensor([2, 3]))
    #expect(folder.names() == ["weights.safetensors"], "no temporary file is left")
  }

  @Test func doublePrecisionIsWrittenAsSingle() throws {
    let file = try Safetensors.encode([("a", Tensor([0.5, 3]).converted(to: .double))], file: "memory")
    #expect(try Safetensors.decode(file, file: "memory").tensors[0].tensor == Tensor([0.5, 3]))
  }

  @Test(
    arguments: [
      ("F64", bytes([1.5, -1e300, 0.1].map(\.bitPattern)), [1.5, -.infinity, 0.1]),
      ("F32", bytes([Float(1.5), -3, 0.1].map(\.bitPattern)), [1.5, -3, 0.1]),
      (
        "F16", bytes([0x3C00, 0xC000, 0x7BFF, 0x0001, 0x83FF, 0xFC00] as [UInt16]),
        [1, -2, 65504, 0x1p-24, -1023 * 0x1p-24, -.infinity]
      ),
      ("BF16", bytes([0x3F80, 0xC040, 0x7F80] as [UInt16]), [1, -3, .infinity]),
      ("I64", bytes([-5, 1 << 40] as [Int64]), [-5, 0x1p40]),
      ("I32", bytes([-5, 70_000] as [Int32]), [-5, 70_000]),
      ("U8", [0, 255], [0, 255]),
      ("BOOL", [0, 1, 1], [0, 1, 1]),
    ] as [(String, [UInt8], [Float])])
  func everyElementTypeIsRead(_ type: String, _ data: [UInt8], _ expected: [Float]) throws {
    let header =
      "{\"x\":{\"dtype\":\"\(type)\",\"shape\":[\(expected.count)],\"data_offsets\":[0,\(data.count)]}}"
    let read = try Safetensors.decode(safetensorsFile(header, data: data), file: "memory")
    #expect(read.tensors[0].tensor.elements == expected)
  }

  @Test func everyHalfIsRead() {
    let wrong = (UInt16.min ... .max).filter { bits in
      let sign: Double = bits >> 15 == 0 ? 1 : -1
      let exponent = Int(bits >> 10 & 31)
      let mantissa = Double(bits & 1023)
      let found = Safetensors.float(half: bits)
      if exponent == 31 { return mantissa == 0 ? found != Float(sign) * .infinity : !found.isNaN }
      let scale = exponent == 0 ? 0x1p-24 : Double(sign: .plus, exponent: exponent - 25, significand: 1)
      return Double(found) != sign * scale * (exponent == 0 ? mantissa : 1024 + mantissa)
    }
    #expect(wrong == [])
  }

  @Test func orderOfTheHeaderAndOfTheDataMayDiffer() throws {
    let header = """
      {"b":{"shape":[1],"data_offsets":[1,2],"dtype":"U8"}, \n "a" : {"dtype":"U8","shape":[ 1 ],"data_offsets":[0 ,1]}}
      """
    let read = try Safetensors.decode(safetensorsFile(header, data: [3, 4]), file: "memory")
    #expect(read.tensors.map(\.name) == ["b", "a"])
    #expect(read.tensors.map(\.tensor.scalar) == [4, 3])
  }

  @Test func escapesAreResolved() throws {
    let header = #"{"__metadata__":{"\u0041\/\ud83c\udf0a":"\b\f\n\r\t\"\\"}}"#
    let read = try Safetensors.decode(safetensorsFile(header), file: "memory")
    #expect(read.metadata == ["A/🌊": "\u{8}\u{c}\n\r\t\"\\"])
  }

  @Test func namesThatCollideAreNotWritten() throws {
    let one = Tensor([1])
    for names in [["a", "a"], ["__metadata__"], ["e\u{301}", "é"]] {
      let error = modelFileError { () throws(ModelFileError) in
        _ = try Safetensors.encode(names.map { ($0, one) }, file: "memory")
      }
      #expect(error?.reason == .unsupported)
    }
    let deep = Tensor([1], shape: Shape(Array(repeating: 1, count: 65)))
    _ = modelFileError { () throws(ModelFileError) in
      _ = try Safetensors.encode([("a", deep)], file: "memory")
    }
  }
}
