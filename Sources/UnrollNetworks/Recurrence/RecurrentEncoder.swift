import UnrollCore

/// Reads the features of a front over time, in one direction or two:
///
///     h = recurrent layers(x ⊙ m)
///     y = h ⊙ m′
///
/// with dropout between layers, on request on what is read (m) and on what is written (m′) by one mask for all steps of
/// a sequence, and of recurrent weights. x `[N, I]`, y `[N, outputSize]`, packed.
public struct RecurrentEncoder: Module {
  public var network: AnyRecurrentNetwork
  /// Whether each layer reads in both directions, so that half of the features come from the last step backwards.
  public let bidirectional: Bool
  /// m′.
  public var outputDropout: SequenceDropout
  /// The share of recurrent weights dropped, by one mask for all steps; see `Module.droppingWeights`.
  public var weightDropout: Float

  /// An encoder with random weights.
  ///
  /// - Parameters:
  ///   - hiddenSizes: H of each direction of each layer.
  ///   - dropout: the share of features dropped between layers.
  ///   - noise: noise within each layer, the last for all that follow; m is the first's `inputDropout`.
  public init(
    _ kind: CellKind, inputSize: Int, hiddenSizes: [Int], bidirectional: Bool = false, dropout: Float = 0,
    noise: [RecurrentNoise] = [], outputDropout: Float = 0, weightDropout: Float = 0,
    using random: inout RandomSource
  ) {
    network = AnyRecurrentNetwork(
      kind, inputSize: inputSize, hiddenSizes: hiddenSizes, bidirectional: bidirectional, dropout: dropout,
      noise: noise, using: &random)
    self.bidirectional = bidirectional
    self.outputDropout = SequenceDropout(rate: outputDropout)
    self.weightDropout = weightDropout
  }

  /// An encoder of given layers.
  public init(
    _ network: AnyRecurrentNetwork, bidirectional: Bool, outputDropout: Float = 0, weightDropout: Float = 0
  ) {
    self.network = network
    self.bidirectional = bidirectional
    self.outputDropout = SequenceDropout(rate: outputDropout)
    self.weightDropout = weightDropout
  }

  /// The number of features of a step.
  public var inputSize: Int { network.inputSize }
  /// The number of features of an output: 2H of two directions.
  public var outputSize: Int { network.outputSize }

  /// - Parameter random: randomness when training; `nil`: nothing is dropped.
  /// - Throws: `ShapeError` when x does not fit.
  public func callAsFunction(
    _ x: PackedSequence, random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence { try run(x, state: nil, random: &random).outputs }

  /// The same with states in the order in which the sequences were given: before the first step (`nil`: the initial
  /// ones), and after the last.
  public func run(
    _ x: PackedSequence, state: [AnyRecurrentNetwork.State]?, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, state: [AnyRecurrentNetwork.State]) {
    let noisy = network.droppingWeights(rate: weightDropout, random: &random)
    let (outputs, final) = try noisy.carrying(state, over: x, random: &random)
    return (outputDropout(outputs, random: &random), final)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try network.forEachParameter(path, body) }
}
