import UnrollCore

/// Losses of classes, as graphs that train have them.
extension Operators {
  static let losses: [String: Maker] = [
    "NegativeLogLikelihoodLoss": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...3)
      let form = try LossForm(&node)
      return { inputs, place throws(ExchangeError) in
        [try form.loss(try inputs.floats(0, place), inputs, place)]
      }
    },
    "SoftmaxCrossEntropyLoss": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...3, outputs: 1...2)
      let form = try LossForm(&node)
      return { inputs, place throws(ExchangeError) in
        let scores = try inputs.floats(0, place)
        guard scores.shape.rank >= 2 else { throw place.refused("at least two axes", "\(scores.shape)") }
        let logs = logSoftmax(scores, axis: 1)
        return [try form.loss(logs, inputs, place), ONNXTensor(logs, type: inputs[0]!.type)]
      }
    },
  ]
}

/// −Σ weight · log-probability of the target, over the examples that count.
private struct LossForm: Sendable {
  let reduction: String
  let ignored: Int64?

  init(_ node: inout NodeReader) throws(ExchangeError) {
    reduction = try node.string("reduction") ?? "mean"
    ignored = try node.integer("ignore_index").map { Int64($0) }
    guard ["none", "sum", "mean"].contains(reduction) else {
      throw node.refused("a reduction of none, sum or mean", "\"\(reduction)\"")
    }
  }

  /// logs `[N, C, …]`, targets `[N, …]`, weights `[C]`.
  func loss(_ logs: Tensor, _ inputs: [ONNXTensor?], _ place: NodePlace) throws(ExchangeError) -> ONNXTensor {
    let targets = try inputs.whole(1, place)
    let shape = try inputs.required(1, place).shape
    guard logs.shape.rank >= 2, [logs.shape[0]] + logs.shape.extents[2...] == shape.extents else {
      throw place.refused("a target for each place of \(logs.shape)", "\(shape)")
    }
    let classes = logs.shape[1]
    var weights = Array(repeating: Float(1), count: classes)
    if inputs.optional(2) != nil {
      weights = try inputs.floats(2, place).elements
      guard weights.count == classes else { throw place.refused("\(classes) weights", "\(weights.count)") }
    }
    let inner = logs.shape.extents[2...].reduce(1, *)
    var losses = Tensor.zeros(shape)
    var (sum, total) = (0.0, 0.0)
    for (index, target) in targets.enumerated() where target != ignored {
      guard (0..<Int64(classes)).contains(target) else {
        throw place.refused("targets below \(classes)", "\(target)")
      }
      let log = logs[(index / inner * classes + Int(target)) * inner + index % inner]
      let weight = Double(weights[Int(target)])
      losses[index] = Float(-Double(log) * weight)
      sum -= Double(log) * weight
      total += weight
    }
    let type = inputs[0]!.type
    return switch reduction {
    case "none": ONNXTensor(losses, type: type)
    case "sum": ONNXTensor(Tensor(Float(sum)), type: type)
    default: ONNXTensor(Tensor(Float(sum / total)), type: type)
    }
  }
}
