import Unroll

/// A word-level language model: embedding → stack of LSTM → linear to the words, with a table shared by both ends
/// (Press and Wolf 2017) or one each.
struct LanguageModel: Module {
  var embedding: Embedding
  var core: LSTM
  /// `nil`: the embedding's table serves as the head's weight.
  var head: Linear?
  /// The bias of a head that shares its weight.
  var bias: Parameter?

  init(_ example: Case, using random: inout RandomSource) {
    embedding = Embedding(count: example.words, size: example.hidden, using: &random)
    core = LSTM(
      inputSize: example.hidden, hiddenSize: example.hidden, layers: example.layers,
      dropout: example.dropout, using: &random)
    if example.isTied {
      bias = Parameter(.zeros([example.words]))
    } else {
      head = Linear(inputSize: example.hidden, outputSize: example.words, using: &random)
    }
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try embedding.forEachParameter(parameterName(path, "embedding"), body)
    try core.forEachParameter(parameterName(path, "core"), body)
    try head?.forEachParameter(parameterName(path, "head"), body)
    if bias != nil { try body(parameterName(path, "bias"), &bias!) }
  }

  /// The mean loss of a piece of text and the state after it.
  ///
  /// - Parameters: words, labels: `[T · B]`, time-major.
  func loss(
    words: [Int32], labels: [Int32], batch: Int, state: [LSTMState]?, random: inout RandomSource?
  ) throws(ShapeError) -> (Variable, [LSTMState]) {
    let features = embedding.weight.value.shape[1]
    let x = try embedding(words).reshaped(to: [words.count / batch, batch, features])
    let (outputs, next) = try core(SequenceBatch(x), initialState: state, random: &random)
    let flat = outputs.values.reshaped(to: [words.count, features])
    let loss = try Loss.crossEntropy(
      of: flat, head?.weight.variable ?? embedding.weight.variable,
      bias: head?.bias?.variable ?? bias?.variable, labels)
    return (loss, next.map(\.detached))
  }
}

/// What is measured, written and read as a line of words: `tied 10000 200 2 20 35 0.2`, tied or untied, words,
/// hidden, layers, batch, time, dropout between the layers.
struct Case {
  var isTied: Bool
  var words: Int
  var hidden: Int
  var layers: Int
  var batch: Int
  var time: Int
  var dropout: Float

  /// - Returns: `nil` for a line that is none.
  init?(_ line: String) {
    let parts = line.split(separator: " ").map(String.init)
    guard parts.count == 7, ["tied", "untied"].contains(parts[0]), let dropout = Float(parts[6]) else {
      return nil
    }
    let numbers = parts[1..<6].compactMap { Int($0) }
    guard numbers.count == 5, numbers.allSatisfy({ $0 > 0 }), (0..<1).contains(dropout) else { return nil }
    isTied = parts[0] == "tied"
    (words, hidden, layers, batch, time) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
    self.dropout = dropout
  }

  /// Text that uses few words often and many words seldom, as language does (Zipf's law): the same in every run.
  func text(_ count: Int, using random: inout RandomSource) -> [Int32] {
    (0..<count).map { _ in
      let rank = Float(words).squareRoot() * random.uniform() * Float(words).squareRoot() * random.uniform()
      return Int32(min(words - 1, Int(rank)))
    }
  }
}
