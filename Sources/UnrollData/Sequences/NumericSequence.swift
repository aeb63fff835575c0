/// Numbers over time, and what the whole is to be classified as.
public struct NumericSequence: Sendable, Equatable {
  /// `[steps, features]`, the features of a step side by side. Missing values are NaN.
  public let values: [Float]
  /// The number of time steps.
  public let steps: Int
  /// The label; nil where a file without labels is read.
  public let label: String?
  /// The identifier in a table of several sequences.
  public let id: String?
  /// The line of the file on which it starts.
  public let line: Int

  public init(values: [Float], steps: Int, label: String? = nil, id: String? = nil, line: Int = 0) {
    self.values = values
    self.steps = steps
    self.label = label
    self.id = id
    self.line = line
  }
}
