import UnrollCore
import UnrollData
import UnrollNetworks

/// A sequence-to-sequence network with attention: `SequenceToSequence` as a translator's settings ask for it.
///
///     v = k·E_s[source]                   [S, E]
///     x = encoder(v)                      both directions, [S, 2H]
///     p(target) = `AttentionDecoder` over x, with v as its lexicon and tied weights
///
/// k = √E / 2, since a table of small vectors serves the output and larger ones the cells.
package struct TranslationNetwork: Module {
  let settings: TranslationSettings
  var model: SequenceToSequence

  package init(
    _ settings: TranslationSettings, sourceCount: Int, targetCount: Int, using random: inout RandomSource
  ) {
    self.settings = settings
    let (e, h) = (settings.embeddingSize, settings.hiddenSize)
    func front(_ count: Int) -> TokenFront {
      // The table is the output as well: vectors of about unit length keep the first logits small.
      TokenFront(
        count: count, size: e, deviation: 1 / Float(e).squareRoot(), scale: 0.5 * Double(e).squareRoot(),
        noise: TokenNoise(tokens: .uniform(settings.wordDropout)), dropout: settings.dropout, using: &random)
    }
    let source = front(sourceCount)
    let target = settings.isJoint ? source : front(targetCount)
    let encoder = RecurrentEncoder(
      settings.cell, inputSize: e, hiddenSizes: Array(repeating: h, count: settings.encoderLayers),
      bidirectional: true, dropout: settings.dropout, using: &random)
    var configuration = AttentionDecoder.Configuration(hiddenSize: h, memorySize: encoder.outputSize)
    configuration.cell = settings.cell
    configuration.layers = settings.decoderLayers
    configuration.attention = settings.attention == .additive ? .additive : .multiplicative
    configuration.inputFeeding = settings.inputFeeding
    configuration.coverage = settings.coverage
    configuration.lexiconSize = e
    configuration.dropout = settings.dropout
    configuration.unknown = SpecialToken.unknown.id
    model = SequenceToSequence(
      source: settings.isJoint ? nil : source, encoder: encoder,
      decoder: AttentionDecoder(configuration, front: target, using: &random))
  }

  package mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try model.forEachParameter(path, body) }

  /// The sum over target tokens of the cross-entropy against softened labels.
  ///
  /// - Parameters:
  ///   - smoothing: ε.
  ///   - sampling: the share of tokens read that are the network's own.
  ///   - stepping: whether to go step by step although all steps could be run together.
  package func loss(
    _ batch: TranslationBatch, smoothing: Double, sampling: Float, random: inout RandomSource?,
    stepping: Bool = false
  ) throws(ShapeError) -> LossSum {
    var options = AttentionDecoder.LossOptions(smoothing: smoothing, sampling: sampling)
    options.stepping = stepping
    return try model.loss(batch.source, batch.targets, options, random: &random)
  }
}
