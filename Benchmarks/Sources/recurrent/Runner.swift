import Unroll

/// A case made ready to be run again and again.
struct Runner {
  /// Runs the case once.
  let run: () throws -> Void

  init(_ example: Case) throws {
    switch example.cell {
    case .lstm: run = try Self.make(example, LSTMCell.self)
    case .peepholeLSTM: run = try Self.make(example, PeepholeLSTMCell.self)
    case .layerNormLSTM: run = try Self.make(example, LayerNormLSTMCell.self)
    case .gru: run = try Self.make(example, GRUCell.self)
    case .resetBeforeGRU: run = try Self.make(example, ResetBeforeGRUCell.self)
    case .elman: run = try Self.make(example, ElmanCell.self)
    case .elmanReLU: run = try Self.make(example, ReLUElmanCell.self)
    }
  }

  private static func make<Cell: StandardCell>(_ example: Case, _: Cell.Type) throws -> () throws -> Void {
    var random = RandomSource(seed: 1)
    var network = RecurrentNetwork<Cell>(
      inputSize: example.input, hiddenSize: example.hidden, layers: example.layers,
      bidirectional: example.isBidirectional, using: &random)
    let x = Tensor.normal(shape: [example.time, example.batch, example.input], using: &random)
    let sequences = try SequenceBatch(x, lengths: example.lengths)
    switch example.mode {
    case .infer:
      return { _ = try network(sequences) }
    case .train:
      let target = Tensor.normal(
        shape: [example.time, example.batch, network.outputSize], using: &random)
      var optimizer = SGD(learningRate: 0.01)
      return {
        let (_, gradients) = try valueWithGradient(of: network) { network throws(ShapeError) in
          try Loss.squaredError(network(sequences).outputs.values, target)
        }
        optimizer.update(&network, gradients)
      }
    case .step:
      let session = try StreamingSession(network, batch: example.batch)
      let row = (0..<example.batch * example.input).map { Float($0 % 7) * 0.1 }
      // One run is `time` steps: a single step is too short for the clock.
      return {
        row.withUnsafeBufferPointer { row in
          for _ in 0..<example.time { session.step(row) { _ in } }
        }
      }
    }
  }

  /// The times of `count` runs, in milliseconds; of a single step in step mode.
  func times(_ count: Int, of example: Case) throws -> [Double] {
    let clock = ContinuousClock()
    return try (0..<count).map { _ in
      let start = clock.now
      try run()
      let milliseconds = (clock.now - start) / .milliseconds(1)
      return example.mode == .step ? milliseconds / Double(example.time) : milliseconds
    }
  }
}
