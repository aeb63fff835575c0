import Testing
import UnrollCore
import UnrollTraining

/// A header that must be refused: what is wrong with it, and a word of the error that says so.
struct HostileHeader: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let header: String
  var data = 0
  let word: String

  static func entry(
    shape: String = "[2]", offsets: String = "[0,2]", type: String = "\"U8\"", more: String = ""
  ) -> String {
    "{\"x\":{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":\(offsets)\(more)}}"
  }

  static let all: [HostileHeader] =
    structure + numbers + [
      .init(
        testDescription: "overlap", header: two("[0,2]", "[1,3]"), data: 3, word: "overlap"),
      .init(testDescription: "hole", header: two("[0,2]", "[3,5]"), data: 5, word: "hole"),
      .init(testDescription: "hole at the start", header: entry(offsets: "[1,3]"), data: 3, word: "hole"),
      .init(testDescription: "same place twice", header: two("[0,2]", "[0,2]"), data: 2, word: "overlap"),
      .init(testDescription: "data missing", header: entry(), data: 1, word: "2 bytes"),
      .init(testDescription: "data left over", header: entry(), data: 3, word: "3 bytes"),
      .init(testDescription: "data without tensors", header: "{}", data: 1, word: "1 bytes"),
      .init(testDescription: "not a truth value", header: entry(type: "\"BOOL\""), data: 2, word: "found 7"),
    ]

  static func two(_ first: String, _ second: String) -> String {
    """
    {"a":{"dtype":"U8","shape":[2],"data_offsets":\(first)},"b":{"dtype":"U8","shape":[2],"data_offsets":\(second)}}
    """
  }

  static let structure: [HostileHeader] = [
    .init(testDescription: "empty", header: "", word: "at the start"),
    .init(testDescription: "space before", header: " {}", word: "at the start"),
    .init(testDescription: "an array", header: "[]", word: "at the start"),
    .init(testDescription: "text behind", header: "{} x", word: "spaces"),
    .init(testDescription: "line end as padding", header: "{}\n", word: "spaces"),
    .init(testDescription: "two objects", header: "{}{}", word: "spaces"),
    .init(testDescription: "comma at the end", header: "{\"__metadata__\":{},}", word: "a key"),
    .init(testDescription: "no comma", header: "{\"__metadata__\":{} \"a\":{}}", word: "'}'"),
    .init(testDescription: "no quotes", header: "{x:{}}", word: "a key"),
    .init(testDescription: "no colon", header: "{\"x\" {}}", word: "':'"),
    .init(testDescription: "a tensor that is a number", header: "{\"x\":1}", word: "'{'"),
    .init(testDescription: "a tensor that is null", header: "{\"x\":null}", word: "'{'"),
    .init(testDescription: "an empty tensor", header: "{\"x\":{}}", word: "not all"),
    .init(
      testDescription: "a tensor twice", header: two("[0,2]", "[0,2]").replacing("\"b\"", with: "\"a\""),
      data: 2, word: "twice"),
    .init(
      testDescription: "a tensor twice, once escaped",
      header: two("[0,2]", "[0,2]").replacing("\"b\"", with: "\"\\u0061\""), data: 2, word: "twice"),
    .init(testDescription: "dtype twice", header: entry(more: ",\"dtype\":\"U8\""), data: 2, word: "twice"),
    .init(testDescription: "shape twice", header: entry(more: ",\"shape\":[2]"), data: 2, word: "twice"),
    .init(
      testDescription: "offsets twice", header: entry(more: ",\"data_offsets\":[0,2]"), data: 2,
      word: "twice"),
    .init(testDescription: "an unknown key", header: entry(more: ",\"y\":1"), data: 2, word: "\"y\""),
    .init(testDescription: "an unknown type", header: entry(type: "\"C64\""), data: 2, word: "C64"),
    .init(testDescription: "a type in small letters", header: entry(type: "\"u8\""), data: 2, word: "u8"),
    .init(
      testDescription: "a type that is a number", header: entry(type: "8"), data: 2, word: "element type"),
    .init(
      testDescription: "metadata twice", header: "{\"__metadata__\":{},\"__metadata__\":{}}", word: "twice"),
    .init(
      testDescription: "a key of metadata twice", header: "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}",
      word: "twice"),
    .init(testDescription: "a number in metadata", header: "{\"__metadata__\":{\"a\":1}}", word: "a string"),
    .init(
      testDescription: "deep nesting", header: "{\"x\":" + String(repeating: "{\"x\":", count: 100_000),
      word: "the key \"x\""),
    .init(
      testDescription: "deep arrays", header: "{\"x\":{\"shape\":" + String(repeating: "[", count: 100_000),
      word: "integer"),
    .init(testDescription: "an open string", header: "{\"x", word: "end of a string"),
    .init(testDescription: "a control character", header: "{\"a\u{1}\":{}}", word: "control"),
    .init(testDescription: "an unknown escape", header: "{\"\\x41\":{}}", word: "escape"),
    .init(testDescription: "a short escape", header: "{\"\\u12\":{}}", word: "four hexadecimal"),
    .init(testDescription: "half a pair", header: "{\"\\ud83c\":{}}", word: "surrogate"),
    .init(testDescription: "the wrong half", header: "{\"\\udf0a\":{}}", word: "surrogate"),
    .init(testDescription: "two first halves", header: "{\"\\ud83c\\ud83c\":{}}", word: "surrogate"),
  ]

  static let numbers: [HostileHeader] = [
    .init(testDescription: "negative extent", header: entry(shape: "[-2]"), data: 2, word: "found -2"),
    .init(testDescription: "fraction", header: entry(shape: "[2.0]"), data: 2, word: "found 2.0"),
    .init(testDescription: "exponent", header: entry(shape: "[2e0]"), data: 2, word: "found 2e0"),
    .init(testDescription: "leading zero", header: entry(shape: "[02]"), data: 2, word: "leading zero"),
    .init(testDescription: "plus sign", header: entry(shape: "[+2]"), data: 2, word: "found \"+2"),
    .init(testDescription: "text as a number", header: entry(shape: "[\"2\"]"), data: 2, word: "integer"),
    .init(testDescription: "no number", header: entry(shape: "[2,]"), data: 2, word: "a value"),
    .init(testDescription: "negative offset", header: entry(offsets: "[-1,1]"), data: 2, word: "found -1"),
    .init(testDescription: "offsets turned", header: entry(offsets: "[2,0]"), data: 2, word: "begin ≤ end"),
    .init(testDescription: "one offset", header: entry(offsets: "[0]"), data: 2, word: "begin ≤ end"),
    .init(testDescription: "three offsets", header: entry(offsets: "[0,1,2]"), data: 2, word: "at most 2"),
    .init(
      testDescription: "too large a number", header: entry(shape: "[9223372036854775808]"), data: 2,
      word: "2⁶³"),
    .init(
      testDescription: "far too large a number",
      header: entry(shape: "[\(String(repeating: "9", count: 400))]"), data: 2, word: "2⁶³"),
    .init(
      testDescription: "a shape that overflows", header: entry(shape: "[4294967296,4294967296]"), data: 2,
      word: "counted"),
    .init(
      testDescription: "a shape that overflows in bytes",
      header: entry(shape: "[4611686018427387904]", type: "\"F32\""),
      data: 2, word: "counted"),
    .init(
      testDescription: "an empty shape that overflows",
      header: entry(shape: "[4294967296,4294967296,0]", offsets: "[0,0]"),
      word: "counted"),
    .init(
      testDescription: "an empty shape that overflows behind the zero",
      header: entry(shape: "[0,4294967296,4294967296]", offsets: "[0,0]"), word: "counted"),
    .init(
      testDescription: "more bytes than the file",
      header: entry(shape: "[9223372036854775807]", offsets: "[0,9223372036854775807]"), data: 2,
      word: "found 2 bytes"),
    .init(testDescription: "shape and place differ", header: entry(shape: "[3]"), data: 2, word: "3 bytes"),
    .init(
      testDescription: "too many axes",
      header: entry(shape: "[\(Array(repeating: "1", count: 65).joined(separator: ","))]"),
      data: 2, word: "at most 64"),
  ]
}

