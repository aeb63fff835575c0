import UnrollCore
import UnrollTraining

/// Hostile files of tensors.
enum SafetensorsCases {
  static func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    file(Array(header.utf8), data: data, length: length)
  }

  static func file(_ header: [UInt8], data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Array($0) } + header
      + [UInt8](repeating: 1, count: data)
  }

  static func entry(
    _ name: String = "x", type: String = "\"U8\"", shape: String = "[2]", offsets: String = "[0,2]"
  ) -> String { "\"\(name)\":{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":\(offsets)}" }

  static let sound = file("{\(entry()),\(entry("y", offsets: "[2,4]"))}", data: 4)

  static func make(in folder: Folder) throws {
    for length in 0..<16 { try folder.write(Array(sound[..<length]), "cut to \(length)") }
    for cut in 1...8 { try folder.write(Array(sound.dropLast(cut)), "cut by \(cut)") }
    try makeNumbers(in: folder)
    try makeStructure(in: folder)
    try makeLarge(in: folder)
  }

  private static func makeNumbers(in folder: Folder) throws {
    for length in [1 << 63, .max, 100_000_001, 1 << 32, 1 << 20, 0] as [UInt64] {
      try folder.write(file("{}", length: length), "length \(length)")
    }
    let big = [
      "-1", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e99", "2.0", "\"2\"",
    ]
    for number in big + ["null", "true", "[]", "0x2", "+2", "02", "-0", "NaN", "Infinity", ""] {
      try folder.write(file("{\(entry(shape: "[\(number),1]"))}", data: 2), "extent \(number)")
      try folder.write(file("{\(entry(offsets: "[0,\(number)]"))}", data: 2), "end \(number)")
      try folder.write(file("{\(entry(offsets: "[\(number),2]"))}", data: 2), "begin \(number)")
    }
    let shapes = [
      "[4294967296,4294967296]", "[4611686018427387904,4]", "[0,4611686018427387904,4]",
      "[3037000500,3037000500]",
      "[\([String](repeating: "1", count: 65).joined(separator: ","))]",
      "[\([String](repeating: "2", count: 64).joined(separator: ","))]", "{}", "2", "[[2]]",
    ]
    for (index, shape) in shapes.enumerated() {
      try folder.write(file("{\(entry(shape: shape))}", data: 2), "shape \(index)")
    }
    for (name, first, second) in [
      ("overlap", "[0,2]", "[1,3]"), ("same place", "[0,2]", "[0,2]"), ("hole", "[0,2]", "[3,5]"),
      ("turned", "[2,0]", "[0,2]"), ("around", "[0,2]", "[9223372036854775806,9223372036854775807]"),
      ("none", "[]", "[0,2]"), ("three", "[0,1,2]", "[2,4]"), ("behind the end", "[0,2]", "[2,4]"),
    ] {
      let header = "{\(entry("a", offsets: first)),\(entry("b", offsets: second))}"
      try folder.write(file(header, data: 3), "offsets \(name)")
    }
  }

  private static func makeStructure(in folder: Folder) throws {
    let good = entry()
    let metadata = "\"__metadata__\":"
    let headers = [
      ("an array", "[\(good)]"), ("a key twice", "{\(good),\(good)}"),
      ("a key twice, once escaped", "{\(good),\(good.replacing("x", with: "\\u0078"))}"),
      ("no end", "{\(good)"), ("a comma", "{\(good),}"), ("text behind", "{\(good)}x"),
      ("two objects", "{\(good)}{}"), ("a comment", "{/**/\(good)}"), ("metadata null", "{\(metadata)null}"),
      ("metadata of numbers", "{\(metadata){\"a\":1}}"), ("metadata twice", "{\(metadata){},\(metadata){}}"),
      ("metadata of objects", "{\(metadata){\"a\":{}}}"), ("an open escape", "{\"\\u12"),
      ("half a surrogate", "{\"\\ud800\":{}}"), ("a zero in a name", "{\"a\u{0}\":{}}"),
      ("a byte-order mark", "\u{FEFF}{\(good)}"), ("an unknown type", "{\(entry(type: "\"F8\""))}"),
      ("a type of another kind", "{\(entry(type: "{}"))}"),
      ("no type", "{\"x\":{\"shape\":[2],\"data_offsets\":[0,2]}}"),
      (
        "another key",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2],\"path\":\"/etc/passwd\"}}"
      ),
      ("deep objects", String(repeating: "{\"x\":", count: 200_000)),
      ("deep arrays", "{\"x\":{\"shape\":" + String(repeating: "[", count: 200_000)),
      (
        "a name of a megabyte twice",
        "{\(entry(String(repeating: "n", count: 1 << 20))),\(entry(String(repeating: "n", count: 1 << 20)))}"
      ),
    ]
    for (name, header) in headers { try folder.write(file(header, data: 2), name) }
    for (index, bytes)
      in ([[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]]).enumerated()
    {
      let header =
        Array("{\"".utf8) + bytes + Array("\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}".utf8)
      try folder.write(file(header, data: 2), "bad UTF-8 \(index)")
    }
  }

  /// Headers that ask for much more memory than they take.
  private static func makeLarge(in folder: Folder) throws {
    let small = (0..<500_000).map { entry("\($0)", shape: "[0]", offsets: "[0,0]") }
    try folder.write(file("{\(small.joined(separator: ","))}", data: 1), "half a million tensors")
    let pairs = (0..<1_500_000).map { "\"\($0)\":\"\"" }.joined(separator: ",")
    try folder.write(file("{\"__metadata__\":{\(pairs)}}", data: 1), "metadata of many keys")
    let name = String(repeating: "n", count: 40 << 20)
    try folder.write(file("{\"\(name)\":1}"), "a name of 40 MiB")
    try folder.write(file("{\"__metadata__\":{\"a\":\"\(name)\"}}", data: 1), "metadata of 40 MiB")
    try folder.write(file("{" + String(repeating: " ", count: 40 << 20)), "40 MiB of spaces")
    let count = 40 << 20
    let last =
      "{\(entry("a", shape: "[\(count)]", offsets: "[0,\(count)]")),\(entry("b", type: "\"BOOL\"", offsets: "[\(count),\(count + 2)]"))}"
    var bytes = file(last, data: count + 2)
    bytes[bytes.count - 1] = 7
    try folder.write(bytes, "a bad truth value behind 40 MiB")
  }
}
