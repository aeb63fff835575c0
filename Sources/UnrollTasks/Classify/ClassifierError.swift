import UnrollCore
import UnrollData

/// Why a classifier cannot do what it was asked.
public enum ClassifierError: Error, Equatable, Sendable, CustomStringConvertible {
  /// All examples have the same label, or none has any.
  case tooFewLabels(file: String, found: [String])
  /// An example has several labels, where each should have one.
  case severalLabels(file: String, line: Int, found: [String])
  /// An example that is scored has a label that the model does not know.
  case unknownLabel(file: String, line: Int, label: String, known: [String])
  /// A model of texts was given sequences, or the other way round.
  case otherInput(file: String, expected: String, found: String)
  /// Sequences have another number of values at each step than the model was trained on.
  case otherChannels(file: String, expected: Int, found: Int)
  /// Inputs and labels are not equally many.
  case unequalCounts(inputs: Int, labels: Int)
  /// A setting is outside of what makes sense.
  case setting(name: String, expected: String, found: String)

  public var description: String {
    switch self {
    case .tooFewLabels(let file, let found):
      return
        "\(file): expected examples of at least two labels, found "
        + (found.isEmpty ? "none" : "only \(shown(found[0]))")
    case .severalLabels(let file, let line, let found):
      return
        "\(file), line \(line): expected one label, found \(found.count): "
        + "\(found.prefix(5).map { shown($0) }.joined(separator: ", "))\n"
        + "        use --multi-label where an example may have several"
    case .unknownLabel(let file, let line, let label, let known):
      return
        "\(file), line \(line): expected one of the labels "
        + "\(known.prefix(12).map { shown($0) }.joined(separator: ", ")) that the model knows, "
        + "found \(shown(label))"
    case .otherInput(let file, let expected, let found):
      return "\(file): expected \(expected), as the model was trained on, found \(found)"
    case .otherChannels(let file, let expected, let found):
      return "\(file): expected \(expected) values at each step, as the model was trained on, found \(found)"
    case .unequalCounts(let inputs, let labels):
      return "expected the labels of \(inputs) inputs, found those of \(labels)"
    case .setting(let name, let expected, let found):
      return "\(name): expected \(expected), found \(found)"
    }
  }
}

/// Text from a file in double quotes, short enough for a message.
private func shown(_ text: String) -> String { "\"\(clipped(text))\"" }
