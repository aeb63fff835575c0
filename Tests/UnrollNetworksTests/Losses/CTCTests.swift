import Testing
import UnrollCore
import UnrollNetworks

@Suite struct CTCTests {
  /// Losses and gradients at the logits.
  private static func run(
    _ logits: Tensor, lengths: [Int]? = nil, _ targets: [[Int32]], blank: Int32 = 0, weights: [Float]? = nil
  ) throws -> (loss: LabelSequenceLoss, gradient: Tensor) {
    let result = try valueWithGradient(of: NoParameters(), inputs: [logits]) { _, x in
      let loss = try Loss.ctc(try SequenceBatch(x[0], lengths: lengths), targets, blank: blank)
      return (loss.sum, loss)
    }
    return (result.extra, result.inputGradients[0])
  }

  /// The small case of the first CUDA implementation's tests (Baidu's warp-ctc).
  @Test(arguments: KernelTarget.available) func theSmallCaseIsKnown(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let logits = Tensor([0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1], shape: [2, 1, 5])
      let loss = try Loss.ctc(SequenceBatch(logits), [[1, 2]])
      #expect(abs(loss.sum.value.doubles[0] - 2.4628584) < 1e-6)
      #expect(loss.weight == 1 && loss.labels == 2 && loss.tooShort.isEmpty)
    }
  }

  @Test(arguments: KernelTarget.available) func pyTorchAgrees(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let golden = try Golden("ctc")
      for name in golden.notes.keys.sorted() {
        func numbers(_ part: String) throws -> [Int] {
          try golden["\(name)/\(part)"].elements.map { Int($0) }
        }
        let counts = try numbers("counts")
        var labels = try numbers("targets").map { Int32($0) }[...]
        let targets = counts.map { count in
          defer { labels = labels.dropFirst(count) }
          return Array(labels.prefix(count))
        }
        let (loss, gradient) = try Self.run(
          try golden["\(name)/logits"], lengths: numbers("lengths"), targets,
          blank: Int32(numbers("blank")[0]))
        let values = try golden["\(name)/losses"]
        for (index, expected) in values.doubles.enumerated() {
          // Single-precision logits of up to 300 steps.
          #expect(abs(loss.losses.doubles[index] - expected) < 1e-5 * max(1, expected), "\(name), \(index)")
        }
        expectClose(
          gradient, try golden["\(name)/gradient"],
          Tolerance(2e-6, because: "single precision of the softmax, sums of paths in double"),
          "\(name), gradient")
      }
    }
  }

  /// A batch of several lengths, targets that repeat, that do not fit, and that are empty.
  private static let lengths = [9, 0, 5, 3, 7, 0, 1]
  private static let targets: [[Int32]] = [[1, 1, 2], [3], [], [4, 4], [4, 4, 4, 4, 4], [], [2, 3]]

  /// What does not fit is named, left out and not moved; padding is not moved; both exactly.
  @Test(arguments: [Precision.single, .double]) func whatDoesNotFitIsLeftOut(_ precision: Precision) throws {
    var random = RandomSource(seed: 3)
    let logits = Tensor.normal(shape: [9, 7, 5], using: &random).converted(to: precision)
    let (loss, gradient) = try Self.run(logits, lengths: Self.lengths, Self.targets)
    #expect(loss.tooShort == [1, 4, 6] && loss.weight == 4 && loss.labels == 5)
    #expect(loss.losses.doubles[1] == 0 && loss.losses.doubles[4] == 0 && loss.losses.doubles[5] == 0)
    let moved = gradient.doubles
    for step in 0..<9 {
      for sequence in 0..<7 {
        let row = (0..<5).map { moved[(step * 7 + sequence) * 5 + $0] }
        if step >= Self.lengths[sequence] || loss.tooShort.contains(sequence) {
          #expect(row.allSatisfy { $0 == 0 })
        } else {
          #expect(row.contains { $0 != 0 } && abs(row.reduce(0, +)) < 1e-6)
        }
      }
    }
    // The others are those that they are alone.
    let alone = try Self.run(
      Tensor(
        doubles: (0..<9).flatMap { step in (0..<5).map { logits.doubles[(step * 7) * 5 + $0] } },
        shape: [9, 1, 5]
      ).converted(to: precision), [Self.targets[0]])
    #expect(alone.loss.losses.doubles[0] == loss.losses.doubles[0])
  }

  /// Same bits on one, two and three threads; packed and padded logits; shared and unshared memory.
  @Test(arguments: KernelTarget.available) func bitsDoNotDependOnThreads(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      var random = RandomSource(seed: 4)
      let lengths = (0..<13).map { 20 + ($0 * 7919) % 40 }
      let targets = (0..<13).map { (index: Int) -> [Int32] in
        (0..<index).map { (place: Int) -> Int32 in Int32(1 + (place * place + index) % 30) }
      }
      let logits = Tensor.normal(deviation: 3, shape: [60, 13, 31], using: &random)
      func outcome(packed: Bool, kept: Bool = false) throws -> Outcome {
        let result = try valueWithGradient(of: NoParameters(), inputs: [logits]) { _, x in
          let own = x[0].affine(times: 1, plus: 0)
          let batch = try SequenceBatch(own, lengths: lengths)
          let loss = packed ? try Loss.ctc(PackedSequence(batch), targets) : try Loss.ctc(batch, targets)
          return (loss.sum, kept ? own : nil)
        }
        return [("loss", result.value), ("∂logits", result.inputGradients[0])]
      }
      let one = try WorkerPool.$forced.withValue(Teams.alone) { try outcome(packed: false) }
      for pool in [Teams.two, Teams.three] {
        expectSameBits(try WorkerPool.$forced.withValue(pool) { try outcome(packed: false) }, one, "threads")
      }
      expectSameBits(try outcome(packed: true), one, "packed")
      expectSameBits(try outcome(packed: false, kept: true), one, "kept logits")
    }
  }

  /// Long sequences with strong logits: paths of e^−10000 and less do not vanish.
  @Test(arguments: KernelTarget.available) func improbableTargetsAreExact(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      var random = RandomSource(seed: 5)
      let steps = 1000
      let logits = Tensor.normal(deviation: 40, shape: [steps, 2, 11], using: &random)
      func cycle(_ count: Int) -> [Int32] { (0..<count).map { Int32(1 + $0 % 10) } }
      let targets = [cycle(400), cycle(steps)]
      let single = try Self.run(logits, targets)
      let double = try Self.run(logits.converted(to: .double), targets)
      #expect(single.loss.losses.doubles[1] > 10_000)
      for (found, expected) in zip(single.loss.losses.doubles, double.loss.losses.doubles) {
        #expect(abs(found - expected) < 1e-6 * expected)
      }
      expectClose(
        single.gradient, double.gradient,
        Tolerance(2e-5, because: "single-precision softmax of logits of 150"),
        "gradient")
      // With as many labels as steps there is one path: each step's gradient is that of its own label.
      let hard = try logits.rows(1).crossEntropy(labels: targets[1]).value.doubles.reduce(0, +)
      #expect(abs(single.loss.losses.doubles[1] - hard) < 1e-5 * hard)
    }
  }

  /// A path that a logit of −∞ forbids costs infinitely much and moves nothing; one that is not needed changes nothing.
  @Test(arguments: KernelTarget.available) func infiniteLogits(_ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      let free = Tensor([0.5, 1, -1, -.infinity, 0, 0.25, 2, -.infinity], shape: [2, 1, 4])
      let (loss, gradient) = try Self.run(free, [[1]])
      #expect(loss.losses.doubles[0].isFinite && Kernels.allFinite(gradient))
      let without = try Self.run(Tensor([0.5, 1, -1, 0, 0.25, 2], shape: [2, 1, 3]), [[1]])
      #expect(abs(loss.losses.doubles[0] - without.loss.losses.doubles[0]) < 1e-6)
      let forbidden = try Self.run(free, [[3]])
      #expect(forbidden.loss.losses.doubles[0] == .infinity && forbidden.loss.tooShort.isEmpty)
      #expect(forbidden.gradient.doubles.allSatisfy { $0 == 0 })
      let broken = try Self.run(Tensor([0.5, .nan, -1, 0, 0.25, 2], shape: [2, 1, 3]), [[2]])
      #expect(broken.loss.losses.doubles[0].isNaN)
    }
  }

  @Test func wrongTargetsAreNamed() throws {
    let logits = try SequenceBatch(Tensor.zeros([4, 2, 3]))
    func error(_ targets: [[Int32]], blank: Int32 = 0) -> TargetError? {
      do throws(TargetError) {
        _ = try Loss.ctc(logits, targets, blank: blank)
        return nil
      } catch { return error }
    }
    #expect(error([[1], [2, 1]]) == nil)
    #expect(error([[1]]) == .shape(place: "Loss.ctc.targets", expected: "[2]", found: [1]))
    #expect(error([[1], [2, 3]]) == .unknown(sequence: 1, position: 1, label: 3, classes: 3))
    #expect(error([[-1], []]) == .unknown(sequence: 0, position: 0, label: -1, classes: 3))
    #expect(error([[1], [2, 2]], blank: 2) == .blank(sequence: 1, position: 0, label: 2))
    #expect(error([[], []], blank: 3) != nil)
    #expect(Loss.ctcStepsNeeded(for: [1, 1, 2, 2, 2]) == 8)
  }
}

extension Tensor {
  /// The logits of one sequence of a `[T, B, K]`.
  fileprivate func rows(_ sequence: Int) -> Variable {
    let (steps, batch, classes) = (shape[0], shape[1], shape[2])
    let own = (0..<steps).flatMap { step in
      (0..<classes).map { self[(step * batch + sequence) * classes + $0] }
    }
    return Variable(Tensor(own, shape: [steps, classes]))
  }
}
