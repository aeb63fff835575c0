import UnrollCore

/// Attention and what stands around it in models of language.
extension Operators {
  static let attention: [String: Maker] = [
    "Attention": AttentionForm.maker,
    "RotaryEmbedding": rotaryEmbedding,
    "LinearAttention": linearAttention,
    "CausalConvWithState": causalConvolution,
    "SwiGLU": { node, _ throws(ExchangeError) in
      try node.takes(inputs: 2...2)
      let alpha = Double(try node.float("alpha") ?? 1)
      return { inputs, place throws(ExchangeError) in
        _ = (try inputs.floats(0, place), try inputs.floats(1, place))
        let (a, b, shape) = try operands(inputs, 0, 1, place)
        guard a.shape == b.shape else {
          throw place.refused("two inputs of one shape", "\(a.shape) and \(b.shape)")
        }
        return [
          combine(a, b, shape) { gate, value in
            Float(Double(gate) / (1 + exponential(-alpha * Double(gate)))) * value
          }
        ]
      }
    },
  ]

  /// `[B, T, H·D]` as `[B, H, T, D]`.
  static func heads(_ x: Tensor, _ count: Int, _ place: NodePlace) throws(ExchangeError) -> Tensor {
    guard x.shape.rank == 3, count > 0, x.shape[2] % count == 0 else {
      throw place.refused("three axes, the last of \(count) heads", "\(x.shape)")
    }
    let parted = x.reshaped(to: [x.shape[0], x.shape[1], count, x.shape[2] / count])
    return permuted(ONNXTensor(parted), [0, 2, 1, 3]).tensor
  }

