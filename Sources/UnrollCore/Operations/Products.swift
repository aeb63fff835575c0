extension Variable {
  /// y = x·Wᵀ + b.  dx = dy·W,  dW = dyᵀ·x,  db = Σ dy over rows.
  ///
  /// - Parameters:
  ///   - weight: W `[outputs, inputs]`.
  ///   - bias: b `[outputs]`.
  /// - Returns: `[…, outputs]` for x `[…, inputs]`.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func linear(_ weight: Variable, bias: Variable? = nil) throws(ShapeError) -> Variable {
    let (outputs, inputs) = (weight.shape.rows, weight.shape.columns)
    guard shape.rank > 0, shape.columns == inputs else {
      throw ShapeError(place: "linear", expected: "[…, \(inputs)]", found: shape)
    }
    if let bias, bias.shape.count != outputs {
      throw ShapeError(place: "linear.bias", expected: "[\(outputs)]", found: bias.shape)
    }
    let x = value
    let rows = shape.rows
    let y = Tensor(
      uninitialized: Shape(shape.extents.dropLast() + [outputs]), precision: x.precision)
    Kernels.serving(x.precision).linear(
      x.address, rowStride: inputs, rows: rows, weight.value, bias: bias?.value.address,
      into: y.mutableAddress, yStride: outputs)
    let biasSlot = bias?.slot
    return .record(y, from: [self, weight] + (bias.map { [$0] } ?? []), as: .linear) { [slot] dy, gradients in
      let kernels = Kernels.serving(dy.precision)
      if slot.isRecorded {
        let dx = Tensor(uninitialized: x.shape, precision: x.precision)
        kernels.linearInputGradient(
          dy.address, rowStride: outputs, rows: rows, weight.value, into: dx.mutableAddress)
        gradients.add(dx, to: slot)
      }
      gradients.accumulate(weight.slot) { sum, isNew in
        kernels.linearWeightGradient(
          dy.address, rowStride: outputs, outputs: outputs, x.address, xStride: inputs, inputs: inputs,
          rows: rows, into: sum.mutableAddress, accumulate: !isNew)
      }
      if let biasSlot { gradients.add(Kernels.columnSums(dy, columns: outputs), to: biasSlot) }
    }
  }

  /// y = a·b for matrices a `[m, k]` and b `[k, n]`.  da = dy·bᵀ,  db = aᵀ·dy.
  ///
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func matrixProduct(_ b: Variable) throws(ShapeError) -> Variable {
    guard shape.rank == 2 else {
      throw ShapeError(place: "matrixProduct", expected: "[m, k]", found: shape)
    }
    guard b.shape.rank == 2, b.shape[0] == shape[1] else {
      throw ShapeError(place: "matrixProduct", expected: "[\(shape[1]), n]", found: b.shape)
    }
    let (m, k, n) = (shape[0], shape[1], b.shape[1])
    let (left, right) = (value, b.value)
    let y = Tensor(uninitialized: [m, n], precision: left.precision)
    // b is the weight of `dy·W` with W = b: both sides of `linear` serve, transposed.
    Kernels.serving(left.precision).linearInputGradient(
      left.address, rowStride: k, rows: m, right, into: y.mutableAddress)
    return .record(y, from: [self, b], as: .matrixProduct) { [slot] dy, gradients in
      let kernels = Kernels.serving(dy.precision)
      if slot.isRecorded {
        let da = Tensor(uninitialized: left.shape, precision: dy.precision)
        kernels.linear(dy.address, rowStride: n, rows: m, right, into: da.mutableAddress, yStride: k)
        gradients.add(da, to: slot)
      }
      gradients.accumulate(b.slot) { sum, isNew in
        kernels.linearWeightGradient(
          left.address, rowStride: k, outputs: k, dy.address, xStride: n, inputs: n, rows: m,
          into: sum.mutableAddress, accumulate: !isNew)
      }
    }
  }
}
