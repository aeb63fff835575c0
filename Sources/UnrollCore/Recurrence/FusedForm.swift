/// What a cell adds to a fused recurrence: its kernels for one step, and how its gates meet its weights.
protocol FusedForm: Sendable {
  /// G, the gates of W and R.
  var gates: Int { get }
  /// Elements of a row that a step keeps for its gradient, and in whose place the gradients of the gates come;
  /// 0: none are kept.
  var savedWidth: Int { get }
  /// Whether a step needs the memory of `savedWidth` even when no gradient will be asked for.
  var needsSaved: Bool { get }
  /// Whether a cell state c stands beside h.
  var hasCell: Bool { get }
  /// Parts of a step between which all hidden units must be there.
  var phases: Int { get }
  /// How the gradients of the gates meet the weights.
  var pieces: [GradientPiece] { get }

  /// The kernels of a step, with all panels at hand.
  ///
  /// - Parameter direct: whether a step multiplies its input by W itself.
  func forward(direct: Bool) -> (_ place: StepPlace, _ phase: Int, _ part: StepPart) -> Void
  /// The kernels of a step's gradient.
  func backward() -> (_ place: GradientPlace, _ phase: Int, _ part: StepPart) -> Void
}

/// The memory of one step on its way forward, each from the step's first row on.
struct StepPlace {
  /// W x + b, or `nil`: to be found from x.
  let projected: UnsafeRawPointer?
  let x: UnsafeRawPointer
  let saved: UnsafeMutableRawPointer?
  let hiddenBefore: UnsafeRawPointer
  let hidden: UnsafeMutableRawPointer
  let cellBefore: UnsafeRawPointer?
  let cell: UnsafeMutableRawPointer?
}

/// The memory of one step on its way back.
struct GradientPlace {
  /// The gate gradients of the step after, whose first rows go on.
  let next: UnsafeRawPointer?
  let goingOn: Int
  let dout: UnsafeRawPointer?
  let carry: UnsafeMutableRawPointer
  let cellCarry: UnsafeMutableRawPointer?
  let hiddenBefore: UnsafeRawPointer
  let hidden: UnsafeRawPointer
  let cellBefore: UnsafeRawPointer?
  let cell: UnsafeRawPointer?
  /// What the step kept; the gate gradients take its place.
  let gates: UnsafeMutableRawPointer
}

/// Some columns of the gate gradients, and the weights whose gradients they make.
struct GradientPiece {
  let columns: Range<Int>
  /// The first row of W (and b) that these are the gradients of, if any.
  var inputRow: Int?
  /// The first row of R, if any.
  var recurrentRow: Int?
  /// The column of the saved memory that R is multiplied by; `nil`: h₋.
  var recurrentSource: Int?
}

/// The operands that every fused recurrence has.
struct FusedOperands: Sendable {
  let x: Variable
  let weightInput: Variable
  let weightRecurrent: Variable
  let bias: Variable
  let initial: Variable
  let order: StepOrder
  /// Asked for once: members of a team do not see the choice of the task that they work for.
  let kernels: Kernels

  init(
    x: Variable, weightInput: Variable, weightRecurrent: Variable, bias: Variable, initial: Variable,
    order: StepOrder
  ) {
    self.x = x
    self.weightInput = weightInput
    self.weightRecurrent = weightRecurrent
    self.bias = bias
    self.initial = initial
    self.order = order
    kernels = Kernels.serving(x.value.precision)
  }

  var layout: SequenceLayout { order.layout }
  var inputs: Int { x.shape.columns }
  var hidden: Int { initial.shape.columns }
  var precision: Precision { x.value.precision }

  /// - Throws: `ShapeError` when an operand does not fit the others.
  func check(_ place: String, gates: Int) throws(ShapeError) {
    func demand(_ name: String, _ variable: Variable, _ expected: Shape) throws(ShapeError) {
      guard variable.shape == expected else {
        throw ShapeError(place: "\(place).\(name)", expected: "\(expected)", found: variable.shape)
      }
    }
    try demand("input", x, [layout.rows, x.shape.columns])
    try demand("initialState", initial, [layout.batch, hidden])
    try demand("weightInput", weightInput, [gates * hidden, inputs])
    try demand("weightRecurrent", weightRecurrent, [gates * hidden, hidden])
    try demand("bias", bias, [gates * hidden])
  }

  /// The input of a step: as it was projected, or with the gate panels of W (from gate `gate` on) to do it with.
  func input(_ place: StepPlace, _ panels: TensorStorage?, gate: Int = 0) -> StepInput {
    if let projected = place.projected { return .projected(projected) }
    return .direct(
      DirectInput(
        panels: panels?.address, bias: bias.value.address + gate * hidden * kernels.stride, x: place.x,
        inputs: inputs, x_row: inputs))
  }
}
