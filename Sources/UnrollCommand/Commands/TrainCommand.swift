import ArgumentParser
import UnrollTasks

/// `unroll train <task>`.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model of a task on a file.",
    subcommands: [TrainForecastCommand.self] + TaskRegistry.trainCommands)
}
