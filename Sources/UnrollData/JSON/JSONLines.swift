/// Objects of JSON, one on each line, as rows of named fields.
///
/// The members of an object in an object are named `outer.inner`. Numbers, `true` and `false` are taken as they are
/// written, `null` and what is missing are empty fields. The texts of a list are joined by U+001F, which
/// `RecordReader` names `listSeparator`.
struct JSONLines {
  /// The names of the fields, in the order of their first appearance within the lines that were looked at.
  private(set) var columns: [String] = []
  private var positions: [String: Int] = [:]

  /// Whether a text starts as a line of JSON does.
  static func isJSON(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.first { $0 > Byte.space } == UInt8(ascii: "{")
  }

  /// Takes in the names of a line's members.
  mutating func learn(_ line: [UInt8], name: String, number: Int) throws(DataError) {
    for (key, _) in try Self.members(line, name: name, number: number) where positions[key] == nil {
      positions[key] = columns.count
      columns.append(key)
    }
  }

  /// A line's fields in the order of `columns`; members that were not learned are passed over.
  func fields(_ line: [UInt8], name: String, number: Int) throws(DataError) -> [String] {
    var fields = [String](repeating: "", count: columns.count)
    for (key, value) in try Self.members(line, name: name, number: number) {
      if let position = positions[key] { fields[position] = value }
    }
    return fields
  }

  private static func members(
    _ line: [UInt8], name: String, number: Int
  ) throws(DataError) -> [(key: String, value: String)] {
    let json = try StrictJSON(data: line, name: name, line: number)
    guard case .object(let members) = json.value else {
      throw DataError(
        .badJSON, file: name, line: number,
        expected: "an object, such as {\"text\": \"…\", \"label\": \"…\"}",
        found: json.summary)
    }
    var result: [(key: String, value: String)] = []
    flatten(members, prefix: "", into: &result)
    return result
  }

  private static func flatten(
    _ members: [(key: String, value: StrictJSON)], prefix: String,
    into result: inout [(key: String, value: String)]
  ) {
    for (key, value) in members {
      if case .object(let inner) = value.value {
        flatten(inner, prefix: prefix + key + ".", into: &result)
      } else {
        result.append((prefix + key, text(value)))
      }
    }
  }

  private static func text(_ json: StrictJSON) -> String {
    switch json.value {
    case .null: ""
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): "\(number)"
    case .decimal(let text), .string(let text): text
    case .array(let values): values.map { text($0) }.joined(separator: RecordReader.listSeparator)
    case .object: json.summary
    }
  }
}
