import UnrollCore

/// What a run may take: graphs of a few nodes can ask for memory and time without end.
struct RunLimits: Sendable {
  /// The bytes of values that may be held beside those there are.
  var bytes = Int.max
  /// What is left of the work that may be done, counted over all graphs within each other; `nil`: without bound.
  private let work: WorkBudget?

  /// - Parameter work: the bytes of values that may be made in all. A step counts as `stepWork` of them at least, and
  ///   one of many sums as their number.
  init(bytes: Int = .max, work: Int = .max) {
    self.bytes = bytes
    self.work = work == .max ? nil : WorkBudget(work)
  }

  static let stepWork = 1 << 10

  /// Counts what a step made; `false`: it is too much.
  mutating func take(_ made: Int) -> Bool {
    if bytes != .max { bytes -= made }
    return spend(max(made, Self.stepWork)) && bytes >= 0
  }

  /// Counts work; `false`: it is too much.
  func spend(_ amount: Int) -> Bool { work?.spend(amount) ?? true }

  /// Counts what is done with.
  mutating func release(_ count: Int) { if bytes != .max { bytes += count } }

  /// The limits of a graph within, beside which so many bytes are held.
  func holding(_ count: Int) -> RunLimits {
    var inner = self
    if bytes != .max { inner.bytes -= count }
    return inner
  }
}

/// A number that only falls, shared by all that do the work.
private final class WorkBudget: Sendable {
  private let left: Guarded<Int>
  init(_ amount: Int) { left = Guarded(amount) }

  func spend(_ amount: Int) -> Bool {
    left.withLock { left in
      let (rest, overflow) = left.subtractingReportingOverflow(amount)
      left = overflow ? -1 : rest
      return left >= 0
    }
  }
}
