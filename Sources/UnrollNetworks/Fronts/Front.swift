import UnrollCore

/// What a step is: turns a batch of some kind of input into vectors over time, which a `RecurrentEncoder` reads.
public protocol Front: Module {
  /// A batch of inputs, such as `TokenBatch`.
  associatedtype Input: Sendable

  /// E, the number of features of a step.
  var outputSize: Int { get }

  /// - Parameter random: randomness for noise when training; `nil`: none.
  /// - Returns: `[N, E]`, packed, for sequences in the order as given.
  /// - Throws: `ShapeError` when the batch was made for another front.
  func callAsFunction(_ input: Input, random: inout RandomSource?) throws(ShapeError) -> PackedSequence
}

/// Vectors of numbers as they are, or projected:
///
///     x = frame      or      x = f(W frame + b)
///
/// W `[E, F]`, b `[E]`; a projected vector is dropped from while training.
public struct FrameFront: Front {
  /// f.
  public enum Activation: String, Sendable, Codable, CaseIterable { case identity, tanh, relu }

  /// F, the number of features of a frame.
  public let inputSize: Int
  /// W and b; `nil`: frames as they are.
  public var projection: Linear?
  public let activation: Activation
  /// Of the projected vectors.
  public var dropout: Dropout

  /// - Parameter outputSize: E; `nil`: frames as they are.
  public init(
    inputSize: Int, outputSize: Int? = nil, activation: Activation = .tanh, dropout: Float = 0,
    using random: inout RandomSource
  ) {
    self.inputSize = inputSize
    projection = outputSize.map { Linear(inputSize: inputSize, outputSize: $0, using: &random) }
    self.activation = activation
    self.dropout = Dropout(rate: dropout)
  }

  public var outputSize: Int { projection?.outputSize ?? inputSize }

  public func callAsFunction(
    _ frames: PackedSequence, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence { try self(frames, adding: nil, random: &random) }

  /// - Parameters:
  ///   - frames: `[N, F]`, packed.
  ///   - other: what else is known of each step, `[N, E]`, added before f.
  public func callAsFunction(
    _ frames: PackedSequence, adding other: Variable?, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    guard frames.rows.shape.columns == inputSize else {
      throw ShapeError(place: "FrameFront", expected: "[…, \(inputSize)]", found: frames.rows.shape)
    }
    guard let projection else {
      return PackedSequence(rows: other.map { frames.rows + $0 } ?? frames.rows, layout: frames.layout)
    }
    var x = try projection(frames.rows)
    if let other { x = x + other }
    switch activation {
    case .identity: break
    case .tanh: x = x.tanh()
    case .relu: x = x.relu()
    }
    return PackedSequence(rows: dropout(x, random: &random), layout: frames.layout)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try projection?.forEachParameter(parameterName(path, "projection"), body) }
}
