import Testing
import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTasks

/// The network: that all steps at once are the steps one by one, and what softened labels cost.
struct TranslateNetworkTests {
  private struct Batch {
    let source: TokenBatch
    let targets: DecoderTargets

    init(_ pairs: [(source: [Int32], target: [Int32])]) {
      source = TokenBatch(pairs.map(\.source))
      targets = DecoderTargets(
        pairs.map(\.target), begin: SpecialToken.begin.id, end: SpecialToken.end.id)
    }
  }

  /// The network of some settings, over nine letters and the special tokens on both sides.
  private static func network(_ settings: TranslateSettings) throws -> SequenceToSequence {
    var settings = settings
    let preparation = try TranslateTask.prepare(
      PairData([.init(source: "abcdefghi", target: "abcdefghi")]), &settings)
    var random = RandomSource(seed: 5)
    let network = TranslateTask.network(settings, preparation, using: &random)
    try #require(network.decoder.vocabularySize == 13)
    return network
  }

  private static func loss(
    _ network: SequenceToSequence, _ batch: Batch, smoothing: Double, sampling: Float = 0,
    random: inout RandomSource?, stepping: Bool = false
  ) throws -> Variable {
    var options = AttentionDecoder.LossOptions(smoothing: smoothing, sampling: sampling)
    options.stepping = stepping
    return try network.loss(batch.source, batch.targets, options, random: &random).sum
  }

  /// Sequences of awkward lengths, an empty source among them.
  private static func batch(vocabulary: Int) -> Batch {
    var random = RandomSource(seed: 3)
    let lengths = [(1, 1), (7, 9), (0, 2), (17, 8), (9, 0), (16, 15), (8, 17)]
    func ids(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(4 + random.below(vocabulary - 4)) } }
    return Batch(lengths.map { (ids($0.0), ids($0.1)) })
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

    func network() throws -> SequenceToSequence {
      var settings = TranslateToy.settings()
      settings.pairs.network.cell = lstm ? .lstm : .gru
      settings.pairs.attention = additive ? .additive : .multiplicative
      settings.pairs.decoderLayers = layers
      settings.pairs.network.layers = encoderLayers
      settings.pairs.joint = joint
      (settings.pairs.tokens.embeddingSize, settings.pairs.network.hiddenSize) = (7, 9)
      return try TranslateNetworkTests.network(settings).converted(to: .double)
    }
  }

  @Test(arguments: [
    Case(), Case(additive: true), Case(lstm: true), Case(lstm: true, additive: true, layers: 3),
    Case(layers: 1), Case(encoderLayers: 2, joint: true),
  ]) func allStepsAtOnceAreTheSteps(_ example: Case) throws {
    let network = try example.network()
    let batch = Self.batch(vocabulary: 13)
    func run(_ stepping: Bool) throws -> (value: Tensor, gradients: Gradients) {
      try valueWithGradient(of: network) { network in
        var none: RandomSource?
        return try Self.loss(network, batch, smoothing: 0.1, random: &none, stepping: stepping)
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
    let network = try Case(additive: true).network()
    let pairs: [([Int32], [Int32])] = [([4, 5, 6], [7, 8]), ([9], [10, 11, 12, 4, 5])]
    func loss(_ indices: [Int]) throws -> Double {
      var none: RandomSource?
      return try Self.loss(network, Batch(indices.map { pairs[$0] }), smoothing: 0.2, random: &none)
        .value.doubles[0]
    }
    let apart = try loss([0]) + loss([1])
    #expect(abs(try loss([0, 1]) - apart) < 1e-10)
    #expect(abs(try loss([1, 0]) - apart) < 1e-10)
  }

  /// What goes step by step alone: each has a gradient for all of its weights, and its noise is a function of the
  /// seed.
  @Test(arguments: [0, 1, 2]) func theSlowerForms(_ which: Int) throws {
    var settings = TranslateToy.settings()
    (settings.pairs.tokens.embeddingSize, settings.pairs.network.hiddenSize) = (7, 9)
    settings.pairs.attention = .additive
    settings.pairs.inputFeeding = which == 0
    settings.pairs.coverage = which == 1
    let network = try Self.network(settings)
    let batch = Self.batch(vocabulary: 13)
    func run(_ seed: UInt64) throws -> (value: Tensor, gradients: Gradients) {
      try valueWithGradient(of: network) { network in
        var noise: RandomSource? = RandomSource(seed: seed)
        return try Self.loss(
          network, batch, smoothing: 0, sampling: which == 2 ? 0.5 : 0, random: &noise)
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
