extension Variable {
  /// −ln of the probability of a label that is generated or copied (See, Liu and Manning 2017, equation 9), row by row:
  ///
  ///     g = σ(s)      P = g·e^(−l) + (1 − g)·m      loss = −ln P
  ///     dl = dy·w      ds = dy·((1 − w)·g − w·(1 − g))      dm = −dy·(1 − g)/P,      w = g·e^(−l)/P
  ///
  /// Worked out through logarithms in double precision: neither a small probability nor a gate that is shut makes an
  /// infinity. A label that can neither be generated nor copied counts as of probability `least`.
  ///
  /// - Parameters:
  ///   - losses: l `[N]`, −ln of the label's probability in the vocabulary.
  ///   - isKnown: whether the label of each row is in the vocabulary; where it is not, l is left out.
  ///   - gate: s `[N]`.
  ///   - copied: m `[N]`, the attention on the steps that hold the label.
  /// - Returns: `[N]`.
  /// - Throws: `ShapeError` when the counts differ.
  package static func pointerLoss(
    losses: Variable, isKnown: [Bool], gate: Variable, copied: Variable
  ) throws(ShapeError) -> Variable {
    let rows = isKnown.count
    for input in [losses, gate, copied] where input.shape.count != rows {
      throw ShapeError(place: "pointerLoss", expected: "[\(rows)]", found: input.shape)
    }
    let (l, s, m) = (losses.value.doubles, gate.value.doubles, copied.value.doubles)
    let least = 1e-30
    var logP = [Double](repeating: 0, count: rows)
    var generated = logP
    for row in 0..<rows {
      let a = isKnown[row] ? -logOnePlusExp(-s[row]) - l[row] : -.infinity
      let b = m[row] > 0 ? -logOnePlusExp(s[row]) + naturalLogarithm(m[row]) : -.infinity
      let most = Swift.max(a, b, naturalLogarithm(least))
      let sum = exponential(a - most) + exponential(b - most)
      logP[row] = Swift.max(sum > 0 ? most + naturalLogarithm(sum) : -.infinity, naturalLogarithm(least))
      generated[row] = exponential(a - logP[row])
    }
    let precision = losses.value.precision
    let y = Tensor(doubles: logP.map { -$0 }, shape: [rows]).converted(to: precision)
    let slots = (losses.slot, gate.slot, copied.slot)
    return record(y, from: [losses, gate, copied]) { [logP, generated] dy, gradients in
      let dy = dy.doubles
      func add(_ slot: GradientSlot, _ gradient: (Int) -> Double) {
        gradients.add(
          Tensor(doubles: (0..<rows).map { dy[$0] * gradient($0) }, shape: [rows]).converted(to: precision),
          to: slot)
      }
      add(slots.0) { generated[$0] }
      add(slots.1) { row in
        let copying = m[row] > 0 ? exponential(-logOnePlusExp(s[row]) - logP[row]) * m[row] : 0
        return copying * exponential(-logOnePlusExp(-s[row])) - generated[row]
          * exponential(-logOnePlusExp(s[row]))
      }
      add(slots.2) { row in -exponential(-logOnePlusExp(s[row]) - logP[row]) }
    }
  }
}

/// ln(1 + eˣ): −ln σ(−x), so that ln g = −logOnePlusExp(−s) and ln(1 − g) = −logOnePlusExp(s).
private func logOnePlusExp(_ x: Double) -> Double { max(x, 0) + logarithmOfOnePlus(exponential(-abs(x))) }
