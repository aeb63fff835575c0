import UnrollCore
import UnrollData
import UnrollNetworks

/// The keys of a piano.
package enum Keyboard {
  /// The pitch of the lowest key, A0.
  package static let lowest = 21
  package static let count = 88
  /// What a network reads of a step: a number for each key, and one that says that nothing is known of what came before.
  static let inputSize = count + 1
  static let begin = Int32(count)
}

/// One to many: reads which keys sounded, and says which sound next.
///
///     xₜ = keys of step t−1        hₜ = recurrent layers(xₜ, hₜ₋₁)        p(keys of step t) = head(hₜ)
public struct ComposeNetwork: Module {
  var front: FrameFront
  var encoder: RecurrentEncoder
  var head: NoteHead
  /// The share of notes of the input dropped while training, each step by itself.
  let inputDropout: Dropout

  init(_ settings: ComposeSettings, using random: inout RandomSource) {
    let network = settings.network
    front = FrameFront(
      inputSize: Keyboard.inputSize, outputSize: settings.projection > 0 ? settings.projection : nil,
      using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers), dropout: network.dropout,
      outputDropout: network.dropout, weightDropout: network.weightDropout, using: &random)
    inputDropout = Dropout(rate: settings.inputDropout)
    switch settings.head {
    case .independent:
      head = .independent(
        Linear(inputSize: encoder.outputSize, outputSize: Keyboard.count, using: &random))
    case .autoregressive:
      head = .autoregressive(
        AutoregressiveNoteHead(
          inputSize: encoder.outputSize, keyCount: Keyboard.count, hiddenSize: settings.headSize,
          order: settings.order, using: &random))
    }
  }

  /// Keys that sound, as rows of zeros and ones.
  static func rows(_ notes: [[Int32]]) -> Variable {
    var rows = [Float](repeating: 0, count: notes.count * Keyboard.inputSize)
    for (row, keys) in notes.enumerated() {
      for key in keys { rows[row * Keyboard.inputSize + Int(key)] = 1 }
    }
    return Variable(Tensor(rows, shape: [notes.count, Keyboard.inputSize]))
  }

  /// What the head reads at each step, `[N, H]`, and the states after the last.
  ///
  /// - Parameter frames: `[N, 89]`, of the step before.
  func features(
    _ frames: PackedSequence, state: [AnyRecurrentNetwork.State]? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> (features: PackedSequence, state: [AnyRecurrentNetwork.State]) {
    let noisy = PackedSequence(rows: inputDropout(frames.rows, random: &random), layout: frames.layout)
    let (outputs, final) = try encoder.run(
      try front(noisy, random: &random), state: state, random: &random)
    return (outputs, final)
  }

  /// Σ −ln p over all steps of some sequences.
  func loss(_ batch: ComposeBatch, random: inout RandomSource?) throws(ShapeError) -> LossSum {
    let features = try features(batch.inputs, random: &random).features
    return LossSum(
      sum: try head.losses(features.rows, notes: batch.targets).sum(), weight: Double(batch.targets.count))
  }

  /// −ln p of each step of a piece, given all before it.
  func losses(_ piece: [[Int32]]) throws(ShapeError) -> [Double] {
    let batch = ComposeBatch([(nil, piece[...])])
    var none: RandomSource?
    let features = try features(batch.inputs, random: &none).features
    let losses = try head.losses(features.rows, notes: batch.targets).value.doubles
    let each = losses.count / max(1, piece.count)
    return piece.indices.map { losses[$0 * each..<($0 + 1) * each].reduce(0, +) }
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

/// Sequences of steps, packed, with what is read and what is predicted at each.
struct ComposeBatch {
  let inputs: PackedSequence
  let targets: [[Int32]]

  /// - Parameter sequences: the step before the first (`nil`: a piece begins), and the steps.
  init(_ sequences: [(before: [Int32]?, steps: ArraySlice<[Int32]>)]) {
    let layout = SequenceLayout(lengths: sequences.map(\.steps.count))
    targets = layout.packing(sequences.map { Array($0.steps) })
    let read = sequences.map { sequence in
      sequence.steps.isEmpty
        ? [] : [sequence.before ?? [Keyboard.begin]] + sequence.steps.dropLast()
    }
    inputs = PackedSequence(rows: ComposeNetwork.rows(layout.packing(read)), layout: layout)
  }
}

/// A model of music that hears one step at a time and keeps its state. Several networks take turns by chance: each step
/// is drawn from the mean of their probabilities.
package final class ComposeStream {
  private let networks: [ComposeNetwork]
  private let sessions: [AnyStreamingSession]
  private var features: [Tensor] = []

  /// A stream at the beginning of a piece.
  init(_ networks: [ComposeNetwork]) throws(ShapeError) {
    self.networks = networks
    var sessions: [AnyStreamingSession] = []
    for network in networks { sessions.append(try network.encoder.network.streaming()) }
    self.sessions = sessions
    try hear([Keyboard.begin])
  }

  /// Hears the keys of a step.
  func hear(_ keys: [Int32]) throws(ShapeError) {
    var heard: [Tensor] = []
    var none: RandomSource?
    for (network, session) in zip(networks, sessions) {
      let frame = PackedSequence(rows: ComposeNetwork.rows([keys]), layout: SequenceLayout(lengths: [1]))
      let x = try network.front(frame, random: &none).rows.value.elements
      heard.append(Tensor(session.step(x), shape: [1, session.outputSize]))
    }
    features = heard
  }

  /// Draws the next step and hears it.
  func next(
    temperature: Double, fixed: [Int: Bool] = [:], using random: inout RandomSource
  ) throws(ShapeError) -> (keys: [Int32], logProbability: Double) {
    let chosen = networks.count > 1 ? random.below(networks.count) : 0
    let (keys, logProbability) = try networks[chosen].head.sample(
      Variable(features[chosen]), temperature: temperature, fixed: fixed, using: &random)
    try hear(keys)
    return (keys, logProbability)
  }
}
