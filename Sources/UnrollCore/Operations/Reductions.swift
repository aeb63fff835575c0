extension Variable {
  /// The sum of all elements, as a scalar.
  public func sum() -> Variable {
    let y = Tensor(repeating: Kernels.sum(value), shape: [], precision: value.precision)
    return .record(y, from: [self]) { [slot] dy, gradients in
      gradients.add(
        Tensor(repeating: dy.doubles[0], shape: slot.shape, precision: dy.precision), to: slot)
    }
  }

  /// The mean of all elements, as a scalar; 0 when there are none.
  public func mean() -> Variable { sum().affine(times: 1 / Double(Swift.max(1, shape.count)), plus: 0) }

  /// The mean of values of one shape, of which there is at least one.
  public static func mean(of values: [Variable]) -> Variable {
    let sum = values.dropFirst().reduce(values[0], +)
    return values.count == 1 ? sum : sum.affine(times: 1 / Double(values.count), plus: 0)
  }

  /// softmax over the last axis: y = eˣ / Σ eˣ.  dx = y ⊙ (dy − Σ dy⊙y).
  public func softmax() -> Variable {
    let y = Kernels.softmax(value, logarithm: false)
    return .record(y, from: [self], as: .softmax) { [slot] dy, gradients in
      gradients.add(Kernels.softmaxGradient(dy, y: y, logarithm: false), to: slot)
    }
  }

  /// ln softmax over the last axis.  dx = dy − eʸ·Σ dy.
  public func logSoftmax() -> Variable {
    let y = Kernels.softmax(value, logarithm: true)
    return .record(y, from: [self], as: .logSoftmax) { [slot] dy, gradients in
      gradients.add(Kernels.softmaxGradient(dy, y: y, logarithm: true), to: slot)
    }
  }

  /// −ln softmax(x)[label] of each row.  dx = dy·(softmax x − one-hot label).
  ///
  /// - Parameter labels: one column index a row; negative: the row is left out, its loss is 0.
  /// - Returns: `[rows]`.
  /// - Throws: `ShapeError` when labels and rows differ in number.
  public func crossEntropy(labels: [Int32]) throws(ShapeError) -> Variable {
    guard labels.count == shape.rows, labels.allSatisfy({ $0 < shape.columns }) else {
      throw ShapeError(
        place: "crossEntropy", expected: "\(labels.count) rows, more columns than any label", found: shape)
    }
    let (loss, logSumExp) = Kernels.crossEntropy(value, labels: labels)
    // The logits are the largest tensor of a language model. When the walk comes here they are the record's alone,
    // unless somebody kept them, and their gradient takes their place.
    let logits = OnceTensor(value)
    return .record(loss, from: [self]) { [slot] dy, gradients in
      guard slot.isRecorded, var x = logits.take() else { return }
      Kernels.crossEntropyGradient(replacing: &x, labels: labels, logSumExp: logSumExp, weight: dy)
      gradients.add(x, to: slot)
    }
  }

  /// y = (x − μ)/√(σ² + ε) ⊙ gain + bias over the last axis, μ and σ² being the mean and variance of the row.
  ///
  /// Ba, Kiros and Hinton 2016, "Layer Normalization", equation 4.
  /// - Throws: `ShapeError` when gain or bias do not fit.
  public func layerNorm(
    gain: Variable, bias: Variable? = nil, epsilon: Double = 1e-5
  ) throws(ShapeError) -> Variable {
    guard value.precision == gain.value.precision else {
      let (x, gain) = Self.matched(self, gain)
      return try x.layerNorm(gain: gain, bias: bias?.promoted(to: .double), epsilon: epsilon)
    }
    let columns = shape.columns
    guard gain.shape.count == columns else {
      throw ShapeError(place: "layerNorm.gain", expected: "[\(columns)]", found: gain.shape)
    }
    if let bias, bias.shape.count != columns {
      throw ShapeError(place: "layerNorm.bias", expected: "[\(columns)]", found: bias.shape)
    }
    let (y, normalized, inverse) = Kernels.layerNorm(
      value, gain: gain.value, bias: bias?.value, epsilon: epsilon)
    let biasSlot = bias?.slot
    let inputs = [self, gain] + (bias.map { [$0] } ?? [])
    return .record(y, from: inputs, as: .layerNorm(epsilon: epsilon)) { [slot] dy, gradients in
      if slot.isRecorded {
        gradients.add(
          Kernels.layerNormGradient(
            dy, gain: gain.value, normalized: normalized, inverseDeviation: inverse), to: slot)
      }
      if gain.tape != nil {
        let product = Kernels.binary(.multiply, dy, normalized)
        gradients.add(Kernels.columnSums(product, columns: columns), to: gain)
      }
      if let biasSlot { gradients.add(Kernels.columnSums(dy, columns: columns), to: biasSlot) }
    }
  }
}
