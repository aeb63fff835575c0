import Foundation

/// The equations of a step and of its gradient, in double and one unit at a time.
struct StepReference {
  let kind: StepKind
  let rows, hidden: Int
  let r, x, bias, peephole, hPrevious, cPrevious: [Double]

  init(_ example: StepCase) {
    (kind, rows, hidden) = (example.kind, example.rows, example.hidden)
    (r, x, bias) = (example.r.values, example.x.values, example.bias.values)
    peephole = example.peephole.values
    (hPrevious, cPrevious) = (example.hPrevious.values, example.cPrevious.values)
  }

  struct Forward { var saved, c, h: [Double] }
  struct Backward { var gates, carry, dc: [Double] }

  /// The product of one row with row `unit` of gate `gate` of R.
  private func sum(_ gate: Int, _ unit: Int, _ state: (Int) -> Double) -> Double {
    let from = (gate * hidden + unit) * hidden
    var sum = 0.0
    for k in 0..<hidden { sum += r[from + k] * state(k) }
    return sum
  }

  func forward() -> Forward {
    let size = rows * hidden
    var result = Forward(
      saved: [Double](repeating: 0, count: size * kind.saved),
      c: [Double](repeating: 0, count: kind.isLSTM ? size : 0), h: [Double](repeating: 0, count: size))
    for row in 0..<rows {
      for unit in 0..<hidden { step(row, unit, &result) }
      if kind == .gruBefore { for unit in 0..<hidden { secondHalf(row, unit, &result) } }
    }
    return result
  }

  private func step(_ row: Int, _ unit: Int, _ result: inout Forward) {
    let at = row * hidden + unit
    let input = { (gate: Int) in self.x[(row * self.kind.gates + gate) * self.hidden + unit] }
    let before = { (gate: Int) in
      input(gate) + self.sum(gate, unit) { self.hPrevious[row * self.hidden + $0] }
    }
    let quarter = { (index: Int) in (row * self.kind.saved + index) * self.hidden + unit }
    switch kind {
    case .elmanTanh: result.h[at] = tanh(before(0))
    case .elmanRelu: result.h[at] = max(0, before(0))
    case .lstm, .lstmPeephole:
      let p = (0..<3).map { kind == .lstm ? 0 : peephole[$0 * hidden + unit] }
      let i = UnaryCase.sigmoid(before(0) + p[0] * cPrevious[at])
      let f = UnaryCase.sigmoid(before(1) + p[1] * cPrevious[at])
      let g = tanh(before(2))
      let c = f * cPrevious[at] + i * g
      let o = UnaryCase.sigmoid(before(3) + p[2] * c)
      for (index, value) in [i, f, g, o].enumerated() { result.saved[quarter(index)] = value }
      result.c[at] = c
      result.h[at] = o * tanh(c)
    case .gruAfter:
      let (reset, z) = (UnaryCase.sigmoid(before(0)), UnaryCase.sigmoid(before(1)))
      let q = before(2) - input(2) + bias[unit]
      let n = tanh(input(2) + reset * q)
      for (index, value) in [reset, z, q, n].enumerated() { result.saved[quarter(index)] = value }
      result.h[at] = (1 - z) * n + z * hPrevious[at]
    case .gruBefore:
      let reset = UnaryCase.sigmoid(before(0))
      result.saved[quarter(0)] = reset
      result.saved[quarter(1)] = UnaryCase.sigmoid(before(1))
      result.saved[quarter(2)] = reset * hPrevious[at]
    }
  }

  private func secondHalf(_ row: Int, _ unit: Int, _ result: inout Forward) {
    let (base, at) = (row * 4 * hidden, row * hidden + unit)
    let saved = result.saved
    let n = tanh(x[(row * 3 + 2) * hidden + unit] + sum(2, unit) { saved[base + 2 * hidden + $0] })
    let z = saved[base + hidden + unit]
    result.saved[base + 3 * hidden + unit] = n
    result.h[at] = (1 - z) * n + z * hPrevious[at]
  }

  /// The gradients at given results of the forward step. `next`, `dout` and the rest as the contract names them.
  func backward(
    _ forward: Forward, next: [Double], rowsNext: Int, dout: [Double]?, carry: [Double], dc: [Double]
  ) -> Backward {
    var result = Backward(
      gates: kind.gates == 1 ? [Double](repeating: 0, count: rows * hidden) : forward.saved, carry: carry,
      dc: dc)
    let summed = kind == .gruBefore ? 2 : kind.gates
    for row in 0..<rows {
      for unit in 0..<hidden {
        let at = row * hidden + unit
        var dh = carry[at] + (dout?[at] ?? 0)
        if row < rowsNext {
          for k in 0..<summed * hidden { dh += next[row * kind.saved * hidden + k] * r[k * hidden + unit] }
        }
        gradient(row, unit, dh, forward, &result)
      }
      if kind == .gruBefore { gatesGradient(row, forward, &result) }
    }
    return result
  }

  private func gradient(_ row: Int, _ unit: Int, _ dh: Double, _ forward: Forward, _ result: inout Backward) {
    let at = row * hidden + unit
    let quarter = { (index: Int) in (row * self.kind.saved + index) * self.hidden + unit }
    let saved = { (index: Int) in forward.saved[quarter(index)] }
    switch kind {
    case .elmanTanh, .elmanRelu:
      let h = forward.h[at]
      result.gates[at] = kind == .elmanTanh ? dh * (1 - h * h) : h > 0 ? dh : 0
      result.carry[at] = 0
    case .lstm, .lstmPeephole:
      let p = (0..<3).map { kind == .lstm ? 0 : peephole[$0 * hidden + unit] }
      let (i, f, g, o) = (saved(0), saved(1), saved(2), saved(3))
      let t = tanh(forward.c[at])
      let dO = dh * t * o * (1 - o)
      let dC = result.dc[at] + dh * o * (1 - t * t) + dO * p[2]
      let (dI, dG) = (dC * g * i * (1 - i), dC * i * (1 - g * g))
      let dF = dC * cPrevious[at] * f * (1 - f)
      for (index, value) in [dI, dF, dG, dO].enumerated() { result.gates[quarter(index)] = value }
      result.dc[at] = dC * f + dI * p[0] + dF * p[1]
      result.carry[at] = 0
    case .gruAfter, .gruBefore:
      let (reset, z, q, n) = (saved(0), saved(1), saved(2), saved(3))
      let dN = dh * (1 - z) * (1 - n * n)
      result.gates[quarter(1)] = dh * (hPrevious[at] - n) * z * (1 - z)
      result.gates[quarter(3)] = dN
      result.carry[at] = dh * z
      guard kind == .gruAfter else { return }
      result.gates[quarter(0)] = dN * q * reset * (1 - reset)
      result.gates[quarter(2)] = dN * reset
    }
  }

  private func gatesGradient(_ row: Int, _ forward: Forward, _ result: inout Backward) {
    let base = row * 4 * hidden
    for unit in 0..<hidden {
      let reset = forward.saved[base + unit]
      var dReset = 0.0
      for k in 0..<hidden {
        dReset += result.gates[base + 3 * hidden + k] * r[(2 * hidden + k) * hidden + unit]
      }
      result.gates[base + unit] = dReset * hPrevious[row * hidden + unit] * reset * (1 - reset)
      result.carry[row * hidden + unit] += dReset * reset
    }
  }
}
