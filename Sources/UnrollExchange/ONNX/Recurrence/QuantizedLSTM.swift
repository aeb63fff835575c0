import UnrollCore

/// The LSTM whose weights are whole numbers of 8 bits: DynamicQuantizeLSTM of the domain com.microsoft.
///
///     [i o f g]ₜ = s_x s_W · (q(x) − z_x)(W − z_W) + s_h s_R · (q(hₜ₋₁) − z_h)(R − z_R) + Wb + Rb (+ peepholes)
///     cₜ = σ(f) ⊙ cₜ₋₁ + σ(i) ⊙ tanh(g)        hₜ = σ(o) ⊙ tanh(cₜ)
///
/// X `[T, B, I]`, W `[D, I, 4H]` and R `[D, H, 4H]` in the order i, o, f, g, B `[D, 8H]`, sequence_lens `[B]`, initial_h
/// and initial_c `[D, B, H]`, P `[D, 3H]`; scales and zero points `[D]` or `[D, 4H]`. All of X is quantized at once, and
/// h at every step over the whole batch, as ONNX Runtime does. Products are exact.
struct QuantizedLSTM: Sendable {
  private let reversed: [Bool]
  private let clip: Float?
  private let functions: [[ONNXActivation]]
  private let couplesForget: Bool
  private let hiddenSize: Int?

