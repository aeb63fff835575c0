import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a tensor's numbers are held.
///
/// The library computes in single precision. Double precision exists so that the very same layers can be
/// run as their own reference: gradients are judged in it.
package enum Precision: Sendable {
  case single, double

  package var stride: Int { self == .single ? MemoryLayout<Float>.stride : MemoryLayout<Double>.stride }
}

/// Memory of a tensor: aligned to a cache line, shared between copies until one of them is written.
///
/// Unchecked: a storage is written only while one tensor value owns it alone (copy-on-write).
package final class TensorStorage: @unchecked Sendable {
  package static let alignment = 64

  package let address: UnsafeMutableRawPointer
  package let count: Int
  package let precision: Precision
  /// Panels of this matrix in the order of the kernels, made when first needed and dropped on writing.
  private let keptPanels = Guarded<[PanelForm: TensorStorage]>([:])
  /// Whether there are panels: writing an element need not take the lock to know that there are none.
  private let hasPanels = Atomic<Bool>(false)

  package init(count: Int, precision: Precision) {
    self.count = count
    self.precision = precision
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: precision.stride)
    if overflow || bytes > Int.max / 2 { stop("no memory for a tensor of \(count) elements") }
    address = StoragePool.shared.take(bytes: bytes)
  }

  deinit { StoragePool.shared.give(address, bytes: max(count, 1) * precision.stride) }

  /// Panels of a form, made when they are first asked for.
  func panels(_ form: PanelForm, _ make: () -> TensorStorage) -> TensorStorage {
    keptPanels.withLock { kept in
      if let panels = kept[form] { return panels }
      let panels = make()
      kept[form] = panels
      hasPanels.store(true, ordering: .relaxed)
      return panels
    }
  }

  /// Drops all panels: this memory, which has one owner, is about to be written.
  func dropPanels() {
    guard hasPanels.load(ordering: .relaxed) else { return }
    keptPanels.withLock { $0.removeAll() }
    hasPanels.store(false, ordering: .relaxed)
  }

  package var floats: UnsafeMutablePointer<Float> {
    precondition(precision == .single, "single-precision memory was expected")
    return address.assumingMemoryBound(to: Float.self)
  }

  package var doubles: UnsafeMutablePointer<Double> {
    precondition(precision == .double, "double-precision memory was expected")
    return address.assumingMemoryBound(to: Double.self)
  }
}

/// Blocks of freed tensors, kept for the next of the same size class.
///
/// A training step makes the same tensors again and again; asking the system each time would cost page
/// faults on every large one. At most `limit` bytes are kept.
///
package final class StoragePool: Sendable {
  package static let shared = StoragePool(limit: 512 << 20)

  /// Memory that nobody else knows of.
  private struct Block: @unchecked Sendable { let start: UnsafeMutableRawPointer }

  private struct State {
    var blocks: [Int: [Block]] = [:]
    var held = 0
  }
  private let limit: Int
  private let state = Guarded(State())

  init(limit: Int) { self.limit = limit }

  /// Sizes are rounded up to an eighth of their power of two, so that ragged batches share blocks.
  private static func sizeClass(_ bytes: Int) -> Int {
    guard bytes > 1024 else { return max((bytes + 63) & ~63, 64) }
    let step = max(64, 1 << (Int.bitWidth - bytes.leadingZeroBitCount - 4))
    return (bytes + step - 1) / step * step
  }

  func take(bytes: Int) -> UnsafeMutableRawPointer {
    let size = Self.sizeClass(bytes)
    let kept: Block? = state.withLock { state in
      guard let block = state.blocks[size]?.popLast() else { return nil }
      state.held -= size
      return block
    }
    return kept?.start ?? allocate(size)
  }

  private func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    if let block = Self.aligned(bytes) { return block }
    // What is kept for later is worth less than what is asked for now.
    let freed = state.withLock { state in
      let blocks = state.blocks
      state = State()
      return blocks
    }
    for block in freed.values.joined() { free(block.start) }
    guard let block = Self.aligned(bytes) else {
      stop("no memory for a tensor of \(bytes) bytes: the system gives no more to this process")
    }
    return block
  }

  private static func aligned(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var block: UnsafeMutableRawPointer?
    return posix_memalign(&block, TensorStorage.alignment, bytes) == 0 ? block : nil
  }

  func give(_ block: UnsafeMutableRawPointer, bytes: Int) {
    let size = Self.sizeClass(bytes)
    let freed = Block(start: block)
    let kept = state.withLock { state in
      guard state.held + size <= limit else { return false }
      state.held += size
      state.blocks[size, default: []].append(freed)
      return true
    }
    if !kept { free(block) }
  }
}
