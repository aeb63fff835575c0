extension TokenizerFile {
  /// Reads a `tokenizer.json` that holds one of our tokenizers. Anything else is refused, and nothing is ignored.
  package static func read(path: String) throws(DataError) -> any Tokenizer {
    try read(try TextFile.bytes(at: path), name: path)
  }

  /// Reads the contents of a `tokenizer.json`; `name` is used in errors.
  package static func read(_ bytes: [UInt8], name: String) throws(DataError) -> any Tokenizer {
    let root = try Fields(try StrictJSON(bytes, name: name), name: name, place: "the file")
    try root.allow([
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
      "decoder", "model",
    ])
    try root.expect("version", "\"1.0\"") { if case .string("1.0") = $0 { true } else { false } }
    for key in ["truncation", "padding", "post_processor"] {
      try root.expect(key, "null") { if case .null = $0 { true } else { false } }
    }
    try root.expect("added_tokens", "an empty list") {
      if case .array(let all) = $0 { all.isEmpty } else { false }
    }
    let normalizer = Normalizer.allCases[try root.equals("normalizer", Normalizer.allCases.map(\.text))]
    let forms: [PreTokenizer] = [
      .clusters, .words, .whitespace, .byteLevel, .byteLevelBehindSpace,
    ]
    let form = forms[try root.equals("pre_tokenizer", forms.map { text($0) })]
    let model = try Fields(try root.value("model"), name: name, place: "\"model\"")
    let vocabulary = try vocabulary(of: model)
    if form == .byteLevel || form == .byteLevelBehindSpace {
      _ = try root.equals("normalizer", ["null"])
      _ = try root.equals("decoder", [byteLevel])
      var tokenizer = try bytePairs(model, vocabulary)
      tokenizer.addsPrefixSpace = form == .byteLevelBehindSpace
      return tokenizer
    }
    try model.allow(["type", "vocab", "unk_token"])
    _ = try model.equals("type", ["\"WordLevel\""])
    _ = try model.equals("unk_token", ["\"\(SpecialToken.unknown.spelling)\""])
    var table = TokenTable()
    for token in vocabulary { table.insert(token.utf8) }
    if form == .clusters {
      _ = try root.equals("normalizer", ["null"])
      _ = try root.equals("decoder", [fuse])
      return CharacterTokenizer(table)
    }
    _ = try root.equals("decoder", ["null"])
    return WordTokenizer(
      table, splitting: form == .words ? .words : .whitespace,
      lowercases: normalizer == .lowercase || normalizer == .composedLowercase,
      normalizes: normalizer == .composed || normalizer == .composedLowercase)
  }

  /// The tokens by their ids, which must be those from 0 on, the special tokens first.
  private static func vocabulary(of model: Fields) throws(DataError) -> [String] {
    guard case .object(let members) = try model.value("vocab").value else {
      throw model.error("vocab", "an object of tokens and ids")
    }
    var tokens = [String?](repeating: nil, count: members.count)
    for (token, id) in members {
      guard case .integer(let id) = id.value, tokens.indices.contains(id), tokens[id] == nil, !token.isEmpty
      else {
        throw DataError(
          .badTokenizer, file: model.name, line: id.line,
          expected: "the ids 0 to \(members.count - 1), each for one token",
          found: "\(quoted(token)): \(id.summary)")
      }
      tokens[id] = token
    }
    let complete = tokens.compactMap { $0 }
    guard complete.starts(with: SpecialToken.allCases.map(\.spelling), by: { $0.utf8.elementsEqual($1.utf8) })
    else {
      let names = SpecialToken.allCases.map(\.spelling).joined(separator: ", ")
      throw model.error("vocab", "the special tokens \(names) with the ids 0 to 3")
    }
    return complete
  }

  private static func bytePairs(_ model: Fields, _ tokens: [String]) throws(DataError) -> BytePairTokenizer {
    try model.allow([
      "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
      "byte_fallback", "ignore_merges", "vocab", "merges",
    ])
    _ = try model.equals("type", ["\"BPE\""])
    for key in ["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"] {
      _ = try model.equals(key, ["null"])
    }
    for key in ["fuse_unk", "byte_fallback"] { _ = try model.equals(key, ["false"]) }
    let takesWholeWords = try model.equals("ignore_merges", ["false", "true"]) == 1
    var table = TokenTable(special: [], maximumSize: .max)
    for (id, token) in tokens.enumerated().dropFirst(table.count) {
      guard let bytes = ByteAlphabet.bytes(token), Int(table.insert(bytes)) == id else {
        throw model.error("vocab", "a token of byte-level characters for the id \(id)", found: quoted(token))
      }
    }
    let bytes = ByteAlphabet.ordered
    guard table.count >= 4 + bytes.count,
      bytes.indices.allSatisfy({ table[4 + $0].elementsEqual([bytes[$0]]) })
    else { throw model.error("vocab", "the 256 bytes with the ids 4 to 259") }
    return BytePairTokenizer(table, merges: try merges(model, table), takesWholeWords: takesWholeWords)
  }

  private static func merges(_ model: Fields, _ table: TokenTable) throws(DataError) -> BytePairMerges {
    guard case .array(let entries) = try model.value("merges").value else {
      throw model.error("merges", "a list of merges")
    }
    var merges = BytePairMerges()
    for entry in entries {
      let parts: [Substring] =
        switch entry.value {
        case .string(let text): text.split(separator: " ", omittingEmptySubsequences: false)
        case .array(let both):
          both.compactMap { if case .string(let text) = $0.value { text[...] } else { nil } }
        default: []
        }
      let bytes = parts.compactMap { ByteAlphabet.bytes(String($0)) }
      guard bytes.count == 2, parts.count == 2, let left = table.id(bytes[0]), let right = table.id(bytes[1]),
        left > 3, right > 3, let result = table.id(bytes[0] + bytes[1]), result > 3,
        merges.append(left, right, into: result)
      else {
        throw DataError(
          .badTokenizer, file: model.name, line: entry.line,
          expected: "two tokens of the vocabulary that make a third, each pair once", found: entry.summary)
      }
    }
    return merges
  }
}

