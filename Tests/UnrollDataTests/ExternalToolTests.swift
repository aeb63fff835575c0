import Testing
import UnrollData

@Suite struct ExternalToolTests {
  private let shell = ExternalTool("sh")

  private func run(
    _ script: String, input: [UInt8] = [], outputLimit: Int = 1 << 24, timeLimit: Duration = .seconds(20)
  ) throws(ExternalToolError) -> ExternalTool.Output {
    try shell.run(
      arguments: ["-c", script], input: input, outputLimit: outputLimit, timeLimit: timeLimit)
  }

  private func reason(_ body: () throws(ExternalToolError) -> ExternalTool.Output) -> ExternalToolError? {
    do {
      _ = try body()
      return nil
    } catch { return error }
  }

  @Test func bothStreamsAreReadWhileInputIsFed() throws {
    // More than any pipe holds, in all three directions at once.
    let input = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let output = try run("tee /dev/stderr", input: input)
    #expect(output.bytes == input)
    #expect(output.messages.utf8.count >= 4096 / 3)
  }

  @Test func argumentsAreNoScript() throws {
    let words = ["a b", "$(exit 3)", "'\"", "", "*", "-x"]
    let output = try shell.run(
      arguments: ["-c", "for word; do echo \"[$word]\"; done", "sh"] + words, outputLimit: 1000,
      timeLimit: .seconds(20))
    #expect(
      String(decoding: output.bytes, as: UTF8.self) == words.map { "[\($0)]\n" }.joined())
  }

  @Test func aFailureTellsStatusAndLastMessage() {
    let error = reason { () throws(ExternalToolError) in try run("echo first >&2; echo why >&2; exit 3") }
    #expect(error?.reason == .failed(status: 3))
    #expect(error?.description == "sh failed with status 3: \"why\"")
    #expect(
      reason { () throws(ExternalToolError) in try run("kill -TERM $$") }?.reason == .killed(signal: 15))
  }

  @Test func aToolThatIsNotThereIsNamed() {
    let tool = ExternalTool("unroll-no-such-tool", package: "the package of it")
    #expect(!tool.isInstalled)
    let error = reason { () throws(ExternalToolError) in
      try tool.run(arguments: [], outputLimit: 1, timeLimit: .seconds(1))
    }
    #expect(error?.reason == .notInstalled)
    #expect(
      error?.description == "unroll-no-such-tool is not installed\n        install the package of it")
    #expect(!ExternalTool("../bin/sh").isInstalled)
  }

  @Test func aSlowToolEndsWithWhatItStarted() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let error = reason { () throws(ExternalToolError) in
      try run("sleep 30 & echo $! >&2; sleep 30", timeLimit: .milliseconds(300))
    }
    #expect(error?.reason == .tooSlow(limit: .milliseconds(300)))
    #expect(clock.now - start < .seconds(15))
    // The process that it had started is gone too, or a corpse that nobody has looked at yet.
    let child = error?.messages.split(separator: "\n").first.map(String.init) ?? "none"
    let state = try run("sleep 0.2; ps -o stat= -p \(child) | grep -v Z || echo gone")
    #expect(String(decoding: state.bytes, as: UTF8.self).hasPrefix("gone"))
  }

  @Test func tooMuchOutputEndsIt() {
    let error = reason { () throws(ExternalToolError) in try run("cat /dev/zero", outputLimit: 1 << 20) }
    #expect(error?.reason == .tooMuchOutput(limit: 1 << 20))
  }

  @Test func whoeverHoldsTheStreamsDoesNotHoldTheReader() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let output = try run("sleep 30 & echo done")
    #expect(output.bytes == Array("done\n".utf8))
    #expect(clock.now - start < .seconds(15))
  }

  @Test func aToolMayStopReading() throws {
    let output = try run("head -c 3", input: [UInt8](repeating: 65, count: 1 << 22))
    #expect(output.bytes == Array("AAA".utf8))
  }

  @Test func filesAndEnvironmentOfThisProcessAreNotInherited() throws {
    try withFile([1, 2, 3]) { path in
      let open = try ByteSource(path: path)
      let output = try run("ls -l /dev/fd/; env | cut -d= -f1")
      let text = String(decoding: output.bytes, as: UTF8.self)
      #expect(!text.contains(path.split(separator: "/").last ?? "none"))
      let words = text.split(whereSeparator: \.isWhitespace)
      #expect(!words.contains("USER") && !words.contains("LANG") && words.contains("PATH"))
      #expect(open.size == 3)
    }
  }
}
