import UnrollCore
import UnrollData
import UnrollTasks
import UnrollTraining

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The command `unroll`.
@main
enum Main {
  static let version = "0.2.0"

  static let train = TrainCommand.resume

  /// Every command.
  static let commands: [CommandSpec] =
    TaskRegistry.tasks.map { trainSpec($0) } + [train] + TaskRegistry.tasks.map { answerSpec($0) }
    + [EvaluateCommand.spec, InspectCommand.spec] + ExchangeCommands.specs

  private static func trainSpec<Task: TaskDefinition>(_ task: Task.Type) -> CommandSpec {
    TrainCommand.spec(task)
  }
  private static func answerSpec<Task: TaskDefinition>(_ task: Task.Type) -> CommandSpec {
    AnswerCommand.spec(task)
  }

  static let root = CommandSpec(
    path: [], summary: "Recurrent neural networks: from a file to a trained model.",
    discussion: """
      unroll train forecast sales.csv -o model     trains on a file
      unroll forecast model --plot next.svg        says what comes next
      unroll evaluate model newer.csv              scores it beside simple methods
      unroll inspect model                         tells what is inside
      """, options: RootOptions.descriptions()
  ) { line, command in
    var options = RootOptions()
    try options.take(line.values)
    if options.version { return try TerminalStream.writeOutput(version + "\n") }
    if let shell = options.completion {
      return try TerminalStream.writeOutput(Completion.script(shell.rawValue, commands + [command]) ?? "")
    }
    try show(command)
  }

  static func main() { exit(run(Array(CommandLine.arguments.dropFirst()))) }

  /// - Returns: the exit code: 0, 1 for what went wrong, 64 for words that make no command.
  private static func run(_ arguments: [String]) -> Int32 {
    do {
      try checkEnvironment()
      var words = arguments
      if words.first == "help" { words = Array(words.dropFirst()) + ["--help"] }
      let (command, rest) = find(words)
      let line = try ParsedLine(rest, command)
      if line.always.help {
        try show(command)
      } else {
        try WorkerPool.$limit.withValue(line.always.threads) { try command.run(line, command) }
      }
      return 0
    } catch let error as UsageError {
      TerminalStream.standardError.writeError("\(error)")
      return 64
    } catch let error as SettingError {
      TerminalStream.standardError.writeError("--\(error)")
      // What is well formed and does not fit the data is no wrong use of the command.
      return error.data == nil ? 64 : 1
    } catch {
      let text = (error as? DataError)?.description { $0.commandText } ?? "\(error)"
      TerminalStream.standardError.writeError(text)
      return 1
    }
  }

  /// The command that words begin with, the longest of all, and the words behind its name.
  private static func find(_ words: [String]) -> (CommandSpec, [String]) {
    let fitting = commands.filter { words.starts(with: $0.path) }
    guard let command = fitting.max(by: { $0.path.count < $1.path.count }) else { return (root, words) }
    return (command, Array(words.dropFirst(command.path.count)))
  }

  private static func show(_ command: CommandSpec) throws {
    let below = commands.filter {
      $0.path.count == command.path.count + 1 && $0.path.starts(with: command.path)
    }
    let groups = command.path.isEmpty ? [("train", train.summary)] + ExchangeCommands.groups : []
    let listed =
      (groups
        + below.filter { one in !groups.contains { $0.0 == one.path[0] } }
        .map { ($0.path[command.path.count], $0.summary) })
    let output = TerminalStream.standardOutput
    try TerminalStream.writeOutput(
      command.help(width: min(100, output.columns()), commands: listed.map { (name: $0.0, summary: $0.1) }))
  }

  /// - Throws: `UsageError` when the environment asks for what cannot be had.
  private static func checkEnvironment() throws {
    do throws(EnvironmentError) { try ComputeEnvironment.check() } catch {
      throw UsageError(error.description, root)
    }
  }
}

/// Options of `unroll` itself.
struct RootOptions: SettingSet {
  enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }
  var version = false
  var completion: Shell?

  static let fields: [SettingField<RootOptions>] = [
    SettingField(\.version, "version", .always, "Show the version."),
    SettingField(
      \.completion, "generate-completion-script", .always,
      "Write a script by which a shell completes commands."),
  ]
}