  /// Pairs of features turned by the angle of their position.
  private static let rotaryEmbedding: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...4)
    let isInterleaved = try node.flag("interleaved")
    let (rotated, count) = (try node.integer("rotary_embedding_dim") ?? 0, try node.integer("num_heads") ?? 0)
    return { inputs, place throws(ExchangeError) in
      let given = try inputs.floats(0, place)
      let x = given.shape.rank == 3 ? try heads(given, count, place) : given
      guard x.shape.rank == 4 else { throw place.refused("three or four axes", "\(given.shape)") }
      let (batch, number, steps, size) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
      let width = rotated == 0 ? size : rotated
      let half = width / 2
      let (cosines, sines) = (try inputs.floats(1, place), try inputs.floats(2, place))
      guard width % 2 == 0, (0...size).contains(width), cosines.shape == sines.shape, cosines.shape.rank > 0,
        cosines.shape[-1] == half
      else {
        throw place.refused("cosines and sines of \(half) angles", "\(cosines.shape) and \(sines.shape)")
      }
      var rows = Array(0..<batch * steps)
      if inputs.optional(3) != nil {
        let positions = try inputs.whole(3, place)
        guard positions.count == batch * steps, cosines.shape.rank == 2,
          positions.allSatisfy({ (0..<Int64(cosines.shape[0])).contains($0) })
        else {
          throw place.refused("\(batch * steps) positions among \(cosines.shape)", "\(positions.prefix(9))")
        }
        rows = positions.map { Int($0) }
      } else if cosines.shape.extents != [batch, steps, half] {
        throw place.refused("angles of shape \([batch, steps, half])", "\(cosines.shape)")
      }
      var y = x
      y.withUnsafeMutableElements { y in
        for row in 0..<batch * number * steps {
          let angle = rows[row / (number * steps) * steps + row % steps] * half
          for index in 0..<half {
            let first = row * size + (isInterleaved ? 2 * index : index)
            let second = isInterleaved ? first + 1 : first + half
            let (u, v) = (y[first], y[second])
            y[first] = cosines[angle + index] * u - sines[angle + index] * v
            y[second] = sines[angle + index] * u + cosines[angle + index] * v
          }
        }
      }
      let result =
        given.shape.rank == 3 ? permuted(ONNXTensor(y), [0, 2, 1, 3]).tensor.reshaped(to: given.shape) : y
      return [ONNXTensor(result, type: inputs[0]!.type)]
    }
  }

  /// A recurrence over matrices: Sₜ = eᵍ Sₜ₋₁ + β k ⊗ (v − eᵍ Sₜ₋₁ᵀ k), oₜ = scale · qᵀ Sₜ, or a part of it.
  private static let linearAttention: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...6, outputs: 1...2)
    guard let queries = try node.integer("q_num_heads"), let keys = try node.integer("kv_num_heads"),
      keys > 0,
      queries > 0, queries % keys == 0
    else { throw node.refused("numbers of heads", "others", .damaged) }
    let given = Double(try node.float("scale") ?? 0)
    let rule = try node.string("update_rule") ?? "gated_delta"
    _ = try node.integer("chunk_size")
    let (isGated, isDelta) = (rule.hasPrefix("gated"), rule.hasSuffix("delta"))
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule),
      !isGated || node.hasInput(4), !isDelta || node.hasInput(5)
    else { throw node.refused("an update rule with its inputs", "\"\(rule)\"") }
    return { inputs, place throws(ExchangeError) in
      let q = try heads(try inputs.floats(0, place), queries, place)
      let (k, v) = (
        try heads(try inputs.floats(1, place), keys, place),
        try heads(try inputs.floats(2, place), keys, place)
      )
      let (batch, steps, wide, deep) = (k.shape[0], k.shape[2], k.shape[3], v.shape[3])
      let stateShape = try place.shape([batch, keys, wide, deep])
      guard q.shape == [batch, queries, steps, wide], v.shape == [batch, keys, steps, deep] else {
        throw place.refused("queries, keys and values that meet", "\(q.shape), \(k.shape) and \(v.shape)")
      }
      var state = inputs.optional(3) == nil ? Tensor.zeros(stateShape) : try inputs.floats(3, place)
      let decay = isGated ? try heads(try inputs.floats(4, place), keys, place) : nil
      let rate = isDelta ? try inputs.floats(5, place) : nil
      guard state.shape == stateShape,
        decay.map({ $0.shape == [batch, keys, steps, wide] || $0.shape == [batch, keys, steps, 1] }) ?? true,
        rate.map({ $0.shape == [batch, steps, keys] || $0.shape == [batch, steps, 1] }) ?? true
      else { throw place.refused("a state of shape \(stateShape), gates and rates", "others") }
      let scale = given == 0 ? 1 / Double(wide).squareRoot() : given
      try place.spend(batch * queries, steps, wide, deep)
      var y = Tensor.zeros(try place.shape([batch, steps, queries, deep]))
      state.withUnsafeMutableElements { s in
        for head in 0..<batch * keys {
          for step in 0..<steps {
            let (key, base) = ((head * steps + step) * wide, head * wide * deep)
            let row = (head * steps + step)
            for i in 0..<wide {
              guard let decay else { break }
              let factor = Float(exponential(Double(decay[decay.shape[3] == 1 ? row : row * wide + i])))
              for j in 0..<deep { s[base + i * deep + j] *= factor }
            }
            for j in 0..<deep {
              var value = v[row * deep + j]
              if let rate {
                for i in 0..<wide { value -= s[base + i * deep + j] * k[key + i] }
                value *=
                  rate[(head / keys * steps + step) * rate.shape[2] + (rate.shape[2] == 1 ? 0 : head % keys)]
              }
              for i in 0..<wide { s[base + i * deep + j] += k[key + i] * value }
            }
            for shared in 0..<queries / keys {
              let query = head % keys * (queries / keys) + shared
              let source = ((head / keys * queries + query) * steps + step) * wide
              for j in 0..<deep {
                var sum = 0.0
                for i in 0..<wide { sum += Double(q[source + i]) * Double(s[base + i * deep + j]) }
                y[((head / keys * steps + step) * queries + query) * deep + j] = Float(sum * scale)
              }
            }
          }
        }
      }
      return [
        ONNXTensor(y.reshaped(to: [batch, steps, queries * deep]), type: inputs[0]!.type),
        ONNXTensor(state, type: inputs[0]!.type),
      ]
    }
  }

  /// A convolution of each channel with its past, which is handed on.
  private static let causalConvolution: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...4, outputs: 1...2)
    let name = try node.string("activation") ?? "none"
    guard ["none", "silu", "swish"].contains(name) else {
      throw node.refused("an activation of none, silu or swish", "\"\(name)\"")
    }
    return { inputs, place throws(ExchangeError) in
      let (x, w) = (try inputs.floats(0, place), try inputs.floats(1, place))
      guard x.shape.rank == 3, w.shape.rank == 3, w.shape[0] == x.shape[1], w.shape[1] == 1, w.shape[2] > 0
      else {
        throw place.refused("an input and weights of its channels", "\(x.shape) and \(w.shape)")
      }
      let (batch, count, length, size) = (x.shape[0], x.shape[1], x.shape[2], w.shape[2])
      let stateShape: Shape = [batch, count, size - 1]
      let past = inputs.optional(3) == nil ? Tensor.zeros(stateShape) : try inputs.floats(3, place)
      let bias = inputs.optional(2) == nil ? nil : try inputs.floats(2, place)
      guard past.shape == stateShape, bias.map({ $0.shape == [count] }) ?? true else {
        throw place.refused("a state of shape \(stateShape) and \(count) biases", "\(past.shape)")
      }
      let line = try concatenated([ONNXTensor(past), ONNXTensor(x)], axis: 2, place)
      try place.spend(x.shape.count, size)
      var y = Tensor.zeros(x.shape)
      y.withUnsafeMutableElements { y in
        line.tensor.withUnsafeElements { line in
          for index in y.indices {
            let (row, step) = (index / length, index % length)
            var sum = Double(bias?[row % count] ?? 0)
            for offset in 0..<size {
              sum +=
                Double(line[row * (length + size - 1) + step + offset])
                * Double(w[row % count * size + offset])
            }
            y[index] = Float(name == "none" ? sum : sum / (1 + exponential(-sum)))
          }
        }
      }
      return [
        ONNXTensor(y, type: inputs[0]!.type),
        ONNXTensor(part(line, axis: 2, length..<length + size - 1).tensor, type: inputs[0]!.type),
      ]
    }
  }
}

