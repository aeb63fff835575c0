import UnrollCore

/// Reads a file of JSON value by value, without holding what was read: for files of many numbers.
///
/// Depth is bounded; numbers are doubles; texts stand in errors and keys alone. Whoever reads checks the form.
package struct JSONTokens {
  /// What comes next in a file.
  package enum Token: Equatable {
    case beginArray
    case endArray
    case beginObject
    case endObject
    /// A member's name; its value follows.
    case key(String)
    case number(Double)
    case string(String)
    case bool(Bool)
    case null
  }

  /// The file's name.
  package let name: String
  private var reader: JSONReader

  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    self.name = name
    try TextFile.check(bytes, name: name)
    reader = JSONReader(bytes, limits: .streamed)
    if bytes.starts(with: TextFile.byteOrderMark) { reader.skip(TextFile.byteOrderMark.count) }
  }

  /// How many arrays and objects are open.
  package var depth: Int { reader.depth }

  /// An error at the line that is read.
  package func wrong(_ expected: String, _ found: String) -> DataError {
    DataError(.badJSON, file: name, line: reader.line, expected: expected, found: found)
  }

  /// The next token; `nil` behind the value that fills the file.
  package mutating func next() throws(DataError) -> Token? {
    let token: JSONReader.Token?
    do throws(JSONError) {
      token = try reader.next()
    } catch {
      throw DataError(error, .badJSON, file: name)
    }
    switch token {
    case nil: return nil
    case .beginArray: return .beginArray
    case .endArray: return .endArray
    case .beginObject: return .beginObject
    case .endObject: return .endObject
    case .key(let span): return .key(reader.text(span))
    case .string(let span): return .string(reader.text(span))
    case .number(let span):
      guard let value = DecimalText.value(reader.bytes, span.range) else {
        throw wrong("a number that is finite", quoted(reader.text(span)))
      }
      return .number(value)
    case .bool(let flag): return .bool(flag)
    case .null: return .null
    }
  }
}

extension DataError {
  /// - Parameter line: the line of the file, where the text of JSON is one of its lines.
  init(_ error: JSONError, _ kind: Kind, file: String, line: Int? = nil) {
    self.init(kind, file: file, line: line ?? error.line, expected: error.expected, found: error.found)
  }
}
