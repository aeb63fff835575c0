/// Watches text that is produced piece by piece for one of some texts that end it. What may be the beginning of one
/// is held back until it is known.
package struct StopSequences {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  package private(set) var hasStopped = false

  /// - Parameter stops: empty ones are left out.
  package init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// - Returns: what is known to come before any end; empty after it.
  package mutating func push(_ piece: String) -> String {
    guard !hasStopped else { return "" }
    held += Array(piece.utf8)
    if let end = held.indices.first(where: { start in stops.contains { held[start...].starts(with: $0) } }) {
      hasStopped = true
      return String(decoding: held[..<end], as: UTF8.self)
    }
    let free = held.indices.first { start in stops.contains { $0.starts(with: held[start...]) } }
    let known = held[..<(free ?? held.count)]
    held.removeFirst(known.count)
    return String(decoding: known, as: UTF8.self)
  }

  /// - Returns: what was held back, at the end of the text.
  package mutating func finish() -> String {
    defer { held = [] }
    return hasStopped ? "" : String(decoding: held, as: UTF8.self)
  }
}
