import UnrollData
import UnrollNetworks
import UnrollTraining

extension LanguageModel: WorkingTask {
  public static let abstract = "Learn to write text, token by token, and to score it."
  public static let discussion = """
    TEXT is a file of UTF-8 text. The end of it judges each epoch, and the best weights are kept.

      unroll train generate shakespeare.txt -o model
      unroll generate model --prompt "ROMEO:" --length 400 --temperature 0.8
      unroll evaluate model more.txt
    """
  public static let trainingFiles = [TaskFile("TEXT", "A file of UTF-8 text.")]

  public static var trainingOptions: [TaskOption] { LanguageOptions.training }

  public static func train(
    on files: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws -> LanguageModel {
    try train(
      contentsOf: files[0], settings: LanguageSettings(arguments), timeLimit: arguments.number("time-limit"),
      report: session.report, shouldStop: session.shouldStop)
  }

  public static let useInputs = "[TEXT…]"
  public static var useOptions: [TaskOption] { LanguageOptions.use }

  public func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let sampler = TokenSampler(
      temperature: arguments.number("temperature") ?? 1, topK: arguments.integer("top-k"),
      topP: arguments.number("top-p"))
    let prompt = arguments.text("prompt") ?? ""
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

  public static let evaluationFiles = [TaskFile("TEXT", "A file of UTF-8 text that was not learned from.")]
  public static var evaluationOptions: [TaskOption] { LanguageOptions.evaluation }

  public func evaluate(on files: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let score = try score(contentsOf: files[0], shouldStop: session.shouldStop)
    session.write(score.table(settings.tokens))
  }
}
