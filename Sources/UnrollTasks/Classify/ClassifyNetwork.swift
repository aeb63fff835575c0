import UnrollCore
import UnrollData
import UnrollNetworks

/// Many to one: reads the steps of a text or a sequence and says one thing of all of them.
///
/// Legend: N steps of B examples, E features of a step, H units, C labels.
///
///     x = front(steps)                            tokens or frames, [N, E]
///     h = encoder(x)                              in both directions: [N, 2H]
///     y = head(h, x)                              steps pooled, then logits [B, C]
public struct ClassifyNetwork: Module {
  /// What a network reads: ids below a bound, or frames of a width.
  enum Input: Equatable {
    case tokens(vocabulary: Int, pieces: Int)
    case frames(width: Int)
  }

  /// Some examples as a network reads them.
  enum Batch: Sendable {
    case tokens(TokenBatch)
    case frames(PackedSequence)
  }

  /// One of both.
  var tokens: TokenFront?
  var frames: FrameFront?
  var encoder: RecurrentEncoder
  var head: PooledHead

  init(_ settings: ClassifySettings, _ input: Input, labels: Int, using random: inout RandomSource) {
    let network = settings.network
    let size = settings.tokens.embeddingSize
    let features: Int
    switch input {
    case .tokens(let vocabulary, let pieces):
      let front = TokenFront(
        count: vocabulary, size: max(1, size), pieces: pieces,
        noise: TokenNoise(
          tokens: .uniform(Float(settings.tokenDropout)), replacement: SpecialToken.unknown.id,
          dropsForms: true),
        dropout: network.dropout, using: &random)
      (tokens, features) = (front, front.outputSize)
    case .frames(let width):
      let front = FrameFront(
        inputSize: width, outputSize: size > 0 ? size : nil, dropout: size > 0 ? network.dropout : 0,
        using: &random)
      (frames, features) = (front, front.outputSize)
    }
    encoder = RecurrentEncoder(
      network.cell, inputSize: features,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers),
      bidirectional: settings.bidirectional, dropout: network.dropout, weightDropout: network.weightDropout,
      using: &random)
    head = PooledHead(
      settings.pooling, features: encoder.outputSize, inputFeatures: settings.poolsInputs ? features : nil,
      outputs: labels, bidirectional: settings.bidirectional, dropout: network.dropout, using: &random)
  }

  /// x.
  func read(_ batch: Batch, random: inout RandomSource?) throws(ShapeError) -> PackedSequence {
    switch batch {
    case .tokens(let batch):
      guard let tokens else {
        throw ShapeError(place: "ClassifyNetwork", expected: "frames", found: [batch.ids.count])
      }
      return try tokens(batch, random: &random)
    case .frames(let batch):
      guard let frames else {
        throw ShapeError(place: "ClassifyNetwork", expected: "tokens", found: batch.rows.shape)
      }
      return try frames(batch, random: &random)
    }
  }

  /// y of x.
  func logits(_ x: PackedSequence, random: inout RandomSource?) throws(ShapeError) -> Variable {
    try head(encoder(x, random: &random), inputs: head.poolsInputs ? x : nil, random: &random)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try tokens?.forEachParameter(parameterName(path, "front"), body)
    try frames?.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

extension ClassifyNetwork {
  /// Lets the vectors of tokens start with what naive Bayes knows of them (Wang and Manning 2012, "Baselines and
  /// bigrams", equation 2): for label c and token w, with n the number of examples of the kind that w occurs in,
  ///
  ///     r_c(w) = ln (n_c(w) + 1)/(Σ n_c + V) − ln (n_¬c(w) + 1)/(Σ n_¬c + V)
  ///
  /// stands in place c of the vector, on the scale of the other places. Two labels need one place; where there are
  /// more labels than half of the places, nothing is done.
  mutating func startFromNaiveBayes(_ ids: [[Int32]], _ targets: ClassifyTargets, isMultiLabel: Bool) {
    let labels = targets.count == 2 && !isMultiLabel ? 1 : targets.count
    guard var table = tokens?.table.weight.value, labels * 2 <= table.shape.columns else { return }
    let (vocabulary, features) = (table.shape.rows, table.shape.columns)
    var all = [Float](repeating: 0, count: vocabulary)
    var with = [[Float]](repeating: all, count: labels)
    for (example, own) in zip(ids, targets.ids) {
      let tokens = Set(example)
      for token in tokens { all[Int(token)] += 1 }
      for label in own where label < labels {
        for token in tokens { with[label][Int(token)] += 1 }
      }
    }
    let total = all.reduce(0, +)
    var ratios = [Float](repeating: 0, count: labels * vocabulary)
    var squares = 0.0
    for label in 0..<labels {
      let own = with[label].reduce(0, +)
      for token in 0..<vocabulary where all[token] > 0 {
        let there = Double((with[label][token] + 1) / (own + Float(vocabulary)))
        let elsewhere = Double((all[token] - with[label][token] + 1) / (total - own + Float(vocabulary)))
        let ratio = naturalLogarithm(there) - naturalLogarithm(elsewhere)
        ratios[label * vocabulary + token] = Float(ratio)
        squares += ratio * ratio
      }
    }
    // A few times the deviation at random, so that it is heard.
    let scale = squares > 0 ? 0.3 / Float((squares / Double(labels * vocabulary)).squareRoot()) : 0
    var elements = table.elements
    for label in 0..<labels {
      for token in 0..<vocabulary {
        elements[token * features + label] = scale * ratios[label * vocabulary + token]
      }
    }
    table = Tensor(elements, shape: table.shape)
    tokens?.table.weight.value = table
  }
}
