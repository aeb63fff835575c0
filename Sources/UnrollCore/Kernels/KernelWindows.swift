/// Windows over pictures `[B, H, W, C]`: products of what they see, and pooling.
///
/// Work is shared by windows where results are apart, and by pictures where they are added up: each element is the same
/// sum in the same order on any number of threads.
struct PictureWindows {
  let kernels: Kernels
  let pictures: Int
  private var window: WindowExtents
  /// Windows on a picture.
  private let area: Int

  /// - Parameter x: the shape of the pictures.
  init(_ kernels: Kernels, _ geometry: Window2D, over x: Shape) {
    self.kernels = kernels
    pictures = x[0]
    let (height, width) = (geometry.rows(of: x[1]), geometry.columns(of: x[2]))
    area = height * width
    window = WindowExtents(
      height: x[1], width: x[2], channels: x[3], kernel_height: geometry.kernel.height,
      kernel_width: geometry.kernel.width, stride_height: geometry.stride.height,
      stride_width: geometry.stride.width, pad_height: geometry.padding.height,
      pad_width: geometry.padding.width, out_height: height, out_width: width, first_channel: 0,
      taken_channels: x[3])
  }

  /// The same for some of the channels.
  func taking(_ channels: Range<Int>) -> PictureWindows {
    var copy = self
    copy.window.first_channel = channels.lowerBound
    copy.window.taken_channels = channels.count
    return copy
  }

  /// The number of windows on all pictures.
  var count: Int { pictures * area }
  /// K, the elements of a patch.
  private var patchSize: Int { window.kernel_height * window.kernel_width * window.taken_channels }

  /// Elements of patches that are made at a time: they stay in the second-level cache until the product has read them.
  private static let patchElements = 1 << 16
  /// The same for the gradient of weights, where all threads read them.
  private static let sharedElements = 1 << 18

  /// Blocks of windows from one end of a range to the other, each of whole tiles.
  private func blocks(_ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    let tile = kernels.tileRows
    let size = max(1, Self.patchElements / max(1, patchSize) / tile) * tile
    for start in Swift.stride(from: range.lowerBound, to: range.upperBound, by: size) {
      body(start..<min(start + size, range.upperBound))
    }
  }

  private func scratch(_ elements: Int) -> TensorStorage {
    TensorStorage(count: elements, precision: kernels.stride == 8 ? .double : .single)
  }

  /// Rows of patches that a block has at most.
  private var blockRows: Int {
    max(1, Self.patchElements / max(1, patchSize) / kernels.tileRows) * kernels.tileRows
  }

  /// y [windows, M] = f(patches·Wᵀ (+ b)), for rows of W that lie packed; f is max(0, ·) or the identity.
  func product(
    _ x: UnsafeRawPointer, _ panels: TensorStorage, outputs: Int, bias: UnsafeRawPointer?, relu: Bool,
    into y: UnsafeMutableRawPointer, rowStride: Int
  ) {
    let work = max(1, outputs * patchSize)
    let columnPanels = kernels.panels(of: outputs)
    WorkerPool.shared.split(count, grain: max(1, (1 << 17) / work)) { range in
      let scratch = scratch(min(blockRows, range.count) * patchSize)
      blocks(range) { block in
        withUnsafePointer(to: window) {
          kernels.table.pointee.patches($0, block.lowerBound, block.upperBound, x, scratch.address)
        }
        let a = kernels.left(scratch.address, rowStride: patchSize)
        let rows = y + block.lowerBound * rowStride * kernels.stride
        kernels.table.pointee.product(
          0, (block.count + kernels.tileRows - 1) / kernels.tileRows, 0, columnPanels, block.count, outputs,
          patchSize, a.base, a.tileStride, a.rowStride, a.columnStride, panels.address, bias, rows, rowStride,
          false)
        if relu { rectify(rows, count: block.count, columns: outputs, rowStride: rowStride) }
      }
      withExtendedLifetime(scratch) {}
    }
    withExtendedLifetime(panels) {}
  }

  /// max(0, ·) in place, while the rows are in the cache.
  private func rectify(_ y: UnsafeMutableRawPointer, count: Int, columns: Int, rowStride: Int) {
    if columns == rowStride { return kernels.table.pointee.unary(.relu, y, y, count * columns) }
    for row in 0..<count {
      let start = y + row * rowStride * kernels.stride
      kernels.table.pointee.unary(.relu, start, start, columns)
    }
  }

