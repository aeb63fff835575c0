import UnrollCore

extension OperationFamily {
  private static func unary(
    _ name: String, on domain: OperationCase.Domain = .any, tolerance: Double = 1e-6,
    apply: @escaping @Sendable (Variable) -> Variable, f: @escaping @Sendable (Double) -> Double
  ) -> OperationFamily {
    OperationFamily(
      name,
      Awkward.matrices.map { rows, columns in
        OperationCase(
          name: "\(name) [\(rows), \(columns)]", operands: [.init([rows, columns], domain)],
          tolerance: tolerance, apply: { apply($0[0]) }, reference: { $0[0].map(f) })
      })
  }

  /// Functions of one operand. The tolerance of 1e-6 is a few units in the last place of single precision.
  static let elementwise: [OperationFamily] = [
    unary("exp", apply: { $0.exp() }, f: exponential),
    unary("log", on: .positive, apply: { $0.log() }, f: naturalLogarithm),
    unary("tanh", apply: { $0.tanh() }, f: hyperbolicTangent),
    unary("sigmoid", apply: { $0.sigmoid() }, f: { 1 / (1 + exponential(-$0)) }),
    unary("relu", on: .awayFromZero, apply: { $0.relu() }, f: { max(0, $0) }),
    unary("softplus", apply: { $0.softplus() }, f: { naturalLogarithm(1 + exponential($0)) }),
    unary("abs", on: .awayFromZero, apply: { $0.abs() }, f: { abs($0) }),
    unary("square", apply: { $0.square() }, f: { $0 * $0 }),
    unary("sqrt", on: .positive, apply: { $0.sqrt() }, f: { $0.squareRoot() }),
    unary("affine", apply: { $0.affine(times: -1.75, plus: 0.625) }, f: { -1.75 * $0 + 0.625 }),
    unary("negate", apply: { -$0 }, f: { -$0 }),
    unary("x + number", apply: { $0 + 2.5 }, f: { $0 + 2.5 }),
    unary("x − number", apply: { $0 - 2.5 }, f: { $0 - 2.5 }),
    unary("number · x", apply: { -0.375 * $0 }, f: { -0.375 * $0 }),
    unary("number + x", apply: { 2.5 + $0 }, f: { 2.5 + $0 }),
    unary("x · number", apply: { $0 * -0.375 }, f: { -0.375 * $0 }),
    unary("x / number", apply: { $0 / 3 }, f: { $0 / 3 }),
    unary("number / x", on: .positive, apply: { 3 / $0 }, f: { 3 / $0 }),
    unary("number − x", apply: { 1 - $0 }, f: { 1 - $0 }),
    unary("logGamma", on: .positive, apply: { $0.logGamma() }, f: logarithmOfGamma),
    unary("x used three times", apply: { $0 * $0 + $0 }, f: { $0 * $0 + $0 }),
  ]

  private typealias Operation = (
    name: String, domain: OperationCase.Domain, apply: @Sendable (Variable, Variable) -> Variable,
    f: @Sendable (Double, Double) -> Double
  )

  private static let operations: [Operation] = [
    ("+", .any, { $0 + $1 }, { $0 + $1 }),
    ("−", .any, { $0 - $1 }, { $0 - $1 }),
    ("⊙", .any, { $0 * $1 }, { $0 * $1 }),
    ("/", .positive, { $0 / $1 }, { $0 / $1 }),
  ]

  /// a op b element by element, b found by a function of the position in a.
  private static func spread(
    _ a: Grid, _ b: Grid, _ f: (Double, Double) -> Double, _ place: (Int) -> Int
  ) -> Grid {
    Grid(a.shape, a.values.indices.map { f(a.values[$0], b.values[place($0)]) })
  }

  private static func meeting(
    _ form: String, of operation: Operation, flipped: Bool = false,
    shapes: (_ rows: Int, _ columns: Int) -> (Shape, Shape),
    place: @escaping @Sendable (_ index: Int, _ columns: Int, _ second: Int) -> Int
  ) -> OperationFamily {
    let (apply, f) = (operation.apply, operation.f)
    let name = flipped ? "\(form) \(operation.name) a" : "a \(operation.name) \(form)"
    return OperationFamily(
      name,
      Awkward.matrices.map { rows, columns in
        let (first, second) = shapes(rows, columns)
        return OperationCase(
          name: "\(name) \(first) \(second)",
          operands: [.init(first, operation.domain), .init(second, operation.domain)], tolerance: 1e-6,
          apply: { flipped ? apply($0[1], $0[0]) : apply($0[0], $0[1]) },
          reference: { operands in
            spread(operands[0], operands[1], { flipped ? f($1, $0) : f($0, $1) }) {
              place($0, columns, operands[1].values.count)
            }
          })
      })
  }

  /// All ways in which two operands may meet, for each operation.
  static let meetings: [OperationFamily] = operations.flatMap { operation in
    var families = [
      meeting("same", of: operation) {
        ([$0, $1], [$0, $1])
      } place: { index, _, _ in
        index
      },
      meeting("scalar", of: operation) {
        ([$0, $1], [])
      } place: { _, _, _ in
        0
      },
      meeting("single", of: operation) {
        ([$0, $1], [1])
      } place: { _, _, _ in
        0
      },
      meeting("row", of: operation) {
        ([$0, $1], [$1])
      } place: { index, columns, _ in
        index % columns
      },
      meeting("matrix of a block", of: operation) {
        ([2, $0, $1], [$0, $1])
      } place: { index, _, second in
        index % second
      },
      meeting("column", of: operation) {
        ([$0, $1], [$0, 1])
      } place: { index, columns, _ in
        index / columns
      },
    ]
    if operation.name != "/" {
      families += [
        meeting("scalar", of: operation, flipped: true) {
          ([$0, $1], [])
        } place: { _, _, _ in
          0
        },
        meeting("row", of: operation, flipped: true) {
          ([$0, $1], [$1])
        } place: { index, columns, _ in
          index % columns
        },
        meeting("column", of: operation, flipped: true) {
          ([$0, $1], [$0, 1])
        } place: { index, columns, _ in
          index / columns
        },
      ]
    }
    return families
  }
}
