import UnrollCore

/// The prediction network of a transducer (Graves 2012, section 2.2): a recurrent stack over the symbols written so far.
/// Before the first symbol it reads a vector of zeros.
public struct TransducerPredictor: Module {
  /// A vector for each symbol.
  public var embedding: Embedding
  public var network: AnyRecurrentNetwork

  /// A predictor with random weights.
  ///
  /// - Parameter symbolCount: K; symbols are `0 ..< K`.
  public init(
    symbolCount: Int, embeddingSize: Int, hiddenSize: Int, cell: CellKind = .lstm, layers: Int = 1,
    dropout: Float = 0, using random: inout RandomSource
  ) {
    embedding = Embedding(count: symbolCount, size: embeddingSize, using: &random)
    network = AnyRecurrentNetwork(
      cell, inputSize: embeddingSize, hiddenSize: hiddenSize, layers: layers, dropout: dropout, using: &random
    )
  }

  /// The features of an output.
  public var outputSize: Int { network.outputSize }

  /// Reads whole sequences: of U symbols, U + 1 outputs, the first before any.
  ///
  /// - Throws: `ShapeError` when a symbol is none.
  public func callAsFunction(
    _ targets: [[Int32]], random: inout RandomSource?
  ) throws(ShapeError) -> PackedSequence {
    let layout = SequenceLayout(lengths: targets.map { $0.count + 1 })
    let indices = layout.counts.enumerated().flatMap { step, count in
      (0..<count).map { step == 0 ? Int32(-1) : targets[layout.order[$0]][step - 1] }
    }
    let read = PackedSequence(rows: try embedding(indices), layout: layout)
    return try network(read, random: &random).outputs
  }

  /// Reads one symbol a row.
  ///
  /// - Parameters:
  ///   - symbols: negative: nothing was written yet.
  ///   - state: the states before; `nil`: those before the first step.
  /// - Throws: `ShapeError` when a symbol is none, or the state does not fit.
  public func step(
    _ symbols: [Int32], state: [AnyRecurrentNetwork.State]?
  ) throws(ShapeError) -> (outputs: Variable, state: [AnyRecurrentNetwork.State]) {
    let layout = SequenceLayout(lengths: Array(repeating: 1, count: symbols.count))
    var none: RandomSource?
    let (outputs, after) = try network(
      PackedSequence(rows: try embedding(symbols), layout: layout), initialState: state, random: &none)
    return (outputs.rows, after)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try embedding.forEachParameter(parameterName(path, "embedding"), body)
    try network.forEachParameter(parameterName(path, "network"), body)
  }
}

/// The joint network of a transducer (Graves, Mohamed and Hinton 2013, "Speech Recognition with Deep Recurrent Neural
/// Networks", equations 15 to 18): what a step of the input says meets what the symbols so far say,
///
///     logits(t, u) = O·tanh(F·encoded_t + f + G·predicted_u) + o
///
/// over the K symbols and, behind them, the blank.
public struct TransducerJoiner: Module {
  /// F and f, to J units.
  public var encoder: Linear
  /// G, to J units.
  public var predictor: Linear
  /// O and o, to K + 1 classes.
  public var output: Linear

  /// A joiner with random weights.
  ///
  /// - Parameters:
  ///   - encoderSize: the features of a step of the input.
  ///   - predictorSize: the features of an output of the predictor.
  ///   - jointSize: J.
  public init(
    encoderSize: Int, predictorSize: Int, jointSize: Int, symbolCount: Int, using random: inout RandomSource
  ) {
    encoder = Linear(inputSize: encoderSize, outputSize: jointSize, using: &random)
    predictor = Linear(inputSize: predictorSize, outputSize: jointSize, bias: false, using: &random)
    output = Linear(inputSize: jointSize, outputSize: symbolCount + 1, using: &random)
  }

