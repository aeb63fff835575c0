/// The order in which a recurrence visits the steps of a layout.
public struct StepOrder: Sendable {
  package let layout: SequenceLayout
  package let reversed: Bool

  package init(_ layout: SequenceLayout, reversed: Bool) {
    self.layout = layout
    self.reversed = reversed
  }

  /// The steps, first visited first.
  package var steps: [Int] {
    reversed ? Array((0..<layout.timeSteps).reversed()) : Array(0..<layout.timeSteps)
  }

  /// The step before t in this order, or `nil` at the start.
  package func before(_ t: Int) -> Int? {
    let step = reversed ? t + 1 : t - 1
    return step >= 0 && step < layout.timeSteps ? step : nil
  }

  /// The step after t in this order, or `nil` at the end.
  package func after(_ t: Int) -> Int? {
    let step = reversed ? t - 1 : t + 1
    return step >= 0 && step < layout.timeSteps ? step : nil
  }

  /// The leading rows of step t that continue from the step before; the others start from their initial state.
  package func continuing(_ t: Int) -> Int { before(t).map { min(layout.counts[$0], layout.counts[t]) } ?? 0 }

  /// The leading rows of step t that go on in the step after; the others end here.
  package func goingOn(_ t: Int) -> Int { after(t).map { min(layout.counts[$0], layout.counts[t]) } ?? 0 }

  /// Calls `body` with the rows of a part of step t that continue, and the step they continue from, then with those
  /// that start.
  func segments(
    _ t: Int, _ rows: Range<Int>, _ body: (_ rows: Range<Int>, _ previous: Int?) -> Void
  ) {
    let continuing = continuing(t)
    let first = rows.clamped(to: 0..<continuing)
    if !first.isEmpty { body(first, before(t)) }
    let starting = rows.clamped(to: continuing..<layout.counts[t])
    if !starting.isEmpty { body(starting, nil) }
  }
}

/// Consecutive steps whose gates are in memory at the same time.
///
/// A recurrence goes through its steps chunk by chunk: projects the input, runs the steps, and on the way back
/// adds the weights' gradients, all while the chunk's memory is near. Where the cuts lie depends on the layout and
/// the width alone, so that no result depends on how much memory there is.
package struct StepChunk: Sendable {
  /// Rows of a chunk in the current task, to test the cuts on small layouts.
  @TaskLocal package static var forcedRows: Int?

  let order: StepOrder
  /// The steps, in time.
  let steps: Range<Int>
  /// Their packed rows.
  let rows: Range<Int>

  /// The steps in the order of the recurrence.
  var visited: [Int] { order.reversed ? steps.reversed() : Array(steps) }
  /// The step that the recurrence visits first.
  var first: Int { order.reversed ? steps.upperBound - 1 : steps.lowerBound }

  /// Where row 0 of step t begins in memory of the chunk's rows alone, in rows.
  func offset(_ t: Int) -> Int { order.layout.offsets[t] - rows.lowerBound }
}

extension StepOrder {
  /// The steps in chunks of at least `rows` rows, in the order of the recurrence; the last may be smaller.
  func chunks(rows wanted: Int) -> [StepChunk] {
    let wanted = StepChunk.forcedRows ?? wanted
    let offsets = layout.offsets
    var chunks: [StepChunk] = []
    var t = 0
    while t < layout.timeSteps {
      // From the recurrence's own beginning on.
      var length = 0
      var rows = 0
      while t + length < layout.timeSteps && rows < wanted {
        rows += layout.counts[reversed ? layout.timeSteps - 1 - t - length : t + length]
        length += 1
      }
      let steps =
        reversed ? (layout.timeSteps - t - length)..<(layout.timeSteps - t) : t..<(t + length)
      chunks.append(
        StepChunk(order: self, steps: steps, rows: offsets[steps.lowerBound]..<offsets[steps.upperBound]))
      t += length
    }
    return chunks
  }
}
