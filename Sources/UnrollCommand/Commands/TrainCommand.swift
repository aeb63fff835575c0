import ArgumentParser
import UnrollTasks

/// `unroll train <task>`, and `unroll train --resume RUN`.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model of a task on a file.",
    discussion: """
      With --checkpoint-every, a training writes checkpoints beside its model, and goes on with them after a crash: \
      unroll train --resume MODEL.run
      """,
    subcommands: [TrainForecastCommand.self] + TaskRegistry.trainCommands)

  @Option(
    help: ArgumentHelp(
      "The folder of a training that did not end, to go on with. It knows all that was said.",
      valueName: "RUN"))
  var resume: String?

  @OptionGroup var compute: ComputeOptions

  func run() async throws {
    guard let resume else { throw CleanExit.helpRequest(self) }
    try compute.run {
      let run = try ResumedRun(resume, TerminalStream.standardError)
      try TaskRegistry.resume(run, threads: compute.threads)
    }
  }
}