  static let maker: Operators.Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 3...12, outputs: 1...3)
    for index in 8..<12 where !node.hasInput(index) {
      throw node.refused("scales and zero points", "no input \(index)", .damaged)
    }
    let form = try QuantizedLSTM(&node)
    return { inputs, place throws(ExchangeError) in try form.run(inputs, place) }
  }

  private init(_ node: inout NodeReader) throws(ExchangeError) {
    let direction = try node.string("direction") ?? "forward"
    switch direction {
    case "forward": reversed = [false]
    case "reverse": reversed = [true]
    case "bidirectional": reversed = [false, true]
    default: throw node.refused("a direction of forward, reverse or bidirectional", "\"\(direction)\"")
    }
    hiddenSize = try node.integer("hidden_size")
    clip = try node.float("clip")
    if let clip, !(clip > 0) { throw node.refused("a clip above 0", "\(clip)") }
    couplesForget = try node.flag("input_forget")
    functions = try ONNXActivation.read(
      &node, standard: RecurrentNodeSettings.Kind.lstm.functions, directions: reversed.count)
  }

  /// What a run reads, in checked shapes.
  private struct Arrays {
    let x: Tensor
    let (steps, batch, inputs, hidden): (Int, Int, Int, Int)
    let lengths: [Int]
  }

  private func arrays(_ inputs: [ONNXTensor?], _ place: NodePlace) throws(ExchangeError) -> Arrays {
    let x = try inputs.floats(0, place)
    let (w, r) = (try inputs.required(1, place), try inputs.required(2, place))
    let directions = reversed.count
    guard x.shape.rank == 3, w.shape.rank == 3, r.shape.rank == 3, r.shape[1] > 0,
      r.shape[2] == 4 * r.shape[1],
      r.shape[0] == directions, w.shape == [directions, x.shape[2], r.shape[2]],
      hiddenSize ?? r.shape[1] == r.shape[1]
    else {
      throw place.refused("X, W and R that meet", "\(x.shape), \(w.shape) and \(r.shape)")
    }
    let (steps, batch, hidden) = (x.shape[0], x.shape[1], r.shape[1])
    let lengths = try inputs.optionalList(4, place) ?? Array(repeating: steps, count: batch)
    guard lengths.count == batch, lengths.allSatisfy({ (0...steps).contains($0) }) else {
      throw place.refused("\(batch) lengths of at most \(steps)", "\(lengths.prefix(9))")
    }
    for (index, shape) in [
      (3, [directions, 8 * hidden]), (5, [directions, batch, hidden]), (6, [directions, batch, hidden]),
      (7, [directions, 3 * hidden]),
    ] as [(Int, Shape)] where inputs.optional(index) != nil {
      let found = try inputs.floats(index, place).shape
      guard found == shape else { throw place.refused("input \(index) of shape \(shape)", "\(found)") }
    }
    return Arrays(
      x: x, steps: steps, batch: batch, inputs: x.shape[2], hidden: hidden, lengths: lengths)
  }

  private func run(_ inputs: [ONNXTensor?], _ place: NodePlace) throws(ExchangeError) -> [ONNXTensor] {
    let arrays = try arrays(inputs, place)
    let (steps, batch, hidden) = (arrays.steps, arrays.batch, arrays.hidden)
    let directions = reversed.count
    let all = try place.shape([steps, directions, batch, hidden])
    try place.spend(steps, batch, 4 * hidden, arrays.inputs + hidden)
    var y = Tensor.zeros(all)
    var (lastHidden, lastCell) = (
      Tensor.zeros([directions, batch, hidden]), Tensor.zeros([directions, batch, hidden])
    )
    for direction in 0..<directions {
      let weights = (
        try QuantizedMatrix(inputs, 1, scale: 8, zero: 9, direction: direction, place),
        try QuantizedMatrix(inputs, 2, scale: 10, zero: 11, direction: direction, place)
      )
      var layer = Layer(self, arrays, inputs, direction: direction)
      let rows = arrays.x.reshaped(to: [steps * batch, arrays.inputs])
      let sums = try weights.0.product(rows, place)
      for step in 0..<(arrays.lengths.max() ?? 0) {
        let recurrent = try weights.1.product(layer.hidden, place)
        layer.advance(step, sums, recurrent) { row, unit, time, value in
          y[((time * directions + direction) * batch + row) * hidden + unit] = value
        }
      }
      for index in 0..<batch * hidden {
        lastHidden[direction * batch * hidden + index] = layer.finalHidden[index]
        lastCell[direction * batch * hidden + index] = layer.finalCell[index]
      }
    }
    return [ONNXTensor(y), ONNXTensor(lastHidden), ONNXTensor(lastCell)]
  }

  /// One direction's states.
  private struct Layer {
    let form: QuantizedLSTM
    let arrays: Arrays
    let direction: Int
    let isReversed: Bool
    /// Wb + Rb, and the peepholes of i, o, f.
    let bias: [Float]
    let peepholes: [Float]?
    private(set) var hidden: Tensor
    private var cell: [Float]
    private(set) var finalHidden: [Float]
    private(set) var finalCell: [Float]

    init(_ form: QuantizedLSTM, _ arrays: Arrays, _ inputs: [ONNXTensor?], direction: Int) {
      self.form = form
      self.arrays = arrays
      self.direction = direction
      isReversed = form.reversed[direction]
      let (units, rows) = (arrays.hidden, arrays.batch)
      func part(_ index: Int, _ size: Int) -> [Float]? {
        inputs.optional(index).map { Array($0.tensor.elements[direction * size..<(direction + 1) * size]) }
      }
      let given = part(3, 8 * units) ?? Array(repeating: 0, count: 8 * units)
      bias = (0..<4 * units).map { given[$0] + given[4 * units + $0] }
      peepholes = part(7, 3 * units)
      finalHidden = part(5, rows * units) ?? Array(repeating: 0, count: rows * units)
      finalCell = part(6, rows * units) ?? Array(repeating: 0, count: rows * units)
      hidden = Tensor(finalHidden, shape: [rows, units])
      cell = finalCell
    }

    /// - Parameter write: called with row, unit, time and h.
    mutating func advance(
      _ step: Int, _ sums: Tensor, _ recurrent: Tensor, _ write: (Int, Int, Int, Float) -> Void
    ) {
      let (units, batch) = (arrays.hidden, arrays.batch)
      let functions = form.functions[direction]
      var gates = Tensor.zeros([4, batch * units])
      func bounded(_ x: Float) -> Float { form.clip.map { min($0, max(-$0, x)) } ?? x }
      func time(_ row: Int) -> Int { isReversed ? max(0, arrays.lengths[row] - 1 - step) : step }
      let (old, before, added) = (cell, sums.elements, recurrent.elements)
      func sum(_ gate: Int, _ row: Int, _ unit: Int, peephole: Float = 0) -> Float {
        let column = gate * units + unit
        let whole = before[(time(row) * batch + row) * 4 * units + column] + added[row * 4 * units + column]
        return bounded(whole + peephole + bias[column])
      }
      func seen(_ place: Int, _ unit: Int, _ cell: Float) -> Float {
        peepholes.map { $0[place * units + unit] * cell } ?? 0
      }
      for row in 0..<batch {
        for unit in 0..<units {
          let index = row * units + unit
          gates[index] = sum(0, row, unit, peephole: seen(0, unit, old[index]))
          gates[batch * units + index] = sum(2, row, unit, peephole: seen(2, unit, old[index]))
          gates[2 * batch * units + index] = sum(3, row, unit)
        }
      }
      let parts = Variable(gates)
      let i = functions[0](parts.rows(0..<1)).value.elements
      let f = form.couplesForget ? i.map { 1 - $0 } : functions[0](parts.rows(1..<2)).value.elements
      let g = functions[1](parts.rows(2..<3)).value.elements
      for index in cell.indices { cell[index] = f[index] * old[index] + i[index] * g[index] }
      var outputs = Tensor.zeros([batch * units])
      for row in 0..<batch {
        for unit in 0..<units {
          let index = row * units + unit
          outputs[index] = sum(1, row, unit, peephole: seen(1, unit, cell[index]))
        }
      }
      let o = functions[0](Variable(outputs)).value.elements
      let h = functions[2](Variable(Tensor(cell))).value.elements
      for index in cell.indices {
        let (row, unit) = (index / units, index % units)
        let value = o[index] * h[index]
        hidden[index] = value
        guard step < arrays.lengths[row] else { continue }
        write(row, unit, time(row), value)
        (finalHidden[index], finalCell[index]) = (value, cell[index])
      }
    }
  }
}

