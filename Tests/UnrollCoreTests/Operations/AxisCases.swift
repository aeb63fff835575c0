import UnrollCore

/// Operations along any axis, and operands that are repeated to fit: [outer, extent, inner] in awkward sizes.
extension OperationFamily {
  private static let blocks: [Shape] = [
    [1, 1, 1], [0, 3, 4], [3, 0, 4], [3, 4, 0], [7, 1, 5], [2, 9, 1], [1, 17, 3], [5, 8, 16], [3, 33, 15],
    [4, 150, 71],
  ]

  /// The places of the elements that lie along an axis, for each place of the other axes.
  private static func lines(_ shape: Shape, _ axis: Int) -> [[Int]] {
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    let outer = shape.extents[..<axis].reduce(1, *)
    return (0..<outer).flatMap { o in
      (0..<inner).map { i in (0..<shape[axis]).map { (o * shape[axis] + $0) * inner + i } }
    }
  }

  private static func without(_ shape: Shape, _ axis: Int, keeping: Bool) -> Shape {
    var extents = shape.extents
    if keeping { extents[axis] = 1 } else { extents.remove(at: axis) }
    return Shape(extents)
  }

  private static func reducing(
    _ name: String, tolerance: Double = 1e-5, empty: Bool = true,
    apply: @escaping @Sendable (Variable, _ axis: Int, _ keeping: Bool) -> Variable,
    f: @escaping @Sendable ([Double]) -> Double
  ) -> OperationFamily {
    OperationFamily(
      name,
      blocks.filter { empty || $0.count > 0 }.flatMap { shape in
        (0..<3).map { axis in
          let keeping = axis == 1
          return OperationCase(
            name: "\(name) \(shape), axis \(axis)", operands: [.init(shape)], tolerance: tolerance,
            apply: { apply($0[0], axis == 2 ? -1 : axis, keeping) },
            reference: { x in
              Grid(
                without(shape, axis, keeping: keeping),
                lines(shape, axis).map { f($0.map { x[0].values[$0] }) })
            })
        }
      })
  }

  private static func normalizing(
    _ name: String, apply: @escaping @Sendable (Variable, _ axis: Int) -> Variable,
    f: @escaping @Sendable ([Double]) -> [Double]
  ) -> OperationFamily {
    OperationFamily(
      name,
      blocks.flatMap { shape in
        (0..<3).map { axis in
          OperationCase(
            name: "\(name) \(shape), axis \(axis)", operands: [.init(shape)], tolerance: 1e-6,
            apply: { apply($0[0], axis - 3) },
            reference: { x in
              var values = x[0].values
              for line in lines(shape, axis) {
                for (place, value) in zip(line, f(line.map { x[0].values[$0] })) { values[place] = value }
              }
              return Grid(shape, values)
            })
        }
      })
  }

  private static func exponentials(_ line: [Double]) -> (shifted: [Double], logSum: Double) {
    let most = line.max() ?? 0
    return (line.map { $0 - most }, naturalLogarithm(line.reduce(0) { $0 + exponential($1 - most) }))
  }

  static let axes: [OperationFamily] = [
    reducing("sum(axis:)", apply: { $0.sum(axis: $1, keepingAxis: $2) }, f: { $0.reduce(0, +) }),
    reducing(
      "mean(axis:)", apply: { $0.mean(axis: $1, keepingAxis: $2) },
      f: { $0.reduce(0, +) / Double(max(1, $0.count)) }),
    reducing(
      "max(axis:)", tolerance: 0, empty: false, apply: { $0.max(axis: $1, keepingAxis: $2) },
      f: { $0.max() ?? 0 }),
    normalizing(
      "softmax(axis:)", apply: { $0.softmax(axis: $1) },
      f: { line in
        let (shifted, logSum) = exponentials(line)
        return shifted.map { exponential($0 - logSum) }
      }),
    normalizing(
      "logSoftmax(axis:)", apply: { $0.logSoftmax(axis: $1) },
      f: { line in
        let (shifted, logSum) = exponentials(line)
        return shifted.map { $0 - logSum }
      }),
  ]

  /// Where each element of x stands after its axes were put into another order.
  private static func permuted(_ x: Grid, _ axes: [Int]) -> Grid {
    let shape = Shape(axes.map { x.shape[$0] })
    var values: [Double] = []
    for place in 0..<shape.count {
      var (rest, index) = (place, Array(repeating: 0, count: axes.count))
      for axis in axes.indices.reversed() {
        index[axes[axis]] = rest % shape[axis]
        rest /= shape[axis]
      }
      values.append(x.values[zip(index, x.shape.extents).reduce(0) { $0 * $1.1 + $1.0 }])
    }
    return Grid(shape, values)
  }

  private static func arranging(
    _ name: String, _ axes: [Int], apply: @escaping @Sendable (Variable) -> Variable
  ) -> OperationFamily {
    OperationFamily(
      name,
      blocks.map { shape in
        OperationCase(
          name: "\(name) \(shape)", operands: [.init(shape)], tolerance: 0, apply: { apply($0[0]) },
          reference: { permuted($0[0], axes) })
      })
  }