/// The members of an object, which are read by name and compared with what is expected.
private struct Fields {
  let name: String
  private let place: String
  private let line: Int
  private let members: [(key: String, value: StrictJSON)]

  init(_ json: StrictJSON, name: String, place: String) throws(DataError) {
    guard case .object(let members) = json.value else {
      throw DataError(
        .badTokenizer, file: name, line: json.line, expected: "an object as \(place)", found: json.summary)
    }
    self.name = name
    self.place = place
    self.members = members
    line = json.line
  }

  /// Refuses members of other names.
  func allow(_ keys: [String]) throws(DataError) {
    for member in members where !keys.contains(member.key) {
      throw DataError(
        .badTokenizer, file: name, line: member.value.line,
        expected: "the keys \(keys.joined(separator: ", ")) in \(place)", found: quoted(member.key))
    }
  }

  func value(_ key: String) throws(DataError) -> StrictJSON {
    for member in members where member.key == key { return member.value }
    throw DataError(
      .badTokenizer, file: name, line: line, expected: "the key \(quoted(key)) in \(place)", found: "none")
  }

  func expect(_ key: String, _ words: String, _ fits: (StrictJSON.Value) -> Bool) throws(DataError) {
    guard fits(try value(key).value) else { throw error(key, words) }
  }

  /// Which of several texts of JSON states the member's value, in any spacing and order of keys.
  func equals(_ key: String, _ choices: [String]) throws(DataError) -> Int {
    let value = try value(key)
    for (index, choice) in choices.enumerated()
    where value.isSame(as: try StrictJSON(Array(choice.utf8), name: "")) {
      return index
    }
    throw error(key, choices.joined(separator: " or "))
  }

  func error(_ key: String, _ expected: String, found: String? = nil) -> DataError {
    let value = members.first { $0.key == key }?.value
    return DataError(
      .badTokenizer, file: name, line: value?.line ?? line, expected: "\(expected) as \(quoted(key))",
      found: found ?? value?.summary ?? "none",
      hint: "only a tokenizer.json that Unroll wrote, or one of the same form, can be read")
  }
}

extension StrictJSON {
  /// Whether two values say the same.
  fileprivate func isSame(as other: StrictJSON) -> Bool {
    switch (value, other.value) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.decimal(let a), .decimal(let b)): a == b
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    case (.object(let a), .object(let b)):
      a.count == b.count
        && a.allSatisfy { member in b.contains { $0.key == member.key && member.value.isSame(as: $0.value) } }
    default: false
    }
  }
}
