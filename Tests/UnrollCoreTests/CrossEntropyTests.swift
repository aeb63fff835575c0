import Testing
import UnrollCore

/// Softmax cross-entropy of large vocabularies: memory that is used again, and never at somebody's cost.
@Suite struct CrossEntropyTests {
  private static let labels: [Int32] = (0..<33).map { $0 % 6 == 4 ? -1 : Int32($0 * 29 % 700) }

  private static func operands(precision: Precision = .single) -> [Tensor] {
    var random = RandomSource(seed: 12)
    let shapes: [Shape] = [[33, 40], [700, 40], [700]]
    return shapes.map { Tensor.normal(shape: $0, using: &random).converted(to: precision) }
  }

  private static func gradients(
    _ operands: [Tensor], _ loss: ([Variable]) throws -> Variable
  ) rethrows -> [Tensor] {
    try valueWithGradient(of: NoParameters(), inputs: operands) { _, x in
      // Losses that count differently, so that each row's weight shows.
      let weights = Variable(
        Tensor((0..<33).map { 0.1 + Float($0) / 33 }).converted(to: operands[0].precision))
      return (try (loss(x) * weights).sum(), ())
    }.inputGradients
  }

  @Test(arguments: KernelTarget.available)
  func oneOperationIsTwo(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let expected = try Self.gradients(Self.operands(precision: .double)) {
        try $0[0].linear($0[1], bias: $0[2]).crossEntropy(labels: Self.labels)
      }
      let found = try Self.gradients(Self.operands()) {
        try $0[0].linearCrossEntropy($0[1], bias: $0[2], labels: Self.labels)
      }
      for (found, expected) in zip(found, expected) {
        for (a, b) in zip(found.doubles, expected.doubles) {
          #expect(abs(a - b) < 1e-5, "sums of forty products of numbers of size 1")
        }
      }
    }
  }

  /// Logits that somebody still holds when their gradient is found stay as they were.
  @Test func keptLogitsStayAsTheyAre() throws {
    final class Keeper: @unchecked Sendable { var logits: Variable? }
    let keeper = Keeper()
    let operands = Self.operands()
    func loss(_ x: [Variable], keeps: Bool) throws -> Variable {
      let logits = try x[0].linear(x[1], bias: x[2])
      if keeps { keeper.logits = logits }
      return try logits.reshaped(to: [3, 11, 700]).crossEntropy(labels: Self.labels)
    }
    let expected = try Variable(operands[0]).linear(Variable(operands[1]), bias: Variable(operands[2]))
    let kept = try Self.gradients(operands) { try loss($0, keeps: true) }
    #expect(keeper.logits?.value == expected.value)
    let dropped = try Self.gradients(operands) { try loss($0, keeps: false) }
    #expect(kept == dropped)
  }

  /// The gradient of logits that nobody else holds stands where they stood. (A sum hands its gradient on as it is.)
  @Test func logitsBecomeTheirGradient() throws {
    var random = RandomSource(seed: 3)
    let halves = (0..<2).map { _ in Tensor.normal(shape: [33, 700], using: &random) }
    final class Keeper: @unchecked Sendable { var logits: Variable? }
    func isInPlace(keeper: Keeper?) throws -> Bool {
      let run = try valueWithGradient(of: NoParameters(), inputs: halves) { _, x in
        let logits = x[0] + x[1]
        keeper?.logits = logits
        let address = UInt(bitPattern: logits.value.storage.address)
        return (try logits.crossEntropy(labels: Self.labels).sum(), address)
      }
      return UInt(bitPattern: run.inputGradients[0].storage.address) == run.extra
    }
    #expect(try isInPlace(keeper: nil))
    let keeper = Keeper()
    #expect(try !isInPlace(keeper: keeper))
    withExtendedLifetime(keeper) {}
  }

  /// Without a gradient to be found, blocks of scores are thrown away and the losses are the same.
  @Test func lossesDoNotDependOnGradients() throws {
    let operands = Self.operands()
    let constants = try Variable(operands[0]).linearCrossEntropy(
      Variable(operands[1]), bias: Variable(operands[2]), labels: Self.labels)
    let recorded = try valueWithGradient(of: NoParameters(), inputs: operands) { _, x in
      let loss = try x[0].linearCrossEntropy(x[1], bias: x[2], labels: Self.labels)
      return (loss.sum(), loss.value)
    }
    #expect(recorded.extra == constants.value)
  }

  @Test func threadsDoNotChangeABit() throws {
    func run(_ threads: Int) throws -> [Tensor] {
      try WorkerPool.$forced.withValue(WorkerPool(threads: threads)) {
        try Self.gradients(Self.operands()) {
          try $0[0].linearCrossEntropy($0[1], bias: $0[2], labels: Self.labels)
        }
      }
    }
    let alone = try run(1)
    #expect(try run(2) == alone)
    #expect(try run(3) == alone)
  }

  /// Scores of hundreds, words that cannot be, and a row of which nothing counts.
  @Test(arguments: KernelTarget.available)
  func extremeScores(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      var random = RandomSource(seed: 4)
      let x = Variable(Tensor([100, -300, .nan, 0], shape: [4, 1]))
      let weight = Variable(.uniform(-1...1, shape: [500, 1], using: &random))
      let bias = Variable(Tensor((0..<500).map { $0 < 250 ? -.infinity : 0 }))
      let labels: [Int32] = [300, 400, -1, 499]
      let loss = try x.linearCrossEntropy(weight, bias: bias, labels: labels).value.elements
      let two = try x.linear(weight, bias: bias).crossEntropy(labels: labels).value.elements
      #expect(loss[2] == 0 && abs(loss[3] - 5.521_461) < 1e-5, "ln 250")
      for (a, b) in zip(loss, two) { #expect(abs(a - b) <= 1e-4 * max(1, abs(b))) }
      // A row that does not count adds nothing, however large it is; one that is no number would spoil any product.
      let large = Variable(Tensor([100, -300, 1e30, 0], shape: [4, 1]))
      let gradient = try valueWithGradient(of: NoParameters(), inputs: [weight.value]) { _, w in
        (try large.linearCrossEntropy(w[0], bias: bias, labels: labels).sum(), ())
      }.inputGradients[0].elements
      #expect(gradient.prefix(250).allSatisfy { $0 == 0 } && gradient.allSatisfy(\.isFinite))
      #expect(gradient.contains { $0 != 0 })
    }
  }

  @Test func misfitsAreNamed() {
    let (x, weight) = (Variable(.zeros([2, 3])), Variable(.zeros([5, 3])))
    func place(_ body: () throws -> Variable) -> String? {
      do {
        _ = try body()
        return nil
      } catch { return (error as? ShapeError)?.place }
    }
    #expect(
      place { try x.linearCrossEntropy(Variable(.zeros([5, 4])), labels: [0, 0]) } == "linearCrossEntropy")
    #expect(place { try x.linearCrossEntropy(weight, labels: [0]) } == "linearCrossEntropy.labels")
    #expect(place { try x.linearCrossEntropy(weight, labels: [0, 5]) } == "linearCrossEntropy")
    #expect(
      place { try x.linearCrossEntropy(weight, bias: Variable(.zeros([4])), labels: [0, 0]) }
        == "linearCrossEntropy.bias")
    #expect(place { try x.linearCrossEntropy(weight, labels: [4, -7]) } == nil)
  }
}
