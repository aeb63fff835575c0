import ArgumentParser
import UnrollTasks
import UnrollTraining

/// `unroll evaluate`: which options there are depends on the task of the model.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score a model, beside simple methods where there are any.",
    helpNames: [])

  @Argument(parsing: .captureForPassthrough) var words: [String] = []

  func run() throws {
    guard let path = words.first(where: { !$0.hasPrefix("-") }) else {
      guard words.contains(where: { $0 == "--help" || $0 == "-h" }) else {
        TerminalStream.standardError.writeError("expected MODEL, found nothing; see unroll evaluate --help")
        throw ExitCode.validationFailure
      }
      return TerminalStream.standardOutput.write(
        """
        Score a model on data that it has not seen.

        usage: unroll evaluate MODEL [DATA…] [options]

        The options depend on what the model is for: unroll evaluate MODEL --help

        """)
    }
    let task: String
    do {
      task = try ModelDirectory.load(path).task
    } catch {
      // Words that no model could take are the first thing to mend.
      do {
        _ = try EvaluateForecastCommand.parseAsRoot(words)
      } catch let usage {
        EvaluateForecastCommand.exit(withError: usage)
      }
      TerminalStream.standardError.writeError("\(error)")
      throw ExitCode.failure
    }
    if let type = TaskRegistry.working.first(where: { $0.task == task }) {
      return try EvaluateTask.run(type, words)
    }
    do {
      var command = try EvaluateForecastCommand.parseAsRoot(words)
      try command.run()
    } catch {
      EvaluateForecastCommand.exit(withError: error)
    }
  }
}
