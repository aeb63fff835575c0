import Testing
import UnrollCore
import UnrollNetworks

/// Whole networks, drawn at random: their gradients are those of central differences in double precision.
@Suite struct ConfigurationTests {
  private static let groups = 24
  private static let groupSize = 25

  /// 600 configurations: every cell, 1 to 3 layers, both directions, sizes from 1 to 17, lengths from 0, initial
  /// states given, learned or none, noise with a fixed seed, fused or stepwise, every loss.
  @Test(arguments: 0..<groups)
  func gradientsAreThoseOfDifferences(_ group: Int) throws {
    for index in 0..<Self.groupSize {
      let configuration = Configuration(seed: UInt64(group * Self.groupSize + index))
      func check<Cell: StandardCell>(_ type: Cell.Type) throws {
        try Self.check(ConfiguredRun(type, configuration))
      }
      try check(configuration.cell.type)
    }
  }

  /// The configurations are as various as they claim: each choice is met often.
  @Test func configurationsVary() {
    let all = (0..<Self.groups * Self.groupSize).map { Configuration(seed: UInt64($0)) }
    #expect(all.count >= 500)
    for cell in CellKind.allCases {
      let own = all.filter { $0.cell == cell }
      #expect(own.count >= 50, "\(cell)")
      #expect(own.contains { $0.bidirectional && $0.layers > 1 && !$0.definition && $0.lengths.contains(0) })
      for loss in Configuration.LossKind.allCases {
        #expect(own.contains { $0.loss == loss }, "\(cell), \(loss)")
      }
      for initial in Configuration.InitialState.allCases { #expect(own.contains { $0.initial == initial }) }
    }
    #expect(all.contains { $0.training && $0.noise.recurrentDropout > 0 && $0.noise.zoneoutCell > 0 })
  }

  /// The derivative along a random direction of each parameter and input, and of all of them together.
  private static func check<Cell: StandardCell>(_ run: ConfiguredRun<Cell>) throws {
    let (value, _, gradients, inputGradients) = try valueWithGradient(of: run.network, inputs: run.inputs) {
      (network, inputs) throws(ShapeError) in
      (try run.loss(network, inputs), ())
    }
    let found = gradients.tensors + inputGradients
    let names = gradients.names + run.inputs.indices.map { "input \($0)" }
    let leaves = run.network.parameters.map(\.value) + run.inputs
    var random = RandomSource(seed: run.configuration.seed &+ 5)
    let directions = leaves.map { leaf -> [Double] in
      let normal = Tensor.normal(shape: leaf.shape, using: &random).doubles
      let norm = max(normal.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-300)
      return normal.map { $0 / norm }
    }
    var along: [(name: String, leaves: Range<Int>)] = names.indices.map { (names[$0], $0..<$0 + 1) }
    along.append(("everything", leaves.indices))
    for (name, moved) in along {
      let analytic = moved.reduce(0.0) { sum, leaf in
        sum + zip(found[leaf].doubles, directions[leaf]).reduce(0) { $0 + $1.0 * $1.1 }
      }
      var differences: [Double] = []
      // A wide step is exact to rounding where the loss is smooth; near a kink or a sharp bend only a narrow one
      // stays on its side.
      for step in [1e-3, 1e-4, 1e-5, 1e-6] {
        let difference = try derivative(run, leaves, directions, moved, step: step)
        differences.append(difference)
        // The floor is what the rounding of the loss leaves of a difference, where the derivative is all but 0.
        let floor = 1e-14 / step * (1 + abs(value.doubles[0]))
        if abs(difference - analytic) <= 1e-6 * max(abs(difference), abs(analytic)) + floor { break }
        if step == 1e-6 {
          Issue.record("\(run.configuration): ∂\(name) is \(analytic), by differences \(differences)")
          return
        }
      }
    }
  }

  private static func derivative<Cell: StandardCell>(
    _ run: ConfiguredRun<Cell>, _ leaves: [Tensor], _ directions: [[Double]], _ moved: Range<Int>,
    step: Double
  ) throws -> Double {
    try centralDifference(step: step) { distance in
      var point = leaves
      for leaf in moved {
        point[leaf] = Tensor(
          doubles: zip(leaves[leaf].doubles, directions[leaf]).map { $0 + distance * $1 },
          shape: leaves[leaf].shape)
      }
      var network = run.network
      var index = 0
      network.forEachParameter("") { _, parameter in
        parameter.value = point[index]
        index += 1
      }
      return try run.loss(network, point[index...].map { Variable($0) }).value.doubles[0]
    }
  }
}