@Suite struct HostileSafetensorsTests {
  @Test(arguments: HostileHeader.all)
  func headersAreRefused(_ example: HostileHeader) {
    let file = safetensorsFile(example.header, data: Array(repeating: 7, count: example.data))
    let error = modelFileError { () throws(ModelFileError) in
      _ = try Safetensors.decode(file, file: "the file")
    }
    let text = error?.description ?? ""
    #expect(text.hasPrefix("the file"))
    #expect(text.contains(example.word), "the error says: \(text)")
  }

  /// The frame of the headers above is sound: what is refused there is refused for its fault alone.
  @Test func theSameHeadersWithoutFaultAreRead() throws {
    _ = try Safetensors.decode(safetensorsFile(HostileHeader.entry(), data: [7, 7]), file: "f")
    _ = try Safetensors.decode(
      safetensorsFile(HostileHeader.two("[0,2]", "[2,4]"), data: [1, 1, 1, 1]), file: "f")
    let deep = Array(repeating: "1", count: 63).joined(separator: ",")
    _ = try Safetensors.decode(
      safetensorsFile(HostileHeader.entry(shape: "[2,\(deep)]"), data: [7, 7]), file: "f")
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xC3],
    ] as [[UInt8]])
  func badUTF8IsRefused(_ text: [UInt8]) {
    let header = Array("{\"__metadata__\":{\"a\":\"".utf8) + text + Array("\"}}".utf8)
    let file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
    let error = modelFileError { () throws(ModelFileError) in _ = try Safetensors.decode(file, file: "f") }
    #expect(error?.expected == "UTF-8")
  }

  @Test(arguments: [100_000_001, 1 << 31, 1 << 32, 1 << 63, .max] as [UInt64])
  func hugeHeadersAreRefused(_ length: UInt64) {
    let file = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}".utf8)
    let error = modelFileError { () throws(ModelFileError) in _ = try Safetensors.decode(file, file: "f") }
    #expect(error?.description.contains("at most 33554432") == true)
  }

  @Test func everyTruncationIsRefused() throws {
    let file = try Safetensors.encode(SafetensorsTests.example, metadata: ["a": "b"], file: "f")
    for length in 0..<file.count {
      let error = modelFileError { () throws(ModelFileError) in
        _ = try Safetensors.decode(Array(file[..<length]), file: "f")
      }
      #expect(error?.reason == .damaged, "cut to \(length) of \(file.count) bytes")
    }
    #expect(throws: ModelFileError.self) { try Safetensors.decode(file + [0], file: "f") }
  }

  /// Single bits, bytes and pairs of bytes are turned over: the answer is tensors or an error, never a crash.
  @Test func turnedBytesNeverCrash() throws {
    let tensors = SafetensorsTests.example
    let file = try Safetensors.encode(tensors, metadata: ["a": "b"], file: "f")
    let headerEnd = 8 + Int(file[0]) + Int(file[1]) << 8
    var refused = 0
    func attempt(_ changed: [UInt8]) {
      if (try? Safetensors.decode(changed, file: "f")) == nil { refused += 1 }
    }
    for index in 0..<headerEnd {
      for bit in 0..<8 {
        var changed = file
        changed[index] ^= 1 << bit
        attempt(changed)
      }
    }
    var random = RandomSource(seed: 5)
    let grammar = Array("{}[]\",:\\u0123456789-.e \u{0}\u{ff}".utf8)
    for _ in 0..<30_000 {
      var changed = file
      for _ in 0...random.below(4) {
        let index = 8 + random.below(headerEnd - 8)
        switch random.below(3) {
        case 0: changed[index] = grammar[random.below(grammar.count)]
        case 1: changed.insert(grammar[random.below(grammar.count)], at: index)
        default: changed.remove(at: index)
        }
      }
      attempt(changed)
    }
    #expect(refused > 25_000)
  }
}
