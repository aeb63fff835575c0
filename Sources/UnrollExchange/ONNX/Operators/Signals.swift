import UnrollCore

/// Waves and their parts.
extension Operators {
  static let signals: [String: Maker] = [
    "HannWindow": window { 0.5 - 0.5 * cosine($0) },
    "HammingWindow": window { 25.0 / 46 - 21.0 / 46 * cosine($0) },
    "BlackmanWindow": window { 0.42 - 0.5 * cosine($0) + 0.08 * cosine(2 * $0) },
    "DFT": fourier,
    "STFT": shortFourier,
    "MelWeightMatrix": melWeights,
    "Det": determinant,
  ]

  private static func wantedType(_ node: inout NodeReader) throws(ExchangeError) -> ONNXTensor.ElementType {
    let number = try node.integer("output_datatype") ?? 1
    guard let type = ONNXTensor.ElementType(rawValue: number) else {
      throw node.refused("an element type of numbers", "type \(number)")
    }
    return type
  }

  /// - Parameter body: the window at an angle of 0 to 2π.
  private static func window(_ body: @escaping @Sendable (Double) -> Double) -> Maker {
    { node, _ throws(ExchangeError) in
      try node.takes(inputs: 1...1)
      let isPeriodic = try node.integer("periodic") ?? 1 != 0
      let type = try wantedType(&node)
      return { inputs, place throws(ExchangeError) in
        let size = try inputs.integer(0, place)
        let shape = try place.shape([size])
        let period = Double(isPeriodic ? size : size - 1)
        let values = (0..<size).map { Float(body(2 * Double.pi * Double($0) / period)) }
        return [converted(ONNXTensor(Tensor(values, shape: shape)), to: type)]
      }
    }
  }

  /// Σ xₙ e^(∓2πi kn/N) by its definition, in double precision: N² steps.
  ///
  /// - Parameter element: real and imaginary part of xₙ.
  private static func transform(
    _ count: Int, frequencies: Int, isInverse: Bool, _ element: (Int) -> (Double, Double),
    _ write: (Int, Double, Double) -> Void
  ) {
    // e^(2πi m/N) for each m, of which k·n is one modulo N.
    let turns = (0..<count).map { 2 * Double.pi * Double($0) / Double(count) }
    let (cosines, sines) = (turns.map(cosine), turns.map(sine))
    for k in 0..<frequencies {
      var (real, imaginary) = (0.0, 0.0)
      for n in 0..<count {
        let (a, b) = element(n)
        let (c, s) = (cosines[k * n % count], isInverse ? sines[k * n % count] : -sines[k * n % count])
        real += a * c - b * s
        imaginary += a * s + b * c
      }
      let scale = isInverse ? 1 / Double(count) : 1
      write(k, real * scale, imaginary * scale)
    }
  }

