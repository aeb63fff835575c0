import UnrollData
import UnrollTraining

extension Translator {
  public func use(_ inputs: [String], _ arguments: TaskArguments, _ session: TaskSession) throws {
    let others = try arguments.texts("ensemble").map { try Translator(contentsOf: $0) }
    let search = Self.search(arguments)
    var writer = TranslationWriter(arguments, session)
    if !inputs.isEmpty {
      for translation in try translate(inputs, search: search, with: others) {
        try writer.write(translation)
      }
      return
    }
    // Line by line unless told otherwise: what is typed is answered at once, and a pipe may be endless.
    let together = arguments.integer("batch") ?? 1
    var lines: [String] = []
    var hasEnded = false
    while !hasEnded {
      if let line = session.readLine() { lines.append(line) } else { hasEnded = true }
      guard hasEnded || lines.count >= together else { continue }
      for translation in try translate(lines, search: search, with: others) {
        try writer.write(translation)
      }
      lines = []
    }
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
    try pairs.visit { pair in
      sources.append(pair.source)
      references.append(pair.target)
    }
    let others = try arguments.texts("ensemble").map { try Translator(contentsOf: $0) }
    session.report(.phase("translating"))
    let found = try translate(sources, search: Self.search(arguments), with: others).map(\.text)
    if let path = arguments.text("save") {
      try AtomicFile.write(Array((found.joined(separator: "\n") + "\n").utf8), to: path)
    }
    session.write(TranslationScores(found, references).text)
  }
}

/// How near translations are to what others wrote.
struct TranslationScores {
  let pairs: Int
  /// Of tokens between white space as they are.
  let plain: BLEU
  /// Of tokens as sacreBLEU's default makes them.
  let western: BLEU
  let chrF: ChrF
  /// The share of texts that are the reference, letter for letter.
  let exact: Double

  init(_ found: [String], _ references: [String]) {
    let lists = references.map { [$0] }
    pairs = found.count
    plain = BLEU(hypotheses: found, references: lists, tokenizer: .none)
    western = BLEU(hypotheses: found, references: lists, tokenizer: .v13a)
    chrF = ChrF(hypotheses: found, references: lists)
    exact = Double(zip(found, references).count { $0 == $1 }) / Double(max(1, found.count))
  }

  var text: String {
    func number(_ value: Double) -> String { NumberText.decimal(value, places: 2) }
    let precisions = plain.precisions.map { NumberText.decimal($0, places: 1) }.joined(separator: "/")
    let lengths = "\(plain.hypothesisLength) for \(plain.referenceLength) tokens"
    let rows = [
      ("pairs", "\(pairs)"),
      ("BLEU, tokens as they are", "\(number(plain.score))   (\(precisions), \(lengths))"),
      ("BLEU, tokens by 13a", number(western.score)), ("chrF2", number(chrF.score)),
      ("exactly the reference", "\(number(100 * exact)) %"),
    ]
    return rows.map { NumberText.padded($0.0, to: 26) + $0.1 + "\n" }.joined()
  }
}

/// Writes translations as they come.
private struct TranslationWriter {
  private let arguments: TaskArguments
  private let session: TaskSession
  private var pictures = 0

  init(_ arguments: TaskArguments, _ session: TaskSession) {
    self.arguments = arguments
    self.session = session
  }

  mutating func write(_ translation: Translation) throws {
    if arguments.has("best") {
      for candidate in translation.candidates {
        session.write("\(NumberText.decimal(candidate.score, places: 4))\t\(candidate.text)\n")
      }
    } else {
      session.write(translation.text + "\n")
    }
    guard arguments.flag("align") || arguments.has("heat-map") else { return }
    let plot = AlignmentPlot(translation)
    session.write(plot.text)
    guard !translation.attention.isEmpty else { return }
    let path = picturePath()
    try AtomicFile.write(Array(plot.svg().utf8), to: path)
    session.note("heat map: \(path)")
  }

  /// The name that was given; behind the first picture with a number.
  private mutating func picturePath() -> String {
    pictures += 1
    let path = arguments.text("heat-map") ?? "alignment.svg"
    guard pictures > 1 else { return path }
    let name = path.hasSuffix(".svg") ? String(path.dropLast(4)) : path
    return "\(name)-\(pictures).svg"
  }
}
