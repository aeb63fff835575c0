import ArgumentParser
import UnrollCore
import UnrollData
import UnrollTasks

/// The command `unroll`.
@main
struct Main: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unroll",
    abstract: "Recurrent neural networks: from a file to a trained model.",
    discussion: """
      unroll train forecast sales.csv -o model     trains on a file
      unroll forecast model --plot next.svg        says what comes next
      unroll evaluate model --windows 8            scores it beside simple methods
      unroll inspect model                         tells what is inside
      """,
    version: "0.1.0",
    subcommands: [TrainCommand.self, ForecastCommand.self] + TaskRegistry.useCommands
      + [EvaluateCommand.self, InspectCommand.self, ImportCommand.self, ExportCommand.self, RunCommand.self])
}

/// Settings of the machine that every computing command takes.
struct ComputeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads to compute on; results do not depend on it.", valueName: "n"))
  var threads: Int?

  func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads: expected at least 1, found \(threads)")
    }
    try Self.checkTarget()
  }

  /// - Throws: `ValidationError` when the environment asks for a target that is not to be had.
  static func checkTarget() throws {
    guard let refused = KernelTarget.refusedSetting else { return }
    let names = KernelTarget.available.map(\.name).joined(separator: ", ")
    throw ValidationError(
      "UNROLL_TARGET: expected a target that this machine can run (\(names)), found \(refused)")
  }

  /// Runs some work under these settings; an error becomes a line for a person and exit code 1.
  func run(_ body: () throws -> Void) throws {
    do {
      try WorkerPool.$limit.withValue(threads) { try body() }
    } catch let error as ExitCode {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch {
      let text = (error as? DataError)?.description { $0.commandText } ?? "\(error)"
      TerminalStream.standardError.writeError(text)
      throw ExitCode.failure
    }
  }
}
