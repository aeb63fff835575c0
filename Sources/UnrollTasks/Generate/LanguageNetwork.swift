import UnrollCore
import UnrollNetworks

/// The states of all layers of a language model's streams, by layer and part of the state, each `[B, H]`.
typealias LanguageState = [[Variable]]

/// A language model's layers: a table of token vectors, recurrent layers, and an output.
///
///     xₜ = E[tokenₜ]         hₜ = recurrent layers(xₜ, hₜ₋₁)         p(tokenₜ₊₁) = softmax(W hₜ + b)
///
/// With tied weights W is E, and with an adaptive softmax the output is an `AdaptiveSoftmax`.
struct LanguageNetwork: Module {
  /// The output.
  enum Head {
    /// W is the table of token vectors; b `[V]`.
    case tied(bias: Parameter)
    case full(Linear)
    case adaptive(AdaptiveSoftmax)
  }

  var embedding: Embedding
  var layers: LanguageLayers
  var head: Head
  private let outputDropout: Float
  private let weightDropout: Float

  init(_ settings: LanguageSettings, vocabularySize: Int, using random: inout RandomSource) {
    embedding = Embedding(
      count: vocabularySize, size: settings.embeddingSize, deviation: 0.1, using: &random)
    layers = LanguageLayers(settings, using: &random)
    let features = settings.layerSizes[settings.layers - 1]
    if settings.softmax == .adaptive {
      head = .adaptive(
        AdaptiveSoftmax(
          inputSize: features, classCount: vocabularySize, cutoffs: Self.cutoffs(vocabularySize),
          using: &random))
    } else if settings.tiesWeights {
      head = .tied(bias: Parameter(.zeros([vocabularySize])))
    } else {
      head = .full(Linear(inputSize: features, outputSize: vocabularySize, using: &random))
    }
    outputDropout = settings.outputDropout
    weightDropout = settings.weightDropout
  }

  /// The ends of the head and of all tails but the last: shares of a vocabulary from frequent to rare.
  static func cutoffs(_ vocabularySize: Int) -> [Int] {
    let shares = [vocabularySize / 10, vocabularySize / 3]
    return shares[0] >= 1 && shares[1] > shares[0] ? shares : []
  }

  /// The network with the noise of one step of training in its recurrent weights.
  func noisy(_ random: inout RandomSource?) -> LanguageNetwork {
    droppingWeights(rate: weightDropout, random: &random)
  }

  /// What the output reads at each step.
  ///
  /// - Parameters:
  ///   - ids: packed as the layout says.
  ///   - state: before the first step, of streams as they were given; `nil`: zeros.
  ///   - random: randomness for dropout when training.
  /// - Returns: features `[N, H]`, and the state after each stream's last step.
  func features(
    _ ids: [Int32], _ layout: SequenceLayout, state: LanguageState?, random: inout RandomSource?
  ) throws(ShapeError) -> (features: Variable, state: LanguageState) {
    let x = PackedSequence(rows: try embedding(ids), layout: layout)
    let sorted =
      layout.isSorted ? state : state?.map { $0.map { $0.gather(layout.order.map(Int32.init)) } }
    let (outputs, final) = try layers(x, initial: sorted, random: &random)
    let places = layout.places.map(Int32.init)
    let carried = layout.isSorted ? final : final.map { $0.map { $0.gather(places) } }
    return (dropped(outputs, &random), carried.map { $0.map(\.detached) })
  }

  /// One mask a stream, the same at all of its steps.
  private func dropped(_ x: PackedSequence, _ random: inout RandomSource?) -> Variable {
    guard outputDropout > 0, random != nil else { return x.rows }
    let mask = Dropout.mask(
      [x.layout.batch, x.rows.shape.columns], rate: outputDropout, precision: x.rows.value.precision,
      using: &random!)
    return x.rows * mask.gather(x.layout.counts.flatMap { 0..<Int32($0) })
  }

