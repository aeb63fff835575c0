import UnrollCore

/// A value of JSON in a file, with the line on which it starts.
///
/// Keys are told apart by their bytes; nesting goes to 16 levels.
package struct StrictJSON: Sendable {
  /// The most values of a file, which take many times the two bytes that they may have in it.
  static let maximumValues = 1 << 18 + 1 << 10

  package enum Value: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// Any other number, as it is written.
    case decimal(String)
    case string(String)
    case array([StrictJSON])
    /// The members in the order of the file.
    case object([(key: String, value: StrictJSON)])
  }

  private let json: JSONValue
  /// The line in the file of what was read as one of its lines.
  private let fileLine: Int?

  /// Reads a value that fills `bytes`; `name` is used in errors.
  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    try TextFile.check(bytes, name: name)
    try self.init(bytes, .badTokenizer, name: name, line: nil)
  }

  /// Reads a line of a file of data.
  package init(data bytes: [UInt8], name: String, line: Int) throws(DataError) {
    try self.init(bytes, .badJSON, name: name, line: line)
  }

  private init(_ bytes: [UInt8], _ kind: DataError.Kind, name: String, line: Int?) throws(DataError) {
    var limits = JSONLimits()
    limits.depth = 16
    limits.values = Self.maximumValues
    limits.members = Self.maximumValues
    limits.keyLength = limits.stringLength
    do throws(JSONError) {
      json = try JSONValue(bytes, limits: limits, keysDifferAsText: false)
    } catch {
      throw DataError(error, kind, file: name, line: line)
    }
    fileLine = line
  }

  private init(_ json: JSONValue, _ fileLine: Int?) {
    self.json = json
    self.fileLine = fileLine
  }

  package var line: Int { fileLine ?? json.line }

  package var value: Value {
    switch json.value {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .number: .decimal(json.number ?? "")
    case .string(let text): .string(text)
    case .array(let elements): .array(elements.map { StrictJSON($0, fileLine) })
    case .object(let members): .object(members.map { ($0.key, StrictJSON($0.value, fileLine)) })
    }
  }

  /// The value in a few words, for messages.
  package var summary: String { json.summary }
}
