import UnrollCore

/// Convolution and pooling. The network has channels last, ONNX has them first: values are turned before and after, and
/// turns that meet cancel when a graph is made faster.
extension TraceWriter {
  /// An axis of pictures as one axis of the graph.
  private func single(_ axes: [TracedAxis]) -> TracedAxis {
    let dimensions = axes.dimensions
    if dimensions.count == 1 { return dimensions[0] }
    if let extent = axes.fixedExtent { return .fixed(extent) }
    return .free("\(dimensions)", axes.extent)
  }

  /// Pictures `[B, C, H, W]`, and what their axes are made of.
  private mutating func channelsFirst(_ x: GraphValue) -> String {
    let flat = reshaped(x.name, x.dimensions, to: x.axes.map { single($0) })
    return graph.transposed(flat, [0, 3, 1, 2])
  }

  /// Takes a result `[B, M, H′, W′]` as what windows found in x.
  private mutating func setPictures(
    _ node: TracedNode, _ result: String, from x: GraphValue, _ window: Window2D, channels: [TracedAxis]
  ) {
    let found = node.results[0].shape
    var axes = x.axes
    axes[3] = channels
    for axis in 1...2 {
      if case .free(let name, _) = single(x.axes[axis]) {
        // What the axis is called after windows have passed; its extent is that of the result.
        let after = window.axisName(of: name, axis: axis)
        if after != name, made["extent \(after)"] == nil {
          made["extent \(after)"] = graph.extent(result, axis: axis + 1)
        }
        axes[axis] = [.free(after, found[axis])]
      } else {
        axes[axis] = [.fixed(found[axis])]
      }
    }
    let turned = graph.transposed(result, [0, 2, 3, 1])
    let apart = axes.enumerated().flatMap { $0 == 0 ? $1.dimensions : [single($1)] }
    set(node, reshaped(turned, axes.map { single($0) }, to: apart), axes)
  }

  private func attributes(_ window: Window2D) -> [WireAttribute] {
    let (kernel, stride, padding) = (window.kernel, window.stride, window.padding)
    return [
      .integers("kernel_shape", [kernel.height, kernel.width]),
      .integers("strides", [stride.height, stride.width]),
      .integers("pads", [padding.height, padding.width, padding.height, padding.width]),
    ]
  }

  private func pictures(_ node: TracedNode) throws(ExchangeError) -> Shape {
    let found = node.results[0].shape
    // No place at all: a graph for other sizes could not be told from one that never has any.
    guard !found.extents.contains(0) else { throw refused("pictures larger than a window", "\(found)") }
    return found
  }

  /// Of pictures, W and, where there are three inputs, b.
  mutating func convolution(
    _ node: TracedNode, _ window: Window2D, groups: Int, relu: Bool
  ) throws(ExchangeError) {
    _ = try pictures(node)
    let (x, weight) = (value(node.inputs[0]), node.inputs[1])
    guard isConstant(weight) else {
      throw refused("a kernel that training made", described(value(weight)))
    }
    let kernel = graph.tensor(name(of: weight) + ".channelsFirst") {
      Operators.permuted(ONNXTensor(weight), [0, 3, 1, 2]).tensor
    }
    let bias = node.inputs.count > 2 ? value(node.inputs[2]).name : nil
    var y = graph.apply(
      "Conv", channelsFirst(x), kernel, bias, attributes: attributes(window) + [.integer("group", groups)])
    if relu { y = graph.apply("Relu", y) }
    setPictures(node, y, from: x, window, channels: [.fixed(weight.shape[0])])
  }

  mutating func pooledPictures(
    _ node: TracedNode, _ window: Window2D, isMean: Bool
  ) throws(ExchangeError) {
    _ = try pictures(node)
    let x = value(node.inputs[0])
    let y = graph.apply(
      isMean ? "AveragePool" : "MaxPool", channelsFirst(x), attributes: attributes(window))
    setPictures(node, y, from: x, window, channels: x.axes[3])
  }

  /// Pictures with zeros beyond the lengths of a layout.
  mutating func zeroedBeyond(
    _ node: TracedNode, axis: Int, _ layout: SequenceLayout
  ) throws(ExchangeError) {
    let x = value(node.inputs[0])
    guard let traced = trace.layout(layout) else {
      guard layout.lengths.allSatisfy({ $0 == node.inputs[0].shape[axis] }) else {
        throw refused("lengths that are an input", "pictures of \(layout.lengths.prefix(5)), …")
      }
      return set(node, x.name, x.axes)
    }
    guard single(x.axes[axis]) == .free(traced.name, traced.timeSteps), x.axes[0] == traced.sequences else {
      throw refused("pictures of the lengths of \(traced.name)", described(x))
    }
    // [T, B…, 1] as [B…, T, 1], and 1 for the other axis.
    let sequences = traced.sequences.dimensions.count
    var mask = graph.transposed(
      try self.mask(of: traced), Array(1...sequences) + [0, sequences + 1])
    if axis == 2 { mask = graph.unsqueezed(mask, [sequences]) } else { mask = graph.unsqueezed(mask, [-1]) }
    set(node, graph.apply("Mul", x.name, mask), x.axes)
  }

  /// The lengths of sequences that windows found in others: ⌊(L + 2p − k) / s⌋ + 1, none where that is below 1 or L is 0.
  mutating func windowedLengths(_ layout: TracedLayout) throws(ExchangeError) -> String? {
    guard let (source, window, axis) = trace.windows[layout] else { return nil }
    let (kernel, stride, padding) =
      axis == 1
      ? (window.kernel.height, window.stride.height, window.padding.height)
      : (window.kernel.width, window.stride.width, window.padding.width)
    let before = try lengths(of: source)
    // Division of whole numbers goes towards 0: what is below −s is cut away after.
    let room = graph.apply("Add", before, graph.whole(2 * padding - kernel + stride))
    let places = graph.apply(
      "Max", graph.apply("Div", room, graph.whole(stride)), graph.whole(0))
    return graph.apply("Mul", places, graph.apply("Min", before, graph.whole(1)))
  }
}
