import UnrollCore

/// Noise that keeps a recurrence from overfitting; all of it acts only where randomness is passed in.
public struct RecurrentNoise: Sendable, Equatable, Codable {
  /// The share of inputs dropped, by one mask for all steps of a sequence (Gal and Ghahramani 2016).
  public var inputDropout: Float
  /// The share of the previous hidden state dropped, by one mask for all steps of a sequence.
  public var recurrentDropout: Float
  /// The chance that a unit of the output state keeps its previous value (Krueger et al. 2017).
  public var zoneoutHidden: Float
  /// The same for the other tensors of a state, such as an LSTM's memory.
  public var zoneoutCell: Float

  public init(
    inputDropout: Float = 0, recurrentDropout: Float = 0, zoneoutHidden: Float = 0, zoneoutCell: Float = 0
  ) {
    self.inputDropout = inputDropout
    self.recurrentDropout = recurrentDropout
    self.zoneoutHidden = zoneoutHidden
    self.zoneoutCell = zoneoutCell
  }

  /// No noise.
  public static let none = RecurrentNoise()

  var hasZoneout: Bool { zoneoutHidden > 0 || zoneoutCell > 0 }
}

/// A cell run over time, in one direction.
///
/// A reversed layer reads each sequence from its own last step to its first.
public struct Recurrent<Cell: RecurrentCell>: Module {
  public var cell: Cell
  /// Whether time runs from the last step to the first.
  public let reversed: Bool
  /// Noise for training.
  public var noise: RecurrentNoise
  /// A learned state before the first step, `[1, …]` a part; empty: zeros.
  public var learnedInitialState: [Parameter]

  /// A layer of a cell.
  ///
  /// - Parameter learnsInitialState: whether the state before the first step is a parameter (zeros at first).
  public init(
    _ cell: Cell, reversed: Bool = false, noise: RecurrentNoise = .none, learnsInitialState: Bool = false
  ) {
    self.cell = cell
    self.reversed = reversed
    self.noise = noise
    learnedInitialState =
      learnsInitialState ? cell.initialState(batch: 1).parts.map { Parameter($0.value) } : []
  }

  /// The state before the first step when none is given.
  package func initialState(batch: Int, precision: Precision) -> Cell.State {
    if learnedInitialState.isEmpty {
      return Cell.State(
        parts: cell.initialState(batch: batch).parts.map { Variable($0.value.converted(to: precision)) })
    }
    let firsts = Array(repeating: Int32(0), count: batch)
    return Cell.State(parts: learnedInitialState.map { $0.variable.gather(firsts) })
  }

  /// Runs over packed sequences.
  ///
  /// - Parameters:
  ///   - initial: the state before the first step of each sequence, longest sequence first.
  ///   - random: randomness for the noise; `nil` when not training.
  ///   - definition: whether to run the cell step by step although a faster form exists.
  package func run(
    _ x: PackedSequence, initial: Cell.State?, random: inout RandomSource?, definition: Bool = false
  ) throws(ShapeError) -> (outputs: PackedSequence, final: Cell.State) {
    let layout = x.layout
    guard x.rows.shape.columns == cell.inputSize else {
      throw ShapeError(
        place: "Recurrent<\(Cell.self)>.input", expected: "[…, \(cell.inputSize)]", found: x.rows.shape)
    }
    let initial = initial ?? initialState(of: x)
    for part in initial.parts where part.shape.rank == 0 || part.shape[0] != layout.batch {
      throw ShapeError(
        place: "Recurrent<\(Cell.self)>.initialState", expected: "[\(layout.batch), …]", found: part.shape)
    }
    let order = StepOrder(layout, reversed: reversed)
    let rows = droppedInput(x, &random)
    let mask = recurrentMask(layout, precision: x.rows.value.precision, &random)
    if let probe = GateProbe.current {
      try show(rows, initial: initial, order: order, mask: mask, to: probe)
    }
    if mask == nil && !noise.hasZoneout && !definition,
      let (outputs, final) = try cell.fused(rows, initial: initial, order: order)
    {
      return (PackedSequence(rows: outputs, layout: layout), final)
    }
    return try runSteps(
      PackedSequence(rows: rows, layout: layout), initial: initial, order: order, mask: mask, &random)
  }

  /// The state before the first step of each sequence when none is given.
  private func initialState(of x: PackedSequence) -> Cell.State {
    let precision = x.rows.value.precision
    if TraceRecorder.active == nil { return initialState(batch: x.layout.batch, precision: precision) }
    // The same, told in a way that does not depend on how many sequences there are.
    let one = initialState(batch: 1, precision: precision)
    return Cell.State(parts: one.parts.map { $0.repeated(forSequencesOf: x.rows, x.layout) })
  }

  /// The definition: one call of the cell a step.
  private func runSteps(
    _ x: PackedSequence, initial: Cell.State, order: StepOrder, mask: Variable?, _ random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, final: Cell.State) {
    let (outputs, final) = try order.loop([x.rows], initial: initial.parts) {
      inputs, parts, _ throws(ShapeError) in
      let before = Cell.State(parts: parts)
      var seen = before
      if let mask {
        seen = Cell.State(parts: [parts[0] * mask.rows(0..<parts[0].shape[0])] + parts.dropFirst())
      }
      var (output, next) = try cell.step(inputs[0], seen)
      if noise.hasZoneout {
        next = zonedOut(next, before: before, &random)
        output = next.parts[0]
      }
      return ([output], next.parts)
    }
    let none = Variable(Tensor.zeros([0, cell.hiddenSize]).converted(to: x.rows.value.precision))
    return (
      PackedSequence(rows: outputs.first ?? none, layout: x.layout), Cell.State(parts: final)
    )
  }

  /// One mask a sequence, the same at all of its steps.
  private func droppedInput(_ x: PackedSequence, _ random: inout RandomSource?) -> Variable {
    SequenceDropout(rate: noise.inputDropout)(x, random: &random).rows
  }

  private func recurrentMask(
    _ layout: SequenceLayout, precision: Precision, _ random: inout RandomSource?
  ) -> Variable? {
    guard noise.recurrentDropout > 0, random != nil else { return nil }
    return Dropout.mask(
      [layout.batch, cell.hiddenSize], rate: noise.recurrentDropout, precision: precision, using: &random!)
  }

  /// Training: each unit keeps its previous value by chance. Otherwise: the mean of that.
  private func zonedOut(
    _ next: Cell.State, before: Cell.State, _ random: inout RandomSource?
  ) -> Cell.State {
    let parts = zip(next.parts, before.parts).enumerated().map { index, pair in
      let rate = index == 0 ? noise.zoneoutHidden : noise.zoneoutCell
      guard rate > 0 else { return pair.0 }
      let change = pair.0 - pair.1
      guard random != nil else { return pair.1 + (1 - rate) * change }
      let kept = Dropout.mask(
        change.shape, rate: rate, scaled: false, precision: change.value.precision, using: &random!)
      return pair.1 + change * kept
    }
    return Cell.State(parts: parts)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try cell.forEachParameter(parameterName(path, "cell"), body)
    for index in learnedInitialState.indices {
      try body(parameterName(path, "initialState.\(index)"), &learnedInitialState[index])
    }
  }
}
