extension Variable {
  private func apply(_ operation: UnaryOperation) -> Variable {
    let x = value
    let y = Kernels.unary(operation, x)
    let saved = operation.savesArgument ? x : y
    return .record(y, from: [self], as: .unary(operation)) { [slot] dy, gradients in
      gradients.add(Kernels.unaryGradient(operation, dy, saved: saved), to: slot)
    }
  }

  /// y = eˣ.  dx = dy·y.
  public func exp() -> Variable { apply(.exp) }
  /// y = ln x.  dx = dy / x.
  public func log() -> Variable { apply(.log) }
  /// y = tanh x.  dx = dy·(1 − y²).
  public func tanh() -> Variable { apply(.tanh) }
  /// y = σ(x) = 1 / (1 + e⁻ˣ).  dx = dy·y·(1 − y).
  public func sigmoid() -> Variable { apply(.sigmoid) }
  /// y = max(0, x).  dx = dy where x > 0, else 0.
  public func relu() -> Variable { apply(.relu) }
  /// y = ln(1 + eˣ).  dx = dy·σ(x).
  public func softplus() -> Variable { apply(.softplus) }
  /// y = |x|.  dx = dy·sign x.
  public func abs() -> Variable { apply(.abs) }
  /// y = x².  dx = dy·2x.
  public func square() -> Variable { apply(.square) }
  /// y = √x.  dx = dy / 2y.
  public func sqrt() -> Variable { apply(.sqrt) }

  /// y = a·x + b for numbers a and b, in one pass.  dx = a·dy.
  package func affine(times a: Double, plus b: Double) -> Variable {
    .record(
      Kernels.affine(value, times: a, plus: b), from: [self], as: .affine(times: a, plus: b)
    ) { [slot] dy, gradients in
      gradients.add(Kernels.affine(dy, times: a, plus: 0), to: slot)
    }
  }

  /// y = x with each element replaced by a function of it, and dx = dy·derivative.  For rare functions: it
  /// runs in double precision, one element at a time.
  func map(
    _ function: (Double) -> Double, derivative: @escaping @Sendable (Double) -> Double
  ) -> Variable {
    let x = value
    func apply(_ f: (Double) -> Double) -> Tensor {
      Tensor(doubles: x.doubles.map(f), shape: x.shape).converted(to: x.precision)
    }
    let y = apply(function)
    return .record(y, from: [self]) { [slot] dy, gradients in
      let slope = Tensor(doubles: x.doubles.map(derivative), shape: x.shape).converted(to: x.precision)
      gradients.add(Kernels.binary(.multiply, dy, slope), to: slot)
    }
  }

  /// y = ln Γ(x) for x > 0.  dx = dy·ψ(x).
  public func logGamma() -> Variable { map(logarithmOfGamma, derivative: digamma) }
}

// MARK: - Two operands

extension Variable {
  /// How the second operand of an elementwise operation meets the first.
  enum Meeting {
    case same, scalar, row, column

    /// - Returns: `nil` when the shapes do not meet.
    init?(_ a: Shape, _ b: Shape) {
      if a == b {
        self = .same
      } else if b.count == 1 && b.rank <= 1 {
        self = .scalar
      } else if b.rank <= a.rank && Array(a.extents.suffix(b.rank)) == b.extents {
        self = .row
      } else if b.rank == a.rank && b[-1] == 1 && Array(a.extents.dropLast()) == Array(b.extents.dropLast()) {
        self = .column
      } else {
        return nil
      }
    }
  }

  /// a op b; b is repeated over a where it is one number, a row (its shape ends a's) or a column (its last
  /// extent is 1).
  private static func combine(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, _ meeting: Meeting
  ) -> Tensor {
    switch meeting {
    case .same: Kernels.binary(operation, a, b)
    case .row: Kernels.binaryRow(operation, a, b)
    // One number is a column of one row, and so a vector's work.
    case .column, .scalar: Kernels.binaryColumn(operation, a, b)
    }
  }

  /// How two operands are brought together.
  private enum Pairing {
    /// b is repeated over a.
    case direct(Meeting)
    /// a is repeated over b.
    case exchanged
    /// Both are repeated to a shape that is neither's.
    case spread(Variable, Variable)

