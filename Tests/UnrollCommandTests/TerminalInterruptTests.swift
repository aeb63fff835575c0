import Testing
import UnrollCommand

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One test, since a process has one handler.
@Suite struct TerminalInterruptTests {
  private func disposition() -> Int {
    let now = signal(SIGINT, SIG_DFL)
    signal(SIGINT, now)
    return unsafeBitCast(now, to: Int.self)
  }

  /// Sends Ctrl-C to the process, not to this thread, which may have signals blocked; and waits until it arrived.
  private func press() {
    kill(getpid(), SIGINT)
    for _ in 0..<5000 where !Interrupt.isRequested { usleep(1000) }
  }

  @Test func theFirstPressAsksAndTheSecondKills() {
    let (usual, ignored) = (unsafeBitCast(SIG_DFL, to: Int.self), unsafeBitCast(SIG_IGN, to: Int.self))
    signal(SIGINT, SIG_DFL)
    Interrupt.listen()
    #expect(!Interrupt.isRequested)
    #expect(disposition() != usual)
    press()
    #expect(Interrupt.isRequested)
    #expect(disposition() == usual, "the next press has its usual meaning")

    Interrupt.listen()
    #expect(!Interrupt.isRequested, "listening anew forgets")
    Interrupt.stopListening()
    #expect(disposition() == usual)

    signal(SIGINT, SIG_IGN)
    Interrupt.listen()
    #expect(disposition() == ignored, "who was told to ignore goes on ignoring")
    Interrupt.stopListening()
    #expect(disposition() == ignored)
    signal(SIGINT, SIG_DFL)
  }
}
