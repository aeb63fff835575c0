import UnrollCore
import UnrollNetworks

/// Reads text off the steps of a sequence:
///
///     x = front(input)                     what a step is: frames of sound, columns of a picture
///     h = recurrent layers over x          in both directions, or forward
///     ln p(class | step) = log softmax(W h + b)
///
/// with class 0 as the blank (Graves et al. 2006). One mask a sequence drops from what the recurrent layers read and
/// write (Gal and Ghahramani 2016).
public struct CTCNetwork<InputFront: Front>: Module {
  public var front: InputFront
  public var encoder: RecurrentEncoder
  public var head: CTCHead

  public init(
    _ front: InputFront, _ settings: CTCSettings, symbols: Int, using random: inout RandomSource
  ) {
    let network = settings.network
    self.front = front
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers),
      bidirectional: settings.bidirectional, noise: [RecurrentNoise(inputDropout: network.dropout)],
      outputDropout: network.dropout, weightDropout: network.weightDropout, using: &random)
    head = CTCHead(inputSize: encoder.outputSize, symbolCount: symbols, using: &random)
  }

  /// What the head reads, packed.
  public func features(
    _ input: InputFront.Input, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    try encoder(front(input, random: &random), random: &random)
  }

  /// The logits of each step, packed `[N, K + 1]`.
  public func logits(
    _ input: InputFront.Input, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    try head(features(input, random: &random))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

extension CTCNetwork {
  /// ln p of each class at each step, packed: of several networks the normalised product, which is the softmax of their
  /// mean logits.
  static func logProbabilities(
    _ networks: [CTCNetwork], _ input: InputFront.Input
  ) throws(ShapeError) -> PackedSequence {
    var none: RandomSource?
    var logits: [PackedSequence] = []
    for network in networks { logits.append(try network.logits(input, random: &none)) }
    return PackedSequence(rows: Variable.mean(of: logits.map(\.rows)).logSoftmax(), layout: logits[0].layout)
  }
}
