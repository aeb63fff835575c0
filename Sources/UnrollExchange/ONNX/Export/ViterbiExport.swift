import UnrollCore
import UnrollNetworks

/// The scores of the steps from tag to tag of a linear chain, those that are not allowed far below all others.
struct LinearChainScores {
  /// `[L, L]`, from a tag to the next.
  let transitions: Tensor
  /// `[L]`.
  let start: Tensor
  /// `[L]`.
  let end: Tensor

  /// The mean of the scores of a model's members.
  init(_ members: [ExportWeights], constraints: TagConstraints?) throws(ExchangeError) {
    func mean(_ name: String, rank: Int, _ allowed: [Bool]?) throws(ExchangeError) -> Tensor {
      var sum = Variable(try members[0].tensor("field.\(name)", rank: rank))
      for weights in members.dropFirst() {
        sum = sum + Variable(try weights.tensor("field.\(name)", rank: rank))
      }
      var result = (1 / Float(members.count) * sum).value
      if let allowed, allowed.count == result.shape.count {
        for index in allowed.indices where !allowed[index] { result[index] = -1e30 }
      }
      return result
    }
    transitions = try mean("transitions", rank: 2, constraints?.follows)
    start = try mean("start", rank: 1, constraints?.begins)
    end = try mean("end", rank: 1, constraints?.ends)
  }
}

extension GraphBuilder {
  /// The likeliest tags of sequences under a linear chain (Viterbi): one Scan forwards that remembers where each tag
  /// came from, and one backwards along what was remembered.
  ///
  /// - Parameter emissions: `[T, B, L]`.
  /// - Returns: `[T, B]`; beyond a sequence's length its last tag.
  mutating func likeliest(
    _ emissions: String, _ chain: LinearChainScores, _ steps: ExportedSteps
  ) throws(ExchangeError) -> String {
    let count = chain.start.shape.count
    let transitions = try weight("chain.transitions", chain.transitions.reshaped(to: [1, count, count]))
    let start = try weight("chain.start", chain.start)
    let own = list(Array(0..<count))
    let batch = Extent.named("batch")
    let ahead = try body("body") { inner throws(ExchangeError) in
      let before = inner.input("before", [batch, .fixed(count)])
      let scores = inner.input("scores", [batch, .fixed(count)])
      let mask = inner.input("mask", [batch, .fixed(1)])
      let first = inner.input("first", [batch, .fixed(1)])
      // `[B, from, to]`.
      let all = inner.plus(inner.unsqueezed(before, [2]), transitions)
      let best = inner.apply("ReduceMax", all, inner.list([1]), attributes: [.integer("keepdims", 0)])
      let from = inner.apply("ArgMax", all, attributes: [.integer("axis", 1), .integer("keepdims", 0)])
      let begun = inner.apply("Where", inner.cast(first, .bool), start, best)
      let next = inner.apply("Where", inner.cast(mask, .bool), inner.plus(begun, scores), before)
      // Where no step was made, a tag came from itself.
      let came = inner.apply("Where", inner.cast(inner.minus(mask, first), .bool), from, own)
      inner.output(next, as: "after", [batch, .fixed(count)])
      inner.output(came, as: "came", [batch, .fixed(count)], .int64)
    }
    let zeros = expanded(number(0), [steps.batch, list([count])])
    let read = apply(
      "Scan", inputs: [zeros, emissions, steps.mask, steps.first], outputs: 2,
      attributes: [ahead, .integer("num_scan_inputs", 3)])
    let ended = plus(read[0], try weight("chain.end", chain.end))
    let last = apply("ArgMax", ended, attributes: [.integer("axis", 1), .integer("keepdims", 0)])
    let back = try body("body") { inner throws(ExchangeError) in
      let tag = inner.input("tag", [batch], .int64)
      let came = inner.input("came", [batch, .fixed(count)], .int64)
      let isOwn = inner.cast(inner.apply("Equal", inner.unsqueezed(tag, [1]), own), .int64)
      let before = inner.summed(inner.times(came, isOwn), axis: 1)
      inner.output(before, as: "before", [batch], .int64)
      inner.output(tag, as: "shown", [batch], .int64)
    }
    return apply(
      "Scan", inputs: [last, read[1]], outputs: 2,
      attributes: [
        back, .integer("num_scan_inputs", 1), .integers("scan_input_directions", [1]),
        .integers("scan_output_directions", [1]),
      ])[1]
  }
}
