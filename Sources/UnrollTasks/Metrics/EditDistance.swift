/// The fewest edits that turn a reference into what was found: substitutions, deletions and insertions at a price of 1
/// each (Levenshtein 1966), and which they are.
///
///     D[i, j] = min(D[i−1, j−1] + (rᵢ ≠ hⱼ),  D[i−1, j] + 1,  D[i, j−1] + 1)
///
/// Where several ways are equally short, the one that `jiwer` reports (by RapidFuzz) is taken: what both have in common at
/// their beginnings and ends is set aside, then from the end a deletion comes first, and an insertion where
/// D[i, j−1] < D[i−1, j−1]; else both are gone back from.
public struct EditDistance: Sendable, Equatable {
  /// A step from the reference to what was found.
  public enum Edit: Sendable, Equatable {
    /// Elements that are equal.
    case hit(reference: Int, found: Int)
    case substitution(reference: Int, found: Int)
    case deletion(reference: Int)
    case insertion(found: Int)
  }

  /// All steps, in order.
  public let edits: [Edit]

  public init<Element: Hashable>(_ reference: [Element], _ found: [Element]) {
    self.init(reference, found, largestTable: 1 << 26)
  }

  /// - Parameter largestTable: cells of a table that is held at once.
  package init<Element: Hashable>(_ reference: [Element], _ found: [Element], largestTable: Int) {
    // As numbers, elements are compared quickly.
    var numbers: [Element: Int32] = [:]
    func number(_ element: Element) -> Int32 {
      if let known = numbers[element] { return known }
      numbers[element] = Int32(numbers.count)
      return Int32(numbers.count - 1)
    }
    let (r, h) = (reference.map(number), found.map(number))
    var start = 0
    while start < min(r.count, h.count), r[start] == h[start] { start += 1 }
    var tail = 0
    while tail < min(r.count, h.count) - start, r[r.count - 1 - tail] == h[h.count - 1 - tail] { tail += 1 }
    var edits: [Edit] = (0..<start).map { .hit(reference: $0, found: $0) }
    Self.align(r, start..<r.count - tail, h, start..<h.count - tail, largestTable, into: &edits)
    for place in (0..<tail).reversed() {
      edits.append(.hit(reference: r.count - 1 - place, found: h.count - 1 - place))
    }
    self.edits = edits
  }

  private static func align(
    _ r: [Int32], _ rows: Range<Int>, _ h: [Int32], _ columns: Range<Int>, _ largestTable: Int,
    into edits: inout [Edit]
  ) {
    let (cells, overflow) = (rows.count + 1).multipliedReportingOverflow(by: columns.count + 1)
    guard overflow || cells > largestTable, rows.count > 1 else {
      return trace(r, rows, h, columns, into: &edits)
    }
    // Where the best way crosses the middle row (Hirschberg 1975): memory grows with one side alone.
    let middle = rows.lowerBound + rows.count / 2
    let above = lastRow(r[rows.lowerBound..<middle], h[columns])
    let below = lastRow(r[middle..<rows.upperBound].reversed(), h[columns].reversed())
    let count = columns.count
    let cut = (0...count).min { above[$0] + below[count - $0] < above[$1] + below[count - $1] } ?? 0
    let column = columns.lowerBound + cut
    align(r, rows.lowerBound..<middle, h, columns.lowerBound..<column, largestTable, into: &edits)
    align(r, middle..<rows.upperBound, h, column..<columns.upperBound, largestTable, into: &edits)
  }

  /// D of all of `r` against each beginning of `h`.
  private static func lastRow(_ r: some Sequence<Int32>, _ h: some Collection<Int32>) -> [Int32] {
    var row = (0...Int32(h.count)).map { $0 }
    for own in r {
      var diagonal = row[0]
      row[0] += 1
      for (column, other) in h.enumerated() {
        let best = min(diagonal + (own == other ? 0 : 1), row[column] + 1, row[column + 1] + 1)
        diagonal = row[column + 1]
        row[column + 1] = best
      }
    }
    return row
  }

  private static func trace(
    _ r: [Int32], _ rows: Range<Int>, _ h: [Int32], _ columns: Range<Int>, into edits: inout [Edit]
  ) {
    let (height, width) = (rows.count, columns.count)
    // Bit 0: D[i, j] = D[i−1, j] + 1. Bit 1: D[i, j−1] < D[i−1, j−1].
    var ways = [UInt8](repeating: 0, count: (height + 1) * (width + 1))
    var row = (0...Int32(width)).map { $0 }
    for i in 0..<height {
      var diagonal = row[0]
      row[0] += 1
      let own = r[rows.lowerBound + i]
      for j in 0..<width {
        let (deleted, inserted) = (row[j + 1] + 1, row[j] + 1)
        let best = min(diagonal + (own == h[columns.lowerBound + j] ? 0 : 1), deleted, inserted)
        ways[(i + 1) * (width + 1) + j + 1] = (best == deleted ? 1 : 0) | (inserted == diagonal ? 2 : 0)
        diagonal = row[j + 1]
        row[j + 1] = best
      }
    }
    var (i, j) = (height, width)
    var backwards: [Edit] = []
    while i > 0 || j > 0 {
      let way: UInt8 = i == 0 ? 2 : j == 0 ? 1 : ways[i * (width + 1) + j]
      let (reference, found) = (rows.lowerBound + i - 1, columns.lowerBound + j - 1)
      if way & 1 != 0 {
        backwards.append(.deletion(reference: reference))
        i -= 1
      } else if way & 2 != 0 {
        backwards.append(.insertion(found: found))
        j -= 1
      } else {
        let isHit = r[reference] == h[found]
        backwards.append(
          isHit ? .hit(reference: reference, found: found) : .substitution(reference: reference, found: found)
        )
        (i, j) = (i - 1, j - 1)
      }
    }
    edits += backwards.reversed()
  }
}
