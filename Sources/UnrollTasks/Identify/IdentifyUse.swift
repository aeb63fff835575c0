import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// What a model says of a picture.
public struct Identification: TaskAnswer, Equatable {
  /// A label and how probable it is.
  public struct Probability: Codable, Sendable, Equatable {
    public let label: String
    public let probability: Double
  }

  /// The probabilities after some steps were read.
  public struct Step: Codable, Sendable, Equatable {
    /// The number of steps: of rows, columns or pixels.
    public let steps: Int
    public let probabilities: [Probability]
  }

  /// The file.
  public let picture: String
  /// The label of the greatest probability.
  public let label: String
  /// The likeliest first.
  public let probabilities: [Probability]
  /// How the probabilities moved, where that was asked for.
  public var steps: [Step]?

  init(_ values: [Double], labels: [String], picture: String, top: Int?) {
    self.picture = picture
    label = labels[IdentifyPrediction.best(values)]
    probabilities = Self.ranked(values, labels, top: top)
  }

  static func ranked(_ values: [Double], _ labels: [String], top: Int?) -> [Probability] {
    let order = labels.indices.sorted { (values[$1], $0) < (values[$0], $1) }
    return order.prefix(top ?? labels.count).map {
      // Six digits are what single precision knows.
      Probability(label: labels[$0], probability: (min(max(values[$0], 0), 1) * 1e6).rounded() / 1e6)
    }
  }

  public var shown: String {
    let all = probabilities.prefix(5).map { "\($0.label) \(NumberText.decimal($0.probability, places: 3))" }
    var text = "\(picture)\t\(label)\t\(all.joined(separator: "  "))"
    for step in steps ?? [] {
      let all = step.probabilities.prefix(3).map {
        "\($0.label) \(NumberText.decimal($0.probability, places: 3))"
      }
      text += "\n    \(NumberText.padded("after \(step.steps)", to: 12))  \(all.joined(separator: "  "))"
    }
    return text
  }

  public var columns: [String] { ["picture", "label", "probability"] }
  public var rows: [[String]] {
    [[picture, label, NumberText.decimal(probabilities.first?.probability ?? 0, places: 6)]]
  }
}

extension IdentifyTask {
  /// A word that names no file is no picture.
  public static func input(
    _ text: String, _ model: Identifier, _ options: IdentifyOptions
  ) throws -> LabeledPicture {
    LabeledPicture(try Picture(path: text), label: nil, place: text)
  }

  /// The picture of a file, those of a table, or of a file of IDX.
  public static func inputs(
    contentsOf path: String, _ model: Identifier, _ options: IdentifyOptions, note: (String) -> Void
  ) throws -> [TaskInput<LabeledPicture>]? {
    var files = model.settings.files
    files.label = nil
    return try PictureData([path], files, note: note).pictures.map { TaskInput($0, id: $0.place) }
  }

  public static func answers(
    _ inputs: [LabeledPicture], _ model: Identifier, _ options: IdentifyOptions, _ session: AnswerSession
  ) throws -> [Identification] {
    let pictures = inputs.map { model.preparation.scaling.fitted($0.picture) }
    let found = try IdentifyPrediction.probabilities(model.networks, pictures, model.preparation)
    let labels = model.preparation.labels
    return try inputs.indices.map { index in
      var answer = Identification(
        found[index], labels: labels, picture: inputs[index].place, top: options.top)
      guard options.explain || options.plot != nil else { return answer }
      let counts = steps(model)
      let moves = try IdentifyPrediction.probabilities(
        model.networks, pictures[index], after: counts, model.preparation)
      if options.explain {
        answer.steps = zip(counts, moves).map {
          .init(steps: $0, probabilities: Identification.ranked($1, labels, top: options.top))
        }
      }
      if let plot = options.plot {
        let path = numbered(plot, index)
        let drawing = ProbabilityPlot(
          picture: pictures[index], title: "\(inputs[index].place): \(answer.label)",
          readsColumns: model.settings.front.reading == .columns,
          places: counts.map { Double($0) / Double(max(1, counts[counts.count - 1])) },
          labels: labels, probabilities: moves)
        try AtomicFile.write(Array(drawing.svg().utf8), to: path)
        session.note("drawn: \(path)")
      }
      return answer
    }
  }

  private static func numbered(_ plot: String, _ index: Int) -> String {
    guard index > 0 else { return plot }
    return (plot.hasSuffix(".svg") ? String(plot.dropLast(4)) : plot) + "-\(index + 1).svg"
  }

  /// After how many steps probabilities are told: all, or some dozens of many.
  private static func steps(_ model: Identifier) -> [Int] {
    let front = model.networks[0].front
    let (height, width) = (front.outputExtent.height, front.outputExtent.width)
    let all =
      switch front.reading {
      case .rows: height
      case .columns: width
      case .grid: height * width
      }
    let step = all <= 64 ? 1 : max(1, width)
    return Array(stride(from: 0, to: all, by: step)) + [all]
  }

  public static func evaluate(
    _ data: PictureData, _ model: Identifier, _ options: IdentifyOptions, _ session: AnswerSession
  ) throws -> ScoreReport {
    let truth = try data.targets(among: model.preparation.labels)
    let labels = model.preparation.labels
    let found = try IdentifyPrediction.probabilities(
      model.networks, data.pictures.map { model.preparation.scaling.fitted($0.picture) }, model.preparation)
    let report = ClassificationReport(
      classes: labels, actual: truth.map { Int($0) }, predicted: found.map(IdentifyPrediction.best))
    let most = Dictionary(grouping: truth, by: { $0 }).mapValues(\.count).max {
      ($0.value, $1.key) < ($1.value, $0.key)
    }
    let examples = data.pictures.indices.map { place in
      let answer = Identification(found[place], labels: labels, picture: data.pictures[place].place, top: 1)
      return ScoreReport.Example(
        place: data.pictures[place].place, input: data.pictures[place].place,
        truth: data.pictures[place].label ?? "", answer: answer.label,
        probability: answer.probabilities.first?.probability,
        error: -naturalLogarithm(max(found[place][Int(truth[place])], 1e-9)))
    }
    return ScoreReport(
      [
        .init("accuracy", report.accuracy, unit: "%"), .init("macro F1", report.macro.f1, unit: "%"),
        .init(
          "majority share", Double(most?.value ?? 0) / Double(max(1, truth.count)), unit: "%",
          note: "always saying \(most.map { labels[Int($0.key)] } ?? "nothing")"),
        .init(
          "cross-entropy", IdentifyPrediction.score(found, truth).loss, unit: "nats per picture"),
        .init("pictures", Double(examples.count)),
      ],
      tables: [
        .init("by label", labels, report.perClass, ("mean of labels", report.macro)),
        ScoreReport.confusions(labels, report.confusion),
      ], examples: examples)
  }
}

extension Model where Task == IdentifyTask {
  /// The labels, in the order of their ids.
  public var labels: [String] { preparation.labels }

  /// Says what pictures show.
  public func identify(_ pictures: [Picture], options: IdentifyOptions = IdentifyOptions()) throws
    -> [Identification]
  {
    try answers(
      pictures.enumerated().map { LabeledPicture($1, label: nil, place: "#\($0 + 1)") }, options: options)
  }
}
