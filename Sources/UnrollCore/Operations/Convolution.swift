/// Pictures `[B, H, W, C]`, channels last: a batch of rows of pixels.
extension Variable {
  /// Convolution (as neural networks call it: the kernel is not turned) with zeros beyond the picture, in G groups of
  /// channels that do not see each other:
  ///
  ///     y[b, i, j, m] = f(bias[m] + Σ over k, l, c of W[m, k, l, c] · x[b, i·s + k − p, j·t + l − q, g(m)·C/G + c])
  ///
  /// with f the identity or max(0, ·). With P the patches of all windows, `[B·H′·W′, K]`, and W seen as `[M, K]`:
  ///
  ///     y = f(P·Wᵀ + bias)      dP = dy·W, added to where its pixels came from      dW = dyᵀ·P      dbias = Σ dy
  ///
  /// P is made in pieces that stay in the cache, forwards and backwards, and never kept.
  ///
  /// - Parameters:
  ///   - weight: W `[M, kernel height, kernel width, C / groups]`.
  ///   - bias: `[M]`.
  ///   - relu: whether f is max(0, ·).
  /// - Returns: `[B, H′, W′, M]`; see `Window2D` for H′ and W′.
  /// - Throws: `ShapeError` when the shapes do not fit.
  public func conv2d(
    _ weight: Variable, bias: Variable? = nil, stride: Extent2D = 1, padding: Extent2D = 0, groups: Int = 1,
    relu: Bool = false
  ) throws(ShapeError) -> Variable {
    try checkPictures("conv2d")
    let form = weight.shape
    let (channels, outputs) = (shape[3], form.rank == 4 ? form[0] : 0)
    guard groups > 0, form.rank == 4, form[1] > 0, form[2] > 0, form[3] * groups == channels,
      outputs.isMultiple(of: groups)
    else {
      throw ShapeError(
        place: "conv2d.weight",
        expected: "[a multiple of \(groups), kernel height, kernel width, \(channels) / \(groups)]",
        found: form)
    }
    if let bias, bias.shape.count != outputs {
      throw ShapeError(place: "conv2d.bias", expected: "[\(outputs)]", found: bias.shape)
    }
    let window = Window2D(kernel: Extent2D(form[1], form[2]), stride: stride, padding: padding)
    let convolution = Convolution(
      window: window, groups: groups, shape: shape,
      weight: weight.value.reshaped(to: [outputs, form[1] * form[2] * form[3]]))
    let x = value
    let y = convolution.forward(x, bias: bias?.value, relu: relu)
    let inputs = [self, weight] + (bias.map { [$0] } ?? [])
    let (biasSlot, weightSlot) = (bias?.slot, weight.slot)
    return .record(y, from: inputs, as: .conv2d(window, groups: groups, relu: relu)) {
      [slot] dy, gradients in
      let dy = relu ? Kernels.unaryGradient(.relu, dy, saved: y) : dy
      if slot.isRecorded { gradients.update(slot) { convolution.addInputGradient(dy, to: &$0) } }
      gradients.accumulate(weightSlot) { sum, isNew in
        convolution.weightGradient(dy, x, into: &sum, accumulate: !isNew)
      }
      if let biasSlot { gradients.add(Kernels.columnSums(dy, columns: outputs), to: biasSlot) }
    }
  }

  /// The largest of each channel within each window; what lies beyond the picture does not count. Its gradient goes to
  /// the first pixel that holds it.
  ///
  /// - Returns: `[B, H′, W′, C]`.
  /// - Throws: `ShapeError` when x is no batch of pictures, or a window could see nothing but padding.
  public func maxPool2d(_ window: Window2D) throws(ShapeError) -> Variable {
    let (x, y) = (value, try pooled(window, "maxPool2d"))
    let chosen = PictureWindows(.serving(x.precision), window, over: shape)
      .maxima(x.address, into: y.mutableAddress)
    return .record(y, from: [self], as: .maxPool2d(window)) { [slot] dy, gradients in
      gradients.update(slot) { sum in
        sum.makeUnique()
        PictureWindows(.serving(dy.precision), window, over: slot.shape)
          .maximumGradient(dy.address, chosen, into: sum.mutableAddress)
      }
    }
  }

  /// The mean of each channel over the pixels of each window that lie on the picture.
  ///
  /// - Returns: `[B, H′, W′, C]`.
  /// - Throws: `ShapeError` when x is no batch of pictures, or a window could see nothing but padding.
  public func meanPool2d(_ window: Window2D) throws(ShapeError) -> Variable {
    let (x, y) = (value, try pooled(window, "meanPool2d"))
    PictureWindows(.serving(x.precision), window, over: shape).means(x.address, into: y.mutableAddress)
    return .record(y, from: [self], as: .meanPool2d(window)) { [slot] dy, gradients in
      gradients.update(slot) { sum in
        sum.makeUnique()
        PictureWindows(.serving(dy.precision), window, over: slot.shape)
          .meanGradient(dy.address, into: sum.mutableAddress)
      }
    }
  }

  private func checkPictures(_ place: String) throws(ShapeError) {
    guard shape.rank == 4 else {
      throw ShapeError(place: place, expected: "[B, H, W, C]", found: shape)
    }
  }

