import Unroll

/// A network of one's own: a vector for each letter, the cell over time, and a score for each label after the last
/// letter.
struct CountingNetwork: Module {
  var embedding: Embedding
  var core: RecurrentNetwork<MinimalGatedCell>
  var output: Linear

  init(letters: Int, labels: Int, hiddenSize: Int, using random: inout RandomSource) {
    embedding = Embedding(count: letters, size: 8, deviation: 1, using: &random)
    core = RecurrentNetwork<MinimalGatedCell>(inputSize: 8, hiddenSize: hiddenSize, using: &random)
    output = Linear(inputSize: hiddenSize, outputSize: labels, using: &random)
  }

  /// Scores `[B, labels]`.
  ///
  /// - Parameter symbols: the letters of all texts, packed as the layout says.
  func callAsFunction(_ symbols: [Int32], _ layout: SequenceLayout) throws(ShapeError) -> Variable {
    let read = try core(PackedSequence(rows: embedding(symbols), layout: layout)).outputs
    return try output(read.last)
  }

  func callAsFunction(_ texts: [[Int32]]) throws(ShapeError) -> Variable {
    let layout = SequenceLayout(lengths: texts.map(\.count))
    return try self(layout.packing(texts), layout)
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try embedding.forEachParameter(parameterName(path, "embedding"), body)
    try core.forEachParameter(parameterName(path, "core"), body)
    try output.forEachParameter(parameterName(path, "output"), body)
  }
}

/// Texts aⁿbⁿ and others, the language that counting is learned by (Gers and Schmidhuber 2001, section 3).
struct CountingText {
  let text: String
  let isInLanguage: Bool

  /// So many of each kind; the others lack a letter, have one too many, or have two that changed places.
  static func texts(_ count: Int, longest: Int, using random: inout RandomSource) -> [CountingText] {
    (0..<count).map { index in
      let n = 1 + random.below(longest)
      var letters = Array(repeating: Character("a"), count: n) + Array(repeating: Character("b"), count: n)
      guard index % 2 == 1 else { return CountingText(text: String(letters), isInLanguage: true) }
      switch random.below(3) {
      case 0: letters.removeFirst()
      case 1: letters.append("b")
      default: letters.swapAt(random.below(n), n + random.below(n))
      }
      return CountingText(text: String(letters), isInLanguage: false)
    }
  }
}

/// A training loop of one's own: gradients, a bound on their norm, an optimizer's step.
enum OwnLoop {
  /// - Returns: the share of new texts that are told right.
  static func run(steps: Int, seed: UInt64) throws -> Double {
    var random = RandomSource(seed: seed)
    var network = CountingNetwork(letters: 2, labels: 2, hiddenSize: 24, using: &random)
    var optimizer = Adam(learningRate: 0.005)
    func batch(_ count: Int) -> (letters: [[Int32]], labels: [Int32]) {
      let texts = CountingText.texts(count, longest: 8, using: &random)
      return (texts.map { $0.text.map { $0 == "a" ? 0 : 1 } }, texts.map { $0.isInLanguage ? 1 : 0 })
    }
    for step in 1...steps {
      let (letters, labels) = batch(32)
      var (loss, gradients) = try valueWithGradient(of: network) { network in
        try PooledHead.loss(network(letters), labels).mean
      }
      _ = GradientClipping.byGlobalNorm(&gradients, maximum: 1)
      optimizer.update(&network, gradients)
      if step % (steps / 4) == 0 { print("step \(step): \(loss.scalar) nats") }
    }
    let (letters, labels) = batch(400)
    let scores = try network(letters).value
    let right = labels.indices.filter { (scores[2 * $0 + 1] > scores[2 * $0]) == (labels[$0] == 1) }
    return Double(right.count) / Double(labels.count)
  }
}
