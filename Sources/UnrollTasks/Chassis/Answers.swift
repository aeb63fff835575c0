import UnrollCore
import UnrollData

/// An answer of a model: what a line of JSON, a row of CSV or a person is given.
public protocol TaskAnswer: Codable, Sendable {
  /// As a person reads it: a line, or several.
  var shown: String { get }
  /// The columns of a table of answers.
  var columns: [String] { get }
  /// Its rows in that table.
  var rows: [[String]] { get }
  /// As a file of another format, of those that the task says it writes.
  func document(_ format: AnswerFormat) -> String
  /// The answer as a file of a kind of its own, such as MIDI: what is written to a file where no other format is asked
  /// for. `nil`: answers are text.
  var file: [UInt8]? { get }
}

extension TaskAnswer {
  public var file: [UInt8]? { nil }
  public func document(_ format: AnswerFormat) -> String { shown }
}

/// How answers are written: every task writes text, JSON and CSV; what else, `TaskAbout` says.
public enum AnswerFormat: String, Sendable, CaseIterable {
  case text, json, csv
  /// Pages with boxes and confidences.
  case hocr, alto

  /// Those of every task.
  public static let common: [AnswerFormat] = [.text, .json, .csv]
}

/// Writes answers in one form.
public struct AnswerWriter<Answer: TaskAnswer> {
  private let format: AnswerFormat
  private let names: (id: Bool, line: Bool)
  private var hasHeader = false

  /// - Parameter names: whether answers carry the id or the line of their input, in a table.
  public init(_ format: AnswerFormat, names: (id: Bool, line: Bool) = (false, false)) {
    self.format = format
    self.names = names
  }

  /// The text of an answer, with its line break.
  public mutating func text(_ answer: Answer, id: String?, line: Int?) throws -> String {
    switch format {
    case .text: return answer.shown.hasSuffix("\n") ? answer.shown : answer.shown + "\n"
    case .json: return try JSONLine.text(AnswerLine(id: id, line: line, answer: answer)) + "\n"
    case .csv:
      var writer = CSVWriter()
      if !hasHeader { writer.write((names.id ? ["id"] : names.line ? ["line"] : []) + answer.columns) }
      hasHeader = true
      for row in answer.rows {
        writer.write((names.id ? [id ?? ""] : names.line ? [line.map { "\($0)" } ?? ""] : []) + row)
      }
      return String(decoding: writer.bytes, as: UTF8.self)
    default: return answer.document(format)
    }
  }
}

/// An answer with the name of its input.
private struct AnswerLine<Answer: TaskAnswer>: Encodable {
  let id: String?
  let line: Int?
  let answer: Answer

  private enum Key: String, CodingKey { case id, line }

  func encode(to encoder: any Encoder) throws {
    try answer.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    if let id {
      try container.encode(id, forKey: .id)
    } else {
      try container.encodeIfPresent(line, forKey: .line)
    }
  }
}

/// A value as one line of JSON.
package enum JSONLine {
  package static func text(_ value: some Encodable) throws -> String {
    let tree = try JSONTree(value, nonFinite: .text)
    return String(decoding: JSONWriter.utf8(tree, sortsKeys: true), as: UTF8.self)
  }
}
