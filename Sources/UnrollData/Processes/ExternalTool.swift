#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A program beside this one, such as `ffmpeg`, that is looked for in the folders of `PATH`.
///
/// It is started without a shell, so that no argument is ever anything but an argument; with a handful of the
/// environment's values; without the files that this package has open; and as the leader of a group of processes that ends with
/// it. What it writes is read as it comes, on both of its streams, so that it never waits for a reader.
public struct ExternalTool: Sendable {
  /// The name of its file.
  public let name: String
  /// What a person has to install to have it.
  public let package: String

  /// A tool by the name of its file.
  ///
  /// - Parameter package: What a person has to install; the tool's own name by default.
  public init(_ name: String, package: String? = nil) {
    self.name = name
    self.package = package ?? name
  }

  /// What a run of a tool wrote.
  public struct Output: Sendable {
    /// What it wrote to standard output.
    public let bytes: [UInt8]
    /// The end of what it wrote to standard error, for messages.
    public let messages: String
  }

  /// Where the tool is, or `nil` where it is not installed. Only absolute folders of `PATH` are looked in.
  public var path: String? {
    guard !name.isEmpty, !name.utf8.contains(0), !name.contains("/") else { return nil }
    let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    for folder in folders.split(separator: ":") where folder.hasPrefix("/") {
      let candidate = "\(folder)/\(name)"
      var status = stat()
      if stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(candidate, X_OK) == 0 {
        return candidate
      }
    }
    return nil
  }

  /// Whether the tool is installed.
  public var isInstalled: Bool { path != nil }

  /// Runs the tool to its end and gives what it wrote.
  ///
  /// - Parameters:
  ///   - arguments: What stands behind its name, each as it is.
  ///   - input: What it reads on standard input.
  ///   - outputLimit: The most bytes that it may write to standard output.
  ///   - timeLimit: How long it may take.
  /// - Throws: When it is not installed, cannot be started, ends with a status other than 0, writes more or takes
  ///   longer. It has been ended, with what it started, by then.
  public func run(
    arguments: [String], input: [UInt8] = [], outputLimit: Int, timeLimit: Duration
  ) throws(ExternalToolError) -> Output {
    let process = try start(arguments: arguments, input: input, timeLimit: timeLimit)
    var bytes: [UInt8] = []
    while try process.read(into: &bytes) {
      guard bytes.count <= outputLimit else {
        process.end()
        throw ExternalToolError(.tooMuchOutput(limit: outputLimit), tool: self, messages: process.messages)
      }
    }
    return Output(bytes: bytes, messages: process.messages)
  }

  /// Starts the tool, to read what it writes piece by piece.
  ///
  /// - Parameter timeLimit: How long all waits for it may take together.
  package func start(
    arguments: [String], input: [UInt8] = [], timeLimit: Duration
  ) throws(ExternalToolError) -> ChildProcess {
    guard let path else { throw ExternalToolError(.notInstalled, tool: self) }
    return try ChildProcess(self, path: path, arguments: arguments, input: input, timeLimit: timeLimit)
  }

  /// What a tool is told of the environment, and that it speaks English without colours.
  static var environment: [String] {
    let kept = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"]
    let values = ProcessInfo.processInfo.environment
    return kept.compactMap { key in values[key].map { "\(key)=\($0)" } } + ["LC_ALL=C", "NO_COLOR=1"]
  }
}

/// Why a tool beside this program gave no answer.
public struct ExternalToolError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The closed set of reasons.
  public enum Reason: Equatable, Sendable {
    /// It is in none of the folders of `PATH`.
    case notInstalled
    /// The system refuses to start it.
    case notStarted(code: Int32)
    /// It ended with a status that says that it failed.
    case failed(status: Int32)
    /// A signal ended it.
    case killed(signal: Int32)
    /// It took too long, and was ended.
    case tooSlow(limit: Duration)
    /// It wrote too much, and was ended.
    case tooMuchOutput(limit: Int)
  }

  public let reason: Reason
  /// The tool's name.
  public let tool: String
  /// What a person has to install to have it.
  public let package: String
  /// The end of what it wrote to standard error.
  public let messages: String

  init(_ reason: Reason, tool: ExternalTool, messages: String = "") {
    self.reason = reason
    self.tool = tool.name
    self.package = tool.package
    self.messages = messages
  }

  /// The reason in a few words, without what the tool said.
  public var summary: String {
    switch reason {
    case .notInstalled: "\(tool) is not installed"
    case .notStarted(let code): "\(tool) cannot be started: system error \(code)"
    case .failed(let status): "\(tool) failed with status \(status)"
    case .killed(let signal): "\(tool) was ended by signal \(signal)"
    case .tooSlow(let limit): "\(tool) took longer than \(limit.components.seconds) s"
    case .tooMuchOutput(let limit): "\(tool) wrote more than \(limit) bytes"
    }
  }

  public var description: String {
    if reason == .notInstalled { return "\(summary)\n        install \(package)" }
    return summary + (lastMessage.map { ": \(quoted($0))" } ?? "")
  }

  /// The last line that the tool wrote to standard error, which usually says what was wrong.
  public var lastMessage: String? { Self.lastMessage(messages) }

  static func lastMessage(_ messages: String) -> String? {
    messages.split(whereSeparator: \.isNewline).last { !$0.contains("Last message repeated") }.map(
      String.init)
  }
}

extension DataError {
  /// A file that a tool was needed for.
  package init(_ error: ExternalToolError, file: String, needed: String) {
    switch error.reason {
    case .notInstalled:
      self.init(
        .missingTool, file: file, expected: "\(error.tool), which reads \(needed)",
        found: "no \(error.tool) in PATH",
        statement: "\(needed) is read by \(error.tool), which is not installed",
        hint: "install \(error.package)")
    default:
      // The file is named already.
      var message = error.lastMessage ?? ""
      for prefix in ["file:\(file): ", "\(file): "] where message.hasPrefix(prefix) {
        message.removeFirst(prefix.count)
      }
      let found = error.summary + (message.isEmpty ? "" : ": \(quoted(message))")
      self.init(
        .failedTool, file: file, expected: "\(needed) that \(error.tool) reads", found: found,
        statement: found)
    }
  }
}