/// The weights of one direction, less their zero points, with their scales.
private struct QuantizedMatrix {
  /// `[K, N]`.
  private let weights: Tensor
  /// One for all columns, or one for each.
  private let scales: [Float]

  init(
    _ inputs: [ONNXTensor?], _ index: Int, scale: Int, zero: Int, direction: Int, _ place: NodePlace
  ) throws(ExchangeError) {
    let whole = try inputs.required(index, place)
    let (rows, columns) = (whole.shape[1], whole.shape[2])
    let part = Operators.part(whole, axis: 0, direction..<direction + 1).reshaped([rows, columns])
    let scales = try inputs.floats(scale, place).elements
    let directions = whole.shape[0]
    guard scales.count == directions || scales.count == directions * columns else {
      throw place.refused("a scale for each direction or column", "\(scales.count)")
    }
    let width = scales.count / directions
    self.scales = Array(scales[direction * width..<(direction + 1) * width])
    let zeros = try inputs.required(zero, place)
    guard zeros.type == whole.type, zeros.shape.count == scales.count else {
      throw place.refused("a zero point of type \(whole.type) for each scale", "\(zeros.type) \(zeros.shape)")
    }
    let own = Operators.part(
      zeros.reshaped([zeros.shape.count]), axis: 0, direction * width..<(direction + 1) * width)
    weights = try Operators.shifted([part, own], 0, zero: 1, axis: -1, place)
  }

  /// x `[M, K]` times the weights, x as whole numbers of 8 bits.
  func product(_ x: Tensor, _ place: NodePlace) throws(ExchangeError) -> Tensor {
    let form = Operators.QuantizedForm(spanning: x)
    var rounded = x
    rounded.withUnsafeMutableElements { elements in
      for index in elements.indices {
        elements[index] = Float(form.quantized(elements[index])) - form.zeroPoint
      }
    }
    let columns = weights.shape[1]
    var sums = Array(repeating: Int64(0), count: x.shape[0] * columns)
    try Operators.exactProduct(rounded, weights, place) { sums[$0] += $1 }
    let factors = scales.map { form.scale * $0 }
    let result = sums.enumerated().map { Float($1) * factors[factors.count == 1 ? 0 : $0 % columns] }
    return Tensor(result, shape: [x.shape[0], columns])
  }
}
