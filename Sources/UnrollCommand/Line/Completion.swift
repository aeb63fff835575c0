import UnrollTasks

/// Scripts by which shells complete the command and every option of every task.
enum Completion {
  static let shells = ["bash", "zsh", "fish"]

  /// The script for a shell; `nil` for one that is not known.
  static func script(_ shell: String, _ commands: [CommandSpec]) -> String? {
    switch shell {
    case "bash": bash(commands)
    case "zsh": zsh(commands)
    case "fish": fish(commands)
    default: nil
    }
  }

  private static func words(_ command: CommandSpec) -> [String] {
    command.allOptions.map { "--\($0.usesNo ? "no-" : "")\($0.name)" }
      + command.allOptions.compactMap { $0.shortForm.map { "-\($0)" } }
  }

  /// The words that may follow those of a path.
  private static func followers(_ path: [String], _ commands: [CommandSpec]) -> [String] {
    var names: [String] = []
    for command in commands where command.path.count > path.count && command.path.starts(with: path) {
      let name = command.path[path.count]
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  private static func paths(_ commands: [CommandSpec]) -> [[String]] {
    var paths: [[String]] = []
    for command in commands {
      for count in 0...command.path.count where !paths.contains(Array(command.path.prefix(count))) {
        paths.append(Array(command.path.prefix(count)))
      }
    }
    return paths
  }

  private static func bash(_ commands: [CommandSpec]) -> String {
    var cases = ""
    for path in paths(commands) {
      let own = commands.first { $0.path == path }
      let all = followers(path, commands) + (own.map(words) ?? [])
      cases += "    \"\(path.joined(separator: " "))\") words=\"\(all.joined(separator: " "))\" ;;\n"
    }
    var choices = ""
    for (name, values) in self.choices(commands) {
      choices +=
        "    --\(name)) COMPREPLY=($(compgen -W \"\(values.joined(separator: " "))\" -- \"$current\")); return ;;\n"
    }
    return """
      _unroll() {
        local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
        case "$before" in
      \(choices)    --*) [[ "$current" != -* ]] && { COMPREPLY=($(compgen -f -- "$current")); } ;;
        esac
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
          case " \(paths(commands).filter { !$0.isEmpty }.map { $0.joined(separator: "/") }.joined(separator: " ")) " in
            *" ${path:+$path/}$word "*) path="${path:+$path/}$word" ;;
          esac
        done
        case "${path//\\// }" in
      \(cases)  esac
        COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
      }
      complete -o filenames -F _unroll unroll

      """
  }

  private static func zsh(_ commands: [CommandSpec]) -> String {
    "#compdef unroll\nautoload -U +X bashcompinit && bashcompinit\n" + bash(commands)
  }

  private static func fish(_ commands: [CommandSpec]) -> String {
    func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "\\'"))'" }
    var lines: [String] = ["complete -c unroll -f -n '__fish_use_subcommand'"]
    for path in paths(commands) {
      let condition =
        path.isEmpty
        ? "__fish_use_subcommand"
        : path.map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and ")
      for name in followers(path, commands) {
        let summary = commands.first { $0.path == path + [name] }?.summary ?? name
        lines.append("complete -c unroll -n \(quoted(condition)) -a \(name) -d \(quoted(summary))")
      }
      for option in commands.first(where: { $0.path == path })?.allOptions ?? [] {
        var line = "complete -c unroll -n \(quoted(condition)) -l \(option.usesNo ? "no-" : "")\(option.name)"
        if let letter = option.shortForm { line += " -s \(letter)" }
        if case .choice(let words) = option.kind { line += " -x -a \(quoted(words.joined(separator: " ")))" }
        if option.kind != .flag { line += " -r" }
        lines.append(line + " -d \(quoted(option.help))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Options that take one of some words, each with all words that any command takes.
  private static func choices(_ commands: [CommandSpec]) -> [(String, [String])] {
    var result: [(String, [String])] = []
    for option in commands.flatMap(\.allOptions) {
      guard case .choice(let words) = option.kind else { continue }
      if let index = result.firstIndex(where: { $0.0 == option.name }) {
        result[index].1 += words.filter { !result[index].1.contains($0) }
      } else {
        result.append((option.name, words))
      }
    }
    return result
  }
}

extension SettingDescription {
  /// Whether its negation is what one would say.
  var usesNo: Bool { kind == .flag && defaultText == "yes" }
}
