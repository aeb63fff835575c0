import CUnrollKernels

/// The one door to the C kernels: a table of functions for a target and a precision.
///
/// Everything above speaks in tensors; a backend for another device would stand here.
///
/// Unchecked: the table is constant memory of the program.
package struct Kernels: @unchecked Sendable {
  let table: UnsafePointer<unroll_kernels>

  package init?(named name: String) {
    guard let table = unroll_kernels_named(name) else { return nil }
    self.table = table
  }

  private init(_ table: UnsafePointer<unroll_kernels>) { self.table = table }

  private static let best = Kernels(unroll_kernels_best())
  private static let preferred = Settings.variable("UNROLL_TARGET").flatMap { Kernels(named: $0) } ?? best
  private static let reference = Kernels(named: "double") ?? best

  /// The table that serves a precision in the current task.
  package static func serving(_ precision: Precision) -> Kernels {
    switch precision {
    case .double: reference
    case .single: KernelTarget.forced.flatMap { Kernels(named: $0.name) } ?? preferred
    }
  }

  /// Lets denormal numbers count as zero on this thread for good: for threads of our own.
  static func flushDenormals() { _ = unroll_flush_denormals() }

  /// Lets denormal numbers count as zero during `body`. The caller's thread gets its own ways back after.
  package static func flushingDenormals<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let before = unroll_flush_denormals()
    defer { unroll_restore_denormals(before) }
    return try body()
  }
  package static func pause() { unroll_spin_pause() }

  package var name: String { String(cString: table.pointee.name) }
  package var lanes: Int { table.pointee.lanes }
  package var panelColumns: Int { table.pointee.panel_columns }
  package var tileRows: Int { table.pointee.tile_rows }
  package var stride: Int { table.pointee.element_bytes }

  /// Panels that cover `columns` columns.
  package func panels(of columns: Int) -> Int { (columns + panelColumns - 1) / panelColumns }
  /// Gate panels that cover `units` hidden units.
  package func gatePanels(of units: Int) -> Int { (units + lanes - 1) / lanes }
}

package typealias UnaryOperation = unroll_unary
package typealias BinaryOperation = unroll_binary
package typealias ElmanActivation = unroll_elman
typealias StepExtents = unroll_part
typealias DirectInput = unroll_input
typealias WindowExtents = unroll_window
package typealias AdamSettings = unroll_adam
package typealias RMSPropSettings = unroll_rmsprop

extension UnaryOperation {
  package static let exp = UNROLL_EXP
  package static let log = UNROLL_LOG
  package static let tanh = UNROLL_TANH
  package static let sigmoid = UNROLL_SIGMOID
  package static let relu = UNROLL_RELU
  package static let softplus = UNROLL_SOFTPLUS
  package static let abs = UNROLL_ABS
  package static let square = UNROLL_SQUARE
  package static let sqrt = UNROLL_SQRT

  /// Whether the gradient is a function of the argument rather than of the result.
  package var savesArgument: Bool {
    switch self {
    case .log, .softplus, .abs, .square: true
    default: false
    }
  }
}

extension BinaryOperation {
  package static let add = UNROLL_ADD
  package static let subtract = UNROLL_SUB
  package static let multiply = UNROLL_MUL
  package static let divide = UNROLL_DIV
  package static let max = UNROLL_MAX
  package static let min = UNROLL_MIN
}

extension ElmanActivation {
  package static let tanh = UNROLL_ELMAN_TANH
  package static let relu = UNROLL_ELMAN_RELU
}

// MARK: - Elementwise and reductions

extension Kernels {
  /// Elements below which a loop is not worth a second thread.
  static let grain = 16384

  private func each(_ count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
    // Cut at whole cache lines, so that no two members write the same one.
    WorkerPool.shared.split((count + 15) / 16, grain: Self.grain / 16) { range in
      let start = range.lowerBound * 16
      body(start, Swift.min(count, range.upperBound * 16) - start)
    }
  }

  private func offset(_ pointer: UnsafeRawPointer, _ elements: Int) -> UnsafeRawPointer {
    pointer + elements * stride
  }
  private func offset(_ pointer: UnsafeMutableRawPointer, _ elements: Int) -> UnsafeMutableRawPointer {
    pointer + elements * stride
  }

  package static func unary(_ operation: UnaryOperation, _ x: Tensor) -> Tensor {
    let kernels = serving(x.precision)
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    kernels.each(x.shape.count) { start, count in
      kernels.table.pointee.unary(
        operation, kernels.offset(x.address, start), kernels.offset(y.mutableAddress, start), count)
    }
    return y
  }

  package static func unaryGradient(_ operation: UnaryOperation, _ dy: Tensor, saved: Tensor) -> Tensor {
    let kernels = serving(dy.precision)
    let dx = Tensor(uninitialized: dy.shape, precision: dy.precision)
    kernels.each(dy.shape.count) { start, count in
      kernels.table.pointee.unary_gradient(
        operation, kernels.offset(dy.address, start), kernels.offset(saved.address, start),
        kernels.offset(dx.mutableAddress, start), count, false)
    }
    return dx
  }