  /// Movements of elements: exact in every precision.
  static let arrangements: [OperationFamily] =
    [
      arranging("transposed", [0, 2, 1]) { $0.transposed() },
      arranging("transposed 0 1", [1, 0, 2]) { $0.transposed(0, 1) },
      arranging("transposed −1 0", [2, 1, 0]) { $0.transposed(-1, 0) },
      arranging("permuted 2 0 1", [2, 0, 1]) { $0.permuted([2, 0, 1]) },
      arranging("permuted 1 −1 0", [1, 2, 0]) { $0.permuted([1, -1, 0]) },
    ]
    + (0..<3).map { axis in
      // Parts, joined again in another order: slices, splits and joins along the same axis.
      OperationFamily(
        "split and concatenated, axis \(axis)",
        blocks.map { shape in
          OperationCase(
            name: "split \(shape), axis \(axis)", operands: [.init(shape)], tolerance: 0,
            apply: { x in
              let parts = x[0].split(sizes: [shape[axis] / 3, shape[axis] - shape[axis] / 3], axis: axis)
              return .concatenated([parts[1], parts[0], parts[1]], axis: axis - 3)
            },
            reference: { x in
              let cut = shape[axis] / 3
              let order = Array(cut..<shape[axis]) + Array(0..<cut) + Array(cut..<shape[axis])
              var extents = shape.extents
              extents[axis] = order.count
              let result = Shape(extents)
              var values = Array(repeating: 0.0, count: result.count)
              for (from, to) in zip(lines(shape, axis), lines(result, axis)) {
                for (place, source) in zip(to, order) { values[place] = x[0].values[from[source]] }
              }
              return Grid(result, values)
            })
        })
    }

  /// Pairs of shapes that neither is simply repeated over the other, and what they become.
  private static let spreads: [(a: Shape, b: Shape, result: Shape)] = [
    ([3, 1], [4], [3, 4]), ([1, 5], [7, 1], [7, 5]), ([2, 1, 9], [2, 8, 9], [2, 8, 9]),
    ([4, 1, 3], [5, 1], [4, 5, 3]), ([1, 1, 1], [2, 3], [1, 2, 3]), ([6, 1], [1, 0], [6, 0]),
    ([3, 1, 17], [1, 31, 1], [3, 31, 17]), ([], [2, 3], [2, 3]), ([2, 2], [1, 1, 1], [1, 2, 2]),
  ]

  private static func element(_ x: Grid, at place: Int, of whole: Shape) -> Double {
    var (rest, offset, step) = (place, 0, 1)
    for axis in 1...max(1, whole.rank) where axis <= whole.rank {
      let index = rest % whole[-axis]
      rest /= whole[-axis]
      guard axis <= x.shape.rank else { continue }
      if x.shape[-axis] != 1 { offset += index * step }
      step *= x.shape[-axis]
    }
    return x.values[offset]
  }

  private static func spreading(
    _ name: String, _ domain: OperationCase.Domain = .any,
    apply: @escaping @Sendable (Variable, Variable) -> Variable,
    f: @escaping @Sendable (Double, Double) -> Double
  ) -> OperationFamily {
    OperationFamily(
      "broadcasting \(name)",
      (spreads + spreads.map { ($0.b, $0.a, $0.result) }).map { a, b, result in
        OperationCase(
          name: "\(a) \(name) \(b)", operands: [.init(a, domain), .init(b, domain)], tolerance: 1e-6,
          apply: { apply($0[0], $0[1]) },
          reference: { x in
            Grid(
              result,
              (0..<result.count).map {
                f(element(x[0], at: $0, of: result), element(x[1], at: $0, of: result))
              })
          })
      })
  }

  static let broadcasts: [OperationFamily] = [
    spreading("+", apply: { $0 + $1 }, f: { $0 + $1 }),
    spreading("−", apply: { $0 - $1 }, f: { $0 - $1 }),
    spreading("⊙", apply: { $0 * $1 }, f: { $0 * $1 }),
    spreading("/", .positive, apply: { $0 / $1 }, f: { $0 / $1 }),
  ]

  /// Several matrices side by side, and one on the right of all.
  static let severalProducts: [OperationFamily] = [
    OperationFamily(
      "matmul of several",
      [(1, 1, 1, 1), (2, 3, 5, 7), (3, 8, 0, 9), (0, 2, 2, 2), (4, 17, 33, 15)].flatMap { count, m, k, n in
        [true, false].map { shared in
          let right: Shape = shared ? [k, n] : [count, 1, k, n]
          return OperationCase(
            name: "[\(count), 1, \(m), \(k)] · \(right)", operands: [.init([count, 1, m, k]), .init(right)],
            apply: { try $0[0].matmul($0[1]) },
            reference: { x in
              var values: [Double] = []
              for index in 0..<count {
                for row in 0..<m {
                  for column in 0..<n {
                    values.append(
                      (0..<k).reduce(0) {
                        $0 + x[0].values[(index * m + row) * k + $1]
                          * x[1].values[((shared ? 0 : index) * k + $1) * n + column]
                      })
                  }
                }
              }
              return Grid([count, 1, m, n], values)
            })
        }
      })
  ]
}
