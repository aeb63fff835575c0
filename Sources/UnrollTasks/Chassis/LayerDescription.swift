import UnrollNetworks

/// A layer of a network, to be told and drawn.
public struct LayerDescription: Sendable, Equatable {
  /// How its steps hang together.
  public enum Flow: Sendable, Equatable {
    /// Each step by itself.
    case stepwise
    /// From the first step to the last.
    case forward
    /// In both directions.
    case bidirectional
    /// All steps become one.
    case pooled
    /// Each step reads all steps of another sequence.
    case attention
  }

  public let name: String
  /// Shapes of what goes in and what comes out, such as `[T, B, 64]`.
  public let input: String
  public let output: String
  public let flow: Flow

  public init(_ name: String, _ input: String, _ output: String, _ flow: Flow) {
    self.name = name
    self.input = input
    self.output = output
    self.flow = flow
  }
}

extension LayerDescription {
  /// The layers of a recurrent encoder.
  static func recurrent(_ encoder: RecurrentEncoder, _ settings: RecurrentSettings) -> LayerDescription {
    LayerDescription(
      "\(settings.layers) × \(settings.cell.rawValue)", "[T, B, \(encoder.inputSize)]",
      "[T, B, \(encoder.outputSize)]", encoder.bidirectional ? .bidirectional : .forward)
  }
}