  /// Σ −ln p(label) over all rows, the form that training differentiates.
  func loss(_ features: Variable, _ labels: [Int32]) throws(ShapeError) -> Variable {
    switch head {
    case .tied(let bias):
      try Loss.crossEntropy(
        of: features, embedding.weight.variable, bias: bias.variable, labels, reduction: .sum)
    case .full(let linear):
      try Loss.crossEntropy(
        of: features, linear.weight.variable, bias: linear.bias?.variable, labels, reduction: .sum)
    case .adaptive(let softmax): try softmax.losses(features, labels).sum()
    }
  }

  /// −ln p(label) of each row: the same bits for a row by itself and among others.
  func surprises(_ features: Variable, _ labels: [Int32]) throws(ShapeError) -> [Float] {
    if case .adaptive(let softmax) = head { return try softmax.losses(features, labels).value.elements }
    return try scores(features).crossEntropy(labels: labels).value.elements
  }

  /// What a softmax makes probabilities of, `[N, V]`.
  func scores(_ features: Variable) throws(ShapeError) -> Variable {
    switch head {
    case .tied(let bias): try features.linear(embedding.weight.variable, bias: bias.variable)
    case .full(let linear): try linear(features)
    case .adaptive(let softmax): try softmax.logProbabilities(features)
    }
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try embedding.forEachParameter(parameterName(path, "embedding"), body)
    try layers.forEachParameter(path, body)
    let name = parameterName(path, "head")
    switch head {
    case .tied(var bias):
      try body(parameterName(name, "bias"), &bias)
      head = .tied(bias: bias)
    case .full(var linear):
      try linear.forEachParameter(name, body)
      head = .full(linear)
    case .adaptive(var softmax):
      try softmax.forEachParameter(name, body)
      head = .adaptive(softmax)
    }
  }
}

/// The recurrent layers, of a cell that was chosen at run time.
enum LanguageLayers: Module {
  case lstm(LSTM)
  case gru(GRU)

  init(_ settings: LanguageSettings, using random: inout RandomSource) {
    switch settings.cell {
    case .lstm: self = .lstm(Self.stack(settings, using: &random))
    case .gru: self = .gru(Self.stack(settings, using: &random))
    }
  }

  private static func stack<Cell: StandardCell>(
    _ settings: LanguageSettings, using random: inout RandomSource
  ) -> RecurrentNetwork<Cell> {
    var inputs = settings.embeddingSize
    var layers: [RecurrentLayer<Cell>] = []
    for (index, size) in settings.layerSizes.enumerated() {
      let noise = RecurrentNoise(
        inputDropout: index == 0 ? settings.inputDropout : settings.layerDropout)
      let cell = Cell(inputSize: inputs, hiddenSize: size, using: &random)
      layers.append(RecurrentLayer(Recurrent(cell, noise: noise)))
      inputs = size
    }
    return RecurrentNetwork(layers: layers)
  }

  /// - Parameter initial: in the order of the layout, as is what is returned.
  func callAsFunction(
    _ x: PackedSequence, initial: LanguageState?, random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, final: LanguageState) {
    switch self {
    case .lstm(let network): try Self.run(network, x, initial, &random)
    case .gru(let network): try Self.run(network, x, initial, &random)
    }
  }

  private static func run<Cell: RecurrentCell>(
    _ network: RecurrentNetwork<Cell>, _ x: PackedSequence, _ initial: LanguageState?,
    _ random: inout RandomSource?
  ) throws(ShapeError) -> (outputs: PackedSequence, final: LanguageState) {
    let states = initial?.map { Cell.State(parts: $0) }
    let (outputs, final) = try Kernels.flushingDenormals { () throws(ShapeError) in
      try network.run(x, initial: states, random: &random)
    }
    return (outputs, final.map(\.parts))
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    switch self {
    case .lstm(var network):
      try network.forEachParameter(path, body)
      self = .lstm(network)
    case .gru(var network):
      try network.forEachParameter(path, body)
      self = .gru(network)
    }
  }
}
