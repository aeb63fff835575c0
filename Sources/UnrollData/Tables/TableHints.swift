/// Counts the lines of a text up to offsets that only grow.
struct LineCounter {
  let bytes: [UInt8]
  private var position = 0
  private var count = 1

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The line, from 1, that holds an offset.
  mutating func line(of offset: Int) -> Int {
    while position < min(offset, bytes.count) {
      let byte = bytes[position]
      position += 1
      if byte == Byte.lineFeed {
        count += 1
      } else if byte == Byte.carriageReturn, position < bytes.count, bytes[position] != Byte.lineFeed {
        count += 1
      }
    }
    return count
  }
}

// MARK: - Lines that are no data

extension CSVTable {
  /// Advice for a file whose first lines are a title, a source or notes, before the real header; nil when it
  /// does not look so.
  var preambleHint: DataHint? {
    var scanner = RecordScanner(bytes: bytes, delimiter: delimiter, position: 0)
    var starts: [(offset: Int, fields: Int)] = []
    while starts.count < 60 {
      let start = scanner.position
      var ends: [UInt32] = []
      guard scanner.next(&ends) == .record else { break }
      starts.append((start, ends.count))
    }
    // The width that most of the first lines have, and the first line from which on all have it.
    let widths = Dictionary(grouping: starts.map(\.fields), by: { $0 }).filter { $0.key > 1 }
    guard let width = widths.max(by: { ($0.value.count, $0.key) < ($1.value.count, $1.key) })?.key,
      width != columns.count,
      let last = starts.lastIndex(where: {
        $0.fields != width && $0.fields != 1 || $0.fields == 1 && width != 1
      }),
      last + 3 < starts.count
    else { return nil }
    let line = TextFile.lineNumber(of: starts[last + 1].offset, in: bytes)
    guard line > 1 else { return nil }
    return DataHint(
      .skipLines, [line == 2 ? "1" : "1-\(line - 1)"],
      to: "leave out what stands before the columns' names, which seem to be on line \(line)")
  }

  private static let totals: Set<String> = [
    "total", "totals", "grand total", "subtotal", "sub total", "sum", "summe", "gesamt", "gesamtsumme",
    "total general",
    "average", "avg", "mean", "mittelwert", "source", "note", "notes", "quelle", "footnote", "all",
  ]

  /// Advice about a row that is likely no data: units below the names, or the sum of other rows.
  func rowHint(_ row: Int) -> DataHint? {
    if row == 0, let last = lastRowWithoutValues {
      let (first, end) = (line(row: 0), line(row: last))
      return DataHint(
        .skipLines, [first == end ? "\(first)" : "\(first)-\(end)"],
        to:
          "leave out \(first == end ? "the line" : "lines") below the columns' names without values, such as units"
      )
    }
    for column in columns.indices {
      let text = Blanks.trimmed(text(row: row, column: column)).lowercased()
      let word = String(text.prefix { $0.isLetter || $0 == " " })
      let isTotal = Self.totals.contains(word.hasSuffix(" ") ? String(word.dropLast()) : word)
      guard isTotal, text.first?.isLetter == true else { continue }
      let line = line(row: row, column: 0)
      return DataHint(
        .skipLines, ["\(line)"], to: "leave out the line, which seems to hold no data of its own")
    }
    return nil
  }

  /// The last of up to three rows below the names that hold words alone, while later rows hold values.
  private var lastRowWithoutValues: Int? {
    func hasValue(_ row: Int) -> Bool {
      columns.indices.contains { column in
        let range = field(row: row, column: column)
        return NumberText(bytes, range) != nil || !TimeGuess.candidates(bytes, range).isEmpty
      }
    }
    guard let first = (0..<min(4, rowCount)).first(where: { hasValue($0) }), first > 0 else { return nil }
    return first - 1
  }
}
