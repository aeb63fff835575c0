/// Something that writes down the course of a training as it goes. One that throws is not asked again, and training goes
/// on without it; the journal's note says so.
public protocol TrainingLog: AnyObject {
  /// Whether it wants ``record(_:training:steps:)-(TrainingDistribution,_,_)`` to be called.
  var wantsDistributions: Bool { get }

  /// Takes an event of a training.
  ///
  /// - Parameters:
  ///   - training: the turn of its trainer, from 1.
  ///   - steps: the steps that it has taken in all.
  /// - Throws: `ModelFileError` when it cannot be written.
  func record(_ event: TrainingEvent, training: Int, steps: Int) throws

  /// Takes the distribution of some numbers, now and then.
  func record(_ distribution: TrainingDistribution, training: Int, steps: Int) throws

  /// Called when a training goes on from a checkpoint: what was recorded after its steps is recorded again.
  func resume(training: Int, steps: Int) throws

  /// Writes out what is held back.
  func flush() throws
}

/// How some numbers of a network are distributed.
public struct TrainingDistribution: Sendable {
  public enum Kind: String, Sendable {
    /// The gradient of a parameter.
    case gradient = "gradients"
    /// A gate of a recurrent layer.
    case gate = "gates"
  }

  public let kind: Kind
  /// The name of the parameter, or of the layer and the gate.
  public let name: String
  public let histogram: Histogram

  public init(_ kind: Kind, name: String, _ histogram: Histogram) {
    self.kind = kind
    self.name = name
    self.histogram = histogram
  }
}

/// Counts of numbers between their least and their greatest.
public struct Histogram: Sendable, Equatable {
  public let minimum: Double
  public let maximum: Double
  public let count: Int
  public let sum: Double
  public let sumOfSquares: Double
  /// How many numbers lie in each of equally wide parts, the last of which ends with the maximum.
  public let counts: [Int]

  /// - Parameters:
  ///   - values: numbers that are finite; none is legal.
  ///   - range: what the parts lie between; the least and the greatest number when `nil`.
  public init(_ values: some Collection<Float>, range: ClosedRange<Double>? = nil, parts: Int = 30) {
    var (low, high, sum, squares) = (Double.infinity, -Double.infinity, 0.0, 0.0)
    for value in values {
      let number = Double(value)
      low = min(low, number)
      high = max(high, number)
      sum += number
      squares += number * number
    }
    if values.isEmpty { (low, high) = (0, 0) }
    if let range { (low, high) = (range.lowerBound, range.upperBound) }
    var counts = [Int](repeating: 0, count: max(1, parts))
    let scale = high > low ? Double(counts.count) / (high - low) : 0
    for value in values {
      let place = (Double(value) - low) * scale
      counts[max(0, min(counts.count - 1, Int(place)))] += 1
    }
    (minimum, maximum, count) = (low, high, values.count)
    (self.sum, sumOfSquares, self.counts) = (sum, squares, counts)
  }

  /// The upper end of a part.
  func end(of part: Int) -> Double {
    part == counts.count - 1
      ? maximum : minimum + (maximum - minimum) * Double(part + 1) / Double(counts.count)
  }
}
