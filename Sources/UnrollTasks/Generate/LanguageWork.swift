import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

extension LanguageBatch {
  /// The steps that exist, packed, with what they read and what they predict. Where streams start, each first reads
  /// the token that says that nothing is known of what came before.
  var packed: (tokens: TokenBatch, targets: [Int32]) {
    if !isFirst {
      let layout = SequenceLayout(lengths: lengths)
      if layout.isUniform { return (TokenBatch(ids: inputs, layout: layout), targets) }
      let rows = layout.paddedRows.map(Int.init)
      return (TokenBatch(ids: rows.map { inputs[$0] }, layout: layout), rows.map { targets[$0] })
    }
    var read: [[Int32]] = []
    var wanted: [[Int32]] = []
    for stream in 0..<streams {
      let steps = (0..<lengths[stream]).map { $0 * streams + stream }
      guard let first = steps.first else {
        read.append([])
        wanted.append([])
        continue
      }
      read.append([SpecialToken.begin.id] + steps.map { inputs[$0] })
      wanted.append([inputs[first]] + steps.map { targets[$0] })
    }
    let batch = TokenBatch(read)
    return (batch, batch.layout.packing(wanted))
  }
}

/// Truncated backpropagation through time over a text: window by window, with the state carried over.
public struct LanguageWork: TrainingWork {
  public typealias Carry = [AnyRecurrentNetwork.State]

  /// The windows of an epoch.
  private enum Windows {
    case memory([Int32])
    case file(CorpusReading)
  }

  private let windows: Windows
  private let streams: Int
  private let steps: Int
  private let validation: [Int32]
  public let stepsPerEpoch: Int
  /// The text of this epoch: it starts a few tokens later in each, so that windows are cut elsewhere.
  private var shifted: [Int32] = []
  private var shifts: Bool

  /// A text in memory.
  init(training: [Int32], validation: [Int32], streams: Int, steps: Int) {
    windows = .memory(training)
    // A short text is not worth more streams than give each a window.
    self.streams = max(1, min(streams, training.count / max(2, steps / 2)))
    self.steps = steps
    self.validation = validation
    shifts = training.count > 4 * steps * self.streams
    // As many as there are with every shift.
    stepsPerEpoch =
      shifts
      ? (training.count - steps) / self.streams / steps
      : LanguageBatches(training, streams: self.streams, steps: steps).count
  }

  /// A text in a file.
  init(_ reading: CorpusReading, validation: [Int32]) {
    windows = .file(reading)
    (streams, steps) = (reading.streams, reading.steps)
    self.validation = validation
    shifts = false
    stepsPerEpoch = reading.count
  }

  public mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource) {
    switch windows {
    case .memory(let tokens): shifted = Array(tokens.dropFirst(shifts ? random.below(steps) : 0))
    case .file(let reading): reading.restart()
    }
  }

  /// A file is read on from its beginning.
  public mutating func skip(steps: Int) throws {
    guard case .file(let reading) = windows else { return }
    for _ in 0..<steps { _ = try reading.next() }
  }

  private func window(_ step: Int) throws -> LanguageBatch? {
    switch windows {
    case .memory:
      var rest = LanguageBatches(shifted, streams: streams, steps: steps, position: step * steps)
      return rest.next()
    case .file(let reading): return try reading.next()
    }
  }

  public func loss(
    _ model: LanguageNetwork, step: Int, carry: Carry?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Carry?) {
    guard let batch = try window(step) else { throw TrainingError.noData }
    let (tokens, targets) = batch.packed
    let (features, state) = try model.features(tokens, state: carry, random: &random)
    return (try model.loss(features, targets), state)
  }

  public func validate(_ model: LanguageNetwork) throws -> Double? {
    guard validation.count > 1 else { return nil }
    // Side by side is faster; a stream's start, where nothing is known, must not weigh.
    let streams = max(1, min(16, validation.count / 2000))
    var state: LanguageState?
    var (sum, count) = (0.0, 0)
    for batch in LanguageBatches(validation, streams: streams, steps: 256) {
      let (tokens, targets) = batch.packed
      var none: RandomSource?
      let (features, next) = try model.features(tokens, state: state, random: &none)
      state = next
      sum += Double(try model.loss(features, targets).sum.value.scalar)
      count += targets.count
    }
    return sum / Double(max(1, count))
  }
}
