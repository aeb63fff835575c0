extension Variable {
  /// Neural autoregressive distribution over D bits (Larochelle and Murray 2011, "The Neural Autoregressive Distribution
  /// Estimator"), of which few are set, with biases that depend on the row (Boulanger-Lewandowski et al. 2012):
  ///
  ///     h_i = σ(c + Σ_{j < i, v_j = 1} W_j)      p(v_i = 1 | v_<i) = σ(b_i + V_i·h_i)      y = −Σ_i ln p(v_i | v_<i)
  ///
  /// h changes only behind a bit that is set: as many hidden vectors are made as bits are set, and one.
  ///
  /// - Parameters:
  ///   - hidden: c `[rows, H]`.
  ///   - into: W `[D, H]`, from bits to the hidden vector.
  ///   - outOf: V `[D, H]`, from the hidden vector to bits.
  ///   - bits: for each row the bits that are set, ascending.
  /// - Returns: `[rows]` for x = b `[rows, D]`.
  /// - Throws: `ShapeError` when the shapes do not fit or bits are none.
  package func autoregressiveBits(
    hidden: Variable, into: Variable, outOf: Variable, bits: [[Int32]]
  ) throws(ShapeError) -> Variable {
    let model = try AutoregressiveBits(bias: self, hidden: hidden, into: into, outOf: outOf, bits: bits)
    let (losses, logits) = model.forward()
    return .record(losses, from: [self, hidden, into, outOf]) { dy, gradients in
      model.backward(logits, weights: dy.doubles, &gradients)
    }
  }
}

private struct AutoregressiveBits: Sendable {
  let bias: Variable
  let hidden: Variable
  let into: Variable
  let outOf: Variable
  let bits: [[Int32]]
  let kernels: Kernels
  let precision: Precision

  init(
    bias: Variable, hidden: Variable, into: Variable, outOf: Variable, bits: [[Int32]]
  ) throws(ShapeError) {
    let (rows, count, width) = (bits.count, bias.shape.columns, hidden.shape.columns)
    guard bias.shape.rows == rows, bias.shape.rank > 0 else {
      throw ShapeError(place: "autoregressiveBits", expected: "[\(rows), bits]", found: bias.shape)
    }
    guard hidden.shape.rows == rows, hidden.shape.rank > 0 else {
      throw ShapeError(place: "autoregressiveBits.hidden", expected: "[\(rows), H]", found: hidden.shape)
    }
    for weight in [into, outOf] where weight.shape != [count, width] {
      throw ShapeError(
        place: "autoregressiveBits.weights", expected: "[\(count), \(width)]", found: weight.shape)
    }
    for set in bits {
      guard set.allSatisfy({ $0 >= 0 && $0 < count }), zip(set, set.dropFirst()).allSatisfy(<) else {
        throw ShapeError(
          place: "autoregressiveBits.bits", expected: "ascending bits below \(count)",
          found: Shape(set.map { Int(max(0, $0)) }))
      }
    }
    self.bias = bias
    self.hidden = hidden
    self.into = into
    self.outOf = outOf
    self.bits = bits
    precision = bias.value.precision
    kernels = Kernels.serving(precision)
  }

  private var count: Int { bias.shape.columns }
  private var width: Int { hidden.shape.columns }
  private var stride: Int { kernels.stride }
  /// Groups of rows that share one sum of gradients: as many whatever the threads, so that no bit depends on them.
  private static let groups = 8

  /// The bits that see the same hidden vector: up to the next that is set, that one included.
  private func segment(_ row: Int, _ index: Int) -> Range<Int> {
    let start = index == 0 ? 0 : Int(bits[row][index - 1]) + 1
    return start..<(index < bits[row].count ? Int(bits[row][index]) + 1 : count)
  }

  /// The hidden vectors of a row, `[set bits + 1, H]`; `sums` is room for H elements.
  private func hiddenVectors(_ row: Int, sums: UnsafeMutableRawPointer, into vectors: UnsafeMutableRawPointer)
  {
    sums.copyMemory(from: hidden.value.address + row * width * stride, byteCount: width * stride)
    for index in 0...bits[row].count {
      if index > 0 {
        kernels.table.pointee.add_scaled(
          1, into.value.address + Int(bits[row][index - 1]) * width * stride, sums, width)
      }
      kernels.table.pointee.unary(.sigmoid, sums, vectors + index * width * stride, width)
    }
  }