/// softmax(scale · Q Kᵀ + bias) V over heads, of which keys and values may have fewer than queries.
private struct AttentionForm: Sendable {
  let isCausal: Bool
  let queryHeads: Int?
  let keyHeads: Int?
  let scale: Float?
  let cap: Double
  let mode: Int
  /// How far to the left and right of its own place a query sees; below 0 without bound.
  let window: (left: Int, right: Int)

  static let maker: Operators.Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...7, outputs: 1...4)
    let form = try AttentionForm(&node)
    return { inputs, place throws(ExchangeError) in try form.run(inputs, place) }
  }

  init(_ node: inout NodeReader) throws(ExchangeError) {
    isCausal = try node.flag("is_causal")
    (queryHeads, keyHeads) = (try node.integer("q_num_heads"), try node.integer("kv_num_heads"))
    scale = try node.float("scale")
    cap = Double(try node.float("softcap") ?? 0)
    mode = try node.integer("qk_matmul_output_mode") ?? 0
    // No window reaches beyond the largest array.
    window = (
      min(1 << 40, try node.integer("left_window_size") ?? -1),
      min(1 << 40, try node.integer("right_window_size") ?? -1)
    )
    // Everything is computed in single precision at least.
    _ = try node.integer("softmax_precision")
    guard (0...3).contains(mode) else { throw node.refused("a mode of 0 to 3", "\(mode)", .damaged) }
  }

  func run(_ inputs: [ONNXTensor?], _ place: NodePlace) throws(ExchangeError) -> [ONNXTensor] {
    let given = try inputs.floats(0, place)
    func parted(_ index: Int, _ count: Int?) throws(ExchangeError) -> Tensor {
      let x = try inputs.floats(index, place)
      guard x.shape.rank == 3 else { return x }
      return try Operators.heads(x, count ?? 0, place)
    }
    let q = try parted(0, queryHeads)
    var (k, v) = (try parted(1, keyHeads), try parted(2, keyHeads))
    let past = inputs.optional(4)?.shape.rank == 4 ? inputs.optional(4)!.shape[2] : 0
    if let keys = inputs.optional(4), let values = inputs.optional(5) {
      _ = (try inputs.floats(4, place), try inputs.floats(5, place))
      let type = inputs[1]!.type
      k = try Operators.concatenated([keys, ONNXTensor(k, type: type)], axis: keys.shape.rank - 2, place)
        .tensor
      v = try Operators.concatenated([values, ONNXTensor(v, type: type)], axis: values.shape.rank - 2, place)
        .tensor
    }
    guard q.shape.rank == 4, k.shape.rank == 4, v.shape.rank == 4, k.shape[0] == q.shape[0],
      v.shape[0] == q.shape[0],
      k.shape[1] > 0, q.shape[1] % k.shape[1] == 0, v.shape[1] == k.shape[1], k.shape[2] == v.shape[2],
      k.shape[3] == q.shape[3]
    else {
      throw place.refused("queries, keys and values that meet", "\(q.shape), \(k.shape) and \(v.shape)")
    }
    let (batch, heads, steps, length) = (q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    let shared = heads / k.shape[1]
    let shape = try place.shape([batch, heads, steps, length])
    let bias = try bias(inputs, shape, past: past, place)
    func repeated(_ x: Tensor) -> ONNXTensor {
      shared == 1
        ? ONNXTensor(x)
        : Operators.pick(
          ONNXTensor(x), (0..<heads).map { $0 / shared }, outer: batch, size: x.shape[1],
          inner: x.shape[2] * x.shape[3], [batch, heads, x.shape[2], x.shape[3]])
    }
    let turned = Operators.permuted(repeated(k), [0, 1, 3, 2]).tensor
    let factor = Double(scale ?? 1 / Float(q.shape[3]).squareRoot())
    let raw = Variable(try Operators.matmul(q, turned, place)).affine(times: factor, plus: 0).value
    var scores = raw
    if cap != 0 {
      scores = Operators.mapped(raw, .float) { cap * hyperbolicTangent($0 / cap) }.tensor
    }
    var shown = mode == 0 ? raw : scores
    scores = (Variable(scores) + Variable(bias)).value
    if mode == 2 { shown = scores }
    let weights = Self.softmax(scores, bias, length)
    if mode == 3 { shown = weights }
    let y = try Operators.matmul(weights, repeated(v).tensor, place)
    let type = inputs[0]!.type
    let result =
      given.shape.rank == 4
      ? y
      : Operators.permuted(ONNXTensor(y), [0, 2, 1, 3]).tensor
        .reshaped(to: [batch, steps, heads * v.shape[3]])
    return [
      ONNXTensor(result, type: type), ONNXTensor(k, type: inputs[1]!.type),
      ONNXTensor(v, type: inputs[2]!.type),
      ONNXTensor(shown, type: type),
    ]
  }

  /// What is added to the scores: −∞ where a query may not look.
  private func bias(
    _ inputs: [ONNXTensor?], _ shape: Shape, past: Int, _ place: NodePlace
  ) throws(ExchangeError) -> Tensor {
    let (steps, length) = (shape[2], shape[3])
    var bias = Tensor.zeros(shape)
    if var mask = inputs.optional(3) {
      if let flags = mask.integers {
        guard mask.type == .bool else {
          throw place.refused("a mask of booleans or numbers", "\(mask.type)", .unsupported)
        }
        mask = ONNXTensor(Tensor(flags.map { $0 != 0 ? 0 : -.infinity }, shape: mask.shape))
      }
      guard mask.shape.rank > 0, mask.shape[-1] <= length else {
        throw place.refused("a mask of at most \(length) keys", "\(mask.shape)")
      }
      let missing = length - mask.shape[-1]
      // A mask of one key is repeated, a shorter one hides the rest.
      if missing > 0, mask.shape[-1] != 1 {
        var ends = Array(repeating: (before: 0, after: 0), count: mask.shape.rank)
        ends[mask.shape.rank - 1].after = missing
        mask = try Operators.padded(
          mask, ends, .constant, ONNXTensor(Tensor(-.infinity), type: mask.type), place)
      }
      guard try Broadcast.shape(shape, mask.shape, place) == shape else {
        throw place.refused("a mask that is repeated up to \(shape)", "\(mask.shape)")
      }
      bias = Broadcast.expand(ONNXTensor(mask.tensor), to: shape).tensor
    }
    var lengths: [Int64]?
    if inputs.optional(6) != nil {
      lengths = try inputs.whole(6, place)
      guard lengths?.count == shape[0], lengths?.allSatisfy({ (0...Int64(length)).contains($0) }) ?? true
      else {
        throw place.refused("\(shape[0]) lengths", "\(lengths?.count ?? 0)")
      }
    }
    bias.withUnsafeMutableElements { bias in
      for row in 0..<bias.count / max(1, length) {
        let (example, step) = (row / steps / shape[1], row % steps)
        let own = lengths.map { Int($0[example]) }
        let at = step + (own.map { $0 - steps } ?? past)
        for key in 0..<length {
          let isHidden =
            isCausal && key > at || window.left >= 0 && key < at - window.left
            || window.right >= 0 && key > at + window.right || own.map { key >= $0 } ?? false
          if isHidden { bias[row * length + key] = -.infinity }
        }
      }
    }
    return bias
  }

  /// Rows that may look nowhere are zeros.
  private static func softmax(_ scores: Tensor, _ bias: Tensor, _ length: Int) -> Tensor {
    var result = scores
    result.withUnsafeMutableElements { x in
      bias.withUnsafeElements { bias in
        for row in 0..<x.count / max(1, length) {
          let range = row * length..<(row + 1) * length
          guard range.contains(where: { bias[$0] != -.infinity }) else {
            for index in range { x[index] = 0 }
            continue
          }
          let top = range.reduce(-Float.infinity) { max($0, x[$1]) }
          var sum = 0.0
          for index in range { sum += exponential(Double(x[index] - top)) }
          for index in range { x[index] = Float(exponential(Double(x[index] - top)) / sum) }
        }
      }
    }
    return result
  }
}
