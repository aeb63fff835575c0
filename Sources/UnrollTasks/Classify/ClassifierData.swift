import UnrollData

/// Texts or sequences of numbers with labels: what a classifier is trained on and scored with.
public struct ClassifierData: Sendable {
  /// A sequence of numbers: `[steps, channels]`, the channels of a step side by side. Missing values are NaN.
  package struct Sequence: Sendable, Equatable {
    package let values: [Float]
    package let steps: Int
    package var id: String?

    package init(values: [Float], steps: Int, id: String? = nil) {
      self.values = values
      self.steps = steps
      self.id = id
    }
  }

  package enum Inputs: Sendable {
    case texts([String])
    /// Sequences of a number of channels.
    case sequences([Sequence], channels: Int)
  }

  package let inputs: Inputs
  /// The labels of each example: one, or of any number where an example may have several.
  public let labels: [[String]]
  /// What the examples came from, for messages.
  public let source: String
  /// The line of the source on which each example starts.
  package let lines: [Int]

  package init(inputs: Inputs, labels: [[String]], source: String, lines: [Int]) {
    self.inputs = inputs
    self.labels = labels
    self.source = source
    self.lines = lines
  }

  /// Texts, each with its label.
  ///
  /// - Throws: `ClassifierError.unequalCounts`.
  public init(texts: [String], labels: [String]) throws(ClassifierError) {
    try self.init(texts: texts, labelSets: labels.map { [$0] })
  }

  /// Texts, each with any number of labels.
  ///
  /// - Throws: `ClassifierError.unequalCounts`.
  public init(texts: [String], labelSets: [[String]]) throws(ClassifierError) {
    guard texts.count == labelSets.count else {
      throw .unequalCounts(inputs: texts.count, labels: labelSets.count)
    }
    self.init(
      inputs: .texts(texts), labels: labelSets, source: "the texts", lines: Array(1..<texts.count + 1))
  }

  /// Sequences of numbers, each with its label.
  ///
  /// - Parameter sequences: for each sequence the values of each step; NaN where one is missing.
  /// - Throws: `ClassifierError`, when counts differ.
  public init(sequences: [[[Float]]], labels: [String]) throws(ClassifierError) {
    guard sequences.count == labels.count else {
      throw .unequalCounts(inputs: sequences.count, labels: labels.count)
    }
    let (all, channels) = try Self.flattened(sequences)
    self.init(
      inputs: .sequences(all, channels: channels), labels: labels.map { [$0] }, source: "the sequences",
      lines: Array(1..<sequences.count + 1))
  }

  /// Sequences of steps as values side by side.
  static func flattened(
    _ sequences: [[[Float]]], channels wanted: Int? = nil
  ) throws(ClassifierError) -> ([Sequence], channels: Int) {
    let channels = wanted ?? sequences.first { !$0.isEmpty }?[0].count ?? 0
    for sequence in sequences {
      if let other = sequence.first(where: { $0.count != channels }) {
        throw .otherChannels(file: "the sequences", expected: channels, found: other.count)
      }
    }
    return (sequences.map { Sequence(values: $0.flatMap { $0 }, steps: $0.count) }, channels)
  }

  /// The number of examples.
  public var count: Int { labels.count }
}
