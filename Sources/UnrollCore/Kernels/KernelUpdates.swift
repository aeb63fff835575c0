// Steps of optimizers, the norm of gradients, and dropout: passes over memory, shared among threads by slices.

extension Kernels {
  /// Elements of a slice whose squares are summed by one thread: the same slices for any number of threads.
  private static let normSlice = 1 << 15

  /// Σ x² over all elements of all tensors, in double.
  ///
  /// The order of the sum depends on the shapes alone, so equal numbers give equal bits on any number of threads.
  package static func sumOfSquares(_ tensors: [Tensor]) -> Double {
    var slices: [(tensor: Int, start: Int)] = []
    for (index, tensor) in tensors.enumerated() {
      slices += Swift.stride(from: 0, to: tensor.shape.count, by: normSlice).map { (index, $0) }
    }
    let tables = tensors.map { serving($0.precision) }
    var partial = Array(repeating: 0.0, count: slices.count)
    partial.withUnsafeMutableBufferPointer { partial in
      nonisolated(unsafe) let partial = partial
      WorkerPool.shared.split(slices.count, grain: 4) { range in
        for slice in range {
          let (index, start) = slices[slice]
          let (tensor, kernels) = (tensors[index], tables[index])
          partial[slice] = kernels.table.pointee.sum_of_squares(
            tensor.address + start * kernels.stride, Swift.min(normSlice, tensor.shape.count - start))
        }
      }
    }
    return partial.reduce(0, +)
  }

  /// Calls `body` with slices of memory of this table's elements.
  private func slices(_ count: Int, _ body: (_ offset: Int, _ start: Int, _ count: Int) -> Void) {
    // Cut at whole cache lines, so that no two members write the same one.
    WorkerPool.shared.split((count + 15) / 16, grain: Self.grain / 16) { range in
      let start = range.lowerBound * 16
      body(start * stride, start, Swift.min(count, range.upperBound * 16) - start)
    }
  }

  /// p −= rate·(scale·g + decay·p).
  package static func sgd(
    _ parameter: inout Tensor, gradient: Tensor, rate: Double, scale: Double, decay: Double
  ) {
    let kernels = serving(parameter.precision)
    parameter.makeUnique()
    let (p, g) = (parameter.mutableAddress, gradient.address)
    kernels.slices(parameter.shape.count) { offset, _, count in
      kernels.table.pointee.sgd(rate, scale, decay, g + offset, p + offset, count)
    }
  }

  /// The same for some rows of a parameter, where there is no decay that would move the others.
  package static func sgd(_ parameter: inout Tensor, rows: RowGradient, rate: Double, scale: Double) {
    let kernels = serving(parameter.precision)
    parameter.makeUnique()
    let (p, g, width) = (parameter.mutableAddress, rows.values.address, rows.width)
    WorkerPool.shared.split(rows.indices.count, grain: Swift.max(1, Self.grain / Swift.max(1, width))) {
      for place in $0 {
        kernels.table.pointee.sgd(
          rate, scale, 0, g + place * width * kernels.stride,
          p + Int(rows.indices[place]) * width * kernels.stride, width)
      }
    }
  }

  /// SGD with momentum; `velocity` is kept from step to step.
  package static func sgd(
    _ parameter: inout Tensor, gradient: Tensor, velocity: inout Tensor, rate: Double, scale: Double,
    decay: Double, momentum: Double, isNesterov: Bool
  ) {
    let kernels = serving(parameter.precision)
    parameter.makeUnique()
    velocity.makeUnique()
    let (p, g, v) = (parameter.mutableAddress, gradient.address, velocity.mutableAddress)
    kernels.slices(parameter.shape.count) { offset, _, count in
      kernels.table.pointee.sgd_momentum(
        rate, scale, decay, momentum, isNesterov, g + offset, v + offset, p + offset, count)
    }
  }

  /// A step of Adam; the moments are kept from step to step.
  package static func adam(
    _ parameter: inout Tensor, gradient: Tensor, first: inout Tensor, second: inout Tensor,
    _ settings: AdamSettings
  ) {
    let kernels = serving(parameter.precision)
    parameter.makeUnique()
    first.makeUnique()
    second.makeUnique()
    let (p, g) = (parameter.mutableAddress, gradient.address)
    let (m, s) = (first.mutableAddress, second.mutableAddress)
    kernels.slices(parameter.shape.count) { offset, _, count in
      withUnsafePointer(to: settings) {
        kernels.table.pointee.adam($0, g + offset, m + offset, s + offset, p + offset, count)
      }
    }
  }

  /// A step of RMSProp without momentum; the mean square is kept from step to step.
  package static func rmsprop(
    _ parameter: inout Tensor, gradient: Tensor, meanSquare: inout Tensor, _ settings: RMSPropSettings
  ) {
    meanSquare.makeUnique()
    rmsprop(&parameter, gradient, meanSquare.mutableAddress, nil, settings)
  }