  /// dx += the windows' pixels of dy·W, dy [windows, M].
  func inputGradient(
    _ dy: UnsafeRawPointer, rowStride: Int, _ panels: TensorStorage, outputs: Int,
    into dx: UnsafeMutableRawPointer
  ) {
    let columnPanels = kernels.panels(of: patchSize)
    WorkerPool.shared.split(pictures) { range in
      let windows = range.lowerBound * area..<range.upperBound * area
      let scratch = scratch(min(blockRows, windows.count) * patchSize)
      blocks(windows) { block in
        let a = kernels.left(dy + block.lowerBound * rowStride * kernels.stride, rowStride: rowStride)
        kernels.table.pointee.product(
          0, (block.count + kernels.tileRows - 1) / kernels.tileRows, 0, columnPanels, block.count,
          patchSize, outputs, a.base, a.tileStride, a.rowStride, a.columnStride, panels.address, nil,
          scratch.address, patchSize, false)
        withUnsafePointer(to: window) {
          kernels.table.pointee.add_patches($0, block.lowerBound, block.upperBound, scratch.address, dx)
        }
      }
      withExtendedLifetime(scratch) {}
    }
    withExtendedLifetime(panels) {}
  }

  /// dW [M, K] = dyᵀ·patches (+ dW), dy [windows, M].
  func weightGradient(
    _ dy: UnsafeRawPointer, rowStride: Int, outputs: Int, _ x: UnsafeRawPointer,
    into dw: UnsafeMutableRawPointer, accumulate: Bool
  ) {
    // Whole blocks of the product's sums, so that no bit depends on how many windows there are at a time.
    let rows = max(1, Self.sharedElements / max(1, patchSize) / 384) * 384
    let scratch = scratch(min(rows, count) * patchSize)
    var start = 0
    repeat {
      let end = min(count, start + rows)
      WorkerPool.shared.split(end - start, grain: max(1, Kernels.grain / max(1, patchSize))) { range in
        withUnsafePointer(to: window) {
          kernels.table.pointee.patches(
            $0, start + range.lowerBound, start + range.upperBound, x,
            scratch.address + range.lowerBound * patchSize * kernels.stride)
        }
      }
      kernels.linearWeightGradient(
        dy + start * rowStride * kernels.stride, rowStride: rowStride, outputs: outputs, scratch.address,
        xStride: patchSize, inputs: patchSize, rows: end - start, into: dw,
        accumulate: accumulate || start > 0)
      start = end
    } while start < count
    withExtendedLifetime(scratch) {}
  }

  // MARK: - Pooling

  private func eachWindow(_ body: (Range<Int>, UnsafePointer<WindowExtents>) -> Void) {
    let grain = max(1, Kernels.grain / max(1, patchSize))
    WorkerPool.shared.split(count, grain: grain) { range in
      withUnsafePointer(to: window) { body(range, $0) }
    }
  }

  /// Windows picture by picture: those of a picture are added up by one thread.
  private func eachPicture(_ body: (Range<Int>, UnsafePointer<WindowExtents>) -> Void) {
    let grain = max(1, Kernels.grain / max(1, patchSize * area))
    WorkerPool.shared.split(pictures, grain: grain) { range in
      withUnsafePointer(to: window) { body(range.lowerBound * area..<range.upperBound * area, $0) }
    }
  }

  /// y [windows, C], and which pixel of a window each was taken from.
  func maxima(_ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer) -> [Int32] {
    let elements = count * window.channels
    return [Int32](unsafeUninitializedCapacity: elements) { chosen, filled in
      filled = elements
      guard let base = chosen.baseAddress, elements > 0 else { return }
      nonisolated(unsafe) let first = base
      eachWindow { range, window in
        kernels.table.pointee.max_pool(window, range.lowerBound, range.upperBound, x, y, first)
      }
    }
  }

  func maximumGradient(_ dy: UnsafeRawPointer, _ chosen: [Int32], into dx: UnsafeMutableRawPointer) {
    chosen.withUnsafeBufferPointer { chosen in
      guard let base = chosen.baseAddress, !chosen.isEmpty else { return }
      nonisolated(unsafe) let first = base
      eachPicture { range, window in
        kernels.table.pointee.max_pool_gradient(window, range.lowerBound, range.upperBound, dy, first, dx)
      }
    }
  }

  func means(_ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer) {
    eachWindow { range, window in
      kernels.table.pointee.mean_pool(window, range.lowerBound, range.upperBound, x, y)
    }
  }

  func meanGradient(_ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer) {
    eachPicture { range, window in
      kernels.table.pointee.mean_pool_gradient(window, range.lowerBound, range.upperBound, dy, dx)
    }
  }
}
