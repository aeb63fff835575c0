import UnrollCore

/// Writes the likeliest class of each step of a transducer until that is the blank, or until as many symbols as a step
/// may have are written.
///
/// A value with its state: it may be copied and gone on with from both copies. What it finds does not depend on how steps
/// were divided.
public struct TransducerGreedyDecoder: Sendable {
  public let transducer: Transducer
  /// The most symbols of a step.
  public let symbolsPerStep: Int
  /// The steps read so far.
  public private(set) var stepsRead = 0
  private var state: [AnyRecurrentNetwork.State]
  /// What the symbols so far say, as the joiner takes it, `[1, J]`.
  private var predicted: Variable

  /// - Throws: `ShapeError` when predictor and joiner do not fit.
  public init(_ transducer: Transducer, symbolsPerStep: Int = 4) throws(ShapeError) {
    self.transducer = transducer
    self.symbolsPerStep = max(1, symbolsPerStep)
    let (outputs, state) = try transducer.predictor.step([-1], state: nil)
    predicted = try transducer.joiner.predictor(outputs)
    self.state = state
  }

  /// Reads some steps of the encoder, `[steps, E]`.
  ///
  /// - Returns: the symbols that they say; each counts for the step it was written at.
  /// - Throws: `ShapeError` when the features do not fit.
  public mutating func read(_ encoded: Tensor) throws(ShapeError) -> [PlacedSymbol] {
    var found: [PlacedSymbol] = []
    let rows = try transducer.joiner.encoder(Variable(encoded))
    for row in 0..<rows.shape.rows {
      let step = rows.rows(row..<row + 1)
      for _ in 0..<symbolsPerStep {
        let scores = try transducer.joiner.logProbabilities(step, predicted).value
        let best = scores.withUnsafeElements { TokenSampler.best($0) }
        if Int32(best) == transducer.blank { break }
        found.append(
          PlacedSymbol(
            symbol: Int32(best), steps: stepsRead..<stepsRead + 1,
            confidence: exponential(Double(scores[best]))))
        let (outputs, after) = try transducer.predictor.step([Int32(best)], state: state)
        (predicted, state) = (try transducer.joiner.predictor(outputs), after)
      }
      stepsRead += 1
    }
    return found
  }
}
