import UnrollCore

extension Operators {
  /// Runs a graph once for each step of its scanned inputs, and hands its states from step to step.
  ///
  /// The form of version 9 and later: the first N inputs are states, the others are scanned; the first N outputs
  /// are the last states, the others what the steps gave, put together.
  static let scan: Maker = { node, _ throws(ExchangeError) in
    guard node.version >= 9 else {
      throw node.refused("Scan of version 9 or later", "version \(node.version)")
    }
    try node.takes(inputs: 1...256, outputs: 1...256)
    guard let body = try node.graph("body"), let scanned = try node.integer("num_scan_inputs"),
      (1...node.inputs.count).contains(scanned)
    else { throw node.refused("a body and a number of scanned inputs", "none that fits", .damaged) }
    let states = node.inputs.count - scanned
    guard body.ownInputs == node.inputs.count, body.plan.outputs.count == node.outputs.count,
      states <= body.plan.outputs.count
    else {
      throw node.refused(
        "a body of \(node.inputs.count) inputs and \(node.outputs.count) outputs",
        "\(body.ownInputs) and \(body.plan.outputs.count)", .damaged)
    }
    let given = node.outputs.count - states
    func list(_ values: [Int]?, _ count: Int, _ name: String) throws(ExchangeError) -> [Int] {
      let values = values ?? Array(repeating: 0, count: count)
      guard values.count == count else { throw node.refused("\(count) \(name)", "\(values.count)", .damaged) }
      return values
    }
    let form = ScanForm(
      body: body, states: states, scanned: scanned,
      inputAxes: try list(try node.integers("scan_input_axes"), scanned, "scan_input_axes"),
      inputDirections: try list(try node.integers("scan_input_directions"), scanned, "scan_input_directions"),
      outputAxes: try list(try node.integers("scan_output_axes"), given, "scan_output_axes"),
      outputDirections: try list(try node.integers("scan_output_directions"), given, "scan_output_directions")
    )
    guard (form.inputDirections + form.outputDirections).allSatisfy({ (0...1).contains($0) }) else {
      throw node.refused("directions of 0 or 1", "others", .damaged)
    }
    return { inputs, place throws(ExchangeError) in try form.run(inputs, place) }
  }
}

/// What the attributes of a Scan node say.
private struct ScanForm: Sendable {
  let body: SubgraphPlan
  let states: Int
  let scanned: Int
  let inputAxes: [Int]
  let inputDirections: [Int]
  let outputAxes: [Int]
  let outputDirections: [Int]

  func run(_ inputs: [ONNXTensor?], _ place: NodePlace) throws(ExchangeError) -> [ONNXTensor] {
    var values: [ONNXTensor] = []
    for index in inputs.indices { values.append(try inputs.required(index, place)) }
    var state = Array(values[..<states])
    let captured = values[(states + scanned)...]
    // Time first, as one axis less is handed to each step.
    var sequences: [ONNXTensor] = []
    for index in 0..<scanned {
      let value = values[states + index]
      let axis = try place.axis(inputAxes[index], rank: value.shape.rank)
      let others = (0..<value.shape.rank).filter { $0 != axis }
      sequences.append(Operators.permuted(value, [axis] + others))
    }
    let steps = sequences[0].shape[0]
    guard sequences.allSatisfy({ $0.shape[0] == steps }) else {
      throw place.refused("\(steps) steps in every scanned input", "other numbers")
    }
    var collected: [[ONNXTensor]] = Array(repeating: [], count: outputAxes.count)
    var limits = place.limits
    for step in 0..<steps {
      var given = state
      for (index, sequence) in sequences.enumerated() {
        let t = inputDirections[index] == 0 ? step : steps - 1 - step
        let row = Operators.part(sequence, axis: 0, t..<t + 1)
        given.append(row.reshaped(Shape(Array(sequence.shape.extents.dropFirst()))))
      }
      let results = try body.plan.run(given + captured, limits: limits)
      state = Array(results[..<states])
      limits = limits.holding(results[states...].reduce(0) { $0 + $1.byteCount })
      for (index, result) in results[states...].enumerated() { collected[index].append(result) }
    }
    for index in collected.indices {
      state.append(try joined(collected[index], index, place))
    }
    return state
  }

  private func joined(
    _ parts: [ONNXTensor], _ index: Int, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let ordered = outputDirections[index] == 0 ? parts : parts.reversed()
    let line = try Operators.stacked(ordered, body.outputs[states + index], place)
    let rank = line.shape.rank
    let axis = try place.axis(outputAxes[index], rank: rank)
    var order = Array(1..<rank)
    order.insert(0, at: axis)
    return Operators.permuted(line, order)
  }
}
