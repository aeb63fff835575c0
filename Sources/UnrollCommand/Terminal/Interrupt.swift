import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ctrl-C as a request to end cleanly: the first press raises a flag that work looks at between steps, the second
/// kills the process as if nobody had listened.
///
///     Interrupt.listen()
///     while !Interrupt.isRequested { … }
package enum Interrupt {
  /// Takes the next Ctrl-C (SIGINT) as a request. A process that was started to ignore it goes on ignoring it.
  package static func listen() {
    requested.store(false, ordering: .relaxed)
    let previous = signal(SIGINT) { _ in
      // Only what POSIX allows in a handler: signal(2) and a lock-free store.
      signal(SIGINT, SIG_DFL)
      requested.store(true, ordering: .relaxed)
    }
    if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
      signal(SIGINT, SIG_IGN)
    }
  }

  /// Whether Ctrl-C was pressed since `listen`.
  package static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Gives Ctrl-C its usual meaning back; a request that came stays readable.
  package static func stopListening() {
    let previous = signal(SIGINT, SIG_DFL)
    if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
      signal(SIGINT, SIG_IGN)
    }
  }
}

private let requested = Atomic<Bool>(false)
