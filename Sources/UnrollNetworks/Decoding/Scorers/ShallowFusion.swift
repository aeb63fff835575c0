import UnrollCore

/// weight · ln p of a model that gives one token after another, such as a recurrent language model (shallow fusion;
/// Gülçehre et al. 2015, "On Using Monolingual Corpora in Neural Machine Translation", section 4.1).
///
///     let fusion = ShallowFusion(weight: 0.3, start: 1, end: 2, initial: state) { states, tokens in
///       try languageModel.step(states, tokens)      // ln p [rows, V] and the states after
///     }
public struct ShallowFusion<ModelState: Sendable, StepError: Error>: PrefixScorer {
  public typealias Failure = StepError
  /// The model's state after a prefix, and ln p of every token that may follow.
  public struct State: Sendable {
    let model: ModelState
    let logProbabilities: [Float]
  }

  /// Reads a token a row, for the rows' states: gives ln p of the next tokens `[rows, V]` and the states after.
  public typealias Step =
    @Sendable (_ states: [ModelState], _ tokens: [Int32]) throws(StepError) -> (Tensor, [ModelState])

  /// What ln p is multiplied by.
  public var weight: Double
  /// The token that a sequence begins after.
  public let startToken: Int32
  /// The token that ends a sequence; `nil`: ends are not scored.
  public let endToken: Int32?
  /// The model's token of each symbol; empty: the same number. A negative one cannot be written.
  public let tokens: [Int32]
  private let initial: ModelState
  private let step: Step

  /// - Parameters:
  ///   - tokens: the model's token of each symbol of the decoder; empty where both number them alike.
  ///   - initial: the state before the start token.
  public init(
    weight: Double, start: Int32, end: Int32?, tokens: [Int32] = [], initial: ModelState,
    step: @escaping Step
  ) {
    self.weight = weight
    startToken = start
    endToken = end
    self.tokens = tokens
    self.initial = initial
    self.step = step
  }

  private func token(_ symbol: Int32) -> Int32 {
    if tokens.isEmpty { return symbol }
    return tokens.indices.contains(Int(symbol)) ? tokens[Int(symbol)] : -1
  }

  private func weighted(_ token: Int32, _ state: State) -> Double {
    guard state.logProbabilities.indices.contains(Int(token)) else { return -.infinity }
    let logProbability = Double(state.logProbabilities[Int(token)])
    return weight == 0 ? 0 : weight * logProbability
  }

  private func read(_ states: [ModelState], _ tokens: [Int32]) throws(Failure) -> [State] {
    let (logProbabilities, after) = try step(states, tokens)
    let (elements, columns) = (logProbabilities.elements, logProbabilities.shape.columns)
    return after.enumerated().map { row, model in
      State(model: model, logProbabilities: Array(elements[row * columns..<(row + 1) * columns]))
    }
  }

  public func start() throws(Failure) -> State { try read([initial], [startToken])[0] }
  public func score(_ symbol: Int32, after state: State) -> Double { weighted(token(symbol), state) }
  public func endScore(after state: State) -> Double { endToken.map { weighted($0, state) } ?? 0 }

  public func advance(_ states: [State], by symbols: [Int32]) throws(Failure) -> [State] {
    states.isEmpty ? [] : try read(states.map(\.model), symbols.map(token))
  }
}
