import SampleModels

/// Hostile `tokenizer.json` files.
enum TokenizerCases {
  static let all = SampleModels.tokenizers()
  static var words: [UInt8] { all[1] }
  static var pairs: [UInt8] { all[3] }

  static func make(in folder: Folder) throws {
    for (kind, bytes) in [("words", words), ("pairs", pairs)] {
      let text = String(decoding: bytes, as: UTF8.self)
      for part in 0..<10 {
        try folder.write(Array(bytes.prefix(bytes.count * part / 10)), "\(kind) cut \(part)")
      }
      func write(_ old: String, _ new: String, _ name: String) throws {
        try folder.write(ModelCases.replacing(text, old, new), "\(kind) \(name)")
      }
      for id in [
        "-1", "1.0", "1e3", "99999999999999999999", "9223372036854775807", "null", "[]", "\"0\"", "00", "4",
      ] {
        try write("\"<pad>\": 0", "\"<pad>\": \(id)", "id \(id)")
      }
      try write("\"<pad>\": 0,", "", "no padding")
      try write("\"<pad>\"", "\"\"", "an empty token")
      try write("\"<pad>\": 0,", "\"<pad>\": 0, \"<pad>\": 0,", "a token twice")
      try write("\"<pad>\": 0,", "\"<pad>\": 0, \"\\u003cpad>\": 0,", "a token twice, once escaped")
      try write("\"<pad>\"", "\"<p\\ud800ad>\"", "half a surrogate")
      try write("\"version\": \"1.0\"", "\"version\": \"9\"", "another version")
      try write("\"version\": \"1.0\",", "\"version\": \"1.0\", \"version\": \"1.0\",", "the version twice")
      try write("\"padding\": null", "\"padding\": \(String(repeating: "[", count: 300_000))", "deep lists")
      try write(
        "\"padding\": null", "\"padding\": \(String(repeating: "{\"a\":", count: 300_000))", "deep objects")
      try write("\"padding\": null", "\"padding\": {\"path\": \"../../etc/passwd\"}", "a path")
      try write("\"added_tokens\": []", "\"added_tokens\": [{\"id\": 0}]", "added tokens")
      try write("\"type\"", "\"kind\"", "another key")
      for (index, bad) in ([[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0]] as [[UInt8]]).enumerated() {
        let place = bytes.count / 2
        try folder.write(Array(bytes[..<place]) + bad + Array(bytes[place...]), "\(kind) bad UTF-8 \(index)")
      }
    }
    let text = String(decoding: pairs, as: UTF8.self)
    for (index, merge) in [
      "\"a\"", "\"a a a\"", "7", "[]", "[\"a\"]", "\"zz zz\"", "\" \"", "\"\"", "null", "{}",
    ].enumerated() {
      try folder.write(
        ModelCases.replacing(text, "\"merges\": [", "\"merges\": [\(merge),"), "merge \(index)")
    }
    try makeLarge(in: folder)
  }

  private static func makeLarge(in folder: Folder) throws {
    let count = 12 << 20
    try folder.write("[\(String(repeating: "0,", count: count / 2))0]", "many numbers")
    try folder.write("[\(String(repeating: "[],", count: count / 3))0]", "many lists")
    try folder.write("[\(String(repeating: "{},", count: count / 3))0]", "many objects")
    try folder.write("[\(String(repeating: "\"\",", count: count / 3))0]", "many strings")
    try folder.write("\"\(String(repeating: "a", count: count))\"", "a long string")
    try folder.write(String(repeating: "9", count: count), "a long number")
    try folder.write(String(repeating: "\n", count: count), "lines without end")
    let text = String(decoding: words, as: UTF8.self)
    let tokens = (0..<900_000).map { "\"t\($0)\":\($0 + 4_000_000)" }.joined(separator: ",")
    try folder.write(ModelCases.replacing(text, "\"<pad>\": 0,", "\"<pad>\": 0,\(tokens),"), "many tokens")
    let merges = String(repeating: "\"a a\",", count: 900_000)
    let pairs = String(decoding: self.pairs, as: UTF8.self)
    try folder.write(ModelCases.replacing(pairs, "\"merges\": [", "\"merges\": [\(merges)"), "many merges")
  }
}
