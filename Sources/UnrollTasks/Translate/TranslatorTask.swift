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
      settings: try TranslationSettings(arguments), report: session.report, shouldStop: session.shouldStop)
  }

  public func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let others = try arguments.texts("ensemble").map { try Translator(contentsOf: $0) }
    let search = Self.search(arguments)
    if !inputs.isEmpty {
      for translation in try translate(inputs, search: search, with: others) {
        write(translation, arguments, session)
      }
      return
    }
    while let line = session.readLine() {
      write(try translate([line], search: search, with: others)[0], arguments, session)
    }
  }

  private func write(_ translation: Translation, _ arguments: TaskArguments, _ session: TaskSession) {
    session.write(translation.text + "\n")
  }

  static func search(_ arguments: TaskArguments) -> TranslationSearch {
    TranslationSearch(
      beam: arguments.integer("beam") ?? 5, lengthPenalty: arguments.number("length-penalty") ?? 1,
      best: arguments.integer("best") ?? 1)
  }

  public func evaluate(on files: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let pairs = PairSource(
      files: files, sourceColumn: arguments.integer("source-column") ?? 1,
      targetColumn: arguments.integer("target-column") ?? 2)
    var (sources, references): ([String], [String]) = ([], [])
    try pairs.forEach { source, target in
      sources.append(source)
      references.append(target)
    }
    let others = try arguments.texts("ensemble").map { try Translator(contentsOf: $0) }
    session.report(.phase("translating"))
    let found = try translate(sources, search: Self.search(arguments), with: others).map(\.text)
    let lists = references.map { [$0] }
    let plain = BLEU(hypotheses: found, references: lists, tokenizer: .none)
    let western = BLEU(hypotheses: found, references: lists, tokenizer: .v13a)
    let chrF = ChrF(hypotheses: found, references: lists)
    func text(_ value: Double) -> String { NumberText.decimal(value, places: 2) }
    session.write("pairs          \(sources.count)\n")
    session.write("BLEU           \(text(plain.score)) (tokens as they are)\n")
    session.write("BLEU 13a       \(text(western.score))\n")
    session.write("chrF2          \(text(chrF.score))\n")
    session.write(
      "precisions     \(plain.precisions.map(text).joined(separator: " / ")), brevity \(NumberText.decimal(plain.brevityPenalty, places: 3))\n"
    )
  }
}
