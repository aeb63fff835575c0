import Testing
import UnrollCore
import UnrollData
import UnrollTasks

/// The network: that all steps at once are the steps one by one, and what softened labels cost.
struct TranslateNetworkTests {
  /// Sequences of awkward lengths, an empty source among them.
  private static func batch(vocabulary: Int) -> TranslationBatch {
    var random = RandomSource(seed: 3)
    var pairs = TokenPairs()
    let lengths = [(1, 1), (7, 9), (0, 2), (17, 8), (9, 0), (16, 15), (8, 17)]
    for (source, target) in lengths {
      func ids(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(4 + random.below(vocabulary - 4)) } }
      pairs.append(source: ids(source), target: ids(target))
    }
    return TranslationBatch(pairs, Array(lengths.indices))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var lstm = false
    var additive = false
    var layers = 2
    var encoderLayers = 1
    var joint = false
    var testDescription: String {
      "lstm \(lstm) additive \(additive) layers \(layers)/\(encoderLayers) joint \(joint)"
    }

    func network() -> TranslationNetwork {
      var settings = TranslateToy.settings()
      settings.cell = lstm ? .lstm : .gru
      settings.attention = additive ? .additive : .multiplicative
      settings.decoderLayers = layers
      settings.encoderLayers = encoderLayers
      settings.isJoint = joint
      (settings.embeddingSize, settings.hiddenSize) = (7, 9)
      var random = RandomSource(seed: 5)
      return TranslationNetwork(settings, sourceCount: 13, targetCount: 13, using: &random)
        .converted(to: .double)
    }
  }

  @Test(arguments: [
    Case(), Case(additive: true), Case(lstm: true), Case(lstm: true, additive: true, layers: 3),
    Case(layers: 1), Case(encoderLayers: 2, joint: true),
  ]) func allStepsAtOnceAreTheSteps(_ example: Case) throws {
    let network = example.network()
    let batch = Self.batch(vocabulary: 13)
    func run(_ stepping: Bool) throws -> (value: Tensor, gradients: Gradients) {
      try valueWithGradient(of: network) { network in
        var none: RandomSource?
        return try network.loss(batch, smoothing: 0.1, sampling: 0, random: &none, stepping: stepping).sum
      }
    }
    let (together, stepped) = (try run(false), try run(true))
    #expect(abs(together.value.doubles[0] - stepped.value.doubles[0]) < 1e-9)
    // Double precision: only the order of sums differs.
    for (name, (a, b)) in zip(
      together.gradients.names, zip(together.gradients.values, stepped.gradients.values))
    {
      let (x, y) = (a.tensor.doubles, b.tensor.doubles)
      let error = zip(x, y).map { abs($0 - $1) }.max() ?? 0
      #expect(error < 1e-9, "\(name)")
      #expect(x.contains { $0 != 0 }, "\(name) takes no part")
    }
  }

  /// The loss is the sum of losses of pairs that are alone: lengths of others do not matter.
  @Test func pairsDoNotMindEachOther() throws {
    let network = Case(additive: true).network()
    var pairs = TokenPairs()
    pairs.append(source: [4, 5, 6], target: [7, 8])
    pairs.append(source: [9], target: [10, 11, 12, 4, 5])
    func loss(_ indices: [Int]) throws -> Double {
      var none: RandomSource?
      return try network.loss(TranslationBatch(pairs, indices), smoothing: 0.2, sampling: 0, random: &none)
        .sum.value.doubles[0]
    }
    let apart = try loss([0]) + loss([1])
    #expect(abs(try loss([0, 1]) - apart) < 1e-10)
    #expect(abs(try loss([1, 0]) - apart) < 1e-10)
  }

  /// What goes step by step alone: each has a gradient for all of its weights, and its noise is a function of the seed.
  @Test(arguments: [0, 1, 2]) func theSlowerForms(_ which: Int) throws {
    var settings = TranslateToy.settings()
    (settings.embeddingSize, settings.hiddenSize) = (7, 9)
    settings.attention = .additive
    settings.inputFeeding = which == 0
    settings.coverage = which == 1
    var random = RandomSource(seed: 5)
    let network = TranslationNetwork(settings, sourceCount: 13, targetCount: 13, using: &random)
    let batch = Self.batch(vocabulary: 13)
    func run(_ seed: UInt64) throws -> (value: Tensor, gradients: Gradients) {
      try valueWithGradient(of: network) { network in
        var noise: RandomSource? = RandomSource(seed: seed)
        return try network.loss(batch, smoothing: 0, sampling: which == 2 ? 0.5 : 0, random: &noise).sum
      }
    }
    let first = try run(1)
    for (name, gradient) in zip(first.gradients.names, first.gradients.values) {
      #expect(gradient.tensor.elements.contains { $0 != 0 }, "\(name) takes no part")
    }
    #expect(try run(1).value == first.value)
    if which == 2 { #expect(try run(2).value != first.value) }
  }
}