  /// ln p of each class for rows of both sides, `[n, K + 1]` for `[n, J]`, or `[1, J]` and `[n, J]`.
  ///
  /// - Throws: `ShapeError` when the shapes do not fit.
  func logProbabilities(_ encoded: Variable, _ predicted: Variable) throws(ShapeError) -> Variable {
    let sums =
      encoded.shape == predicted.shape
      ? predicted + encoded : predicted + encoded.reshaped(to: [encoded.shape.count])
    return try output(sums.tanh()).logSoftmax()
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try predictor.forEachParameter(parameterName(path, "predictor"), body)
    try output.forEachParameter(parameterName(path, "output"), body)
  }
}

/// What turns an encoder's steps into symbols, in order, each step giving any number of them (recurrent neural network
/// transducer; Graves 2012). The encoder stands before it and may be one that was trained with a `CTCHead`.
public struct Transducer: Module {
  public var predictor: TransducerPredictor
  public var joiner: TransducerJoiner

  public init(predictor: TransducerPredictor, joiner: TransducerJoiner) {
    self.predictor = predictor
    self.joiner = joiner
  }

  /// A transducer with random weights.
  ///
  /// - Parameters:
  ///   - encoderSize: the features of a step of the encoder.
  ///   - symbolCount: K; symbols are `0 ..< K`.
  ///   - hiddenSize: the units of the predictor.
  ///   - jointSize: the units in which both meet.
  public init(
    encoderSize: Int, symbolCount: Int, embeddingSize: Int, hiddenSize: Int, jointSize: Int,
    cell: CellKind = .lstm, layers: Int = 1, dropout: Float = 0, using random: inout RandomSource
  ) {
    predictor = TransducerPredictor(
      symbolCount: symbolCount, embeddingSize: embeddingSize, hiddenSize: hiddenSize, cell: cell,
      layers: layers, dropout: dropout, using: &random)
    joiner = TransducerJoiner(
      encoderSize: encoderSize, predictorSize: predictor.outputSize, jointSize: jointSize,
      symbolCount: symbolCount, using: &random)
  }

  /// K; symbols are `0 ..< K`.
  public var symbolCount: Int { joiner.output.weight.variable.shape[0] - 1 }
  /// The class that goes on to the next step, K.
  public var blank: Int32 { Int32(symbolCount) }

  /// −ln of the probability of each sequence's symbols, over all ways to spread them over its steps. Logits are made and
  /// forgotten a few at a time: memory does not grow with steps times symbols times classes.
  ///
  /// - Parameters:
  ///   - encoded: the encoder's outputs.
  ///   - targets: for each sequence its symbols. A sequence without steps is named and left out.
  ///   - random: randomness for dropout; `nil` when not training.
  /// - Throws: `TargetError` when shapes do not fit, or a label is no symbol.
  public func loss(
    _ encoded: PackedSequence, _ targets: [[Int32]], random: inout RandomSource?
  ) throws(TargetError) -> LabelSequenceLoss {
    let lengths = encoded.layout.lengths
    try TargetError.check(
      targets, batch: lengths.count, classes: symbolCount + 1, blank: blank, place: "Transducer.loss")
    do {
      let predicted = try predictor(targets, random: &random)
      let bias = joiner.output.bias?.variable ?? Variable(.zeros([symbolCount + 1]))
      let losses = try Variable.transducer(
        encoded: joiner.encoder(encoded.rows), steps: .packed(encoded.layout),
        predicted: joiner.predictor(predicted.rows), readers: .packed(predicted.layout),
        weight: joiner.output.weight.variable, bias: bias, targets: targets, blank: blank)
      return LabelSequenceLoss(losses, targets, tooShort: lengths.indices.filter { lengths[$0] == 0 })
    } catch {
      throw TargetError(error)
    }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try predictor.forEachParameter(parameterName(path, "predictor"), body)
    try joiner.forEachParameter(parameterName(path, "joiner"), body)
  }
}
