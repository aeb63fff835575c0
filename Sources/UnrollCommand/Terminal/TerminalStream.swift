#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A place to write text, and what it can show.
package struct TerminalStream: Sendable {
  /// Whether a person sees a screen on which a line can be drawn over.
  package let isTerminal: Bool
  /// Whether colours are wanted and shown.
  package let hasColour: Bool
  /// How many characters fit on a line, now: a window may change its size.
  package let columns: @Sendable () -> Int
  package let write: @Sendable (String) -> Void

  package init(
    isTerminal: Bool, hasColour: Bool, columns: @escaping @Sendable () -> Int,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.isTerminal = isTerminal
    self.hasColour = hasColour
    self.columns = columns
    self.write = write
  }

  package static let standardOutput = TerminalStream(descriptor: 1)
  package static let standardError = TerminalStream(descriptor: 2)

  /// Whether standard input is a person's.
  package static var isInteractive: Bool { isatty(0) == 1 }

  private init(descriptor: Int32) {
    let (isTerminal, hasColour) = Self.abilities(isTerminal: isatty(descriptor) == 1) { name in
      getenv(name).map { String(cString: $0) }
    }
    self.init(
      isTerminal: isTerminal, hasColour: hasColour, columns: { Self.columns(of: descriptor) },
      write: { Self.write($0, to: descriptor) })
  }

  /// What a stream can show, from its kind and the environment: `TERM=dumb`, or none, can neither draw over a line
  /// nor colour; a `NO_COLOR` that is not empty asks for no colour (no-color.org).
  package static func abilities(
    isTerminal: Bool, environment: (String) -> String?
  ) -> (isTerminal: Bool, hasColour: Bool) {
    let term = environment("TERM") ?? ""
    let draws = isTerminal && !term.isEmpty && term != "dumb"
    return (draws, draws && (environment("NO_COLOR") ?? "").isEmpty)
  }

  /// The window's width, or 80 where nobody knows it.
  private static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes all of a text, whatever interrupts it. Text that nobody takes is lost: there is nowhere to complain.
  private static func write(_ text: String, to descriptor: Int32) { _ = error(writing: text, to: descriptor) }

  /// - Returns: why it could not be written whole; 0: it was.
  private static func error(writing text: String, to descriptor: Int32) -> Int32 {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let written = bytes[start...].withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if written > 0 {
        start += written
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// Writes results.
  ///
  /// - Throws: `OutputError` when nobody takes them: they must not be lost in silence.
  package static func writeOutput(_ text: String) throws(OutputError) {
    let code = error(writing: text, to: 1)
    if code != 0 { throw OutputError(reason: String(cString: strerror(code))) }
  }

  /// Finds out, after the last result, whether all of them are where they should be.
  ///
  /// - Throws: `OutputError`.
  package static func closeOutput() throws(OutputError) {
    // A file system may tell only now that it had no room.
    if close(dup(1)) != 0 { throw OutputError(reason: String(cString: strerror(errno))) }
  }
}

/// Results that could not be written.
package struct OutputError: Error, CustomStringConvertible {
  let reason: String
  package var description: String { "standard output: \(reason)" }
}

#if canImport(Darwin)
  private let systemWrite = Darwin.write
#elseif canImport(Glibc)
  private let systemWrite = Glibc.write
#elseif canImport(Musl)
  private let systemWrite = Musl.write
#endif
