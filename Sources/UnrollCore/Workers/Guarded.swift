internal import CUnrollSanitizer
import Synchronization

/// A value that one thread at a time may look at: a `Mutex` that the thread sanitizer knows of.
///
/// On Linux the lock of the standard library waits in the system's kernel by itself, where the sanitizer does not see
/// it, and everything that it guards would look like a race.
package struct Guarded<Value>: ~Copyable, Sendable {
  private let mutex: Mutex<Value>

  package init(_ value: consuming sending Value) { mutex = Mutex(value) }

  /// Calls `body` with the value when no other thread has it.
  package borrowing func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try mutex.withLock { value throws(Failure) in
      Self.enter(&value)
      defer { Self.leave(&value) }
      return try body(&value)
    }
  }

  /// The same, unless another thread has it: `nil` then.
  package borrowing func withLockIfAvailable<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result? {
    try mutex.withLockIfAvailable { value throws(Failure) in
      Self.enter(&value)
      defer { Self.leave(&value) }
      return try body(&value)
    }
  }

  // A pointer made at the call: to hand over the value itself would be an access before the sanitizer knows of the lock.
  private static func enter(_ address: UnsafeMutablePointer<Value>) { unroll_lock_enter(address) }
  private static func leave(_ address: UnsafeMutablePointer<Value>) { unroll_lock_leave(address) }
}
