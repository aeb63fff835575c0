import Testing
import UnrollCore
import UnrollNetworks
import UnrollTraining

/// Steps along scaled gradients and along gradients of some rows: the numbers of the dense form.
@Suite struct RowUpdateTests {
  private static let shape: Shape = [40, 5]

  private static func gradient(_ step: Int) -> RowGradient {
    var random = RandomSource(seed: UInt64(step))
    let indices: [Int32] = [Int32(step), 3, 17, 3]
    return RowGradient(
      shape: shape, indices: indices, gradients: .normal(shape: [4, 5], using: &random))
  }

  private static func start() -> Tensor {
    var random = RandomSource(seed: 99)
    return .normal(shape: shape, using: &random)
  }

  @Test(arguments: OptimizerCase.all, [Float(1), 0.25])
  func rowsMoveAsTheWholeWould(_ example: OptimizerCase, _ scale: Float) {
    var (sparse, dense) = (example.optimizer, example.optimizer)
    var (a, b) = (Self.start(), Self.start())
    for step in 0..<6 {
      let rows = Self.gradient(step)
      sparse.update(&a, gradient: .rows(rows), scale: scale, at: 0)
      dense.update(&b, gradient: .dense(rows.dense), scale: scale, at: 0)
      #expect(a == b, "step \(step)")
    }
    #expect(a != Self.start())
    #expect(sparse.state == dense.state)
  }

  /// A power of two scales without rounding, so the scale on the way and before give the same bits.
  @Test(arguments: OptimizerCase.all) func scalesAreOfTheGradient(_ example: OptimizerCase) {
    var (folded, before) = (example.optimizer, example.optimizer)
    var (a, b) = (Self.start(), Self.start())
    for step in 0..<6 {
      let whole = Self.gradient(step).dense
      folded.update(&a, gradient: .dense(whole), scale: 0.25, at: 0)
      before.update(&b, gradient: Tensor(whole.elements.map { $0 * 0.25 }, shape: Self.shape), at: 0)
      #expect(a == b, "step \(step)")
    }
  }

  /// A rule of a user's own, which knows neither rows nor scales.
  @Test func otherRulesAreGivenTheWhole() {
    struct Sign: Optimizer {
      var learningRate: Float = 1
      var state: OptimizerState { OptimizerState(rule: "sign") }
      mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {}
      mutating func update(_ parameter: inout Tensor, gradient: Tensor, at index: Int) {
        #expect(gradient.shape == parameter.shape)
        parameter = gradient
      }
    }
    var rule = Sign()
    var parameter = Tensor.zeros([3, 1])
    let rows = RowGradient(shape: [3, 1], indices: [2, 2], gradients: Tensor([1, 2], shape: [2, 1]))
    rule.update(&parameter, gradient: .rows(rows), scale: 0.5, at: 0)
    #expect(parameter.elements == [0, 0, 1.5])
  }

  @Test func normsAndBoundsAreOfTheWhole() {
    let rows = Self.gradient(1)
    var sparse = Gradients(names: ["a", "b"], values: [.rows(rows), .dense(Tensor([3, -4]))])
    let whole = sparse.tensors
    let norm = GradientClipping.globalNorm(sparse)
    #expect(abs(norm - GradientClipping.globalNorm(whole)) < 1e-12 * norm)
    #expect(GradientClipping.factor(norm: norm, maximum: 1) == Float(1 / (norm + 1e-6)))
    #expect(GradientClipping.factor(norm: 0.5, maximum: 1) == 1)
    #expect(GradientClipping.factor(norm: .infinity, maximum: 1) == 1)
    #expect(GradientClipping.factor(norm: .nan, maximum: 1) == 1)
    var bounded = whole
    GradientClipping.byValue(&sparse, limit: 0.5)
    GradientClipping.byValue(&bounded, limit: 0.5)
    #expect(sparse.tensors == bounded)
    if case .dense = sparse.values[0] { Issue.record("rows were expected to stay rows") }
    GradientClipping.byGlobalNorm(&sparse, maximum: 0.25)
    #expect(abs(GradientClipping.globalNorm(sparse) - 0.25) < 1e-6)
  }

  @Test func normsDoNotDependOnThreads() {
    var random = RandomSource(seed: 7)
    let tensors = [200_001, 3, 0, 70_000].map { Tensor.normal(shape: [$0], using: &random) }
    func norm(_ threads: Int) -> Double {
      WorkerPool.$forced.withValue(WorkerPool(threads: threads)) { GradientClipping.globalNorm(tensors) }
    }
    let alone = norm(1)
    #expect(norm(2) == alone)
    #expect(norm(3) == alone)
    let plain = tensors.reduce(0.0) { $0 + $1.doubles.reduce(0) { $0 + $1 * $1 } }.squareRoot()
    #expect(abs(alone - plain) < 1e-12 * plain)
  }

  /// Large enough to be shared out.
  @Test(arguments: OptimizerCase.all) func threadsDoNotChangeABit(_ example: OptimizerCase) {
    var random = RandomSource(seed: 6)
    let (start, gradient) = (
      Tensor.normal(shape: [50_001], using: &random), Tensor.normal(shape: [50_001], using: &random)
    )
    func run(_ threads: Int) -> Tensor {
      WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
        var optimizer = example.optimizer
        var parameter = start
        for _ in 0..<3 { optimizer.update(&parameter, gradient: gradient, at: 0) }
        return parameter
      }
    }
    #expect(run(3) == run(1))
  }

  /// Clipping within the update and before it: the same training.
  @Test func clippingIsFolded() throws {
    var random = RandomSource(seed: 2)
    let start = Embedding(count: 30, size: 8, using: &random)
    func gradients(_ model: Embedding) throws -> Gradients {
      try valueWithGradient(of: model) { model throws(ShapeError) in
        (8 * (try model([4, 9, 4]) - 1)).square().sum()
      }.gradients
    }
    var (folded, before) = (start, start)
    var (a, b) = (SGD(learningRate: 0.1), SGD(learningRate: 0.1))
    for _ in 0..<5 {
      let found = try gradients(folded)
      let norm = GradientClipping.globalNorm(found)
      #expect(norm > 1)
      a.update(&folded, found, scale: GradientClipping.factor(norm: norm, maximum: 1))
      var tensors = try gradients(before).tensors
      GradientClipping.byGlobalNorm(&tensors, maximum: 1)
      before.weight.update { b.update(&$0, gradient: tensors[0], at: 0) }
    }
    for (x, y) in zip(folded.weight.value.elements, before.weight.value.elements) {
      #expect(abs(x - y) < 1e-6, "a product rounded once more")
    }
    #expect(folded.weight.value != start.weight.value)
  }
}
