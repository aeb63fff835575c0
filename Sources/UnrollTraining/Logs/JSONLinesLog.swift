import UnrollCore

/// A log of a line of JSON for each event: `started`, `step`, `epoch`, `resumed` and `finished`.
///
///     {"elapsed":0.8,"epoch":1,"event":"step","gradientNorm":0.61,"learningRate":0.002,"loss":0.93,"step":3,"steps":3,"training":1}
///
/// `training` is the turn of the trainer, `steps` counts its steps in all. After a line `resumed`, training has gone on
/// from a checkpoint: lines before it with more `steps` were overtaken.
public final class JSONLinesLog: TrainingLog {
  public let wantsDistributions = false
  private let file: AppendedFile

  /// Appends to a file, which is made where there is none.
  ///
  /// - Throws: `ModelFileError` when it cannot be written.
  public init(_ path: String) throws(ModelFileError) {
    file = try AppendedFile(path)
    // A process that was killed may have left half a line.
    try file.cut(after: UInt8(ascii: "\n"))
  }

  private struct Line: Encodable {
    var event: String
    var training: Int
    var steps: Int?
    var parameters: Int?
    var epochs: Int?
    var stepsPerEpoch: Int?
    var epoch: Int?
    var step: Int?
    var loss: Double?
    var validation: Double?
    var improved: Bool?
    var gradientNorm: Double?
    var learningRate: Float?
    var elapsed: Double?
    var end: TrainingEnd?
    var best: Int?
  }

  public func record(_ event: TrainingEvent, training: Int, steps: Int) throws {
    var line = Line(event: "", training: training)
    switch event {
    case .started(let parameters, let epochs, let stepsPerEpoch):
      line.event = "started"
      (line.parameters, line.epochs, line.stepsPerEpoch) = (parameters, epochs, stepsPerEpoch)
    case .step(let step):
      line.event = "step"
      (line.steps, line.epoch, line.step) = (steps, step.epoch, step.step)
      (line.loss, line.gradientNorm) = (step.stepLoss, step.gradientNorm)
      (line.learningRate, line.elapsed) = (step.learningRate, step.elapsed)
    case .epoch(let epoch):
      line.event = "epoch"
      (line.steps, line.epoch, line.loss) = (steps, epoch.epoch, epoch.loss)
      (line.validation, line.improved) = (epoch.validation, epoch.improved)
      (line.learningRate, line.elapsed) = (epoch.learningRate, epoch.elapsed)
    case .finished(let end, let best):
      line.event = "finished"
      (line.steps, line.end, line.best) = (steps, end, best?.epoch)
    }
    try write(line)
    switch event {
    case .epoch, .finished: try flush()
    case .started, .step: break
    }
  }

  public func record(_ distribution: TrainingDistribution, training: Int, steps: Int) {}

  public func resume(training: Int, steps: Int) throws {
    try write(Line(event: "resumed", training: training, steps: steps))
  }

  private func write(_ line: Line) throws {
    try file.append(JSONWriter.utf8(JSONTree(line), sortsKeys: true) + [UInt8(ascii: "\n")])
  }

  public func flush() throws { try file.flush() }
}
