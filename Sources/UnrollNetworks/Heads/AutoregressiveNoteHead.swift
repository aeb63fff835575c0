import UnrollCore

/// The notes that sound at a step, one after the other, each seen by those after it: a neural autoregressive distribution
/// over D keys whose biases a recurrent state gives (RNN-NADE; Larochelle and Murray 2011, Boulanger-Lewandowski, Bengio
/// and Vincent 2012, section 5):
///
///     b = B·s + b₀    c = C·s + c₀
///     h_i = σ(c + Σ_{j before i, sounding} W_j)     p(key i sounds | those before it) = σ(b_i + V_i·h_i)
///
/// The likelihood of a set of notes is exact: the product of D factors.
public struct AutoregressiveNoteHead: Module {
  /// Which key is first.
  public enum Order: String, Sendable, Codable, CaseIterable {
    case lowToHigh = "low-to-high"
    /// The melody first, what goes with it after: the order to harmonise a given voice in.
    case highToLow = "high-to-low"
  }

  /// B and b₀, to D keys.
  public var bias: Linear
  /// C and c₀, to H units.
  public var hidden: Linear
  /// W `[D, H]`, in the order of the keys.
  public var into: Parameter
  /// V `[D, H]`.
  public var outOf: Parameter
  public let order: Order

  /// A head with random weights.
  ///
  /// - Parameters:
  ///   - inputSize: the features of a state.
  ///   - keyCount: D.
  ///   - hiddenSize: H.
  public init(
    inputSize: Int, keyCount: Int, hiddenSize: Int, order: Order = .highToLow,
    using random: inout RandomSource
  ) {
    bias = Linear(inputSize: inputSize, outputSize: keyCount, using: &random)
    hidden = Linear(inputSize: inputSize, outputSize: hiddenSize, using: &random)
    into = Parameter(Initializer.glorot(outputs: keyCount, inputs: hiddenSize, using: &random))
    outOf = Parameter(Initializer.glorot(outputs: keyCount, inputs: hiddenSize, using: &random))
    self.order = order
  }

  /// D; keys are `0 ..< D`, low to high.
  public var keyCount: Int { into.variable.shape[0] }

  private func place(_ key: Int) -> Int { order == .lowToHigh ? key : keyCount - 1 - key }

  /// −ln p of the notes of each row, in nats.
  ///
  /// - Parameters:
  ///   - states: `[N, inputSize]`.
  ///   - notes: the keys that sound in each row, in any order, none twice.
  /// - Returns: `[N]`.
  /// - Throws: `ShapeError` when the shapes do not fit, or a note is no key or comes twice.
  public func losses(_ states: Variable, notes: [[Int32]]) throws(ShapeError) -> Variable {
    if let wrong = notes.lazy.joined().first(where: { $0 < 0 || $0 >= keyCount }) {
      throw ShapeError(
        place: "AutoregressiveNoteHead.notes", expected: "keys below \(keyCount)", found: [Int(max(0, wrong))]
      )
    }
    return try bias(states).autoregressiveBits(
      hidden: try hidden(states), into: into.variable, outOf: outOf.variable,
      bits: notes.map { $0.map { Int32(place(Int($0))) }.sorted() })
  }

  /// Σ −ln p over the rows, and their number.
  ///
  /// - Throws: `ShapeError` when the shapes do not fit, or a note is no key or comes twice.
  public func loss(_ states: Variable, notes: [[Int32]]) throws(ShapeError) -> (sum: Variable, weight: Double)
  {
    (try losses(states, notes: notes).sum(), Double(notes.count))
  }

  /// Draws the notes of a step.
  ///
  /// - Parameters:
  ///   - state: `[1, inputSize]`.
  ///   - temperature: p becomes σ(logit / temperature); 0: a note sounds where that is likelier than not.
  ///   - fixed: keys that are not drawn, and whether they sound.
  /// - Returns: the keys that sound, ascending, and ln p of them all at temperature 1.
  /// - Throws: `ShapeError` when the state does not fit.
  public func sample(
    _ state: Variable, temperature: Double = 1, fixed: [Int: Bool] = [:], using random: inout RandomSource
  ) throws(ShapeError) -> (notes: [Int32], logProbability: Double) {
    guard state.shape.rows == 1 else {
      throw ShapeError(place: "AutoregressiveNoteHead.sample", expected: "[1, features]", found: state.shape)
    }
    let biases = try bias(state).value.doubles
    var sums = try hidden(state).value.doubles
    let (into, outOf, width) = (into.value.doubles, outOf.value.doubles, hidden.weight.variable.shape[0])
    func activated() -> [Double] { sums.map { 1 / (1 + exponential(-$0)) } }
    var h = activated()
    var (notes, sum): ([Int32], Double) = ([], 0)
    for place in 0..<keyCount {
      let key = order == .lowToHigh ? place : keyCount - 1 - place
      var logit = biases[place]
      for unit in 0..<width { logit += outOf[place * width + unit] * h[unit] }
      let drawn = Double(random.next() >> 11) * 0x1p-53
      let sounds =
        fixed[key]
        ?? (temperature > 0 ? drawn < 1 / (1 + exponential(-logit / temperature)) : logit > 0)
      // ln σ(±logit), without overflow.
      let signed = sounds ? logit : -logit
      sum +=
        signed < 0
        ? signed - naturalLogarithm(1 + exponential(signed)) : -naturalLogarithm(1 + exponential(-signed))
      guard sounds else { continue }
      notes.append(Int32(key))
      for unit in 0..<width { sums[unit] += into[place * width + unit] }
      h = activated()
    }
    return (notes.sorted(), sum)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try bias.forEachParameter(parameterName(path, "bias"), body)
    try hidden.forEachParameter(parameterName(path, "hidden"), body)
    try body(parameterName(path, "into"), &into)
    try body(parameterName(path, "outOf"), &outOf)
  }
}
