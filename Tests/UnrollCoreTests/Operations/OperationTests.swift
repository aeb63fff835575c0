import Testing
import UnrollCore

@Suite struct OperationTests {
  /// Values against plain loops, in single precision on every dispatch target.
  @Test(arguments: OperationFamily.all, KernelTarget.available)
  func valuesAreThoseOfTheDefinition(_ family: OperationFamily, _ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      for row in family.cases {
        let operands = row.draw()
        let found = try row.apply(operands.map { Variable($0) }).value
        let expected = row.reference(operands.map { Grid($0) })
        #expect(found.shape == expected.shape, "\(row.name)")
        expectClose(found.doubles, expected.values, row.tolerance, row.name)
      }
    }
  }

  /// Values in double precision, which the gradients are judged in.
  @Test(arguments: OperationFamily.all)
  func valuesInDoublePrecision(_ family: OperationFamily) throws {
    for row in family.cases {
      let operands = row.draw(seed: 2).map { $0.converted(to: .double) }
      let found = try row.apply(operands.map { Variable($0) }).value
      #expect(found.precision == .double, "\(row.name)")
      expectClose(found.doubles, row.reference(operands.map { Grid($0) }).values, 1e-12, row.name)
    }
  }

  /// Gradients against central differences, in double precision.
  @Test(arguments: OperationFamily.all)
  func gradientsAreThoseOfDifferences(_ family: OperationFamily) throws {
    for row in family.cases {
      let operands = row.draw(seed: 3).map { $0.converted(to: .double) }
      let gradients = try Self.gradients(row, operands)
      var random = RandomSource(seed: 9)
      for (index, operand) in operands.enumerated() {
        #expect(gradients[index].shape == operand.shape, "\(row.name), operand \(index)")
        for place in Self.places(operand.shape.count, &random) {
          let difference = try centralDifference { step in
            var moved = operands
            var elements = operand.doubles
            elements[place] += step
            moved[index] = Tensor(doubles: elements, shape: operand.shape)
            return try Self.scalar(row, moved.map { Variable($0) }).value.doubles[0]
          }
          let found = gradients[index].doubles[place]
          // The floor is the rounding of a sum of up to 35 000 terms, divided by the step.
          let allowed = 1e-6 * max(abs(found), abs(difference)) + 1e-9
          #expect(
            abs(found - difference) <= allowed,
            "\(row.name), operand \(index)[\(place)]: \(found), by differences \(difference)")
        }
      }
    }
  }

  /// Gradients in single precision, on every dispatch target, against those in double precision.
  @Test(arguments: OperationFamily.all, KernelTarget.available)
  func gradientsInSinglePrecision(_ family: OperationFamily, _ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      for row in family.cases {
        let operands = row.draw(seed: 4)
        let expected = try Self.gradients(row, operands.map { $0.converted(to: .double) })
        let found = try Self.gradients(row, operands)
        for index in operands.indices {
          expectClose(
            found[index].doubles, expected[index].doubles, max(row.tolerance, 2e-6),
            "\(row.name), operand \(index)")
        }
      }
    }
  }

  private static func scalar(_ row: OperationCase, _ operands: [Variable]) throws -> Variable {
    let y = try row.apply(operands)
    return (y * Variable(OperationCase.weights(y.shape).converted(to: y.value.precision))).sum()
  }

  private static func gradients(_ row: OperationCase, _ operands: [Tensor]) throws -> [Tensor] {
    try valueWithGradient(of: NoParameters(), inputs: operands) { _, variables in
      (try scalar(row, variables), ())
    }.inputGradients
  }

  /// All elements of a small operand, some of a large one.
  private static func places(_ count: Int, _ random: inout RandomSource) -> [Int] {
    count <= 40 ? Array(0..<count) : (0..<16).map { _ in random.below(count) }
  }
}