    init(_ a: Variable, _ b: Variable, _ operation: String) {
      if let meeting = Meeting(a.shape, b.shape) {
        self = .direct(meeting)
      } else if Meeting(b.shape, a.shape) != nil {
        self = .exchanged
      } else {
        guard let shape = Shape.broadcast(a.shape, b.shape) else {
          stop("Variable \(operation) Variable: the shapes \(a.shape) and \(b.shape) do not fit")
        }
        self = .spread(a.broadcast(to: shape), b.broadcast(to: shape))
      }
    }
  }

  /// Sums a gradient of a's shape over what b was repeated along.
  private static func reduce(_ gradient: Tensor, _ meeting: Meeting, to shape: Shape) -> Tensor {
    switch meeting {
    case .same: gradient
    case .scalar:
      Tensor(repeating: Kernels.sum(gradient), shape: shape, precision: gradient.precision)
    case .row: Kernels.columnSums(gradient, columns: shape.count).reshaped(to: shape)
    case .column: Kernels.rowSums(gradient, rows: shape.count).reshaped(to: shape)
    }
  }

  /// y = a + b, elements apart; extents that are 1 or missing are repeated (broadcasting).
  public static func + (a: Variable, b: Variable) -> Variable {
    let (a, b) = matched(a, b)
    switch Pairing(a, b, "+") {
    case .spread(let a, let b): return a + b
    case .exchanged: return b + a
    case .direct(let meeting):
      let y = combine(.add, a.value, b.value, meeting)
      return record(y, from: [a, b], as: .binary(.add)) { [a = a.slot, b = b.slot] dy, gradients in
        gradients.add(dy, to: a)
        gradients.add(reduce(dy, meeting, to: b.shape), to: b)
      }
    }
  }

  /// y = a − b, elements apart; extents that are 1 or missing are repeated (broadcasting).
  public static func - (a: Variable, b: Variable) -> Variable {
    let (a, b) = matched(a, b)
    switch Pairing(a, b, "−") {
    case .spread(let a, let b): return a - b
    case .exchanged: return -b + a
    case .direct(let meeting):
      let y = combine(.subtract, a.value, b.value, meeting)
      return record(y, from: [a, b], as: .binary(.subtract)) { [a = a.slot, b = b.slot] dy, gradients in
        gradients.add(dy, to: a)
        gradients.add(Kernels.affine(reduce(dy, meeting, to: b.shape), times: -1, plus: 0), to: b)
      }
    }
  }

  /// y = a ⊙ b, elements apart; extents that are 1 or missing are repeated (broadcasting).
  /// da = dy ⊙ b,  db = dy ⊙ a.
  public static func * (a: Variable, b: Variable) -> Variable {
    let (a, b) = matched(a, b)
    switch Pairing(a, b, "·") {
    case .spread(let a, let b): return a * b
    case .exchanged: return b * a
    case .direct(let meeting):
      let y = combine(.multiply, a.value, b.value, meeting)
      return record(y, from: [a, b], as: .binary(.multiply)) { dy, gradients in
        gradients.add(combine(.multiply, dy, b.value, meeting), to: a)
        gradients.add(reduce(Kernels.binary(.multiply, dy, a.value), meeting, to: b.shape), to: b)
      }
    }
  }

  /// y = a / b, elements apart; extents that are 1 or missing are repeated (broadcasting).
  /// da = dy / b,  db = −dy ⊙ y / b.
  public static func / (a: Variable, b: Variable) -> Variable {
    let (a, b) = matched(a, b)
    switch Pairing(a, b, "/") {
    case .spread(let a, let b): return a / b
    case .exchanged: return a.broadcast(to: b.shape) / b
    case .direct(let meeting):
      let y = combine(.divide, a.value, b.value, meeting)
      let slot = a.slot
      return record(y, from: [a, b], as: .binary(.divide)) { dy, gradients in
        let scaled = combine(.divide, dy, b.value, meeting)
        gradients.add(scaled, to: slot)
        let product = Kernels.affine(Kernels.binary(.multiply, scaled, y), times: -1, plus: 0)
        gradients.add(reduce(product, meeting, to: b.shape), to: b)
      }
    }
  }
}

/// ψ(x) = d ln Γ(x) / dx for x > 0, by recurrence to x ≥ 10 and the asymptotic series (Abramowitz and Stegun 6.3.18).
func digamma(_ x: Double) -> Double {
  guard x > 0 else { return .nan }
  var x = x
  var result = 0.0
  while x < 10 {
    result -= 1 / x
    x += 1
  }
  let square = 1 / (x * x)
  let tail =
    square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))))
  return result + naturalLogarithm(x) - 0.5 / x - tail
}
