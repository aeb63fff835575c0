import UnrollCore

/// Operators that make one number of many.
extension Operators {
  static let reductions: [String: Maker] = [
    "ReduceSum": reduction(.sum, listedFrom: 13),
    "ReduceMean": reduction(.mean),
    "ReduceMax": reduction(.max),
    "ReduceMin": reduction(.min),
    "ReduceProd": reduction(.product),
    "ReduceL1": reduction(.absolute),
    "ReduceL2": reduction(.length),
    "ReduceSumSquare": reduction(.squares),
    "ReduceLogSum": reduction(.logarithm),
    "ReduceLogSumExp": reduction(.logSumExp),
  ]

  /// What becomes of many numbers.
  enum Reduction: Sendable {
    case sum, mean, max, min, product
    /// Σ|x|, √Σx², Σx², ln Σx, ln Σeˣ.
    case absolute, length, squares, logarithm, logSumExp

    /// In double precision.
    func callAsFunction(_ forEach: ((Double) -> Void) -> Void) -> Double {
      var (result, count) = (
        self == .product ? 1.0 : self == .max ? -.infinity : self == .min ? .infinity : 0, 0
      )
      switch self {
      case .sum, .logarithm: forEach { result += $0 }
      case .mean:
        forEach {
          result += $0
          count += 1
        }
      case .max: forEach { if $0 > result || $0.isNaN { result = $0 } }
      case .min: forEach { if $0 < result || $0.isNaN { result = $0 } }
      case .product: forEach { result *= $0 }
      case .absolute: forEach { result += abs($0) }
      case .length, .squares: forEach { result += $0 * $0 }
      case .logSumExp:
        var top = -Double.infinity
        forEach { if $0 > top { top = $0 } }
        if top == -.infinity { return top }
        if top == .infinity { return top }
        forEach { result += exponential($0 - top) }
        return top + naturalLogarithm(result)
      }
      switch self {
      case .mean: return result / Double(count)
      case .length: return result.squareRoot()
      case .logarithm: return naturalLogarithm(result)
      default: return result
      }
    }

    /// In whole numbers, of which overflow leaves the lower bits; `nil` where there is no such thing.
    func callAsFunction(
      _ type: ONNXTensor.ElementType, _ forEach: ((Int64) -> Void) -> Void
    ) -> Int64? {
      var (result, count) = (self == .product ? Int64(1) : 0, Int64(0))
      switch self {
      case .sum: forEach { result = result &+ $0 }
      case .mean:
        forEach {
          result = result &+ $0
          count += 1
        }
        return count == 0 ? nil : result / count
      case .product: forEach { result = result &* $0 }
      case .absolute: forEach { result = result &+ (type != .uint64 && $0 < 0 ? 0 &- $0 : $0) }
      case .squares: forEach { result = result &+ $0 &* $0 }
      case .length:
        var sum = 0.0
        forEach { sum += Double($0) * Double($0) }
        return sum < 0x1p106 ? Int64(sum.squareRoot()) : nil
      case .max, .min:
        let bounds = Operators.bounds(of: type)
        result = self == .max ? bounds.lowerBound : bounds.upperBound
        forEach {
          let isBetter =
            self == .max
            ? Operators.rank($0, type) > Operators.rank(result, type)
            : Operators.rank($0, type) < Operators.rank(result, type)
          if isBetter { result = $0 }
        }
        return result
      case .logarithm, .logSumExp: return nil
      }
      return Operators.wrapped(result, type)
    }
  }

  /// The least and the greatest number of a type, those of `uint64` by their bits.
  static func bounds(of type: ONNXTensor.ElementType) -> (lowerBound: Int64, upperBound: Int64) {
    switch type {
    case .int8: (-128, 127)
    case .uint8: (0, 255)
    case .int16: (-32768, 32767)
    case .uint16: (0, 65535)
    case .int32: (Int64(Int32.min), Int64(Int32.max))
    case .uint32: (0, Int64(UInt32.max))
    case .uint64: (0, -1)
    case .bool: (0, 1)
    default: (.min, .max)
    }
  }

  /// - Parameter listedFrom: the version from which on axes are an input instead of an attribute.
  private static func reduction(_ kind: Reduction, listedFrom version: Int = 18) -> Maker {
    { node, _ throws(ExchangeError) in
      let isOld = node.version < version
      try node.takes(inputs: 1...(isOld ? 1 : 2))
      let fixed = isOld ? try node.integers("axes") : nil
      let keeps = try node.integer("keepdims") ?? 1 != 0
      let emptyIsNone = isOld ? false : try node.flag("noop_with_empty_axes")
      return { inputs, place throws(ExchangeError) in
        let x = try inputs.required(0, place)
        let axes = try isOld ? fixed : inputs.optionalList(1, place)
        var reduced = Set<Int>()
        if let axes, !axes.isEmpty {
          for axis in axes { reduced.insert(try place.axis(axis, rank: x.shape.rank)) }
        } else if !emptyIsNone {
          reduced = Set(x.shape.extents.indices)
        }
        return [try reduce(x, reduced, keeps: keeps, kind, place)]
      }
    }
  }

  private static func reduce(
    _ x: ONNXTensor, _ axes: Set<Int>, keeps: Bool, _ kind: Reduction, _ place: NodePlace
  ) throws(ExchangeError) -> ONNXTensor {
    let strides = x.shape.strides
    let kept = x.shape.extents.indices.filter { !axes.contains($0) }
    let gone = axes.sorted()
    let outer = Shape(kept.map { x.shape[$0] })
    let inner = Shape(gone.map { x.shape[$0] })
    let shape = try place.shape(
      x.shape.extents.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : x.shape[$0] })
    let (keptStrides, goneStrides) = (kept.map { strides[$0] }, gone.map { strides[$0] })
    switch x.content {
    case .floats(let tensor):
      var results: [Float] = []
      results.reserveCapacity(outer.count)
      tensor.withUnsafeElements { elements in
        outer.forEachPlace(strides: keptStrides) { place in
          let result = kind { body in
            inner.forEachPlace(strides: goneStrides, from: place) { body(Double(elements[$0])) }
          }
          results.append(Float(result))
        }
      }
      return ONNXTensor(Tensor(results, shape: shape), type: x.type)
    case .integers(let integers):
      guard x.type != .bool || kind == .max || kind == .min else {
        throw place.refused("numbers", "booleans", .unsupported)
      }
      var results: [Int64] = []
      outer.forEachPlace(strides: keptStrides) { place in
        let result = kind(x.type) { body in
          inner.forEachPlace(strides: goneStrides, from: place) { body(integers[$0]) }
        }
        if let result { results.append(result) }
      }
      guard results.count == shape.count else {
        throw place.refused(
          "floating-point numbers, or whole ones that have a result", "\(x.type) of \(x.shape)")
      }
      return ONNXTensor(integers: results, shape: shape, type: x.type)
    }
  }
}
