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
  private static let preferred =
    ComputeEnvironment.variable("UNROLL_TARGET").flatMap { Kernels(named: $0) } ?? best
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
    require(a.shape == b.shape, "elementwise operation: the shapes \(a.shape) and \(b.shape) differ")
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
    WorkerPool.shared.split(rows, grain: Swift.max(1, Self.grain / Swift.max(1, columns))) { range in
      let start = range.lowerBound * columns
      kernels.table.pointee.binary_row(
        operation, kernels.offset(x.address, start), columns, v.address,
        kernels.offset(y.mutableAddress, start), columns, range.count, columns)
    }
    return y
  }

  /// x op v for each column of x, seen as `[v.count, columns]`.
  package static func binaryColumn(_ operation: BinaryOperation, _ x: Tensor, _ v: Tensor) -> Tensor {
    let kernels = serving(x.precision)
    let rows = v.shape.count
    let columns = rows == 0 ? 0 : x.shape.count / rows
    let y = Tensor(uninitialized: x.shape, precision: x.precision)
    func run(from start: Int, _ rows: Range<Int>, _ columns: Int) {
      kernels.table.pointee.binary_column(
        operation, kernels.offset(x.address, start), columns, kernels.offset(v.address, rows.lowerBound),
        kernels.offset(y.mutableAddress, start), columns, rows.count, columns)
    }
    if rows == 1 {
      kernels.each(columns) { start, count in run(from: start, 0..<1, count) }
    } else {
      WorkerPool.shared.split(rows, grain: Swift.max(1, Self.grain / Swift.max(1, columns))) { range in
        run(from: range.lowerBound * columns, range, columns)
      }
    }
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
    require(x.shape.count == y.shape.count, "sum: the shapes \(x.shape) and \(y.shape) differ")
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
    require(x.shape.count == y.shape.count, "sum: the shapes \(x.shape) and \(y.shape) differ")
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

  /// Elements of a slice that one thread reduces: the same slices for any number of threads, so that no bit depends on
  /// them. Whole blocks of the sums of the kernels.
  private static let slice = 1 << 15

  /// A function of each slice of x, by slice.
  private static func bySlice<Result>(
    _ x: Tensor, _ initial: Result, _ body: (_ kernels: Kernels, UnsafeRawPointer, _ count: Int) -> Result
  ) -> [Result] {
    let kernels = serving(x.precision)
    let count = x.shape.count
    let slices = (count + slice - 1) / slice
    guard slices > 1 else { return count == 0 ? [] : [body(kernels, x.address, count)] }
    var results = Array(repeating: initial, count: slices)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let results = results
      WorkerPool.shared.split(slices) { range in
        for index in range {
          let start = index * slice
          results[index] = body(kernels, kernels.offset(x.address, start), Swift.min(slice, count - start))
        }
      }
    }
    return results
  }

  package static func sum(_ x: Tensor) -> Double {
    bySlice(x, 0.0) { $0.table.pointee.sum($1, $2) }.reduce(0, +)
  }
  /// −∞ where there are no elements; NaN where any is.
  package static func maximum(_ x: Tensor) -> Double {
    bySlice(x, 0.0) { $0.table.pointee.maximum($1, $2) }
      .reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
  }
  package static func allFinite(_ x: Tensor) -> Bool {
    bySlice(x, true) { $0.table.pointee.all_finite($1, $2) }.allSatisfy { $0 }
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
    // A tall matrix has too few columns to share: strips of rows have sums of their own, as many for any number of
    // threads.
    let strip = Swift.max(1024, (Self.grain / Swift.max(1, columns) + 127) / 128 * 128)
    if columns <= 64 && rows >= 2 * strip {
      let strips = (rows + strip - 1) / strip
      let partial = TensorStorage(count: strips * columns, precision: stride == 8 ? .double : .single)
      WorkerPool.shared.split(strips) { range in
        for index in range {
          table.pointee.column_sums(
            x + index * strip * rowStride * stride, rowStride, Swift.min(strip, rows - index * strip), 0,
            columns,
            partial.address + index * columns * stride, false)
        }
      }
      table.pointee.column_sums(partial.address, columns, strips, 0, columns, y, accumulate)
      return
    }
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
    let kernels = serving(a.precision)
    WorkerPool.shared.split(rows, grain: Swift.max(1, Self.grain / Swift.max(1, columns))) { range in
      let start = range.lowerBound * columns
      kernels.table.pointee.row_sums(
        kernels.offset(a.address, start), columns, b.map { kernels.offset($0.address, start) }, columns,
        range.count, columns, kernels.offset(result.mutableAddress, range.lowerBound))
    }
    return result
  }
}
