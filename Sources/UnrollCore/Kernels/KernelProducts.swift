/// A matrix as the left side of a product: tiles of rows, in place or packed.
struct LeftOperand {
  let base: UnsafeRawPointer
  let tileStride: Int
  let rowStride: Int
  let columnStride: Int
  /// Keeps packed memory alive as long as the operand.
  let owner: TensorStorage?
}

extension Kernels {
  /// Row-major rows, each `rowStride` elements after the one before.
  func left(_ base: UnsafeRawPointer, rowStride: Int) -> LeftOperand {
    LeftOperand(
      base: base, tileStride: tileRows * rowStride, rowStride: rowStride, columnStride: 1, owner: nil)
  }

  /// The transpose of row-major rows: `rows` of the product's left side are the columns of the memory.
  func leftTransposed(_ base: UnsafeRawPointer, rowStride: Int, rows: Int, inner: Int) -> LeftOperand {
    let packed = pack(
      base, columns: rows, inner: inner, innerStride: rowStride, columnStride: 1, width: tileRows)
    return LeftOperand(
      base: UnsafeRawPointer(packed.address), tileStride: tileRows * inner, rowStride: 1,
      columnStride: tileRows, owner: packed)
  }

  func pack(
    _ base: UnsafeRawPointer, columns: Int, inner: Int, innerStride: Int, columnStride: Int, width: Int
  ) -> TensorStorage {
    let panels = (columns + width - 1) / width
    let packed = TensorStorage(
      count: panels * inner * width, precision: stride == 8 ? .double : .single)
    WorkerPool.shared.split(panels, grain: max(1, Self.grain / max(1, inner * width))) { range in
      table.pointee.pack(
        width, range.lowerBound, range.upperBound, columns, inner, base, innerStride, columnStride,
        packed.address)
    }
    return packed
  }

  /// Row-major `[inner, columns]`, packed for the right side.
  func right(_ base: UnsafeRawPointer, columns: Int, inner: Int, rowStride: Int) -> TensorStorage {
    pack(
      base, columns: columns, inner: inner, innerStride: rowStride, columnStride: 1, width: panelColumns)
  }

  /// Some rows of a weight matrix `[rows, columns]`, packed for a use and kept with the matrix until it is written.
  func panels(_ weight: Tensor, _ use: PanelForm.Use, rows: Range<Int>? = nil) -> TensorStorage {
    let rows = rows ?? 0..<weight.shape.rows
    let columns = weight.shape.columns
    let form = PanelForm(use: use, rows: rows, target: name)
    return weight.storage.panels(form) {
      let base = weight.address + rows.lowerBound * columns * stride
      return switch use {
      case .product:
        pack(
          base, columns: rows.count, inner: columns, innerStride: 1, columnStride: columns,
          width: panelColumns)
      case .transposedProduct:
        pack(
          base, columns: columns, inner: rows.count, innerStride: columns, columnStride: 1,
          width: panelColumns)
      case .gates(let gates): packGates(base, gates: gates, hidden: rows.count / gates, inner: columns)
      }
    }
  }

  private func packGates(
    _ base: UnsafeRawPointer, gates: Int, hidden: Int, inner: Int
  ) -> TensorStorage {
    let packed = TensorStorage(
      count: gatePanels(of: hidden) * inner * gates * lanes, precision: stride == 8 ? .double : .single)
    let work = inner * gates * lanes
    WorkerPool.shared.split(gatePanels(of: hidden), grain: max(1, Self.grain / max(1, work))) { range in
      table.pointee.pack_gates(
        range.lowerBound, range.upperBound, gates, hidden, inner, base, inner, packed.address)
    }
    return packed
  }

  /// C = A·B (+ bias) (+ C), with the tiles or the panels shared among threads.
  func product(
    _ a: LeftOperand, rows: Int, inner: Int, _ panels: TensorStorage, columns: Int,
    bias: UnsafeRawPointer? = nil, into c: UnsafeMutableRawPointer, rowStride: Int, accumulate: Bool = false
  ) {
    guard rows > 0, columns > 0 else { return }
    let tiles = (rows + tileRows - 1) / tileRows
    let columnPanels = self.panels(of: columns)
    let operations = rows * columns * max(inner, 1)
    let worth = max(1, operations / (1 << 17))
    func run(_ tileRange: Range<Int>, _ panelRange: Range<Int>) {
      table.pointee.product(
        tileRange.lowerBound, tileRange.upperBound, panelRange.lowerBound, panelRange.upperBound, rows,
        columns, inner, a.base, a.tileStride, a.rowStride, a.columnStride, panels.address, bias, c, rowStride,
        accumulate)
    }
    if tiles >= columnPanels {
      WorkerPool.shared.split(tiles, grain: max(1, tiles / worth)) { run($0, 0..<columnPanels) }
    } else {
      WorkerPool.shared.split(columnPanels, grain: max(1, columnPanels / worth)) { run(0..<tiles, $0) }
    }
    withExtendedLifetime((a.owner, panels)) {}
  }

  /// y [N, rows of w] = x [N, K]·Wᵀ (+ bias).
  func linear(
    _ x: UnsafeRawPointer, rowStride: Int, rows: Int, _ weight: Tensor, weightRows: Range<Int>? = nil,
    bias: UnsafeRawPointer? = nil, into y: UnsafeMutableRawPointer, yStride: Int, accumulate: Bool = false
  ) {
    let range = weightRows ?? 0..<weight.shape.rows
    product(
      left(x, rowStride: rowStride), rows: rows, inner: weight.shape.columns,
      panels(weight, .product, rows: range), columns: range.count, bias: bias, into: y, rowStride: yStride,
      accumulate: accumulate)
  }

  /// dx [N, K] = dy [N, rows of w]·W.
  func linearInputGradient(
    _ dy: UnsafeRawPointer, rowStride: Int, rows: Int, _ weight: Tensor, weightRows: Range<Int>? = nil,
    into dx: UnsafeMutableRawPointer, accumulate: Bool = false
  ) {
    let range = weightRows ?? 0..<weight.shape.rows
    let columns = weight.shape.columns
    product(
      left(dy, rowStride: rowStride), rows: rows, inner: range.count,
      panels(weight, .transposedProduct, rows: range), columns: columns, into: dx, rowStride: columns,
      accumulate: accumulate)
  }

  /// dW [M, K] = dyᵀ·x for dy [N, M] and x [N, K].
  func linearWeightGradient(
    _ dy: UnsafeRawPointer, rowStride: Int, outputs: Int, _ x: UnsafeRawPointer, xStride: Int, inputs: Int,
    rows: Int, into dw: UnsafeMutableRawPointer, accumulate: Bool = false
  ) {
    // Some megabytes at a time, in whole blocks of the sums: both sides are packed, and may be large.
    let chunk = max(1, (1 << 20) / max(1, inputs + outputs) / 384) * 384
    var start = 0
    repeat {
      let count = min(chunk, rows - start)
      product(
        leftTransposed(dy + start * rowStride * stride, rowStride: rowStride, rows: outputs, inner: count),
        rows: outputs, inner: count,
        right(x + start * xStride * stride, columns: inputs, inner: count, rowStride: xStride),
        columns: inputs, into: dw, rowStride: inputs, accumulate: accumulate || start > 0)
      start += count
    } while start < rows
  }
}
