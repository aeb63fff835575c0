import UnrollData

/// How well a model does on data that it has not seen: to be read, and the same as JSON.
public struct ScoreReport: Sendable, Codable, Equatable {
  /// A number with its name.
  public struct Score: Sendable, Codable, Equatable {
    public let name: String
    /// Shares are from 0 to 1.
    public let value: Double?
    /// `%` for shares; `nats per token`, or nothing.
    public let unit: String
    /// What it is the score of, or how it was counted.
    public let note: String?

    public init(_ name: String, _ value: Double, unit: String = "", note: String? = nil) {
      self.name = name
      // What cannot be said, such as the accuracy of no examples, is null in a file.
      self.value = value.isFinite ? value : nil
      self.unit = unit
      self.note = note
    }

    /// The value as a person reads it.
    public var text: String {
      guard let value else { return "–" }
      if unit == "%" { return NumberText.decimal(100 * value, places: 2) + " %" }
      let places = abs(value) >= 100 ? 2 : 4
      let number =
        value == value.rounded() && abs(value) < 1e9
        ? "\(Int(value))" : NumberText.decimal(value, places: places)
      return unit.isEmpty ? number : "\(number) \(unit)"
    }
  }

  /// Scores by label, method or error.
  public struct Table: Sendable, Codable, Equatable {
    public let title: String
    public let columns: [String]
    public var rows: [[String]]

    public init(_ title: String, columns: [String], rows: [[String]]) {
      self.title = title
      self.columns = columns
      self.rows = rows
    }
  }

  /// One example: its truth, the answer, and how bad it is.
  public struct Example: Sendable, Codable, Equatable {
    /// Where it stands: a line, an id.
    public let place: String
    public let input: String
    public let truth: String
    public let answer: String
    /// The probability of the answer, where there is one.
    public let probability: Double?
    /// The greater, the worse.
    public let error: Double

    public init(
      place: String, input: String, truth: String, answer: String, probability: Double? = nil, error: Double
    ) {
      self.place = place
      self.input = input
      self.truth = truth
      self.answer = answer
      self.probability = probability
      self.error = error
    }
  }

  /// The data.
  public var source = ""
  /// The first is the one that the task is known by.
  public var scores: [Score]
  public var tables: [Table]
  /// Every example; not a part of the JSON.
  public var examples: [Example]
  /// A task's own rows in place of the examples; not a part of the JSON.
  public var rows: Table?

  public init(_ scores: [Score], tables: [Table] = [], examples: [Example] = []) {
    self.scores = scores
    self.tables = tables
    self.examples = examples
  }

  private enum CodingKeys: String, CodingKey { case source, scores, tables }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    source = try container.decode(String.self, forKey: .source)
    scores = try container.decode([Score].self, forKey: .scores)
    tables = try container.decode([Table].self, forKey: .tables)
    examples = []
  }

  /// The value of a score; `nil` where there is none of this name, or it could not be made.
  public subscript(name: String) -> Double? { scores.first { $0.name == name }?.value }
}

extension ScoreReport {
  /// The mean of each score of several reports, and no tables.
  static func mean(of reports: [ScoreReport]) -> ScoreReport {
    let scores = reports[0].scores.map { score in
      let values = reports.compactMap { $0[score.name] }
      return Score(
        score.name, values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count), unit: score.unit,
        note: "mean of \(reports.count) members, each on what it held out")
    }
    return ScoreReport(scores)
  }

  /// The scores in a line.
  public var line: String {
    scores.prefix(3).map { "\($0.name) \($0.text)" }.joined(separator: ", ")
  }

  /// All of it as lines of text.
  ///
  /// - Parameter emphasise: marks headings.
  public func text(emphasise: (String) -> String = { $0 }) -> String {
    let width = scores.map(\.name.count).max() ?? 0
    var text = scores.map { score in
      NumberText.padded(score.name, to: width + 2) + score.text + (score.note.map { "   (\($0))" } ?? "")
        + "\n"
    }.joined()
    for table in tables where !table.rows.isEmpty {
      text +=
        "\n" + (table.title.isEmpty ? "" : emphasise(table.title) + "\n")
        + Self.aligned([table.columns] + table.rows)
    }
    return text
  }

  public var json: String {
    get throws { try JSONLine.text(self) }
  }

  /// Every example with truth, answer and probability, worst first; or the task's own rows.
  public var errorsCSV: [UInt8] {
    var writer = CSVWriter()
    if let rows {
      for row in [rows.columns] + rows.rows { writer.write(row) }
      return writer.bytes
    }
    writer.write(["place", "input", "truth", "answer", "probability", "error"])
    let order = examples.indices.sorted {
      (-examples[$0].error, $0) < (-examples[$1].error, $1)
    }
    for index in order {
      let example = examples[index]
      writer.write([
        example.place, example.input, example.truth, example.answer,
        example.probability.map { NumberText.decimal($0, places: 6) } ?? "",
        NumberText.decimal(example.error, places: 6),
      ])
    }
    return writer.bytes
  }

  /// Rows of cells in columns; the first column to the left, others to the right.
  static func aligned(_ rows: [[String]]) -> String {
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        NumberText.padded(cell, to: widths[column], right: column > 0)
      }.joined(separator: "  ").trimmedAtEnd + "\n"
    }.joined()
  }

  /// True against predicted labels: a matrix of few labels, the commonest confusions of many.
  public static func confusions(_ labels: [String], _ counts: [[Int]]) -> Table {
    guard labels.count > 12 else {
      return Table(
        "true label (row) against predicted label (column)", columns: [""] + labels,
        rows: zip(labels, counts).map { [$0] + $1.map { "\($0)" } })
    }
    let pairs = labels.indices.flatMap { row in
      labels.indices.filter { $0 != row && counts[row][$0] > 0 }.map { (row, $0, counts[row][$0]) }
    }.sorted { ($1.2, $0.0, $0.1) < ($0.2, $1.0, $1.1) }
    return Table(
      "commonest confusions", columns: ["true label", "predicted", "times"],
      rows: pairs.prefix(15).map { [labels[$0.0], labels[$0.1], "\($0.2)"] })
  }
}

extension String {
  package var trimmedAtEnd: String {
    var copy = self
    while copy.last == " " { copy.removeLast() }
    return copy
  }
}
