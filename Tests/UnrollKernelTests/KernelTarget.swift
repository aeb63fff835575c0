import CUnrollKernels
import Foundation
import Testing

/// A dispatch target that this build holds and this processor can run.
enum KernelTarget: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case scalar, double, avx2, avx512, neon

  static let available = allCases.filter { unroll_kernels_named($0.rawValue) != nil }

  var table: unroll_kernels { unroll_kernels_named(rawValue).pointee }
  var elementBytes: Int { table.element_bytes }
  /// Half the distance from 1 to the next number: the largest relative error of one rounding.
  var roundoff: Double { elementBytes == 4 ? 0x1p-24 : 0x1p-53 }
  var testDescription: String { rawValue }
}

/// Sizes at, just below and just above every vector length, and none at all.
let awkwardSizes = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100]

/// An array of a target's elements whose end meets a page without access and whose beginning follows marked bytes:
/// reading or writing beyond the end stops the process, and writing before the beginning is found.
final class Elements {
  let target: KernelTarget
  let count: Int
  let raw: UnsafeMutableRawPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int
  private let page = Int(getpagesize())
  private var frozen: [UInt8]?
  private static let mark: UInt8 = 0xA5

  init(_ target: KernelTarget, count: Int) {
    self.target = target
    self.count = count
    let bytes = count * target.elementBytes
    let usable = (bytes + 64 + page - 1) / page * page
    mappedBytes = usable + page
    mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    memset(mapping, Int32(Self.mark), usable)
    mprotect(mapping + usable, page, PROT_NONE)
    raw = mapping + (usable - bytes)
  }

  convenience init(_ target: KernelTarget, _ values: [Double]) {
    self.init(target, count: values.count)
    for (i, value) in values.enumerated() { self[i] = value }
  }

  convenience init(copying other: Elements) {
    self.init(other.target, count: other.count)
    raw.copyMemory(from: other.raw, byteCount: count * target.elementBytes)
  }

  deinit { munmap(mapping, mappedBytes) }

  subscript(index: Int) -> Double {
    get {
      target.elementBytes == 4
        ? Double(raw.load(fromByteOffset: index * 4, as: Float.self))
        : raw.load(fromByteOffset: index * 8, as: Double.self)
    }
    set {
      if target.elementBytes == 4 {
        raw.storeBytes(of: Float(newValue), toByteOffset: index * 4, as: Float.self)
      } else {
        raw.storeBytes(of: newValue, toByteOffset: index * 8, as: Double.self)
      }
    }
  }

  var values: [Double] { (0..<count).map { self[$0] } }
  var bytes: [UInt8] { [UInt8](UnsafeRawBufferPointer(start: raw, count: count * target.elementBytes)) }

  /// From here on the elements are an input: no call may change them.
  func freeze() -> Elements {
    frozen = bytes
    return self
  }

  var isIntact: Bool {
    let before = UnsafeRawBufferPointer(start: mapping, count: raw - mapping)
    return before.allSatisfy { $0 == Self.mark } && (frozen == nil || frozen == bytes)
  }
}

func expectIntact(_ arrays: Elements..., sourceLocation: SourceLocation = #_sourceLocation) {
  for (i, array) in arrays.enumerated() where !array.isIntact {
    Issue.record(
      "array \(i) was written outside its extents, or is an input and was changed",
      sourceLocation: sourceLocation)
  }
}

/// How far a value may be from its reference, in roundings of the target relative to a magnitude.
struct Tolerance: Sendable {
  let roundings: Double
  let reason: String
  init(_ roundings: Double, because reason: String) {
    self.roundings = roundings
    self.reason = reason
  }
}

/// Compares with a reference computed in double. `magnitudes` are what the roundings are relative to; by default
/// each reference value itself. The first element that is off is named.
func expectClose(
  _ name: String, _ got: Elements, _ want: [Double], magnitudes: [Double]? = nil, _ tolerance: Tolerance,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard got.count == want.count else {
    Issue.record("\(name): \(got.count) elements, expected \(want.count)", sourceLocation: sourceLocation)
    return
  }
  for (i, expected) in want.enumerated() {
    let value = got[i]
    if value == expected || (value.isNaN && expected.isNaN) { continue }
    let allowed =
      tolerance.roundings * got.target.roundoff * abs(magnitudes?[i] ?? expected)
      + (got.target.elementBytes == 4 ? Double(Float.leastNormalMagnitude) : Double.leastNormalMagnitude)
    // Written so that a NaN, infinite or missing value fails.
    if abs(value - expected) <= allowed && expected.isFinite { continue }
    Issue.record(
      "\(name)[\(i)] of \(want.count) on \(got.target): \(value), expected \(expected) ± \(allowed) (\(tolerance.reason))",
      sourceLocation: sourceLocation)
    return
  }
}

func expectSameBits(
  _ name: String, _ a: Elements, _ b: Elements, sourceLocation: SourceLocation = #_sourceLocation
) {
  let same = memcmp(a.raw, b.raw, a.count * a.target.elementBytes) == 0
  #expect(same, "\(name) on \(a.target): split calls differ from the whole", sourceLocation: sourceLocation)
}

/// Numbers that are the same in every run.
struct Numbers {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next(_ range: ClosedRange<Double> = -1...1) -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return range.lowerBound + (range.upperBound - range.lowerBound) * Double(z >> 11) * 0x1p-53
  }

  mutating func elements(_ target: KernelTarget, _ count: Int, _ range: ClosedRange<Double> = -1...1)
    -> Elements
  {
    let array = Elements(target, count: count)
    for i in 0..<count { array[i] = next(range) }
    return array
  }

  /// The same, as an input.
  mutating func input(_ target: KernelTarget, _ count: Int, _ range: ClosedRange<Double> = -1...1) -> Elements
  {
    elements(target, count, range).freeze()
  }
}