  package static func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "shapes \(a.shape) and \(b.shape) differ")
    let kernels = serving(a.precision)
    let y = Tensor(uninitialized: a.shape, precision: a.precision)
    kernels.each(a.shape.count) { start, count in
      kernels.table.pointee.binary(
        operation, kernels.offset(a.address, start), kernels.offset(b.address, start),
        kernels.offset(y.mutableAddress, start), count)
    }
    return y
  }

  /// x op v for each row of x, seen as `[rows, v.count]`.
  package static func binaryRow(_ operation: BinaryOperation, _ x: Tensor, _ v: Tensor) -> Tensor {
    let kernels = serving(x.precision)
    let columns = v.shape.count
    let rows = columns == 0 ? 0 : x.shape.count / columns
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    kernels.table.pointee.binary_row(
      operation, x.address, columns, v.address, y.mutableAddress, columns, rows, columns)
    return y
  }

  /// x op v for each column of x, seen as `[v.count, columns]`.
  package static func binaryColumn(_ operation: BinaryOperation, _ x: Tensor, _ v: Tensor) -> Tensor {
    let kernels = serving(x.precision)
    let rows = v.shape.count
    let columns = rows == 0 ? 0 : x.shape.count / rows
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    kernels.table.pointee.binary_column(
      operation, x.address, columns, v.address, y.mutableAddress, columns, rows, columns)
    return y
  }

  /// a·x + b.
  package static func affine(_ x: Tensor, times a: Double, plus b: Double) -> Tensor {
    let kernels = serving(x.precision)
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    kernels.each(x.shape.count) { start, count in
      kernels.table.pointee.affine(
        a, b, kernels.offset(x.address, start), kernels.offset(y.mutableAddress, start), count)
    }
    return y
  }

  /// y += a·x.
  package static func addScaled(_ a: Double, _ x: Tensor, to y: inout Tensor) {
    precondition(x.shape.count == y.shape.count)
    y.makeUnique()
    serving(x.precision).add(a, x.address, to: y.mutableAddress, count: x.shape.count)
  }

  /// y += a·x for plain memory.
  func add(_ a: Double = 1, _ x: UnsafeRawPointer, to y: UnsafeMutableRawPointer, count: Int) {
    each(count) { start, count in
      table.pointee.add_scaled(a, offset(x, start), offset(y, start), count)
    }
  }

  /// y = d·y + (1 − d)·x.
  package static func blend(_ y: inout Tensor, keeping d: Double, with x: Tensor) {
    precondition(x.shape.count == y.shape.count)
    y.makeUnique()
    let kernels = serving(x.precision)
    kernels.each(x.shape.count) { start, count in
      let target = kernels.offset(y.mutableAddress, start)
      kernels.table.pointee.affine(d, 0, target, target, count)
      kernels.table.pointee.add_scaled(1 - d, kernels.offset(x.address, start), target, count)
    }
  }

  /// y += a⊙b.
  package static func addProduct(_ a: Tensor, _ b: Tensor, to y: inout Tensor) {
    y.makeUnique()
    serving(a.precision).table.pointee.add_product(a.address, b.address, y.mutableAddress, a.shape.count)
  }

  package static func sum(_ x: Tensor) -> Double {
    serving(x.precision).table.pointee.sum(x.address, x.shape.count)
  }
  package static func maximum(_ x: Tensor) -> Double {
    serving(x.precision).table.pointee.maximum(x.address, x.shape.count)
  }
  package static func allFinite(_ x: Tensor) -> Bool {
    serving(x.precision).table.pointee.all_finite(x.address, x.shape.count)
  }

  /// The sum of each column of `[rows, columns]`.
  package static func columnSums(_ x: Tensor, columns: Int) -> Tensor {
    let result = Tensor(uninitialized: [columns], precision: x.precision)
    let rows = columns == 0 ? 0 : x.shape.count / columns
    serving(x.precision).columnSums(
      x.address, rowStride: columns, rows: rows, columns: columns, into: result.mutableAddress)
    return result
  }

  func columnSums(
    _ x: UnsafeRawPointer, rowStride: Int, rows: Int, columns: Int, into y: UnsafeMutableRawPointer,
    accumulate: Bool = false
  ) {
    WorkerPool.shared.split(
      (columns + 15) / 16, grain: Swift.max(1, Self.grain / Swift.max(1, rows * 16))
    ) { range in
      table.pointee.column_sums(
        x, rowStride, rows, range.lowerBound * 16, Swift.min(columns, range.upperBound * 16), y, accumulate)
    }
  }

  /// The sum of each row of a⊙b, or of a, for `[rows, columns]`.
  package static func rowSums(_ a: Tensor, times b: Tensor? = nil, rows: Int) -> Tensor {
    let columns = rows == 0 ? 0 : a.shape.count / rows
    let result = Tensor(uninitialized: [rows], precision: a.precision)
    serving(a.precision).table.pointee.row_sums(
      a.address, columns, b?.address, columns, rows, columns, result.mutableAddress)
    return result
  }
}