  /// The same with momentum; the velocity is kept as well.
  package static func rmsprop(
    _ parameter: inout Tensor, gradient: Tensor, meanSquare: inout Tensor, velocity: inout Tensor,
    _ settings: RMSPropSettings
  ) {
    meanSquare.makeUnique()
    velocity.makeUnique()
    rmsprop(&parameter, gradient, meanSquare.mutableAddress, velocity.mutableAddress, settings)
  }

  private static func rmsprop(
    _ parameter: inout Tensor, _ gradient: Tensor, _ s: UnsafeMutableRawPointer,
    _ v: UnsafeMutableRawPointer?, _ settings: RMSPropSettings
  ) {
    let kernels = serving(parameter.precision)
    parameter.makeUnique()
    let (p, g) = (parameter.mutableAddress, gradient.address)
    kernels.slices(parameter.shape.count) { offset, _, count in
      withUnsafePointer(to: settings) {
        kernels.table.pointee.rmsprop($0, g + offset, s + offset, v.map { $0 + offset }, p + offset, count)
      }
    }
  }

  /// x·kept with elements left out by chance: always the same ones for a seed, whatever x is.
  package static func dropout(_ x: Tensor, seed: UInt64, rate: Float, kept: Float) -> Tensor {
    dropout(x, shape: x.shape, precision: x.precision, seed: seed, rate: rate, kept: kept)
  }

  /// The same for x = 1 everywhere: a mask.
  package static func dropoutMask(
    _ shape: Shape, precision: Precision, seed: UInt64, rate: Float, kept: Float
  ) -> Tensor {
    dropout(nil, shape: shape, precision: precision, seed: seed, rate: rate, kept: kept)
  }

  private static func dropout(
    _ x: Tensor?, shape: Shape, precision: Precision, seed: UInt64, rate: Float, kept: Float
  ) -> Tensor {
    let kernels = serving(precision)
    let y = Tensor(uninitialized: shape, precision: precision)
    let threshold = UInt64((Double(Swift.min(Swift.max(rate, 0), 1)) * 0x1p32).rounded())
    let (from, to) = (x?.address, y.mutableAddress)
    kernels.slices(shape.count) { offset, start, count in
      kernels.table.pointee.dropout(
        seed, threshold, Double(kept), UInt64(start), from.map { $0 + offset }, to + offset, count)
    }
    return y
  }
}

// MARK: - Rows of a table

/// The uses of a table's rows, by row: which look-ups asked for it.
struct RowUses: Sendable {
  /// The rows that were asked for, in ascending order.
  private(set) var rows: [Int32] = []
  /// The look-ups, sorted by row and within a row by their own order.
  private(set) var order: [Int32] = []
  /// Where the look-ups of each row begin in `order`, and their number.
  private(set) var starts: [Int32] = [0]

  /// - Parameter indices: the row of each look-up; negative: none.
  init(_ indices: [Int32], of count: Int) {
    // Counting, not comparing: a step looks up as many rows as a batch has words.
    var places = [Int32](repeating: 0, count: count + 1)
    for index in indices where index >= 0 { places[Int(index) + 1] += 1 }
    for row in 0..<count {
      if places[row + 1] > 0 { rows.append(Int32(row)) }
      places[row + 1] += places[row]
      if places[row + 1] > places[row] { starts.append(places[row + 1]) }
    }
    order = [Int32](repeating: 0, count: Int(places[count]))
    for (use, index) in indices.enumerated() where index >= 0 {
      order[Int(places[Int(index)])] = Int32(use)
      places[Int(index)] += 1
    }
  }
}

extension Kernels {
  /// Row `indices[i]` of x, seen as rows of `width` elements, as row i of y; zeros where an index is negative.
  func gather(_ x: UnsafeRawPointer, _ indices: [Int32], width: Int, into y: UnsafeMutableRawPointer) {
    indices.withUnsafeBufferPointer { indices in
      guard let base = indices.baseAddress else { return }
      nonisolated(unsafe) let first = base
      WorkerPool.shared.split(indices.count, grain: max(1, Self.grain / max(1, width))) { range in
        table.pointee.gather_rows(
          x, first + range.lowerBound, range.count, width, y + range.lowerBound * width * stride)
      }
    }
  }

  /// Sums rows of x by where they belong: y[i] = Σ x[u] over the uses of row i of `uses`; or, in place of i, the
  /// row itself, added to what is there.
  func sum(
    _ x: UnsafeRawPointer, _ uses: RowUses, width: Int, into y: UnsafeMutableRawPointer, scattered: Bool
  ) {
    guard !uses.rows.isEmpty, width > 0 else { return }
    uses.order.withUnsafeBufferPointer { order in
      uses.starts.withUnsafeBufferPointer { starts in
        uses.rows.withUnsafeBufferPointer { rows in
          nonisolated(unsafe) let (order, starts, places) = (
            order.baseAddress, starts.baseAddress, scattered ? rows.baseAddress : nil
          )
          WorkerPool.shared.split(rows.count, grain: max(1, Self.grain / width)) { range in
            table.pointee.sum_rows(
              x, order, starts, range.lowerBound, range.upperBound, width, places, y, scattered)
          }
        }
      }
    }
  }
}
