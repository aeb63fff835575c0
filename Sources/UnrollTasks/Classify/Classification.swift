import UnrollData

/// What a model says of an input.
public struct Classification: TaskAnswer, Equatable {
  /// A label and how probable it is.
  public struct Probability: Codable, Sendable, Equatable {
    public let label: String
    public let probability: Double
  }

  /// The probabilities after a step was read.
  public struct Step: Codable, Sendable, Equatable {
    /// The token; empty before the first, and of sequences of numbers.
    public let token: String
    public let probabilities: [Probability]
  }

  /// The label of the greatest probability.
  public let label: String
  /// The labels that apply: the one above, or all from the threshold on where an example may have several.
  public let labels: [String]
  /// The likeliest first.
  public let probabilities: [Probability]
  /// How the probabilities moved, where that was asked for.
  public var steps: [Step]?

  init(_ values: [Double], labels names: [String], threshold: Double?, top: Int?) {
    label = names[ClassifyPrediction.best(values)]
    labels =
      threshold.map { threshold in names.indices.filter { values[$0] >= threshold }.map { names[$0] } } ?? [
        label
      ]
    probabilities = Self.ranked(values, names, top: top)
  }

  static func ranked(_ values: [Double], _ names: [String], top: Int?) -> [Probability] {
    let order = names.indices.sorted { (values[$1], $0) < (values[$0], $1) }
    return order.prefix(top ?? names.count).map {
      // Six digits are what single precision knows.
      Probability(label: names[$0], probability: (min(max(values[$0], 0), 1) * 1e6).rounded() / 1e6)
    }
  }

  /// The probability of a label; `nil` where the model has none of this name, or it was not asked for.
  public subscript(label: String) -> Double? { probabilities.first { $0.label == label }?.probability }

  public var shown: String {
    let shown = probabilities.prefix(5).map { "\($0.label) \(NumberText.decimal($0.probability, places: 3))" }
    var text = "\(labels.isEmpty ? "–" : labels.joined(separator: ","))\t\(shown.joined(separator: "  "))"
    for (index, step) in (steps ?? []).enumerated() {
      let best = step.probabilities[0]
      let name = index == 0 ? "(before)" : step.token.isEmpty ? "step \(index)" : step.token
      text +=
        "\n    \(NumberText.padded(name, to: 16))  \(best.label) \(NumberText.decimal(best.probability, places: 3))"
    }
    return text
  }

  public var columns: [String] { ["label", "probability"] }
  public var rows: [[String]] {
    [[labels.joined(separator: "|"), NumberText.decimal(self[label] ?? 0, places: 6)]]
  }
}
