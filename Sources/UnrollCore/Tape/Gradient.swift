/// The gradient of a parameter.
///
/// Most are as large as their parameter. That of a table of which a step looks up a few rows is those rows: ten
/// thousand words, of which a batch holds some hundreds, need no table of zeros to be written, summed and added.
public enum Gradient: Sendable {
  /// A number for each of the parameter's.
  case dense(Tensor)
  /// Some rows of the parameter's; the others are zeros.
  case rows(RowGradient)

  /// The parameter's shape.
  public var shape: Shape {
    switch self {
    case .dense(let tensor): tensor.shape
    case .rows(let rows): rows.shape
    }
  }

  /// All numbers, those of absent rows being zeros.
  public var tensor: Tensor {
    switch self {
    case .dense(let tensor): tensor
    case .rows(let rows): rows.dense
    }
  }

  /// The numbers that may differ from zero: all of them, or those of the rows that are there. Whatever is made of
  /// them must leave zeros as they are.
  package var stored: Tensor {
    get {
      switch self {
      case .dense(let tensor): tensor
      case .rows(let rows): rows.values
      }
    }
    set {
      switch self {
      case .dense: self = .dense(newValue)
      case .rows(var rows):
        rows.values = newValue
        self = .rows(rows)
      }
    }
  }

  /// Adds all numbers to those of a tensor of the same shape.
  func add(to sum: inout Tensor) {
    switch self {
    case .dense(let tensor): Kernels.addScaled(1, tensor, to: &sum)
    case .rows(let rows): rows.add(to: &sum)
    }
  }
}

/// A gradient of which only some rows of the first axis are there; the others are zeros.
public struct RowGradient: Sendable {
  /// The shape of the whole.
  public let shape: Shape
  /// The rows that are there, in ascending order, none twice.
  public let indices: [Int32]
  /// Their numbers, `[indices.count, …]` with the whole's extents after the first.
  public package(set) var values: Tensor

  /// The number of elements of a row.
  package var width: Int { shape.extents.dropFirst().reduce(1, *) }

  /// Sums the gradients of look-ups by the row that they looked up.
  ///
  /// - Parameters:
  ///   - shape: the shape of the table, of rank 1 at least.
  ///   - indices: the row of each look-up; negative: none.
  ///   - gradients: of each look-up, `[indices.count, …]`.
  package init(shape: Shape, indices: [Int32], gradients: Tensor) {
    let uses = RowUses(indices, of: shape[0])
    self.init(shape: shape, uses: uses, gradients: gradients)
  }

  init(shape: Shape, uses: RowUses, gradients: Tensor) {
    self.shape = shape
    indices = uses.rows
    values = Tensor(
      uninitialized: Shape([uses.rows.count] + shape.extents.dropFirst()), precision: gradients.precision)
    Kernels.serving(gradients.precision).sum(
      gradients.address, uses, width: width, into: values.mutableAddress, scattered: false)
  }

  /// The whole, with its zeros.
  public var dense: Tensor {
    var whole = Tensor(repeating: 0, shape: shape, precision: values.precision)
    add(to: &whole)
    return whole
  }

  /// Adds these rows to those of a tensor of the whole's shape.
  func add(to whole: inout Tensor) {
    whole.makeUnique()
    let uses = RowUses(indices, of: shape[0])
    Kernels.serving(values.precision).sum(
      values.address, uses, width: width, into: whole.mutableAddress, scattered: true)
  }

  /// The rows of both, summed where both have one.
  func adding(_ other: RowGradient) -> RowGradient {
    let both = Tensor(
      uninitialized: Shape([indices.count + other.indices.count] + shape.extents.dropFirst()),
      precision: values.precision)
    both.copy(values, from: 0, to: 0, count: values.shape.count)
    both.copy(other.values, from: 0, to: values.shape.count, count: other.values.shape.count)
    return RowGradient(shape: shape, indices: indices + other.indices, gradients: both)
  }
}

/// The gradients of a module's parameters, in their order.
public struct Gradients: Sendable {
  /// The parameters' names.
  public let names: [String]
  /// One gradient a parameter.
  public var values: [Gradient]

  /// Gradients by name.
  ///
  /// - Parameters:
  ///   - names: those of the parameters, in the order of `forEachParameter`.
  ///   - values: as many.
  public init(names: [String], values: [Gradient]) {
    require(
      names.count == values.count, "Gradients: \(names.count) names for \(values.count) gradients")
    self.names = names
    self.values = values
  }

  /// Adds the gradients of the same parameters: of another part of a batch, or of another loss.
  public mutating func add(_ others: Gradients) {
    require(
      names == others.names,
      "Gradients.add: the gradients are of other parameters: \(names) and \(others.names)")
    for index in values.indices {
      require(
        values[index].shape == others.values[index].shape,
        "Gradients.add: \(names[index]) has the shapes \(values[index].shape) and \(others.values[index].shape)"
      )
      if case .rows(let mine) = values[index], case .rows(let theirs) = others.values[index] {
        values[index] = .rows(mine.adding(theirs))
      } else {
        var sum = values[index].tensor
        others.values[index].add(to: &sum)
        values[index] = .dense(sum)
      }
    }
  }

  /// One tensor a parameter, of its shape: absent rows are filled with zeros.
  public var tensors: [Tensor] {
    get { values.map(\.tensor) }
    set { values = newValue.map { .dense($0) } }
  }

  /// The gradient of the parameter of this name with its zeros, or `nil` when there is none.
  public subscript(name: String) -> Tensor? { names.firstIndex(of: name).map { values[$0].tensor } }
}
