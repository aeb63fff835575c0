import UnrollCore

/// A recurrent network over tokens with a `NextStepHead`, read one token at a time: a language model's decoder.
///
///     let decoder = try NextStepDecoder(front, network, head)
///     decoder.read(begin)
///     try TokenSampler(temperature: 0.8)(&decoder, after: token, limit: 200, using: &random)
///
/// Scores have the bits of the network run over the whole sequence; reading allocates nothing for the cells with a fused
/// form. A decoder is a reference: a copy is the same decoder. It is for one thread at a time.
public final class NextStepDecoder: StepDecoder {
  private let front: TokenFront
  private let network: AnyRecurrentNetwork
  private let head: NextStepHead
  private var session: AnyStreamingSession
  /// The outputs after the last step, `[rows, H]`.
  private var features: Tensor
  /// The vectors of the tokens that are read, row by row.
  private var vectors: [Float]

  /// A decoder that has read nothing.
  ///
  /// - Throws: `ShapeError` when a layer reads backwards, or the front reads more of a token than its id.
  public init(
    _ front: TokenFront, _ network: AnyRecurrentNetwork, _ head: NextStepHead, rows: Int = 1
  ) throws(ShapeError) {
    guard front.outputSize == front.table.size else {
      throw ShapeError(
        place: "NextStepDecoder", expected: "a front of \(front.table.size) features, of ids alone",
        found: [front.outputSize])
    }
    self.front = front
    self.network = network
    self.head = head
    session = try network.streaming(batch: rows)
    features = .zeros([rows, session.outputSize])
    vectors = Array(repeating: 0, count: rows * front.table.size)
  }

  /// The number of rows.
  public var rows: Int { session.batch }

  public func select(_ rows: [Int]) {
    let order = rows.map(Int32.init)
    let state = session.state.map { $0.map { $0.gather(order) } }
    features = Variable(features).gather(order).value
    if rows.count != session.batch {
      guard let other = try? network.streaming(batch: rows.count) else {
        preconditionFailure("that the network streams was found out before")
      }
      session = other
      vectors = Array(repeating: 0, count: rows.count * front.table.size)
    }
    session.state = state
  }

  /// Reads a token a row.
  ///
  /// - Parameter tokens: ids of the front's table.
  public func read(_ tokens: [Int32]) {
    precondition(tokens.count == rows, "\(rows) tokens were expected, found \(tokens.count)")
    let (width, scale) = (front.table.size, Float(front.scale))
    let table = front.table.weight.value
    table.withUnsafeElements { table in
      vectors.withUnsafeMutableBufferPointer { vectors in
        for (row, token) in tokens.enumerated() {
          precondition(
            token >= 0 && (Int(token) + 1) * width <= table.count, "token \(token) is not in the table")
          for column in 0..<width {
            vectors[row * width + column] = scale * table[Int(token) * width + column]
          }
        }
      }
    }
    vectors.withUnsafeBufferPointer { vectors in
      session.step(vectors) { outputs in
        features.withUnsafeMutableElements {
          $0.baseAddress?.update(from: outputs.baseAddress!, count: outputs.count)
        }
      }
    }
  }

  /// What a softmax makes probabilities of the next token of, `[rows, V]`.
  ///
  /// - Throws: `ShapeError` when head and network do not fit.
  public func logits() throws(ShapeError) -> Tensor {
    try head.logits(Variable(features), table: front.table).value
  }

  /// −ln p of a token of each row that might come next.
  ///
  /// - Throws: `ShapeError` when a token is not in the table.
  public func losses(_ tokens: [Int32]) throws(ShapeError) -> [Float] {
    try head.losses(Variable(features), tokens, table: front.table)
  }

  public func step(_ tokens: [Int32]) throws(ShapeError) -> DecoderStep {
    guard tokens.count == rows else {
      throw ShapeError(place: "NextStepDecoder.step", expected: "[\(rows)]", found: [tokens.count])
    }
    read(tokens)
    return DecoderStep(scores: try logits())
  }
}
