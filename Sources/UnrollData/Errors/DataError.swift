import UnrollCore

/// What is wrong with data that was read, where it is wrong, and what to do about it.
///
/// Its description is meant for people:
///
///     sales.csv, line 412, column "sales": expected a number, found "n/a"
///             use `missing: "n/a"` to read it as a missing value
public struct DataError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The closed set of things that can be wrong.
  public enum Kind: String, Sendable, CaseIterable {
    /// There is no file at the path.
    case missingFile
    /// The file is there and cannot be read.
    case unreadableFile
    /// The file holds no text at all.
    case emptyFile
    /// The file has a header and no rows below it.
    case noRows
    /// A byte is not UTF-8, or not text.
    case notText
    /// A row has more or fewer fields than the header has names.
    case raggedRow
    /// A quote opens and never closes, or text follows the quote that closes.
    case badQuote
    /// The first line is not a list of column names.
    case badHeader
    /// A column that was asked for does not exist.
    case noColumn
    /// A column was asked for in two roles, or no column fits a role.
    case badRoles
    /// A field should be a number.
    case notANumber
    /// A field should be a time.
    case notATime
    /// A time is written in another way than those before it.
    case mixedTimes
    /// It cannot be told which of several ways of writing numbers or dates is meant.
    case ambiguous
    /// The dates stand in the header and not in a column.
    case wideTable
    /// Series of one table have steps of different lengths.
    case mixedFrequencies
    /// The text was changed while it was read.
    case changedWhileRead
    /// A series has two rows for the same time.
    case duplicateTime
    /// A time falls between the steps of its series.
    case offGrid
    /// A row does not say which series it belongs to.
    case noIdentifier
    /// The data is larger than what can be held.
    case tooLarge
    /// Series made in memory do not fit together.
    case badSeries
    /// An example that is learned from has no label, or one that cannot be.
    case badLabel
    /// Tags do not follow one scheme, or do not follow the one that was asked for.
    case badTags
    /// The header of a file of sequences, or a sequence in it, is not what its format allows.
    case badSequence
    /// Two files that belong together have different numbers of lines.
    case unequalLines
    /// A file of word vectors is damaged, or its lines have different numbers of values.
    case badVectors
    /// A tokenizer's file is damaged, or describes a tokenizer of another kind.
    case badTokenizer
    /// A file of an n-gram model is damaged, or says two things at once.
    case badLanguageModel
    /// A file of sound is damaged, or of a kind that is not read.
    case badSound
    /// A file of music is damaged, or of a kind that is not read.
    case badMusic
    /// Compressed bytes are cut off or damaged, or an archive is.
    case badCompression
    /// A picture or a video is cut off or damaged.
    case badPicture
    /// A picture or a video is of a kind that is not read.
    case unsupportedPicture
    /// A page's layout is not what its format allows, or no XML at all.
    case badLayout
    /// A file of XML is damaged, or uses what is not read.
    case badXML
    /// A file of pen strokes is not what its format allows.
    case badStrokes
    /// A file of arrays is damaged, or holds what is not read.
    case badArray
    /// A file or a line of JSON is damaged, or of another form than is expected.
    case badJSON
    /// A program that reads files of this kind is not installed.
    case missingTool
    /// A program that reads files of this kind failed at this one.
    case failedTool
  }

  /// What kind of thing is wrong.
  public let kind: Kind
  /// The file's name, as it was given.
  public let file: String
  /// The line of the file, from 1.
  public let line: Int?
  /// The name of the column.
  public let column: String?
  /// What would have been right, in words.
  public let expected: String?
  /// What was there instead, as it is shown to a person: text from the file stands in quotes.
  public let found: String?
  /// What to do about it.
  public let hint: DataHint?
  /// The sentence that takes the place of "expected …, found …" where that form does not fit.
  let statement: String?

  package init(
    _ kind: Kind, file: String, line: Int? = nil, column: String? = nil, expected: String? = nil,
    found: String? = nil, statement: String? = nil, hint: DataHint? = nil
  ) {
    self.kind = kind
    self.file = file
    self.line = line
    self.column = column
    self.expected = expected
    self.found = found
    self.statement = statement
    self.hint = hint
  }

  package init(
    _ kind: Kind, file: String, line: Int? = nil, column: String? = nil, expected: String? = nil,
    found: String? = nil, statement: String? = nil, hint: String?
  ) {
    self.init(
      kind, file: file, line: line, column: column, expected: expected, found: found, statement: statement,
      hint: hint.map { DataHint($0) })
  }

  public var description: String { description { $0.description } }

  /// The description, with the hint in words of the caller's: a command names its options.
  public func description(hint wording: (DataHint) -> String) -> String {
    let problem = statement ?? "expected \(expected ?? "other data"), found \(found ?? "none")"
    let advice = hint.map { "\n        " + wording($0) } ?? ""
    // The name of a column that does not exist reads better inside the sentence.
    if kind == .noColumn { return problem + advice }
    var place = file
    if let line { place += ", line \(line)" }
    if let column { place += ", column \(quoted(column))" }
    return "\(place): \(problem)\(advice)"
  }

  /// A column that is not in a file, with the name that was probably meant.
  package static func noColumn(_ name: String, in file: String, columns: [String]) -> DataError {
    let shown = columns.prefix(12).map { clipped($0) }.joined(separator: ", ")
    let more = columns.count > 12 ? ", and \(columns.count - 12) more" : ""
    let guess = nearest(name, in: columns).map { "; did you mean \(quoted($0))?" } ?? ""
    return DataError(
      .noColumn, file: file, column: name, expected: "one of the columns \(shown)\(more)",
      found: quoted(name),
      statement: "no column \(quoted(name)) in \(file) (columns: \(shown)\(more))\(guess)")
  }
}

/// Text from a file in double quotes, clipped.
package func quoted(_ text: some StringProtocol) -> String { "\"\(clipped(text))\"" }
