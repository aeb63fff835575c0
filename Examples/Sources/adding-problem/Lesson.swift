import Foundation
import Unroll

/// The four networks, their training, the table and the picture.
struct Lesson {
  static let (timeSteps, hiddenSize) = (100, 64)
  /// Solved: far below 1/6, the error of always answering with the mean.
  static let solved = 0.01

  let seed: UInt64
  private let validation: AddingBatch
  private let fresh: AddingBatch
  private let measured: AddingBatch

  /// One network's part of the lesson.
  struct Finding {
    let name: String
    /// The optimizer steps taken, and those of the weights that were kept.
    let steps: Int
    /// On sequences that neither training nor the choice of the weights saw.
    let error: Double
    /// ‖∂L/∂h‖ by lag before and after training.
    let before: [Double]
    let after: [Double]
  }

  init(seed: UInt64) throws {
    self.seed = seed
    var random = RandomSource(seed: seed &+ 1_000_000)
    validation = try AddingBatch(timeSteps: Self.timeSteps, count: 500, using: &random)
    fresh = try AddingBatch(timeSteps: Self.timeSteps, count: 2000, using: &random)
    measured = try AddingBatch(timeSteps: Self.timeSteps, count: 200, using: &random)
  }

  func run(picture: String) throws {
    let findings = [
      try study("Elman") { ElmanCell(inputSize: 2, hiddenSize: Self.hiddenSize, using: &$0) },
      try study("LSTM") { LSTMCell(inputSize: 2, hiddenSize: Self.hiddenSize, using: &$0) },
      try study("GRU") { GRUCell(inputSize: 2, hiddenSize: Self.hiddenSize, using: &$0) },
      try study("Elman, cured", Self.curedElman),
    ]
    say("\n" + Self.summary(findings) + "\n" + Self.table(findings))
    try Self.plot(findings).svg().write(toFile: picture, atomically: true, encoding: .utf8)
    say("drawn in \(picture)")
  }

  /// The Elman cell with f = max(0, ·) and a recurrent matrix that begins as the identity (Le, Jaitly and Hinton
  /// 2015): a unit that is on hands its value and its gradient on undiminished. The weights of the input keep the
  /// library's beginning, which is larger than the paper's and learns faster here.
  private static func curedElman(_ random: inout RandomSource) -> ElmanCell {
    var cell = ElmanCell(inputSize: 2, hiddenSize: hiddenSize, activation: .relu, using: &random)
    var identity = Tensor.zeros([hiddenSize, hiddenSize])
    for unit in 0..<hiddenSize { identity[unit * hiddenSize + unit] = 1 }
    cell.weightRecurrent.value = identity
    return cell
  }

  /// Trains one network: the same recipe and the same sequences for all.
  private func study<Cell: RecurrentCell>(
    _ name: String, _ makeCell: (inout RandomSource) -> Cell
  ) throws -> Finding {
    var random = RandomSource(seed: seed)
    let network = AddingNetwork(makeCell(&random), using: &random)
    let work = AddingWork<Cell>(
      timeSteps: Self.timeSteps, batchSize: 50, stepsPerEpoch: 100, validation: validation)
    let plan = TrainingPlan(
      epochs: 30, optimizer: Adam(learningRate: 0.002), clipNorm: 1, goal: Self.solved / 2,
      seed: seed)
    let trained = try Trainer(
      work, model: network, plan: plan,
      report: { event in
        switch event {
        case .started(let parameters, _, _): say("\(name): \(parameters) parameters")
        case .epoch(let epoch) where epoch.epoch % 5 == 0:
          let steps = epoch.epoch * work.stepsPerEpoch
          say(
            String(format: "  step %4d   MSE %.4f   %3.0f s", steps, epoch.validation ?? .nan, epoch.elapsed))
        case .finished(let end, _): say("  \(end.rawValue)")
        case .step, .epoch: break
        }
      }
    ).run()
    return Finding(
      name: name, steps: trained.history.count * work.stepsPerEpoch,
      error: Double(try Loss.squaredError(trained.model(fresh.steps), fresh.sums).value.scalar),
      before: try Reach.gradientNorms(of: network, on: measured),
      after: try Reach.gradientNorms(of: trained.model, on: measured))
  }
}

/// Prints at once, also into a pipe.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
