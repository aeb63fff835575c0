import UnrollData

extension DataHint {
  /// The hint in words of the command: `use --missing n/a to read it as a missing value`.
  var commandText: String {
    guard let parameter else { return effect }
    let option = "--" + Self.kebab(parameter.rawValue)
    guard !values.isEmpty else { return "use \(option)\(placeholder) to \(effect)" }
    if parameter == .missing {
      // The option is given for each.
      return "use \(values.map { Self.argument(option, $0) }.joined(separator: " ")) to \(effect)"
    }
    if isChoice {
      let choices = values.map { Self.quotedForShell($0) }.joined(separator: " or ")
      return "use \(option) \(choices) to \(effect)"
    }
    return "use \(Self.argument(option, values.joined(separator: ","))) to \(effect)"
  }

  private var placeholder: String {
    switch parameter {
    case .id, .known: " COLUMN"
    case .timeFormat: " FORMAT"
    case .skipLines: " LINES"
    default: ""
    }
  }

  /// `timeFormat` → `time-format`
  private static func kebab(_ name: String) -> String {
    var text = ""
    for character in name { text += character.isUppercase ? "-" + character.lowercased() : String(character) }
    return text
  }

  /// A value that starts with a hyphen would be taken for an option.
  private static func argument(_ option: String, _ value: String) -> String {
    value.hasPrefix("-") ? "\(option)=\(quotedForShell(value))" : "\(option) \(quotedForShell(value))"
  }

  private static func quotedForShell(_ value: String) -> String {
    let isPlain =
      !value.isEmpty
      && value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./,:=+@".contains($0)) }
    return isPlain ? value : "'" + value.replacing("'", with: "'\\''") + "'"
  }
}
