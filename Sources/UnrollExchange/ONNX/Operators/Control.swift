import UnrollCore

/// Graphs within nodes: which one runs, and how often.
extension Operators {
  static let control: [String: Maker] = ["If": branch, "Loop": loop]

  /// One of two graphs, by a condition.
  private static let branch: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1, outputs: 1...1024)
    let outputs = node.outputs.count
    // In the order in which their captured values stand behind the condition.
    guard let first = try node.graph("then_branch"), let second = try node.graph("else_branch") else {
      throw node.refused("two branches", "others", .damaged)
    }
    for branch in [first, second] {
      guard branch.ownInputs == 0, branch.plan.outputs.count == outputs else {
        throw node.refused(
          "branches of no inputs and \(outputs) outputs",
          "\(branch.ownInputs) and \(branch.plan.outputs.count)",
          .damaged)
      }
    }
    return { inputs, place throws(ExchangeError) in
      let condition = try booleans(inputs, 0, place)
      guard condition.count == 1 else { throw place.refused("one condition", "\(condition.count)") }
      let isTrue = condition[0] != 0
      let range = isTrue ? 1..<1 + first.captured : 1 + first.captured..<1 + first.captured + second.captured
      var values: [ONNXTensor] = []
      for index in range { values.append(try inputs.required(index, place)) }
      return try (isTrue ? first : second).plan.run(values, limits: place.limits)
    }
  }

  /// A graph that runs as often as it is told, while its condition holds, and hands its states from turn to turn.
  ///
  /// Inputs: the number of turns, the first condition, N states. The body gets the turn's number, the condition and
  /// the states, and gives the next condition and states, and values that are put together over the turns.
  private static let loop: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 0...1024, outputs: 1...1024)
    guard let body = try node.graph("body") else { throw node.refused("a body", "none", .damaged) }
    guard node.inputs.count >= 2 else {
      throw node.refused("at least two inputs", "\(node.inputs.count)", .damaged)
    }
    let states = node.inputs.count - 2
    let collected = node.outputs.count - states
    guard node.inputs.dropFirst(2).allSatisfy({ $0 }), collected >= 0,
      body.ownInputs == states + 2, body.plan.outputs.count == 1 + states + collected
    else {
      throw node.refused(
        "a body of \(states + 2) inputs and \(1 + node.outputs.count) outputs",
        "\(body.ownInputs) and \(body.plan.outputs.count)", .damaged)
    }
    return { inputs, place throws(ExchangeError) in
      let most = inputs[0] == nil ? Int64.max : Int64(try inputs.integer(0, place))
      var condition = inputs[1] == nil ? true : try inputs.integer(1, place) != 0
      var values: [ONNXTensor] = []
      for index in inputs.indices.dropFirst(2) { values.append(try inputs.required(index, place)) }
      var (state, captured) = (Array(values[..<states]), values[states...])
      var parts: [[ONNXTensor]] = Array(repeating: [], count: collected)
      var limits = place.limits
      var turn: Int64 = 0
      while turn < most, condition {
        let number = ONNXTensor(integers: [turn], shape: [])
        let flag = ONNXTensor(integers: [1], shape: [], type: .bool)
        let results = try body.plan.run([number, flag] + state + captured, limits: limits)
        condition = try results.map { $0 }.integer(0, place) != 0
        state = Array(results[1..<1 + states])
        limits = limits.holding(results[(1 + states)...].reduce(0) { $0 + $1.byteCount })
        guard limits.bytes >= 0, limits.spend(RunLimits.stepWork) else {
          throw place.refused("a loop that ends within bounds", "a longer one")
        }
        for (index, result) in results[(1 + states)...].enumerated() { parts[index].append(result) }
        turn += 1
      }
      captured = []
      for (index, part) in parts.enumerated() {
        state.append(try stacked(part, body.outputs[1 + states + index], place))
      }
      return state
    }
  }

  /// Arrays of one shape along a new first axis. Of none, the shape is what the graph says.
  static func stacked(
    _ parts: [ONNXTensor], _ known: (type: ONNXTensor.ElementType, extents: [Int])?, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    guard !parts.isEmpty else {
      guard let known else { throw place.refused("at least one turn for an output of its own", "none") }
      let shape = try place.shape([0] + known.extents)
      return converted(ONNXTensor(Tensor.zeros(shape)), to: known.type)
    }
    return try concatenated(parts.map { $0.reshaped(Shape([1] + $0.shape.extents)) }, axis: 0, place)
  }
}