  private func pooled(_ window: Window2D, _ place: String) throws(ShapeError) -> Tensor {
    try checkPictures(place)
    guard window.alwaysMeetsPixels else {
      throw ShapeError(
        place: place, expected: "less padding than the kernel of \(window.kernel)", found: shape)
    }
    return Tensor(
      uninitialized: [shape[0], window.rows(of: shape[1]), window.columns(of: shape[2]), shape[3]],
      precision: value.precision)
  }

  /// Pictures with zeros beyond the extent of each: what a batch of unequal pictures must have before a convolution, so
  /// that none of them depends on the padding.
  ///
  /// - Parameters:
  ///   - axis: 1 where lengths count rows, 2 where they count columns.
  ///   - layout: the length of each picture along the axis.
  /// - Throws: `ShapeError` when there are not as many lengths as pictures.
  package func zeroedBeyond(axis: Int, _ layout: SequenceLayout) throws(ShapeError) -> Variable {
    try checkPictures("zeroedBeyond")
    guard layout.batch == shape[0], layout.timeSteps <= shape[axis] else {
      throw ShapeError(
        place: "zeroedBeyond", expected: "\(layout.batch) pictures of \(layout.timeSteps) along axis \(axis)",
        found: shape)
    }
    let isWhole = layout.lengths.allSatisfy { $0 == shape[axis] }
    if isWhole && TraceRecorder.active?.knows(layout) != true { return self }
    let lengths = layout.lengths
    return .record(
      value.zeroedBeyond(axis: axis, lengths), from: [self], as: .zeroedBeyond(axis: axis, layout)
    ) { [slot] dy, gradients in gradients.add(dy.zeroedBeyond(axis: axis, lengths), to: slot) }
  }
}

extension Tensor {
  fileprivate func zeroedBeyond(axis: Int, _ lengths: [Int]) -> Tensor {
    let y = Tensor(uninitialized: shape, precision: precision)
    // A picture is so many runs; within each what is kept comes first.
    let runs = axis == 1 ? 1 : shape[1]
    let size = shape.count / Swift.max(1, shape[0] * runs)
    let unit = size / Swift.max(1, shape[axis])
    let stride = precision.stride
    WorkerPool.shared.split(lengths.count, grain: Swift.max(1, Kernels.grain / Swift.max(1, runs * size))) {
      range in
      for picture in range {
        for run in 0..<runs {
          let start = (picture * runs + run) * size * stride
          let kept = lengths[picture] * unit * stride
          (y.mutableAddress + start).copyMemory(from: address + start, byteCount: kept)
          (y.mutableAddress + start + kept).initializeMemory(
            as: UInt8.self, repeating: 0, count: size * stride - kept)
        }
      }
    }
    return y
  }
}

/// A convolution of pictures of some shape, and its gradients.
private struct Convolution: Sendable {
  let window: Window2D
  let groups: Int
  /// Of the pictures.
  let shape: Shape
  /// `[M, K]`.
  let weight: Tensor

  private var outputs: Int { weight.shape[0] }

  /// The windows over a group's channels, the group's rows of W, and its first output.
  private func eachGroup(
    _ precision: Precision, _ body: (_ windows: PictureWindows, _ rows: Range<Int>) -> Void
  ) {
    let windows = PictureWindows(.serving(precision), window, over: shape)
    let (inputs, outputs) = (shape[3] / groups, outputs / groups)
    for group in 0..<groups {
      body(
        windows.taking(group * inputs..<(group + 1) * inputs), group * outputs..<(group + 1) * outputs)
    }
  }

  func forward(_ x: Tensor, bias: Tensor?, relu: Bool) -> Tensor {
    let y = Tensor(
      uninitialized: [shape[0], window.rows(of: shape[1]), window.columns(of: shape[2]), outputs],
      precision: x.precision)
    eachGroup(x.precision) { windows, rows in
      let skipped = rows.lowerBound * windows.kernels.stride
      windows.product(
        x.address, windows.kernels.panels(weight, .product, rows: rows), outputs: rows.count,
        bias: bias.map { $0.address + skipped }, relu: relu, into: y.mutableAddress + skipped,
        rowStride: outputs)
    }
    return y
  }

  func addInputGradient(_ dy: Tensor, to dx: inout Tensor) {
    dx.makeUnique()
    eachGroup(dy.precision) { windows, rows in
      windows.inputGradient(
        dy.address + rows.lowerBound * windows.kernels.stride, rowStride: outputs,
        windows.kernels.panels(weight, .transposedProduct, rows: rows), outputs: rows.count,
        into: dx.mutableAddress)
    }
  }

  func weightGradient(_ dy: Tensor, _ x: Tensor, into dw: inout Tensor, accumulate: Bool) {
    let inputs = weight.shape[1]
    eachGroup(dy.precision) { windows, rows in
      let stride = windows.kernels.stride
      windows.weightGradient(
        dy.address + rows.lowerBound * stride, rowStride: outputs, outputs: rows.count, x.address,
        into: dw.mutableAddress + rows.lowerBound * inputs * stride, accumulate: accumulate)
    }
  }
}
