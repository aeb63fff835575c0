import UnrollData
import UnrollTasks

/// A command: what it takes and what it does.
struct CommandSpec: Sendable {
  /// The words that name it: `["export", "onnx"]`; empty for `unroll` itself.
  let path: [String]
  /// What it does, in a line.
  let summary: String
  var discussion = ""
  /// Whether it makes a model, which must have a place.
  var needsOutput = false
  /// The words that it takes, in their order.
  var files: [TaskFile] = []
  /// Options of its own, in groups; those of every command come on top.
  var options: [SettingDescription] = []
  /// Does it; takes the command itself as well, for errors that show its usage.
  let run: @Sendable (ParsedLine, CommandSpec) throws -> Void

  var allOptions: [SettingDescription] { options + AlwaysOptions.descriptions() }
  var name: String { (["unroll"] + path).joined(separator: " ") }

  /// How the command is written.
  var usage: String {
    let words = files.map { file in
      let name = file.count.upperBound > 1 ? "\(file.name)…" : file.name
      return file.count.lowerBound == 0 ? "[\(name)]" : name
    }
    let required = needsOutput ? ["-o MODEL"] : []
    return ([name] + words + required + [options.isEmpty ? "" : "[options]"]).filter { !$0.isEmpty }.joined(
      separator: " ")
  }

  /// One letter for some options.
  static let shortForms: [Character: String] = ["o": "output", "h": "help", "q": "quiet"]
}

/// Options that every command takes.
struct AlwaysOptions: SettingSet {
  var threads: Int?
  var quiet = false
  var help = false

  static let fields: [SettingField<AlwaysOptions>] = [
    SettingField(
      \.threads, "threads", 1...1024, .always, "Threads to compute on; results do not depend on it."),
    SettingField(\.quiet, "quiet", .always, "Say nothing but results and errors."),
    SettingField(\.help, "help", .always, "Show this."),
  ]
}

/// Words of a command line, read by what a command takes.
struct ParsedLine {
  /// The words that are no options.
  private(set) var words: [String] = []
  private(set) var values = SettingValues()
  private(set) var always = AlwaysOptions()

  /// - Throws: `UsageError` or `SettingError`, which say what was expected and what was found.
  init(_ arguments: [String], _ command: CommandSpec) throws {
    let options = command.allOptions
    var rest = arguments[...]
    var onlyWords = false
    while let word = rest.popFirst() {
      if onlyWords || word == "-" || !word.hasPrefix("-") {
        words.append(word)
      } else if word == "--" {
        onlyWords = true
      } else {
        try take(word, &rest, options, command)
      }
    }
    try always.take(values)
    if !always.help { try checkCount(command) }
  }

  private mutating func take(
    _ word: String, _ rest: inout ArraySlice<String>, _ options: [SettingDescription], _ command: CommandSpec
  ) throws {
    var (name, value) = (String(word.drop { $0 == "-" }), String?.none)
    if let equals = name.firstIndex(of: "=") {
      value = String(name[name.index(after: equals)...])
      name = String(name[..<equals])
    }
    if !word.hasPrefix("--") {
      guard let letter = name.first, name.count == 1, let long = CommandSpec.shortForms[letter] else {
        throw Self.unknown(word, options, command)
      }
      name = long
    }
    let isNegated = name.hasPrefix("no-") && !options.contains { $0.name == name }
    let plain = isNegated ? String(name.dropFirst(3)) : name
    guard let option = options.first(where: { $0.name == plain }), !isNegated || option.kind == .flag else {
      throw Self.unknown(word, options, command)
    }
    if option.kind == .flag {
      guard value == nil else {
        throw UsageError("\(word): expected no value, found \"\(value ?? "")\"", command)
      }
      return try values.set(plain, isNegated ? "no" : "yes", among: options)
    }
    guard let text = value ?? rest.popFirst() else {
      throw UsageError("--\(name): expected \(option.kind.expectation) after it, found nothing", command)
    }
    try values.set(name, text, among: options)
  }

  private static func unknown(_ word: String, _ options: [SettingDescription], _ command: CommandSpec)
    -> UsageError
  {
    let names = options.flatMap { $0.kind == .flag ? [$0.name, "no-\($0.name)"] : [$0.name] }
    let hint = nearest(String(word.drop { $0 == "-" }), in: names).map { "; did you mean --\($0)?" } ?? ""
    return UsageError("no option \(word)\(hint)", command)
  }

  private func checkCount(_ command: CommandSpec) throws {
    var left = words.count
    for (index, file) in command.files.enumerated() {
      let needed = command.files[(index + 1)...].reduce(0) { $0 + $1.count.lowerBound }
      let taken = min(max(0, left - needed), file.count.upperBound)
      if taken < file.count.lowerBound {
        throw UsageError("expected \(file.name), found nothing", command)
      }
      left -= taken
    }
    if left > 0 {
      let names = command.files.map(\.name).joined(separator: " ")
      throw UsageError(
        "expected \(names.isEmpty ? "no word" : names), found \"\(words[words.count - left])\" after \(names.isEmpty ? "the command" : "them")",
        command)
    }
  }

  /// The words of `--output`, or an error that asks for it.
  func output(_ command: CommandSpec) throws -> String {
    guard case .text(let path)? = values["output"] else {
      throw UsageError("expected -o MODEL, found nothing", command)
    }
    return path
  }
}

/// Words that make no command.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ message: String, _ command: CommandSpec) {
    description = "\(message)\nusage: \(command.usage)\nsee \(command.name) --help"
  }
}
