extension Variable {
  /// y = x·Wᵀ + b.  dx = dy·W,  dW = dyᵀ·x,  db = Σ dy over rows.
  ///
  /// - Parameters:
  ///   - weight: W `[outputs, inputs]`.
  ///   - bias: b `[outputs]`.
  /// - Returns: `[…, outputs]` for x `[…, inputs]`.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func linear(_ weight: Variable, bias: Variable? = nil) throws(ShapeError) -> Variable {
    guard value.precision == weight.value.precision else {
      let (x, weight) = Self.matched(self, weight)
      return try x.linear(weight, bias: bias?.promoted(to: .double))
    }
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

  /// y = a·b.  da = dy·bᵀ,  db = aᵀ·dy.
  ///
  /// - Parameter b: `[k, n]`, or, for as many products side by side, `[…, k, n]` with the leading extents of a.
  /// - Returns: `[…, m, n]` for a `[…, m, k]`.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func matmul(_ b: Variable) throws(ShapeError) -> Variable {
    guard shape.rank >= 2 else {
      throw ShapeError(place: "matmul, left", expected: "[…, m, k]", found: shape)
    }
    let leading = Array(shape.extents.dropLast(2))
    guard b.shape.rank >= 2, b.shape[-2] == shape[-1],
      b.shape.rank == 2 || Array(b.shape.extents.dropLast(2)) == leading
    else {
      let several = leading.isEmpty ? "" : " or \(Shape(leading + [shape[-1]]))".dropLast() + ", n]"
      throw ShapeError(place: "matmul, right", expected: "[\(shape[-1]), n]\(several)", found: b.shape)
    }
    let (x, b) = Self.matched(self, b)
    if b.shape.rank == 2 { return x.products(b, count: 1, rows: shape.rows) }
    return x.products(b, count: leading.reduce(1, *), rows: shape[-2])
  }

  /// So many products side by side, of matrices of so many rows on the left side.
  private func products(_ b: Variable, count: Int, rows m: Int) -> Variable {
    let (k, n) = (shape[-1], b.shape[-1])
    let (left, right) = (value, b.value)
    let y = Tensor(uninitialized: Shape(shape.extents.dropLast() + [n]), precision: left.precision)
    let stride = left.precision.stride
    // b is the weight of `dy·W` with W = b: both sides of `linear` serve, transposed.
    Kernels.serving(left.precision).eachProduct(count, right) { kernels, index, right in
      kernels.linearInputGradient(
        left.address + index * m * k * stride, rowStride: k, rows: m, right,
        into: y.mutableAddress + index * m * n * stride)
    }
    return .record(y, from: [self, b], as: .matmul) { [slot] dy, gradients in
      let kernels = Kernels.serving(dy.precision)
      if slot.isRecorded {
        let da = Tensor(uninitialized: left.shape, precision: dy.precision)
        kernels.eachProduct(count, right) { kernels, index, right in
          kernels.linear(
            dy.address + index * m * n * stride, rowStride: n, rows: m, right,
            into: da.mutableAddress + index * m * k * stride, yStride: k)
        }
        gradients.add(da, to: slot)
      }
      gradients.accumulate(b.slot) { sum, isNew in
        for index in 0..<count {
          kernels.linearWeightGradient(
            left.address + index * m * k * stride, rowStride: k, outputs: k,
            dy.address + index * m * n * stride, xStride: n, inputs: n, rows: m,
            into: sum.mutableAddress + index * k * n * stride, accumulate: !isNew)
        }
      }
    }
  }
}

extension Kernels {
  /// Calls `body` with each matrix of a right side of so many, one after the other.
  fileprivate func eachProduct(
    _ count: Int, _ right: Tensor, _ body: (_ kernels: Kernels, _ index: Int, _ right: Tensor) -> Void
  ) {
    if count == 1 { return body(self, 0, right.reshaped(to: Shape(Array(right.shape.extents.suffix(2))))) }
    let shape = Shape(Array(right.shape.extents.suffix(2)))
    for index in 0..<count {
      let matrix = Tensor(uninitialized: shape, precision: right.precision)
      matrix.copy(right, from: index * shape.count, to: 0, count: shape.count)
      body(self, index, matrix)
    }
  }
}
