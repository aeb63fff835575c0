import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ctrl-C, a terminal that closes and a polite kill (SIGINT, SIGHUP, SIGTERM) as a request to end cleanly: the first
/// raises a flag that work looks at between steps, a second of the same kind kills the process as if nobody had listened.
///
///     Interrupt.listen()
///     while !Interrupt.isRequested { … }
package enum Interrupt {
  private static let signals = [SIGINT, SIGHUP, SIGTERM]

  /// Takes the next of these signals as a request. A process that was started to ignore one goes on ignoring it.
  package static func listen() {
    requested.store(false, ordering: .relaxed)
    for number in signals {
      let previous = signal(number) { number in
        // Only what POSIX allows in a handler: signal(2) and a lock-free store.
        signal(number, SIG_DFL)
        requested.store(true, ordering: .relaxed)
      }
      keepIgnored(number, previous)
    }
  }

  /// Whether one of the signals came since `listen`.
  package static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Gives the signals their usual meaning back; a request that came stays readable.
  package static func stopListening() {
    for number in signals { keepIgnored(number, signal(number, SIG_DFL)) }
  }

  private static func keepIgnored(_ number: Int32, _ previous: (@convention(c) (Int32) -> Void)?) {
    guard unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) else { return }
    signal(number, SIG_IGN)
  }
}

private let requested = Atomic<Bool>(false)