  private var most: Int { bits.map(\.count).max() ?? 0 }

  func forward() -> (losses: Tensor, logits: Tensor) {
    let logits = Tensor(uninitialized: [bits.count, count], precision: precision)
    let losses = Tensor(repeating: 0, shape: [bits.count], precision: precision)
    let vectors = most + 2
    WorkerPool.shared.split(bits.count, grain: max(1, Kernels.grain / 4 / max(1, count * width))) { range in
      let scratch = Tensor(uninitialized: [vectors, width], precision: precision)
      let base = scratch.mutableAddress
      for row in range {
        hiddenVectors(row, sums: base, into: base + width * stride)
        let own = logits.mutableAddress + row * count * stride
        for index in 0...bits[row].count {
          let segment = segment(row, index)
          kernels.table.pointee.row_sums(
            outOf.value.address + segment.lowerBound * width * stride, width,
            base + (index + 1) * width * stride,
            0, segment.count, width, own + segment.lowerBound * stride)
        }
        kernels.table.pointee.add_scaled(1, bias.value.address + row * count * stride, own, count)
        losses.add(loss(logits, row), at: row)
      }
    }
    return (losses, logits)
  }

  /// Σ_i ln(1 + eˣ) − v·x.
  private func loss(_ logits: Tensor, _ row: Int) -> Double {
    var sum = 0.0
    for bit in 0..<count {
      let x = logits.number(row * count + bit)
      sum += (x > 0 ? x : 0) + naturalLogarithm(1 + exponential(x > 0 ? -x : x))
    }
    for bit in bits[row] { sum -= logits.number(row * count + Int(bit)) }
    return sum
  }

  func backward(_ logits: Tensor, weights: [Double], _ gradients: inout GradientTable) {
    let groups = min(Self.groups, max(1, bits.count))
    let db = Kernels.unary(.sigmoid, logits)
    let dc = Tensor(uninitialized: hidden.shape, precision: precision)
    let dInto = Tensor(repeating: 0, shape: [groups, count * width], precision: precision)
    let dOutOf = Tensor(repeating: 0, shape: [groups, count * width], precision: precision)
    let vectors = most + 4
    WorkerPool.shared.split(
      groups, grain: max(1, Kernels.grain / 4 * groups / max(1, logits.shape.count * width))
    ) {
      range in
      let scratch = Tensor(uninitialized: [vectors, width], precision: precision)
      for group in range {
        for row in Swift.stride(from: group, to: bits.count, by: groups) {
          for bit in bits[row] { db.add(-1, at: row * count + Int(bit)) }
          let own = db.mutableAddress + row * count * stride
          kernels.table.pointee.affine(weights[row], 0, own, own, count)
          addGradients(
            row, db, scratch.mutableAddress, into: dInto.mutableAddress + group * count * width * stride,
            outOf: dOutOf.mutableAddress + group * count * width * stride, dc)
        }
      }
    }
    gradients.add(db, to: bias)
    gradients.add(dc, to: hidden)
    gradients.add(Kernels.columnSums(dInto, columns: count * width), to: into)
    gradients.add(Kernels.columnSums(dOutOf, columns: count * width), to: outOf)
  }

  /// From the last hidden vector of a row to the first: what reaches one also reaches all bits before it.
  private func addGradients(
    _ row: Int, _ db: Tensor, _ scratch: UnsafeMutableRawPointer, into dInto: UnsafeMutableRawPointer,
    outOf dOutOf: UnsafeMutableRawPointer, _ dc: Tensor
  ) {
    let (table, bytes) = (kernels.table, width * stride)
    let (step, vectors) = (scratch + bytes, scratch + 2 * bytes)
    let sum = dc.mutableAddress + row * bytes
    hiddenVectors(row, sums: scratch, into: vectors)
    sum.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    for index in (0...bits[row].count).reversed() {
      let segment = segment(row, index)
      let (errors, h) = (db.address + (row * count + segment.lowerBound) * stride, vectors + index * bytes)
      table.pointee.weighted_sum(
        errors, outOf.value.address + segment.lowerBound * bytes, width, segment.count, width, step)
      table.pointee.add_outer(
        1, errors, h, segment.count, width, dOutOf + segment.lowerBound * bytes, width)
      table.pointee.unary_gradient(.sigmoid, step, h, sum, width, true)
      if index > 0 { table.pointee.add_scaled(1, sum, dInto + Int(bits[row][index - 1]) * bytes, width) }
    }
  }
}