  private static let fourier: Maker = { node, _ throws(ExchangeError) in
    let isOld = node.version < 20
    try node.takes(inputs: 1...(isOld ? 2 : 3))
    let (isInverse, isOneSided) = (try node.flag("inverse"), try node.flag("onesided"))
    let fixed = isOld ? try node.integer("axis") ?? 1 : -2
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let axis = try place.axis(
        inputs.optional(2) == nil ? fixed : try inputs.integer(2, place), rank: x.shape.rank)
      guard x.shape.rank >= 2, axis < x.shape.rank - 1, x.shape[-1] == 1 || x.shape[-1] == 2 else {
        throw place.refused("real or complex numbers in the last axis and another to transform", "\(x.shape)")
      }
      let parts = x.shape[-1]
      let returnsReal = isOneSided && isInverse
      let own = returnsReal ? 2 * (x.shape[axis] - 1) : x.shape[axis]
      let count = inputs.optional(1) == nil ? own : try inputs.integer(1, place)
      guard (1...1 << 24).contains(count), !isOneSided || (isInverse ? parts == 2 : parts == 1) else {
        throw place.refused("a length above 0, and real numbers for one side", "\(count) of \(x.shape)")
      }
      let frequencies = isOneSided && !isInverse ? count / 2 + 1 : count
      var extents = x.shape.extents
      (extents[axis], extents[extents.count - 1]) = (frequencies, returnsReal ? 1 : 2)
      let shape = try place.shape(extents)
      try place.spend(shape.count, count)
      var y = Tensor.zeros(shape)
      let (size, inner) = (x.shape[axis], x.shape.extents[(axis + 1)...].dropLast().reduce(1, *))
      let width = extents[extents.count - 1]
      y.withUnsafeMutableElements { y in
        x.withUnsafeElements { x in
          func element(_ line: Int, _ n: Int) -> (Double, Double) {
            // Of one side, the other half is its mirror image.
            let isMirrored = returnsReal && n > count / 2
            let index = isMirrored ? count - n : n
            guard index < size else { return (0, 0) }
            let place = ((line / inner * size + index) * inner + line % inner) * parts
            let imaginary = parts == 2 ? Double(x[place + 1]) : 0
            return (Double(x[place]), isMirrored ? -imaginary : imaginary)
          }
          for line in 0..<x.count / max(1, parts * size) {
            transform(count, frequencies: frequencies, isInverse: isInverse) {
              element(line, $0)
            } _: { k, real, imaginary in
              let place = ((line / inner * frequencies + k) * inner + line % inner) * width
              y[place] = Float(real)
              if width == 2 { y[place + 1] = Float(imaginary) }
            }
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// The transforms of pieces of a signal `[B, samples, 1 or 2]`: `[B, frames, frequencies, 2]`.
  private static let shortFourier: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 2...4)
    let isOneSided = try node.integer("onesided") ?? 1 != 0
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      let step = try inputs.integer(1, place)
      guard x.shape.rank == 3, x.shape[2] == 1 || x.shape[2] == 2, step > 0 else {
        throw place.refused("signals of three axes and a step above 0", "\(x.shape) and \(step)")
      }
      let window = inputs.optional(2) == nil ? nil : try inputs.floats(2, place)
      let length =
        inputs.optional(3) == nil ? window?.shape.count ?? x.shape[1] : try inputs.integer(3, place)
      let (samples, parts) = (x.shape[1], x.shape[2])
      guard length > 0, length <= samples, window.map({ $0.shape.count == length }) ?? true,
        !isOneSided || parts == 1
      else { throw place.refused("frames of at most \(samples) samples", "\(length)") }
      let frames = (samples - length) / step + 1
      let frequencies = isOneSided ? length / 2 + 1 : length
      let shape = try place.shape([x.shape[0], frames, frequencies, 2])
      try place.spend(shape.count, length)
      var y = Tensor.zeros(shape)
      y.withUnsafeMutableElements { y in
        x.withUnsafeElements { x in
          for frame in 0..<shape[0] * frames {
            let start = (frame / frames * samples + frame % frames * step) * parts
            transform(length, frequencies: frequencies, isInverse: false) { n in
              let weight = Double(window?[n] ?? 1)
              let place = start + n * parts
              return (Double(x[place]) * weight, parts == 2 ? Double(x[place + 1]) * weight : 0)
            } _: { k, real, imaginary in
              let place = (frame * frequencies + k) * 2
              (y[place], y[place + 1]) = (Float(real), Float(imaginary))
            }
          }
        }
      }
      return [ONNXTensor(y, type: inputs[0]!.type)]
    }
  }

  /// Triangles on the mel scale, 2595 log₁₀(1 + f/700): `[⌊N/2⌋ + 1, bands]`.
  private static let melWeights: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 5...5)
    let type = try wantedType(&node)
    return { inputs, place throws(ExchangeError) in
      let (bands, length, rate) = (
        try inputs.integer(0, place), try inputs.integer(1, place), try inputs.integer(2, place)
      )
      let (low, high) = (Double(try inputs.number(3, place)), Double(try inputs.number(4, place)))
      guard bands > 0, length > 0, rate > 0, low >= 0, high >= low, high < 0x1p40 else {
        throw place.refused(
          "bands, a length, a rate and two edges", "\(bands), \(length), \(rate), \(low), \(high)")
      }
      let bins = length / 2 + 1
      let shape = try place.shape([bins, bands])
      func mel(_ f: Double) -> Double { 2595 * naturalLogarithm(1 + f / 700) / naturalLogarithm(10) }
      let step = (mel(high) - mel(low)) / Double(bands + 2)
      let edges = (0..<bands + 2).map { index -> Int in
        let frequency = 700 * (power(10, (mel(low) + Double(index) * step) / 2595) - 1)
        return Int(min(0x1p40, (Double(length + 1) * frequency / Double(rate)).rounded(.down)))
      }
      guard edges.allSatisfy({ (0...bins).contains($0) }) else {
        throw place.refused("edges below half the rate", "\(low) and \(high) at \(rate)")
      }
      var y = Tensor.zeros(shape)
      for band in 0..<bands {
        let (left, center, right) = (edges[band], edges[band + 1], edges[band + 2])
        if left == center, center < bins { y[center * bands + band] = 1 }
        for bin in left..<max(left, min(bins, center + 1)) where center > left {
          y[bin * bands + band] = Float(Double(bin - left) / Double(center - left))
        }
        for bin in center..<max(center, min(bins, right)) {
          y[bin * bands + band] = Float(Double(right - bin) / Double(right - center))
        }
      }
      return [converted(ONNXTensor(y), to: type)]
    }
  }

  /// Determinants of the matrices in the last two axes, by elimination with pivots in double precision.
  private static let determinant: Maker = { node, _ throws(ExchangeError) in
    try node.takes(inputs: 1...1)
    return { inputs, place throws(ExchangeError) in
      let x = try inputs.floats(0, place)
      guard x.shape.rank >= 2, x.shape[-1] == x.shape[-2] else {
        throw place.refused("square matrices", "\(x.shape)")
      }
      let n = x.shape[-1]
      try place.spend(x.shape.count, n)
      let shape = Shape(Array(x.shape.extents.dropLast(2)))
      let elements = x.elements
      let results = (0..<shape.count).map { block -> Float in
        var rows = (0..<n).map { row in
          elements[(block * n + row) * n..<(block * n + row + 1) * n].map { Double($0) }
        }
        var result = 1.0
        for column in 0..<n {
          let pivot = (column..<n).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
          if rows[pivot][column] == 0 { return 0 }
          if pivot != column {
            rows.swapAt(pivot, column)
            result = -result
          }
          result *= rows[column][column]
          for row in column + 1..<n {
            let factor = rows[row][column] / rows[column][column]
            for index in column..<n { rows[row][index] -= factor * rows[column][index] }
          }
        }
        return Float(result)
      }
      return [ONNXTensor(Tensor(results, shape: shape), type: inputs[0]!.type)]
    }
  }
}
