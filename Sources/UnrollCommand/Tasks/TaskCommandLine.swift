import UnrollData
import UnrollTasks

/// The words after a command of a task, read by the options that the task offers.
struct TaskCommandLine {
  /// What a command takes.
  struct Usage {
    /// `unroll train classify`.
    let command: String
    let abstract: String
    let discussion: String
    let files: [TaskFile]
    /// Words after the files: `TEXT…`.
    var inputs = ""
    let options: [TaskOption]
    var takesOutput = false
  }

  private(set) var files: [String] = []
  private(set) var arguments: TaskArguments
  private(set) var threads: Int?
  private(set) var output: String?
  private(set) var wantsHelp = false

  /// - Throws: `UsageError` or `TaskArgumentError`, which say what was expected and what was found.
  init(_ words: [String], _ usage: Usage) throws {
    arguments = TaskArguments(usage.options)
    var rest = words[...]
    var onlyFiles = false
    while let word = rest.popFirst() {
      if onlyFiles || word == "-" || !word.hasPrefix("-") {
        files.append(word)
      } else if word == "--" {
        onlyFiles = true
      } else if word == "--help" || word == "-h" {
        wantsHelp = true
      } else {
        try take(word, &rest, usage)
      }
    }
    if wantsHelp { return }
    let needed = usage.files.filter { !$0.isOptional }
    if files.count < needed.count {
      throw UsageError("expected \(needed[files.count].name), found nothing", usage)
    }
    if usage.inputs.isEmpty, files.count > usage.files.count {
      throw UsageError(
        "expected \(usage.files.map(\.name).joined(separator: " ")), found \"\(files[usage.files.count])\" after them",
        usage)
    }
    if usage.takesOutput, output == nil { throw UsageError("expected -o MODEL, found nothing", usage) }
  }

  private mutating func take(_ word: String, _ rest: inout ArraySlice<String>, _ usage: Usage) throws {
    var name = String(word.drop { $0 == "-" })
    var value: String?
    if let equals = name.firstIndex(of: "=") {
      value = String(name[name.index(after: equals)...])
      name = String(name[..<equals])
    }
    func next() throws -> String {
      if let value { return value }
      guard let found = rest.popFirst() else { throw UsageError("expected a value after \(word)", usage) }
      return found
    }
    if usage.takesOutput, word == "-o" || name == "output" {
      output = try next()
    } else if name == "threads", word.hasPrefix("--") {
      let text = try next()
      guard let count = Int(text), count >= 1 else {
        throw UsageError("--threads: expected at least 1, found \"\(text)\"", usage)
      }
      threads = count
    } else if word.hasPrefix("--"), let option = usage.options.first(where: { $0.name == name }) {
      if case .flag = option.kind {
        try arguments.set(name, value)
      } else {
        try arguments.set(name, try next())
      }
    } else {
      let names = usage.options.map(\.name) + ["threads", "help"] + (usage.takesOutput ? ["output"] : [])
      let hint = nearest(name, in: names).map { "; did you mean --\($0)?" } ?? ""
      throw UsageError("no option \(word)\(hint)", usage)
    }
  }
}

/// Words that make no command.
struct UsageError: Error, CustomStringConvertible {
  let message: String
  let usage: String

  init(_ message: String, _ usage: TaskCommandLine.Usage) {
    self.message = message
    self.usage = usage.line
  }

  var description: String { "\(message)\n        \(usage)\n        see --help" }
}

extension TaskCommandLine.Usage {
  /// How the command is written.
  var line: String {
    let words = files.map { $0.isOptional ? "[\($0.name)]" : $0.name }
    let tail = (inputs.isEmpty ? [] : [inputs]) + (takesOutput ? ["-o MODEL"] : []) + ["[options]"]
    return "usage: " + ([command] + words + tail).joined(separator: " ")
  }

  /// All that `--help` says.
  func help(width: Int) -> String {
    var text = "\(abstract)\n"
    if !discussion.isEmpty { text += "\n\(discussion)\n" }
    text += "\n\(line)\n"
    if !files.isEmpty { text += table("Files", files.map { ($0.name, $0.help) }, width) }
    var groups: [String] = []
    for option in options where !groups.contains(option.group) { groups.append(option.group) }
    for group in groups {
      text += table(group, options.filter { $0.group == group }.map { ($0.usage, $0.fullHelp) }, width)
    }
    var common = [
      ("--threads <n>", "Threads to compute on; results do not depend on it."), ("-h, --help", "Show this."),
    ]
    if takesOutput { common.insert(("-o, --output <MODEL>", "The folder to save the model in."), at: 0) }
    return text + table("Always", common, width)
  }

  private func table(_ heading: String, _ rows: [(String, String)], _ width: Int) -> String {
    let column = min(30, (rows.map(\.0.count).max() ?? 0) + 4)
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

extension TaskOption {
  fileprivate var usage: String {
    if case .flag = kind { return "--\(name)" }
    return "--\(name) <\(valueName)>"
  }

  fileprivate var fullHelp: String {
    var text = help
    if case .choice(let words) = kind { text += " One of \(words.joined(separator: ", "))." }
    if case .texts = kind { text += " May be repeated." }
    return text + (standard.map { " Standard: \($0)." } ?? "")
  }
}

extension String {
  fileprivate var trimmedAtEnd: String {
    var copy = self
    while copy.last == " " { copy.removeLast() }
    return copy
  }
}
