/// The value of a setting as words, a form or `config.json` hold it.
public enum SettingValue: Sendable, Equatable {
  case flag(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([SettingValue])

  /// As a person writes it.
  public var text: String {
    switch self {
    case .flag(let value): value ? "yes" : "no"
    case .integer(let value): "\(value)"
    case .number(let value): NumberText.shortest(value)
    case .text(let value): value
    case .list(let values): values.isEmpty ? "none" : values.map(\.text).joined(separator: ",")
    }
  }
}

extension SettingValue: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let integer = try? value.decode(Int.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else {
      self = .list(try value.decode([SettingValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .flag(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    }
  }
}

/// What the value of a setting may be.
public indirect enum SettingKind: Sendable, Equatable {
  case flag
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  case text
  case choice([String])
  /// A time, such as 90s, 10m or 1h30m; the value is in seconds.
  case duration
  /// Several values: separated by commas, or said one by one.
  case list(SettingKind)

  /// What is expected, in words.
  public var expectation: String {
    switch self {
    case .flag: return "yes or no"
    case .text: return "a value"
    case .integer(let range):
      return range.upperBound == .max
        ? "a whole number of at least \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      let low = NumberText.shortest(range.lowerBound)
      return range.upperBound == .infinity
        ? "a number of at least \(low)" : "a number from \(low) to \(NumberText.shortest(range.upperBound))"
    case .choice(let words): return "one of \(words.joined(separator: ", "))"
    case .duration: return "a time such as 90s, 10m or 1h30m"
    case .list(let kind): return "\(kind.expectation), or several with commas"
    }
  }

  /// Reads a value from text; `nil` where the text is none.
  public func value(of text: String) -> SettingValue? {
    let value: SettingValue?
    switch self {
    case .flag: value = ["yes": true, "true": true, "no": false, "false": false][text].map { .flag($0) }
    case .integer: value = Int(text).map { .integer($0) }
    case .number: value = Double(text).map { .number($0) }
    case .text, .choice: value = .text(text)
    case .duration: value = (try? DurationText.parse(text)).map { .number($0.inSeconds) }
    case .list(let kind):
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
        kind.value(of: String($0.drop { $0 == " " }))
      }
      value = parts.contains { $0 == nil } ? nil : .list(parts.compactMap { $0 })
    }
    return value.flatMap { allows($0) ? $0 : nil }
  }

  /// Whether a value is one of those that are allowed.
  public func allows(_ value: SettingValue) -> Bool {
    switch (self, value) {
    case (.flag, .flag), (.text, .text): true
    case (.integer(let range), .integer(let value)): range.contains(value)
    case (.number(let range), .number(let value)): range.contains(value)
    // JSON writes 2.0 as 2.
    case (.number(let range), .integer(let value)): range.contains(Double(value))
    case (.choice(let words), .text(let value)): words.contains(value)
    case (.duration, .number(let seconds)): seconds > 0 && seconds <= DurationText.longest
    case (.duration, .integer(let seconds)): seconds > 0 && Double(seconds) <= DurationText.longest
    case (.list(let kind), .list(let values)): values.allSatisfy(kind.allows)
    default: false
    }
  }
}

/// A setting that is not known, or a value that it does not take.
public struct SettingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The setting's name, such as `hidden`.
  public let name: String
  public let expected: String
  public let found: String
  /// The data that the setting does not fit; `nil`: it fits none.
  public internal(set) var data: String?

  public init(_ name: String, expected: String, found: some Any) {
    self.name = name
    self.expected = expected
    self.found = "\(found)"
  }

  public var description: String {
    "\(name): expected \(expected), found \(found)" + (data.map { ", for \($0)" } ?? "")
  }
}
