/// A part of one step: some rows and some panels of hidden units, the same for all phases of the step.
struct StepPart {
  let rows: Range<Int>
  let panels: Range<Int>
}

/// Runs the steps of a recurrence with the partition that suits its extents.
///
/// Three partitions are known. By rows: each thread takes some sequences through all steps and never waits.
/// By hidden units: each thread takes some panels of every step, keeps its slice of the recurrent weights in
/// its own cache, and meets the others after each phase. Single: one thread does it all. The numbers that come
/// out are the same.
package struct Sweep {
  let order: StepOrder
  /// Panels of hidden units in this direction.
  let panels: Int
  /// Hidden units of a panel; the last may have fewer.
  let unitsPerPanel: Int
  let hidden: Int
  /// Multiplications of one row in one step.
  let workPerRow: Int
  /// Bytes of the packed recurrent weights.
  let weightBytes: Int

  package enum Partition: Hashable, Sendable {
    case single
    case rows(Int)
    case panels(Int)
  }

  package init(
    order: StepOrder, panels: Int, unitsPerPanel: Int, hidden: Int, workPerRow: Int, weightBytes: Int
  ) {
    self.order = order
    self.panels = panels
    self.unitsPerPanel = unitsPerPanel
    self.hidden = hidden
    self.workPerRow = workPerRow
    self.weightBytes = weightBytes
  }

  /// A core's own cache, of which the weights may take most.
  static let privateCache = 1 << 20
  /// Multiplications that take about as long as meeting once.
  private static let worthMeeting = 100_000

  /// The partition of the next run, as long as the pool is free.
  package var partition: Partition {
    let threads = WorkerPool.shared.available
    let batch = order.layout.batch
    guard threads > 1, batch > 0, order.layout.timeSteps > 0 else { return .single }
    let averageRows = order.layout.rows / order.layout.timeSteps
    if order.layout.rows * workPerRow < 2_000_000 { return .single }
    let slices = panels >= threads && averageRows * workPerRow >= Self.worthMeeting
    if batch >= 2 * threads && weightBytes < Self.privateCache {
      return .rows(min(threads, max(1, averageRows / 4)))
    }
    // By rows each thread reads all weights; by slices the largest keeps the others waiting.
    if averageRows >= 24 * threads && unevenness(threads) > 1.05 { return .rows(threads) }
    return slices ? .panels(threads) : .single
  }

  /// How many more units than its share the largest slice has.
  private func unevenness(_ threads: Int) -> Double {
    let bounds = sliceBounds(threads)
    let largest =
      zip(bounds, bounds.dropFirst()).map { min(hidden, $1 * unitsPerPanel) - $0 * unitsPerPanel }
      .max() ?? hidden
    return Double(largest * threads) / Double(max(1, hidden))
  }

  /// Where the slices of panels are cut, so that units, not panels, are shared evenly.
  private func sliceBounds(_ threads: Int) -> [Int] {
    (0...threads).map { part in
      part == threads ? panels : min(panels, (hidden * part / threads + unitsPerPanel / 2) / unitsPerPanel)
    }
  }

  /// Visits the steps in the given order, all phases of each.
  ///
  /// - Parameter body: does `phase` of step `t` for a part; within a phase, parts do not depend on each other.
  func run(
    _ steps: [Int], phases: Int = 1, _ body: (_ t: Int, _ phase: Int, _ part: StepPart) -> Void
  ) {
    func serve(_ rows: Range<Int>, _ panels: Range<Int>, _ meet: () -> Void) {
      for t in steps {
        let part = StepPart(rows: rows.clamped(to: 0..<order.layout.counts[t]), panels: panels)
        for phase in 0..<phases {
          if !part.rows.isEmpty && !panels.isEmpty { body(t, phase, part) }
          meet()
        }
      }
    }
    switch partition {
    case .single: Kernels.flushingDenormals { serve(0..<order.layout.batch, 0..<panels) {} }
    case .rows(let members):
      // Shares of rows, balanced by the number of steps that each row is there.
      let bounds = balancedBounds(members, steps)
      WorkerPool.shared.shareOut(members) { share in
        serve(bounds[share]..<bounds[share + 1], 0..<panels) {}
      }
    case .panels(let members):
      WorkerPool.shared.run(members) { team in
        // The team may be smaller than asked for.
        let bounds = sliceBounds(team.count)
        serve(0..<order.layout.batch, bounds[team.index]..<bounds[team.index + 1]) { team.meet() }
      }
    }
  }

  /// Where rows are cut so that all members have as many rows to do over the given steps.
  private func balancedBounds(_ members: Int, _ steps: [Int]) -> [Int] {
    // The number of steps in which the row at a place is there.
    var lives = Array(repeating: 0, count: order.layout.batch + 1)
    for t in steps { lives[order.layout.counts[t]] += 1 }
    for place in lives.indices.dropLast().reversed() { lives[place] += lives[place + 1] }
    let total = lives.dropFirst().reduce(0, +)
    var bounds = [0]
    var done = 0
    for place in 0..<order.layout.batch {
      if bounds.count < members && done * members >= total * bounds.count { bounds.append(place) }
      done += lives[place + 1]
    }
    while bounds.count <= members { bounds.append(order.layout.batch) }
    return bounds
  }
}
