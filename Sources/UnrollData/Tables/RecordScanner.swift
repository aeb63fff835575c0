/// Walks over the records of delimited text (RFC 4180): quoted fields may hold delimiters, line breaks and
/// doubled quotes; lines end with LF, CR LF or CR.
struct RecordScanner {
  let bytes: [UInt8]
  let delimiter: UInt8
  var position: Int

  enum Outcome: Equatable {
    /// A record was read.
    case record
    /// No byte is left.
    case end
    /// The quote at this offset never closes.
    case unterminated(Int)
    /// Something other than a delimiter stands at this offset, behind a closing quote.
    case stray(Int)
  }

  /// Reads a record and appends, for each field, the offset just behind its last byte.
  mutating func next(_ ends: inout [UInt32]) -> Outcome {
    let count = bytes.count
    guard position < count else { return .end }
    while true {
      if position < count, bytes[position] == Byte.quote {
        let opening = position
        guard skipQuoted() else { return .unterminated(opening) }
        if position < count, !endsField(bytes[position]) { return .stray(position) }
      } else {
        while position < count, !endsField(bytes[position]) { position += 1 }
      }
      ends.append(UInt32(truncatingIfNeeded: position))
      guard position < count else { return .record }
      let byte = bytes[position]
      position += 1
      if byte == delimiter { continue }
      if byte == Byte.carriageReturn, position < count, bytes[position] == Byte.lineFeed { position += 1 }
      return .record
    }
  }

  private func endsField(_ byte: UInt8) -> Bool {
    byte == delimiter || byte == Byte.lineFeed || byte == Byte.carriageReturn
  }

  /// Moves behind the closing quote and the spaces after it; false when the text ends before.
  private mutating func skipQuoted() -> Bool {
    let count = bytes.count
    position += 1
    while position < count {
      if bytes[position] != Byte.quote {
        position += 1
      } else if position + 1 < count, bytes[position + 1] == Byte.quote {
        position += 2
      } else {
        position += 1
        while position < count, bytes[position] == Byte.space { position += 1 }
        return true
      }
    }
    return false
  }

  /// The delimiter that splits the first records into equally many fields, at least two.
  ///
  /// Of several, the one that gives most fields; of none, the one that splits the first record most often.
  static func sniffDelimiter(_ bytes: [UInt8], from start: Int) -> UInt8 {
    let candidates = [Byte.comma, Byte.semicolon, Byte.tab, Byte.bar]
    var best: (delimiter: UInt8, isConsistent: Bool, fields: Int) = (Byte.comma, false, 1)
    for delimiter in candidates {
      var scanner = RecordScanner(bytes: bytes, delimiter: delimiter, position: start)
      var counts: [Int] = []
      while counts.count < 20, scanner.position - start < 1 << 18 {
        var ends: [UInt32] = []
        let before = scanner.position
        guard scanner.next(&ends) == .record else { break }
        if ends.count == 1, Int(ends[0]) == before { continue }
        counts.append(ends.count)
      }
      guard let fields = counts.first, fields > 1 else { continue }
      let isConsistent = counts.allSatisfy { $0 == fields }
      if (isConsistent && !best.isConsistent) || (isConsistent == best.isConsistent && fields > best.fields) {
        best = (delimiter, isConsistent, fields)
      }
    }
    return best.delimiter
  }
}
