import CUnrollKernels
import Foundation
import Testing

@Suite struct DispatchTests {
  @Test(arguments: KernelTarget.available)
  func theTableIsWhatItsNameSays(_ target: KernelTarget) {
    let table = target.table
    let lanes: [KernelTarget: Int] = [.scalar: 1, .double: 1, .avx2: 8, .avx512: 16, .neon: 4]
    #expect(String(cString: table.name) == target.rawValue)
    #expect(table.lanes == lanes[target])
    #expect(table.element_bytes == (target == .double ? 8 : 4))
    #expect(table.panel_columns >= table.lanes && table.panel_columns % table.lanes == 0)
    #expect(table.tile_rows > 0)
  }

  @Test func scalarAndDoubleAreAlwaysThere() {
    #expect(KernelTarget.available.contains(.scalar))
    #expect(KernelTarget.available.contains(.double))
  }

  @Test func unknownNamesGiveNothing() {
    #expect(unroll_kernels_named("") == nil)
    #expect(unroll_kernels_named("avx") == nil)
  }

  @Test func theBestIsTheWidestInSinglePrecision() {
    let best = unroll_kernels_best().pointee
    #expect(best.element_bytes == 4)
    #expect(best.lanes == KernelTarget.available.map(\.table.lanes).max())
  }

  /// On a thread of its own, since the flags stay with the thread.
  @Test func denormalsAreFlushed() {
    final class Box: @unchecked Sendable { var product = -1.0, before = -1.0, after = -1.0 }
    let box = Box()
    let done = DispatchSemaphore(value: 0)
    Thread {
      let tiny = Elements(.scalar, [Double(Float.leastNormalMagnitude)])
      let half = Elements(.scalar, [0.5])
      let product = Elements(.scalar, count: 1)
      KernelTarget.scalar.table.binary(UNROLL_MUL, tiny.raw, half.raw, product.raw, 1)
      box.before = product[0]
      let before = unroll_flush_denormals()
      unroll_spin_pause()
      KernelTarget.scalar.table.binary(UNROLL_MUL, tiny.raw, half.raw, product.raw, 1)
      box.product = product[0]
      unroll_restore_denormals(before)
      KernelTarget.scalar.table.binary(UNROLL_MUL, tiny.raw, half.raw, product.raw, 1)
      box.after = product[0]
      done.signal()
    }.start()
    done.wait()
    #expect(box.before > 0)
    #expect(box.product == 0)
    #expect(box.after == box.before)
  }
}
