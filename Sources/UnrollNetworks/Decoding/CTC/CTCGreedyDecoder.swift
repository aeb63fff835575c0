import UnrollCore

/// A symbol that a decoder found, and where.
public struct PlacedSymbol: Sendable, Equatable {
  public let symbol: Int32
  /// The steps that say it: from the first to before the end.
  public let steps: Range<Int>
  /// Its mean probability over these steps.
  public let confidence: Double

  public init(symbol: Int32, steps: Range<Int>, confidence: Double) {
    self.symbol = symbol
    self.steps = steps
    self.confidence = confidence
  }
}

/// Best-path decoding of connectionist temporal classification (Graves et al. 2006, section 3.2): the likeliest class of
/// each step, without repeats, then without blanks.
///
///     var decoder = CTCGreedyDecoder(blank: 0)
///     while let frames = next() { symbols += decoder.read(frames) }       // [steps, K], any number of steps
///     symbols += decoder.finish()
///
/// A value: it may be copied and gone on with from both copies. What it finds does not depend on how steps were divided.
public struct CTCGreedyDecoder: Sendable {
  /// The class that spells nothing.
  public let blank: Int32
  /// The steps read so far.
  public private(set) var stepsRead = 0
  /// The symbol that the last step said, where it began and the sum of its probabilities.
  private var current: (symbol: Int32, start: Int, sum: Double)?

  public init(blank: Int32 = 0) { self.blank = blank }

  /// Reads some steps.
  ///
  /// - Parameter logProbabilities: ln p of each class, `[steps, K]`; of equals the first class counts.
  /// - Returns: the symbols that ended in these steps.
  public mutating func read(_ logProbabilities: Tensor) -> [PlacedSymbol] {
    let classes = logProbabilities.shape.columns
    guard classes > 0 else { return [] }
    return logProbabilities.withUnsafeElements { elements in
      (0..<logProbabilities.shape.rows).compactMap { row in
        read(UnsafeBufferPointer(rebasing: elements[row * classes..<(row + 1) * classes]))
      }
    }
  }

  /// Reads one step, ln p of each class.
  public mutating func read(_ step: UnsafeBufferPointer<Float>) -> PlacedSymbol? {
    let best = TokenSampler.best(step)
    let probability = exponential(Double(step[best]))
    defer { stepsRead += 1 }
    if let current, current.symbol == Int32(best) {
      self.current = (current.symbol, current.start, current.sum + probability)
      return nil
    }
    let ended = end()
    if Int32(best) != blank { current = (Int32(best), stepsRead, probability) }
    return ended
  }

  /// The symbol that the last step said, if it said one. The decoder goes on as if a blank had followed.
  public mutating func finish() -> PlacedSymbol? { end() }

  private mutating func end() -> PlacedSymbol? {
    guard let (symbol, start, sum) = current else { return nil }
    current = nil
    return PlacedSymbol(
      symbol: symbol, steps: start..<stepsRead, confidence: sum / Double(stepsRead - start))
  }

  /// The symbols of a whole sequence, ln p `[T, K]`.
  public static func decode(_ logProbabilities: Tensor, blank: Int32 = 0) -> [PlacedSymbol] {
    var decoder = CTCGreedyDecoder(blank: blank)
    let symbols = decoder.read(logProbabilities)
    return symbols + [decoder.finish()].compactMap { $0 }
  }
}
