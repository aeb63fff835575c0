/// A part of one step: some rows and some panels of hidden units, the same for all phases of the step.
struct StepPart {
  let rows: Range<Int>
  let panels: Range<Int>
}

/// Runs a recurrence over its steps with the partition that suits its extents.
///
/// Three partitions are known. By rows: each thread takes some sequences through all steps and never waits.
/// By hidden units: each thread takes some panels of every step, keeps its slice of the recurrent weights in
/// its own cache, and meets the others after each phase. Single: one thread does it all. The numbers that come
/// out are the same.
package struct Sweep {
  let order: StepOrder
  let kernels: Kernels
  /// Panels of hidden units in this direction.
  let panels: Int
  /// Multiplications of one row in one step.
  let workPerRow: Int
  /// Bytes of the packed recurrent weights.
  let weightBytes: Int

  package enum Partition: Hashable, Sendable {
    case single
    case rows(Int)
    case panels(Int)
  }

  package init(order: StepOrder, kernels: Kernels, panels: Int, workPerRow: Int, weightBytes: Int) {
    self.order = order
    self.kernels = kernels
    self.panels = panels
    self.workPerRow = workPerRow
    self.weightBytes = weightBytes
  }

  /// A core's own cache, of which the weights may take most.
  private static let privateCache = 1 << 20
  /// Multiplications that take about as long as meeting once.
  private static let worthMeeting = 400_000

  /// The partition of the next run, as long as the pool is free.
  package var partition: Partition {
    let threads = WorkerPool.shared.available
    let batch = order.layout.batch
    guard threads > 1, batch > 0, order.layout.timeSteps > 0 else { return .single }
    let averageRows = order.layout.rows / order.layout.timeSteps
    if order.layout.rows * workPerRow < 2_000_000 { return .single }
    if weightBytes <= Self.privateCache && batch >= 2 * threads {
      return .rows(min(threads, max(1, averageRows / 4)))
    }
    if panels >= threads && averageRows * workPerRow >= Self.worthMeeting { return .panels(threads) }
    if batch >= 2 * threads { return .rows(threads) }
    return .single
  }

  /// Visits the steps in order (or in the opposite order for gradients), all phases of each.
  ///
  /// - Parameter body: does `phase` of step `t` for a part; within a phase, parts do not depend on each other.
  func run(
    backwards: Bool = false, phases: Int = 1, _ body: (_ t: Int, _ phase: Int, _ part: StepPart) -> Void
  ) {
    let steps = backwards ? order.steps.reversed() : order.steps
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
      // Shares of rows, balanced by the number of steps that each row lives.
      let bounds = balancedBounds(members)
      WorkerPool.shared.run(members) { team in
        // The team may be smaller than asked for: members take every count-th share.
        for share in stride(from: team.index, to: members, by: team.count) {
          serve(bounds[share]..<bounds[share + 1], 0..<panels) {}
        }
      }
    case .panels(let members):
      WorkerPool.shared.run(members) { team in
        serve(0..<order.layout.batch, team.share(of: panels)) { team.meet() }
      }
    }
  }

  private func balancedBounds(_ members: Int) -> [Int] {
    let layout = order.layout
    var bounds = [0]
    var done = 0
    for (place, sequence) in layout.order.enumerated() {
      if bounds.count < members && done * members >= layout.rows * bounds.count { bounds.append(place) }
      done += layout.lengths[sequence]
    }
    while bounds.count <= members { bounds.append(layout.batch) }
    return bounds
  }
}
