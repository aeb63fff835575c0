import UnrollData
import UnrollNetworks
import UnrollTraining

extension LanguageModel: WorkingTask {
  public static let abstract = "Learn to write text, token by token, and to score it."
  public static let discussion = """
    TEXT is a file of UTF-8 text. The end of it judges each epoch, and the best weights are kept.

      unroll train generate shakespeare.txt -o model
      unroll generate model --prompt "ROMEO:" --length 400 --temperature 0.8
      unroll generate model --score "To be, or not to be"
      unroll evaluate model more.txt
    """
  public static let trainingFiles = [TaskFile("TEXT", "A file of UTF-8 text.")]

  public static var trainingOptions: [TaskOption] { LanguageOptions.training }

  public static func train(
    on files: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws -> LanguageModel {
    try train(
      contentsOf: files[0], settings: LanguageSettings(arguments), timeLimit: arguments.number("time-limit"),
      journal: session.journal, report: session.report, shouldStop: session.shouldStop)
  }

  public static let useInputs = "[TEXT…]"
  public static var useOptions: [TaskOption] { LanguageOptions.use }

  public func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    if arguments.flag("score") { return try score(inputs, session) }
    if !inputs.isEmpty {
      throw TaskArgumentError(option: "prompt", expected: "the prompt after --prompt", found: inputs[0])
    }
    let sampler = TokenSampler(
      temperature: arguments.number("temperature") ?? 1, topK: arguments.integer("top-k"),
      topP: arguments.number("top-p"))
    let prompt = arguments.text("prompt") ?? ""
    let unknown = unknownTokens(in: prompt)
    if !unknown.isEmpty {
      let shown = unknown.prefix(8).map { quoted($0) }.joined(separator: ", ")
      let more = unknown.count > 8 ? " and \(unknown.count - 8) more" : ""
      session.note("the model does not know \(shown)\(more) of the prompt, and reads an unknown token there")
    }
    session.write(prompt)
    try generate(
      prompt: prompt, length: arguments.integer("length") ?? 500, sampler: sampler,
      seed: UInt64(arguments.integer("seed") ?? 0), stop: arguments.texts("stop")
    ) { piece in
      session.write(piece)
      return !session.shouldStop()
    }
    session.write("\n")
  }

  /// The score of each text, or of each line that is read.
  private func score(_ inputs: [String], _ session: TaskSession) throws {
    for text in inputs { session.write(try score(text).json(of: text) + "\n") }
    guard inputs.isEmpty else { return }
    while !session.shouldStop(), let line = session.readLine() {
      session.write(try score(line).json(of: line) + "\n")
    }
  }

  public static let evaluationFiles = [TaskFile("TEXT", "A file of UTF-8 text that was not learned from.")]
  public static var evaluationOptions: [TaskOption] { LanguageOptions.evaluation }

  public func evaluate(on files: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let adaptation = LanguageAdaptation(arguments)
    if arguments.flag("score") {
      _ = try score(
        contentsOf: files[0], adapting: adaptation, onToken: { session.write($0.json + "\n") },
        shouldStop: session.shouldStop)
    } else {
      let score = try score(contentsOf: files[0], adapting: adaptation, shouldStop: session.shouldStop)
      session.write(score.table(settings.tokens))
    }
  }
}
