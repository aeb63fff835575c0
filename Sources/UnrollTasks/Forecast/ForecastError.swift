/// Why a forecaster cannot do what it was asked.
public enum ForecastError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No series is long enough.
  case tooShort(file: String, longest: Int, needed: Int, purpose: String)
  /// Every value is missing.
  case noValues(file: String, targets: [String])
  /// The data has other columns than the model was trained on.
  case otherColumns(file: String, expected: [String], found: [String])
  /// The data has another frequency than the model was trained on.
  case otherFrequency(file: String, expected: String, found: String)
  /// A setting is outside of what makes sense.
  case setting(name: String, expected: String, found: String)

  public var description: String {
    switch self {
    case .tooShort(let file, let longest, let needed, let purpose):
      return
        "\(file): expected at least \(needed) rows in a series \(purpose), found \(longest) in the longest"
    case .noValues(let file, let targets):
      return "\(file): expected numbers in \(targets.joined(separator: ", ")), found only missing values"
    case .otherColumns(let file, let expected, let found):
      return
        "\(file): expected the columns \(expected.joined(separator: ", ")) that the model was trained on, "
        + "found \(found.joined(separator: ", "))"
    case .otherFrequency(let file, let expected, let found):
      return "\(file): expected \(expected) data, as the model was trained on, found \(found)"
    case .setting(let name, let expected, let found):
      return "\(name): expected \(expected), found \(found)"
    }
  }
}
