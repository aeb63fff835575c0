import UnrollCore
import UnrollNetworks

/// Many to one: reads a picture as steps and says one thing of all of them.
///
///     x = front(picture)          rows, columns, places: [N, E]
///     h = encoder(x)
///     y = head(h)                 logits [B, labels]
public struct IdentifyNetwork: Module {
  var front: ImageFront
  var encoder: RecurrentEncoder
  var head: PooledHead

  init(
    _ settings: IdentifySettings, size: Extent2D, channels: Int, labels: Int, using random: inout RandomSource
  ) {
    let network = settings.network
    front = ImageFront(
      settings.front.reading, size: size, channels: channels, blocks: settings.blocks,
      sweeps: settings.sweepForms, using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers),
      bidirectional: settings.bidirectional, dropout: network.dropout, weightDropout: network.weightDropout,
      using: &random)
    head = PooledHead(
      settings.pooling, features: encoder.outputSize, outputs: labels, bidirectional: settings.bidirectional,
      dropout: network.dropout, using: &random)
  }

  /// - Parameter pixels: `[B, H, W, C]`.
  func logits(_ pixels: Tensor, random: inout RandomSource?) throws(ShapeError) -> Variable {
    try logits(of: front(ImageBatch(pixels, for: front.reading), random: &random), random: &random)
  }

  func logits(of x: PackedSequence, random: inout RandomSource?) throws(ShapeError) -> Variable {
    try head(encoder(x, random: &random), random: &random)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}
