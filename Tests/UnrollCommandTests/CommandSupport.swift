import Foundation
import Testing
import UnrollCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The built command, run as a person runs it.
enum Command {
  /// What a run left behind.
  struct Outcome {
    let code: Int32
    let output: String
    let errors: String
    let seconds: Double

    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  /// The executable stands beside the bundle of the tests.
  static let executable: String? = {
    var folders: [String] = []
    for argument in CommandLine.arguments {
      guard let bundle = argument.range(of: "/[^/]*\\.xctest", options: .regularExpression) else { continue }
      folders.append(String(argument[..<bundle.lowerBound]))
    }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    #if DEBUG
      folders.append("\(root)/.build/debug")
    #else
      folders.append("\(root)/.build/release")
    #endif
    return folders.map { "\($0)/unroll" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// Runs `unroll` in a folder and waits for its end.
  ///
  /// - Parameters:
  ///   - line: the arguments, separated by blanks.
  ///   - stopWhen: Ctrl-C is sent once, when what was written to standard error fits.
  ///   - killWhen: the process is killed when this is so.
  ///   - terminal: whether standard error is a terminal, of 80 columns.
  static func run(
    _ line: String, in folder: Folder, environment: [String: String] = [:], terminal: Bool = false,
    stopWhen: ((String) -> Bool)? = nil, killWhen: (() -> Bool)? = nil
  ) throws -> Outcome {
    let arguments = line.split(separator: " ").map(String.init)
    let process = Process()
    let path = try #require(executable, "the command was not built beside the tests")
    #if os(Linux)
      // A background job ignores Ctrl-C, and so would its children.
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["--default-signal=INT", path] + arguments
    #else
      process.executableURL = URL(filePath: path)
      process.arguments = arguments
    #endif
    process.currentDirectoryURL = URL(filePath: folder.path)
    var variables = ProcessInfo.processInfo.environment
    variables["NO_COLOR"] = nil
    variables["TERM"] = "xterm"
    process.environment = variables.merging(environment) { $1 }
    let number = UInt64.random(in: .min ... .max)
    let output = "\(folder.path)/.output-\(number)"
    let errors = "\(folder.path)/.errors-\(number)"
    for file in [output, errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
    let screen = terminal ? try Screen() : nil
    process.standardError = try screen?.entrance ?? FileHandle(forWritingTo: URL(filePath: errors))

    func written() -> String {
      screen?.text ?? String(decoding: FileManager.default.contents(atPath: errors) ?? Data(), as: UTF8.self)
    }
    let clock = ContinuousClock()
    let start = clock.now
    try process.run()
    try screen?.entrance.close()
    var stop = stopWhen
    var isKilled = false
    while process.isRunning {
      if clock.now - start > .seconds(120) {
        process.terminate()
        Issue.record("unroll \(line) did not end: \(written())")
        break
      }
      if let wanted = stop, wanted(written()) {
        process.interrupt()
        stop = nil
      }
      if !isKilled && killWhen?() == true {
        kill(process.processIdentifier, SIGKILL)
        isKilled = true
      }
      usleep(2000)
    }
    process.waitUntilExit()
    let seconds = (clock.now - start) / .seconds(1)
    screen?.waitForEnd()
    return Outcome(
      code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self),
      errors: written(), seconds: seconds)
  }

  /// Options of a training that takes no time.
  static let quick = "--epochs 2 --hidden 12"
}

/// The inside of a terminal of 80 columns: what is written to it is collected.
final class Screen: Sendable {
  let entrance: FileHandle
  private let master: Int32
  private let collected = Guarded<[UInt8]>([])
  private let isDone = DispatchSemaphore(value: 0)

  init() throws {
    var (master, slave): (Int32, Int32) = (-1, -1)
    var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&master, &slave, nil, nil, &size) == 0)
    self.master = master
    entrance = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
    Thread { [self, master] in
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(master, &bytes, bytes.count)
        if count <= 0 { break }
        collected.withLock { $0.append(contentsOf: bytes[..<count]) }
      }
      close(master)
      isDone.signal()
    }.start()
  }

  var text: String { collected.withLock { String(decoding: $0, as: UTF8.self) } }

  /// After the last writer has gone.
  func waitForEnd() { _ = isDone.wait(timeout: .now() + 10) }
}

/// A folder of its own, removed with all that is in it when the last reference goes.
final class Folder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "unroll-command-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    _ = chmod("\(path)/locked", 0o700)
    try? FileManager.default.removeItem(atPath: path)
  }

  func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
  }

  func read(_ name: String) -> String? {
    FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(path)/\(name)").map { Array($0) }
  }

  /// What a person sees in the folder.
  func names(_ folder: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? [])
      .filter { !$0.hasPrefix(".output-") && !$0.hasPrefix(".errors-") }.sorted()
  }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
  }
}

/// Tables of a wave with a weekly pattern.
enum Table {
  static func daily(_ count: Int, header: String = "date,sales", value: (Int) -> String = Self.value)
    -> String
  {
    var lines = [header]
    for day in 0..<count { lines.append("\(date(day)),\(value(day))") }
    return lines.joined(separator: "\n") + "\n"
  }

  static func value(_ day: Int) -> String { "\([12, 14, 15, 13, 19, 25, 21][day % 7] + day / 30)" }

  /// Days from 2023-01-01 on ; February 2024 is not reached.
  static func date(_ day: Int) -> String {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    var (year, month, rest) = (2023, 0, day)
    while rest >= lengths[month] {
      rest -= lengths[month]
      month += 1
      if month == 12 { (year, month) = (year + 1, 0) }
    }
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month + 1))-\(two(rest + 1))"
  }
}
