#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A process that was started, and the ends of its three streams.
///
/// Whoever reads its output feeds its input and drains its messages in the same wait, so that none of the three can
/// stop the others. It is ended, with its whole group, when the object goes.
package final class ChildProcess {
  /// The end of what it wrote to standard error.
  package var messages: String { String(decoding: errorTail.suffix(Self.keptMessages), as: UTF8.self) }

  private let tool: ExternalTool
  private let identifier: pid_t
  private let timeLimit: Duration
  private var waited = Duration.zero
  private var input: [UInt8]
  private var inputPosition = 0
  private var inputEnd: Int32
  private var outputEnd: Int32
  private var errorEnd: Int32
  private var errorTail: [UInt8] = []
  private var status: Int32?
  private var piece = [UInt8](repeating: 0, count: 1 << 16)
  private static let keptMessages = 4096
  /// Milliseconds between two looks whether the process is still there.
  private static let look: Int32 = 100

  init(
    _ tool: ExternalTool, path: String, arguments: [String], input: [UInt8], timeLimit: Duration
  ) throws(ExternalToolError) {
    self.tool = tool
    self.input = input
    self.timeLimit = timeLimit
    guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
      throw ExternalToolError(.notStarted(code: EINVAL), tool: tool)
    }
    let (streams, code, identifier) = ChildStreams.start(
      path, arguments: [tool.name] + arguments, environment: ExternalTool.environment)
    guard code == 0 else { throw ExternalToolError(.notStarted(code: code), tool: tool) }
    self.identifier = identifier
    (inputEnd, outputEnd, errorEnd) = (streams.input.ours, streams.output.ours, streams.error.ours)
    if input.isEmpty { closeInput() }
  }

  deinit { end() }

  /// Appends what it writes next to a buffer: 64 KiB at most. False at its end.
  ///
  /// - Throws: When it failed or took too long.
  package func read(into buffer: inout [UInt8]) throws(ExternalToolError) -> Bool {
    let start = ContinuousClock.now
    let before = waited
    defer { waited = before + (ContinuousClock.now - start) }
    while outputEnd >= 0 || errorEnd >= 0 {
      guard before + (ContinuousClock.now - start) < timeLimit else { throw tooSlow() }
      if waitForStreams(buffer: &buffer) { return true }
    }
    closeInput()
    while !hasEnded() {
      guard before + (ContinuousClock.now - start) < timeLimit else { throw tooSlow() }
      usleep(1000)
    }
    try checkStatus()
    return false
  }

  /// Ends it, whatever it is doing, and what it has started.
  package func end() {
    closeInput()
    Self.close(&outputEnd)
    Self.close(&errorEnd)
    // A process that was waited for has given its number back.
    guard status == nil else { return }
    kill(-identifier, SIGKILL)
    var found: Int32 = 0
    while waitpid(identifier, &found, 0) < 0, errno == EINTR {}
    status = found
  }

  private func tooSlow() -> ExternalToolError {
    let error = ExternalToolError(.tooSlow(limit: timeLimit), tool: tool, messages: messages)
    end()
    return error
  }

  private func checkStatus() throws(ExternalToolError) {
    let found = status ?? 0
    let signal = found & 0x7f
    guard signal == 0 else {
      throw ExternalToolError(.killed(signal: signal), tool: tool, messages: messages)
    }
    let code = (found >> 8) & 0xff
    guard code == 0 else { throw ExternalToolError(.failed(status: code), tool: tool, messages: messages) }
  }

  /// Waits until a stream can be used, and uses it. True when output came.
  private func waitForStreams(buffer: inout [UInt8]) -> Bool {
    // Descriptors below zero are passed over.
    var streams = [
      pollfd(fd: outputEnd, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errorEnd, events: Int16(POLLIN), revents: 0),
      pollfd(fd: inputEnd, events: Int16(POLLOUT), revents: 0),
    ]
    let ready = poll(&streams, nfds_t(streams.count), Self.look)
    if ready == 0, hasEnded() {
      // Something that it started holds its streams, and writes nothing.
      Self.close(&outputEnd)
      Self.close(&errorEnd)
      return false
    }
    guard ready > 0 else { return false }
    if streams[2].revents != 0 { feed() }
    if streams[1].revents != 0 { drainMessages() }
    guard streams[0].revents != 0 else { return false }
    let count = read(outputEnd)
    if count == 0 { Self.close(&outputEnd) }
    guard count > 0 else { return false }
    buffer.append(contentsOf: piece[..<count])
    return true
  }

  private func feed() {
    let limit = min(input.count - inputPosition, 1 << 16)
    #if canImport(Darwin)
      let flags = Int32(MSG_DONTWAIT)
    #else
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    #endif
    let count = input.withUnsafeBytes { bytes in
      send(inputEnd, bytes.baseAddress.map { $0 + inputPosition }, limit, flags)
    }
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    inputPosition += max(0, count)
    // A tool may stop reading before the end: that is its choice.
    if count <= 0 || inputPosition == input.count { closeInput() }
  }

  private func drainMessages() {
    let count = read(errorEnd)
    if count == 0 { Self.close(&errorEnd) }
    guard count > 0 else { return }
    errorTail.append(contentsOf: piece[..<count])
    if errorTail.count > 1 << 17 { errorTail.removeFirst(errorTail.count - Self.keptMessages) }
  }

  /// Reads into `piece`: 0 at the end, −1 when nothing is there.
  private func read(_ stream: Int32) -> Int {
    let count = piece.withUnsafeMutableBytes { systemRead(stream, $0.baseAddress, $0.count) }
    if count < 0 { return errno == EINTR || errno == EAGAIN ? -1 : 0 }
    return count
  }

  private func hasEnded() -> Bool {
    if status != nil { return true }
    var found: Int32 = 0
    let result = waitpid(identifier, &found, WNOHANG)
    if result == identifier { status = found }
    // Without such a child there is nothing to wait for.
    if result < 0, errno == ECHILD { status = 0 }
    return status != nil
  }

  private func closeInput() {
    Self.close(&inputEnd)
    input = []
  }

  private static func close(_ descriptor: inout Int32) {
    if descriptor >= 0 { systemClose(descriptor) }
    descriptor = -1
  }
}

/// The system's functions, under names that no method hides.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
private func systemClose(_ descriptor: Int32) { close(descriptor) }
