import UnrollCore

/// A recurrent network that is fed one step at a time and keeps its state: for audio, sensors, keystrokes.
///
///     let session = try StreamingSession(network)
///     while let sample = next() { session.step(sample) { hidden in … } }
///
/// Outputs have the same bits as those of the network run over the whole sequence. For the cells with a fused
/// form a step allocates nothing, takes no lock and stays on the caller's thread. A session is for one thread
/// at a time.
public final class StreamingSession<Cell: RecurrentCell> {
  private enum Layer {
    case fused(StreamingStep)
    case defined(Recurrent<Cell>, Cell.State)
  }

  private let network: RecurrentNetwork<Cell>
  private var layers: [Layer]
  /// All layers, where each has a fused form.
  private var stack: StreamingStack?
  /// What a layer without a fused form hands to the next.
  private let handed: UnsafeMutablePointer<Float>
  /// B, the number of streams side by side.
  public let batch: Int
  /// I, the number of features of a step.
  public let inputSize: Int
  /// H, the number of features of an output.
  public let outputSize: Int

  /// A session at the network's initial state.
  ///
  /// - Parameter batch: the number of streams that step together.
  /// - Throws: `ShapeError` when the network reads backwards: it would have to know the future.
  public init(_ network: RecurrentNetwork<Cell>, batch: Int = 1) throws(ShapeError) {
    for layer in network.layers where layer.backward != nil || layer.forward.reversed {
      throw ShapeError(
        place: "StreamingSession", expected: "layers that read forwards", found: [layer.directions])
    }
    self.network = network
    self.batch = batch
    inputSize = network.layers.first?.forward.cell.inputSize ?? 0
    outputSize = network.outputSize
    layers = []
    let widest = network.layers.map(\.outputSize).max() ?? 0
    handed = .allocate(capacity: max(1, batch * widest))
    reset()
  }

  deinit { handed.deallocate() }

  /// Goes back to the network's initial state.
  public func reset() {
    layers = network.layers.map { layer in
      let initial = layer.forward.initialState(batch: batch, precision: .single)
      guard !layer.forward.noise.hasZoneout, let step = layer.forward.cell.streaming(batch: batch) else {
        return .defined(layer.forward, initial)
      }
      step.state = initial.parts.map(\.value)
      return .fused(step)
    }
    let steps = layers.compactMap { if case .fused(let step) = $0 { step } else { nil } }
    stack = steps.count == layers.count && !steps.isEmpty ? StreamingStack(steps) : nil
  }

  /// The state after the last step, one a layer; a value that may be kept and given back.
  public var state: [Cell.State] {
    get {
      layers.map { layer in
        switch layer {
        case .fused(let step): Cell.State(parts: step.state.map { Variable($0) })
        case .defined(_, let state): state
        }
      }
    }
    set {
      require(
        newValue.count == layers.count,
        "StreamingSession.state: \(layers.count) states were expected, one a layer, found \(newValue.count)")
      for (index, state) in newValue.enumerated() {
        switch layers[index] {
        case .fused(let step): step.state = state.parts.map(\.value)
        case .defined(let layer, _): layers[index] = .defined(layer, state)
        }
      }
    }
  }

  /// One step.
  ///
  /// - Parameters:
  ///   - x: `[B, I]`, row by row.
  ///   - body: is given the outputs `[B, H]`, valid during the call.
  public func step<R>(
    _ x: UnsafeBufferPointer<Float>, _ body: (UnsafeBufferPointer<Float>) throws -> R
  ) rethrows -> R {
    try body(advance(x))
  }

  /// One step.
  ///
  /// - Returns: the outputs `[B, H]`, valid until the next step.
  func advance(_ x: UnsafeBufferPointer<Float>) -> UnsafeBufferPointer<Float> {
    require(
      x.count == batch * inputSize,
      "StreamingSession.step: \(batch) · \(inputSize) features were expected, found \(x.count)")
    var current = x.baseAddress!
    if let stack { return UnsafeBufferPointer(start: stack.step(current), count: batch * outputSize) }
    for index in layers.indices {
      switch layers[index] {
      case .fused(let step):
        Kernels.flushingDenormals { step.step(current) }
        current = step.output
      case .defined(let layer, let state):
        current = runDefinition(index, layer, state, current)
      }
    }
    return UnsafeBufferPointer(start: current, count: batch * outputSize)
  }

  /// One step of an array, for convenience; it allocates the result.
  public func step(_ x: [Float]) -> [Float] { x.withUnsafeBufferPointer { step($0) { Array($0) } } }

  private func runDefinition(
    _ index: Int, _ layer: Recurrent<Cell>, _ state: Cell.State, _ x: UnsafePointer<Float>
  ) -> UnsafePointer<Float> {
    let inputs = layer.cell.inputSize
    let row = Tensor(
      Array(UnsafeBufferPointer(start: x, count: batch * inputs)), shape: [batch, inputs])
    let packed = PackedSequence(
      rows: Variable(row), layout: SequenceLayout(lengths: Array(repeating: 1, count: batch)))
    var none: RandomSource?
    guard let (outputs, next) = try? layer.run(packed, initial: state, random: &none, definition: true) else {
      stop("StreamingSession.step: a cell refused a step of the shape [\(batch), \(inputs)]")
    }
    layers[index] = .defined(layer, next)
    let elements = outputs.rows.value.elements
    handed.update(from: elements, count: elements.count)
    return UnsafePointer(handed)
  }
}
