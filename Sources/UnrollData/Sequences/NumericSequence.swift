/// Numbers over time, and what the whole is to be classified as.
package struct NumericSequence: Sendable, Equatable {
  /// `[steps, features]`, the features of a step side by side. Missing values are NaN.
  package let values: [Float]
  /// The number of time steps.
  package let steps: Int
  /// The label; nil where a file without labels is read.
  package let label: String?
  /// The identifier in a table of several sequences.
  package let id: String?
  /// The line of the file on which it starts.
  package let line: Int

  package init(values: [Float], steps: Int, label: String?, id: String? = nil, line: Int) {
    self.values = values
    self.steps = steps
    self.label = label
    self.id = id
    self.line = line
  }
}
