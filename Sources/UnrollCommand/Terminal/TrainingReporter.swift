import UnrollTasks
import UnrollTraining

/// Shows training on a stream: a progress bar on a terminal, lines elsewhere.
final class TrainingReporter {
  private let screen: TerminalStream
  private var bar: ProgressBar?
  /// The last epoch, whose validation loss stays in sight during the next one.
  private var judged: EpochReport?

  init(_ screen: TerminalStream) { self.screen = screen }

  func finish() {
    bar?.finish()
    bar = nil
  }

  func report(_ event: TaskEvent) {
    switch event {
    case .phase(let name):
      finish()
      screen.write("\n\(screen.style.bold(name))\n")
    case .note(let text):
      finish()
      screen.write(text + "\n")
    case .training(let event): report(event)
    case .scored(let scores):
      finish()
      screen.write("\n" + screen.style.bold("scores on what was held out") + "\n")
      screen.write(scores.text(emphasise: screen.style.bold))
    }
  }

  private func report(_ event: TrainingEvent) {
    switch event {
    case .started(let parameters, _, let steps):
      bar?.finish()
      bar = ProgressBar(on: screen)
      judged = nil
      screen.write("\(parameters) parameters, \(steps) steps an epoch\n")
    case .step(let step): bar?.update(progress(step))
    case .epoch(let epoch):
      judged = epoch
      bar?.endEpoch(progress(epoch))
    case .finished(let end, let best):
      finish()
      let chosen = best.flatMap { best in best.validation == nil ? nil : ", kept epoch \(best.epoch)" } ?? ""
      if end != .completed || !chosen.isEmpty { screen.write("\(end.rawValue)\(chosen)\n") }
    }
  }

  private func progress(_ step: StepReport) -> TrainingProgress {
    TrainingProgress(
      epoch: step.epoch, of: step.epochs, step: step.step, of: step.stepsPerEpoch, loss: step.loss,
      validation: judged?.validation, rate: Double(step.learningRate), elapsed: .seconds(step.elapsed),
      remaining: .seconds(step.remaining), improved: isBest(judged))
  }

  private func progress(_ epoch: EpochReport) -> TrainingProgress {
    TrainingProgress(
      epoch: epoch.epoch, of: epoch.epochs, step: 1, of: 1, loss: epoch.loss, validation: epoch.validation,
      rate: Double(epoch.learningRate), elapsed: .seconds(epoch.elapsed),
      remaining: .seconds(epoch.remaining),
      improved: isBest(epoch))
  }

  private func isBest(_ epoch: EpochReport?) -> Bool {
    epoch.map { $0.improved && $0.validation != nil } ?? false
  }
}
