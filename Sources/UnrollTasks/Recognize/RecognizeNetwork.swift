import UnrollCore
import UnrollNetworks

/// Many to one: a picture as a vector of length 1, near to those of the same person.
///
///     x = rows of convolution features           [N, E₀]
///     v = W pooled(encoder(x)) + b               [B, E]
///     e = v / ‖v‖
public struct RecognizeNetwork: Module {
  var front: ImageFront
  var encoder: RecurrentEncoder
  var head: PooledHead
  /// A vector for each person of the training, `[people, E]`.
  var people: Parameter

  init(
    _ settings: RecognizeSettings, size: Extent2D, channels: Int, people: Int,
    using random: inout RandomSource
  ) {
    let network = settings.network
    front = ImageFront(
      .rows, size: size, channels: channels, blocks: settings.filters.map { .init(channels: $0, pool: 2) },
      using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers), bidirectional: true,
      dropout: network.dropout, weightDropout: network.weightDropout, using: &random)
    head = PooledHead(
      [.mean, .max], features: encoder.outputSize, inputFeatures: front.outputSize,
      outputs: settings.embeddingSize, bidirectional: true, dropout: network.dropout, using: &random)
    let size = settings.embeddingSize
    self.people = Parameter([people, size]) { .normal(deviation: 1, shape: [people, size], using: &random) }
  }

  /// e, `[B, E]`.
  ///
  /// - Parameter pixels: `[B, H, W, C]`.
  func embeddings(_ pixels: Tensor, random: inout RandomSource?) throws(ShapeError) -> Variable {
    let x = try front(ImageBatch(pixels, for: front.reading), random: &random)
    return Self.normalized(try head(encoder(x, random: &random), inputs: x, random: &random))
  }

  private static func normalized(_ x: Variable) -> Variable {
    x / (x.square().sum(axis: -1, keepingAxis: true) + 1e-12).sqrt()
  }

  /// Σ over pictures of the cross-entropy of a softmax over people, with the cosine of the right one less a margin (Wang
  /// et al. 2018, "CosFace: large margin cosine loss for deep face recognition", equation 4):
  ///
  ///     logits = s · (cos(e, pᵢ) − m·[i is right])
  func loss(
    _ pixels: Tensor, _ labels: [Int32], margin: Float, scale: Float, smoothing: Double,
    random: inout RandomSource?
  ) throws(ShapeError) -> LossSum {
    let cosines = try embeddings(pixels, random: &random).linear(Self.normalized(people.variable))
    let count = people.shape[0]
    var margins = [Float](repeating: 0, count: labels.count * count)
    for (row, label) in labels.enumerated() { margins[row * count + Int(label)] = margin }
    let logits = scale * (cosines - Variable(Tensor(margins, shape: [labels.count, count])))
    return try PooledHead.loss(logits, labels, smoothing: smoothing)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
    try body(parameterName(path, "people"), &people)
  }
}
