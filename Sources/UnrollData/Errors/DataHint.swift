/// What to do about something in a file.
///
/// A hint that a request can carry out names the request's parameter and its values, so that a command can
/// word it with its own options; `description` words it for a caller of the library.
public struct DataHint: Hashable, Sendable, CustomStringConvertible {
  /// What a reader can be told about a file.
  public enum Parameter: String, Sendable, CaseIterable {
    case id, known, missing, decimal, dates, timeFormat, frequency, wide, skipLines, repeatedTimes
    case leaveOutUnlabeled
  }

  /// The parameter of the request that would help; nil for advice that only a person can follow.
  public let parameter: Parameter?
  /// What to set it to; several are alternatives for a choice, and together for a list. Empty when the value
  /// is the caller's to choose, or a switch.
  public let values: [String]
  /// What that does: a clause behind "to", or a whole sentence when there is no parameter.
  public let effect: String

  package init(_ parameter: Parameter, _ values: [String] = [], to effect: String) {
    self.parameter = parameter
    self.values = values
    self.effect = effect
  }

  /// Advice without a parameter.
  package init(_ advice: String) {
    parameter = nil
    values = []
    effect = advice
  }

  public var description: String {
    guard let parameter else { return effect }
    let list = values.map { quoted($0) }.joined(separator: isChoice ? " or " : ", ")
    let setting = "\(parameter.rawValue)" + (values.isEmpty ? "" : ": \(list)")
    return "use `\(setting)` to \(effect)"
  }

  /// Whether the values are alternatives, of which one is taken.
  public var isChoice: Bool {
    switch parameter {
    case .decimal, .dates, .timeFormat, .frequency, .repeatedTimes: true
    default: false
    }
  }
}

extension DataHint: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension DataHint: ExpressibleByStringInterpolation {}

/// Something that a reader guessed or did, to be told to a person.
public struct DataNote: Hashable, Sendable, CustomStringConvertible {
  /// What the note is about.
  public enum Kind: String, Sendable, CaseIterable {
    case time, dates, id, target, known, unused, numbers, order, gaps, missing, season, horizon, slots
    case wide, labels, tags, leftOut, encoding
  }

  public let kind: Kind
  /// The sentence behind the kind's name.
  public let text: String
  /// What to do if the guess is wrong.
  public let hint: DataHint?

  package init(_ kind: Kind, _ text: String, hint: DataHint? = nil) {
    self.kind = kind
    self.text = text
    self.hint = hint
  }

  public var description: String { line { $0.description } }

  /// The line for a person, with the hint in words of the caller's.
  public func line(hint wording: (DataHint) -> String) -> String {
    "\(text)" + (hint.map { "; " + wording($0) } ?? "")
  }
}
