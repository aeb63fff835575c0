import UnrollTasks
import UnrollTraining

/// Where results go: standard output as they come, or a file as a whole. What cannot be written is an error, never lost.
final class OutputFile {
  private let path: String?
  private var bytes: [UInt8] = []

  init(_ path: String?) { self.path = path }

  func write(_ text: String) throws {
    if path == nil { try TerminalStream.writeOutput(text) } else { bytes += Array(text.utf8) }
  }

  /// A result that is a file of its own.
  ///
  /// - Throws: `SettingError` where another result is in the file already.
  func write(whole file: [UInt8]) throws {
    guard bytes.isEmpty else {
      throw SettingError(
        "output", expected: "one input, for the answer fills the file (--format json holds several)",
        found: "several")
    }
    bytes = file
  }

  /// After the last result.
  func finish() throws {
    if let path { try AtomicFile.write(bytes, to: path) } else { try TerminalStream.closeOutput() }
  }
}

/// Where a person is told things.
enum Screen {
  /// Standard error, or nothing where a person asked for quiet.
  static func errors(_ line: ParsedLine) -> TerminalStream {
    guard line.always.quiet else { return .standardError }
    return TerminalStream(isTerminal: false, hasColour: false, columns: { 80 }, write: { _ in })
  }
}
