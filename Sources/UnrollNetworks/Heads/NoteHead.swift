import UnrollCore

/// Says which of D keys sound at a step, given a state: the likelihood of a set of notes is exact.
public enum NoteHead: Module {
  /// Each key by itself: p(key sounds) = σ(W s + b).
  case independent(Linear)
  /// One key after the other, each seen by those after it.
  case autoregressive(AutoregressiveNoteHead)

  /// D.
  public var keyCount: Int {
    switch self {
    case .independent(let linear): linear.outputSize
    case .autoregressive(let head): head.keyCount
    }
  }

  /// The bias of each key's logit, in the order in which the head keeps them.
  public var keyBias: Parameter? {
    get {
      switch self {
      case .independent(let linear): linear.bias
      case .autoregressive(let head): head.bias.bias
      }
    }
    set {
      switch self {
      case .independent(var linear):
        linear.bias = newValue
        self = .independent(linear)
      case .autoregressive(var head):
        head.bias.bias = newValue
        self = .autoregressive(head)
      }
    }
  }

  /// −ln p of the notes of each row, in nats.
  ///
  /// - Parameters:
  ///   - states: `[N, inputSize]`.
  ///   - notes: the keys that sound in each row, none twice.
  /// - Returns: N numbers, `[N]`, or `[N, D]` where each key is judged by itself: their sum over D is −ln p.
  /// - Throws: `ShapeError` when the shapes do not fit, or a note is no key.
  public func losses(_ states: Variable, notes: [[Int32]]) throws(ShapeError) -> Variable {
    switch self {
    case .independent(let linear):
      let count = keyCount
      if let wrong = notes.lazy.joined().first(where: { $0 < 0 || $0 >= count }) {
        throw ShapeError(
          place: "NoteHead.notes", expected: "keys below \(count)", found: [Int(max(0, wrong))])
      }
      var targets = [Float](repeating: 0, count: notes.count * count)
      for (row, keys) in notes.enumerated() { for key in keys { targets[row * count + Int(key)] = 1 } }
      return try Loss.binaryCrossEntropy(
        try linear(states), Tensor(targets, shape: [notes.count, count]), reduction: .none)
    case .autoregressive(let head): return try head.losses(states, notes: notes)
    }
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
    switch self {
    case .autoregressive(let head):
      return try head.sample(state, temperature: temperature, fixed: fixed, using: &random)
    case .independent(let linear):
      guard state.shape.rows == 1 else {
        throw ShapeError(place: "NoteHead.sample", expected: "[1, features]", found: state.shape)
      }
      var (notes, sum): ([Int32], Double) = ([], 0)
      for (key, logit) in try linear(state).value.doubles.enumerated() {
        let drawn = Double(random.next() >> 11) * 0x1p-53
        let isDrawn = temperature > 0 ? drawn < 1 / (1 + exponential(-logit / temperature)) : logit > 0
        let sounds = fixed[key] ?? isDrawn
        if sounds { notes.append(Int32(key)) }
        // ln σ(±logit), without overflow.
        let signed = sounds ? logit : -logit
        sum += min(0, signed) - naturalLogarithm(1 + exponential(-abs(signed)))
      }
      return (notes, sum)
    }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    switch self {
    case .independent(var linear):
      try linear.forEachParameter(path, body)
      self = .independent(linear)
    case .autoregressive(var head):
      try head.forEachParameter(path, body)
      self = .autoregressive(head)
    }
  }
}
