import UnrollCore

/// An operation on operands of given shapes: a row of the one table that the value test and the gradient test read.
struct OperationCase: Sendable {
  /// Where an operand's elements lie.
  enum Domain: Sendable {
    /// Normal numbers.
    case any
    /// Between 0.3 and 3.
    case positive
    /// Normal numbers, at least 0.1 from the kink at 0.
    case awayFromZero
  }

  struct Operand: Sendable {
    let shape: Shape
    let domain: Domain

    init(_ shape: Shape, _ domain: Domain = .any) {
      self.shape = shape
      self.domain = domain
    }

    func draw(_ random: inout RandomSource) -> Tensor {
      switch domain {
      case .any: return .normal(shape: shape, using: &random)
      case .positive: return .uniform(0.3...3, shape: shape, using: &random)
      case .awayFromZero:
        let far = Tensor.normal(shape: shape, using: &random).elements
        return Tensor(far.map { $0 < 0 ? $0 - 0.1 : $0 + 0.1 }, shape: shape)
      }
    }
  }

  let name: String
  let operands: [Operand]
  /// What single precision may miss, relative to the larger of 1 and the largest element.
  var tolerance = 1e-5
  let apply: @Sendable ([Variable]) throws -> Variable
  /// The same in plain double-precision loops.
  let reference: @Sendable ([Grid]) -> Grid

  func draw(seed: UInt64 = 1) -> [Tensor] {
    var random = RandomSource(seed: seed)
    return operands.map { $0.draw(&random) }
  }

  /// Fixed weights that make a scalar of a result, so that each of its elements matters differently.
  static func weights(_ shape: Shape) -> Tensor {
    var random = RandomSource(seed: 77)
    return .uniform(-1...1, shape: shape, using: &random)
  }
}

/// Numbers of a reference: nothing but a shape and a list.
struct Grid: Sendable {
  let shape: Shape
  let values: [Double]

  init(_ shape: Shape, _ values: [Double]) {
    self.shape = shape
    self.values = values
  }

  init(_ tensor: Tensor) { self.init(tensor.shape, tensor.doubles) }

  var rows: Int { shape.rows }
  var columns: Int { shape.columns }
  subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

  func row(_ index: Int) -> [Double] { Array(values[index * columns..<(index + 1) * columns]) }
  func map(_ f: (Double) -> Double) -> Grid { Grid(shape, values.map(f)) }

  /// A function of each row, giving rows that may be of another width.
  func mapRows(width: Int? = nil, _ f: ([Double]) -> [Double]) -> Grid {
    Grid(Shape(shape.extents.dropLast() + [width ?? columns]), (0..<rows).flatMap { f(row($0)) })
  }
}

/// An operation at all its sizes.
struct OperationFamily: Sendable, CustomStringConvertible {
  let name: String
  let cases: [OperationCase]
  var description: String { name }

  init(_ name: String, _ cases: [OperationCase]) {
    self.name = name
    self.cases = cases
  }

  static let all =
    elementwise + meetings + broadcasts + products + severalProducts + shapes + axes + arrangements
    + reductions + attention + pooling + linearChains + smoothed + pointers + ctc + transducers + densities
    + pictures
}

/// Sizes around the widths of vectors, empty ones, and one that is worth two threads.
enum Awkward {
  static let matrices: [(rows: Int, columns: Int)] = [
    (0, 5), (1, 1), (6, 1), (3, 7), (2, 8), (5, 9), (1, 15), (4, 16), (2, 17), (3, 31), (2, 33), (70, 501),
  ]
}
