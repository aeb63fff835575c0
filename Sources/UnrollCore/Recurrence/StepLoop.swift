extension StepOrder {
  /// Runs a function over the steps of packed sequences, with a state that goes from step to step: a loop that a
  /// `TraceRecorder` knows as one.
  ///
  /// A step is given the rows of the sequences that exist at it, longest first. Where a sequence has ended, or has not
  /// begun, its state stays.
  ///
  /// - Parameters:
  ///   - inputs: what steps read, packed.
  ///   - initial: the state before the first step, `[B, …]` each, longest sequence first.
  ///   - step: gives outputs and the state after, from its inputs, the state before and its number.
  /// - Returns: the outputs, packed, none where there is no step, and the state after the last steps.
  package func loop(
    _ inputs: [Variable], initial: [Variable],
    _ step: (_ inputs: [Variable], _ state: [Variable], _ t: Int) throws(ShapeError) -> (
      outputs: [Variable], state: [Variable]
    )
  ) throws(ShapeError) -> (outputs: [Variable], final: [Variable]) {
    // Where there is one step for sure, it is no loop.
    guard let recorder = TraceRecorder.active, layout.timeSteps != 1 || recorder.knows(layout) else {
      return try steps(inputs, initial, step)
    }
    let first = inputs.map { $0.rows(0..<(layout.counts.first ?? 0)) }
    let loop = try recorder.loop(first, initial) { inputs, state throws(ShapeError) in
      try step(inputs, state, 0)
    }
    let (outputs, final) = try TraceRecorder.$current.withValue(nil) {
      Result { () throws(ShapeError) in try steps(inputs, initial, step) }
    }.get()
    recorder.record(
      .loop(loop, self), (inputs + initial).map(\.value), (outputs + final).map { .tensor($0.value) })
    return (outputs, final)
  }

  private func steps(
    _ inputs: [Variable], _ initial: [Variable],
    _ step: ([Variable], [Variable], Int) throws(ShapeError) -> (outputs: [Variable], state: [Variable])
  ) throws(ShapeError) -> (outputs: [Variable], final: [Variable]) {
    var outputs: [[Variable]] = Array(repeating: [], count: layout.timeSteps)
    // The states of the sequences that have begun and not ended, and of those that ended, by their place.
    var state: [Variable] = []
    var running = 0
    var ended: [[Variable]] = []
    func rows(_ state: [Variable], _ range: Range<Int>) -> [Variable] { state.map { $0.rows(range) } }
    for t in steps {
      let count = layout.counts[t]
      if running < count {
        let starting = rows(initial, running..<count)
        state = running == 0 ? starting : Self.joined([state, starting])
      } else if running > count {
        ended.append(rows(state, count..<running))
        state = rows(state, 0..<count)
      }
      running = count
      (outputs[t], state) = try step(rows(inputs, layout.offsets[t]..<layout.offsets[t + 1]), state, t)
    }
    // Sequences that never ran keep their initial state.
    let begun = layout.counts.first ?? 0
    var parts = (begun > 0 ? [state] : []) + ended.reversed()
    if begun < layout.batch || parts.isEmpty { parts.append(rows(initial, begun..<layout.batch)) }
    return (outputs.isEmpty ? [] : Self.joined(outputs), Self.joined(parts))
  }

  /// Lists of variables, one after the other, each with its counterparts.
  private static func joined(_ lists: [[Variable]]) -> [Variable] {
    lists[0].indices.map { index in Variable.concatenated(lists.map { $0[index] }, axis: 0) }
  }
}
