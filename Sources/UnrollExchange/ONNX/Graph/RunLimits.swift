/// What a run may take: graphs of a few nodes can ask for memory and time without end.
struct RunLimits: Sendable {
  /// The bytes of values that may be held beside those there are.
  var bytes = Int.max
  /// The bytes of values that may be made in all. A step counts as `stepWork` of them at least.
  var work = Int.max

  static let stepWork = 1 << 10

  /// Counts what a step made; `false`: it is too much.
  mutating func take(_ made: Int) -> Bool {
    if bytes != .max { bytes -= made }
    if work != .max { work -= max(made, Self.stepWork) }
    return bytes >= 0 && work >= 0
  }

  /// Counts what is done with.
  mutating func release(_ count: Int) { if bytes != .max { bytes += count } }

  /// A share of what is left for each of several runs, one after the other.
  func divided(among count: Int) -> RunLimits {
    RunLimits(bytes: bytes, work: work == .max ? work : work / max(1, count))
  }
}
