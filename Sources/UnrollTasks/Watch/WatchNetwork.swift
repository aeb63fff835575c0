import UnrollCore
import UnrollNetworks

/// Watches the frames of a clip, and says one thing of all of them, or one of each.
///
/// Legend: N frames of B clips, F features of a frame, E projected ones, H units, C labels.
///
///     x = front(frames)                           [N, E]
///     h = encoder(x)                              in both directions: [N, 2H]
///     y = head(h)                                 pooled, then logits [B, C]; or scores of each frame [N, C]
public struct WatchNetwork: Module {
  var front: FrameFront
  var encoder: RecurrentEncoder
  /// One of both.
  var pooled: PooledHead?
  var steps: StepHead?

  init(_ settings: WatchSettings, features: Int, labels: Int, using random: inout RandomSource) {
    let (network, size) = (settings.network, settings.embeddingSize)
    front = FrameFront(
      inputSize: features, outputSize: size > 0 ? size : nil, activation: .relu,
      dropout: size > 0 ? network.dropout : 0, using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers),
      bidirectional: settings.bidirectional, dropout: network.dropout,
      weightDropout: network.weightDropout,
      using: &random)
    switch settings.granularity ?? .clip {
    case .clip:
      pooled = PooledHead(
        settings.pooling, features: encoder.outputSize,
        outputs: labels,
        bidirectional: settings.bidirectional, dropout: network.dropout, using: &random)
    case .segments:
      encoder.outputDropout = SequenceDropout(rate: network.dropout)
      steps =
        settings.decision == .crf
        ? StepHead(features: encoder.outputSize, labels: labels, constraints: nil, using: &random)
        : StepHead(features: encoder.outputSize, labels: labels, using: &random)
    }
  }

  private func read(
    _ frames: PackedSequence, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    try encoder(front(frames, random: &random), random: &random)
  }

  /// y of each clip, `[B, C]`.
  func logits(_ frames: PackedSequence, random: inout RandomSource?) throws(ShapeError) -> Variable {
    guard let pooled else {
      throw ShapeError(
        place: "WatchNetwork", expected: "a head for clips", found: frames.rows.shape)
    }
    return try pooled(read(frames, random: &random), random: &random)
  }

  /// y of each frame, `[N, C]`.
  func scores(_ frames: PackedSequence, random: inout RandomSource?) throws(ShapeError)
    -> PackedSequence
  {
    guard let steps else {
      throw ShapeError(
        place: "WatchNetwork", expected: "a head for frames", found: frames.rows.shape)
    }
    return try steps(read(frames, random: &random))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try pooled?.forEachParameter(parameterName(path, "head"), body)
    try steps?.forEachParameter(parameterName(path, "head"), body)
  }
}

extension WatchTask {
  /// Reads `frames`, features made as `config.json` says, and `lengths`. Gives `probabilities`, `[batch, labels]`; or
  /// `scores`, `[batch, time, labels]`, and the `labels` that are decided of them.
  public static func trace(_ trace: inout Trace, _ model: Watcher) throws {
    let layout = trace.lengths("lengths")
    let frames = trace.frames("frames", features: model.preparation.features.featureCount, layout)
    var none: RandomSource?
    let heads = model.networks.compactMap(\.steps)
    guard heads.isEmpty else {
      let head = StepHead.ensemble(heads)
      let scores = head.mean(of: try model.networks.map { try $0.scores(frames, random: &none) })
      trace.gives("scores", scores.rows, layout)
      trace.gives("labels", labels: try head.decodeRows(scores), layout)
      return
    }
    let probabilities = try model.networks.map { try $0.logits(frames, random: &none).softmax() }
    trace.gives("probabilities", .mean(of: probabilities))
  }
}
