import UnrollTasks

extension CommandSpec {
  /// All that `--help` says.
  func help(width: Int, commands: [(name: String, summary: String)] = []) -> String {
    var text = "\(summary)\n"
    if !discussion.isEmpty { text += "\n\(discussion)\n" }
    text += "\nusage: \(usage)\n"
    if !files.isEmpty { text += Self.table("Files", files.map { ($0.name, $0.help) }, width) }
    if !commands.isEmpty { text += Self.table("Commands", commands.map { ($0.name, $0.summary) }, width) }
    for group in SettingGroup.allCases {
      let rows = allOptions.filter { $0.group == group }.map { ($0.usage, $0.fullHelp) }
      if !rows.isEmpty { text += Self.table(group.rawValue, rows, width) }
    }
    return text
  }

  private static func table(_ heading: String, _ rows: [(String, String)], _ width: Int) -> String {
    let column = min(32, (rows.map(\.0.count).max() ?? 0) + 4)
    var text = "\n\(heading)\n"
    for (name, help) in rows {
      var line = "  " + name
      line += String(repeating: " ", count: max(2, column - line.count))
      for word in help.split(separator: " ") {
        if line.count + word.count > width, line.contains(where: { $0 != " " }) {
          text += line.trimmedAtEnd + "\n"
          line = String(repeating: " ", count: column)
        }
        line += word + " "
      }
      text += line.trimmedAtEnd + "\n"
    }
    return text
  }
}

extension SettingDescription {
  var shortForm: Character? { CommandSpec.shortForms.first { $0.value == name }?.key }

  /// How the option is written.
  var usage: String {
    let short = shortForm.map { "-\($0), " } ?? ""
    if kind == .flag { return "\(short)--\(isOnByDefault ? "no-" : "")\(name)" }
    return "\(short)--\(name) <\(valueName)>"
  }

  private var isOnByDefault: Bool { kind == .flag && defaultText == "yes" }

  var fullHelp: String {
    var text = help
    if kind == .flag {
      return isOnByDefault ? "Turn this off: \(help)" : help + (group == .always ? "" : " Default: no.")
    }
    if case .choice(let words) = kind { text += " One of \(words.joined(separator: ", "))." }
    if case .list(.choice(let words)) = kind { text += " Of \(words.joined(separator: ", "))." }
    return text + (defaultText.map { " Default: \($0)." } ?? "")
  }
}
