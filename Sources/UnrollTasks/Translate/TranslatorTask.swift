import UnrollData
import UnrollTraining

extension Translator: WorkingTask {
  public static let abstract = "Translate texts, or turn any sequence into another."
  public static let discussion = """
    Two files whose lines belong together, or one tab separated file:

      unroll train translate train.de train.en -o model
      unroll train translate pairs.tsv -o model
      unroll translate model "ein hund läuft ."
      unroll evaluate model test.de test.en
    """

  public static let trainingFiles = [
    TaskFile("SOURCE", "Texts, one a line; or a tab separated file of both sides."),
    TaskFile("TARGET", isOptional: true, "What they become, one a line."),
  ]

  public static let evaluationFiles = trainingFiles

  public static let useInputs = "[TEXT…]"

  public static func train(
    on files: [String], _ arguments: TaskArguments, _ session: TaskSession
  ) throws -> Translator {
    let columns = (arguments.integer("source-column") ?? 1, arguments.integer("target-column") ?? 2)
    func pairs(_ files: [String]) -> PairSource {
      PairSource(files: files, sourceColumn: columns.0, targetColumn: columns.1)
    }
    let validation = arguments.texts("validation")
    guard validation.isEmpty || validation.count == files.count else {
      throw TaskArgumentError(
        option: "validation", expected: "\(files.count == 1 ? "one file" : "two files"), as for training",
        found: validation.joined(separator: " "))
    }
    return try train(
      on: pairs(files), validation: validation.isEmpty ? nil : pairs(validation),
      settings: try TranslationSettings(arguments), journal: session.journal, report: session.report,
      shouldStop: session.shouldStop)
  }
}
