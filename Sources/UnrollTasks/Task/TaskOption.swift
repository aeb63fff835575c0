/// A setting that a task offers to those who have only words to say it with: a command line, a form, a request.
public struct TaskOption: Sendable {
  /// What a value may be.
  public enum Kind: Sendable {
    /// Said or not said; takes no value.
    case flag
    case text
    /// Several values, each said by itself.
    case texts
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case choice([String])
  }

  /// The name, in small letters with hyphens: `learning-rate`.
  public let name: String
  public let kind: Kind
  /// What it does, in a line.
  public let help: String
  /// What a value stands for: `column`, `n`.
  public let valueName: String
  /// What counts when nothing is said, as text; `nil`: nothing, or the task finds out.
  public let standard: String?
  /// The heading it stands under.
  public let group: String

  public init(
    _ name: String, _ kind: Kind, valueName: String = "value", standard: String? = nil,
    group: String = "Options", _ help: String
  ) {
    self.name = name
    self.kind = kind
    self.help = help
    self.valueName = valueName
    self.standard = standard
    self.group = group
  }
}

/// The values of a task's options, checked against what the options allow.
public struct TaskArguments: Sendable {
  private let options: [String: TaskOption]
  private var values: [String: [String]] = [:]

  /// No values: everything as standard.
  public init(_ options: [TaskOption]) {
    self.options = Dictionary(options.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Takes a value, or the fact that a flag was said (`value` is `nil` then).
  ///
  /// - Throws: `TaskArgumentError` when the option is not known or the value not allowed.
  public mutating func set(_ name: String, _ value: String?) throws(TaskArgumentError) {
    guard let option = options[name] else {
      throw TaskArgumentError(
        option: name, expected: "one of \(options.keys.sorted().joined(separator: ", "))")
    }
    if let wanted = option.kind.expectation(value) {
      throw TaskArgumentError(option: name, expected: wanted, found: value ?? "nothing")
    }
    if case .texts = option.kind {
      values[name, default: []].append(value ?? "")
    } else {
      values[name] = [value ?? "yes"]
    }
  }

  /// Whether the option was said.
  public func has(_ name: String) -> Bool { values[name] != nil }
  /// The value, or the standard one.
  public func text(_ name: String) -> String? { values[name]?.last ?? options[name]?.standard }
  public func texts(_ name: String) -> [String] { values[name] ?? [] }
  public func integer(_ name: String) -> Int? { text(name).flatMap { Int($0) } }
  public func number(_ name: String) -> Double? { text(name).flatMap { Double($0) } }
  public func flag(_ name: String) -> Bool { has(name) }
}

extension TaskOption.Kind {
  /// What was expected, when a value is not allowed.
  fileprivate func expectation(_ value: String?) -> String? {
    switch self {
    case .flag: return value == nil ? nil : "no value"
    case .text, .texts: return value == nil ? "a value" : nil
    case .integer(let range):
      if let number = value.flatMap({ Int($0) }), range.contains(number) { return nil }
      return
        "a whole number \(range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)")"
    case .number(let range):
      if let number = value.flatMap({ Double($0) }), range.contains(number) { return nil }
      return range.upperBound == .infinity
        ? "a number of at least \(range.lowerBound)"
        : "a number from \(range.lowerBound) to \(range.upperBound)"
    case .choice(let words):
      return words.contains(value ?? "") ? nil : "one of \(words.joined(separator: ", "))"
    }
  }
}

/// A setting of a task that is not known, or a value that it does not take.
public struct TaskArgumentError: Error, CustomStringConvertible {
  public let option: String
  public let expected: String
  public let found: String?

  public init(option: String, expected: String, found: String? = nil) {
    self.option = option
    self.expected = expected
    self.found = found
  }

  public var description: String {
    found.map { "--\(option): expected \(expected), found \"\($0)\"" }
      ?? "no option --\(option): expected \(expected)"
  }
}
