#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A variable of the environment that asks for what cannot be had.
public struct EnvironmentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The variable, such as `UNROLL_THREADS`.
  public let variable: String
  public let expected: String
  public let found: String

  package init(variable: String, expected: String, found: String) {
    self.variable = variable
    self.expected = expected
    self.found = found
  }

  public var description: String { "\(variable): expected \(expected), found \(clipped(found))" }
}

/// What the environment says about computing: `UNROLL_TARGET`, the kernels to use, and `UNROLL_THREADS`, the number of
/// threads. A variable that is empty says nothing.
public enum ComputeEnvironment {
  /// The most threads that may be asked for.
  package static let maximumThreads = 1024

  /// Finds out whether the environment asks for what can be had. A trainer asks before it begins.
  ///
  /// - Throws: `EnvironmentError` that names the variable. Where nobody asks, such a variable is passed over.
  public static func check() throws(EnvironmentError) {
    if let refused = KernelTarget.refusedSetting {
      let names = KernelTarget.available.map(\.name).joined(separator: ", ")
      throw EnvironmentError(
        variable: "UNROLL_TARGET", expected: "a target that this machine can run (\(names))", found: refused)
    }
    if let text = variable("UNROLL_THREADS"), threads(text) == nil {
      throw EnvironmentError(
        variable: "UNROLL_THREADS", expected: "a whole number from 1 to \(maximumThreads)", found: text)
    }
  }

  /// A number of threads as it was written, if it can be had.
  package static func threads(_ text: String) -> Int? {
    Int(text).flatMap { (1...maximumThreads).contains($0) ? $0 : nil }
  }

  /// What `UNROLL_THREADS` says, or the number of processors that are online.
  package static var threads: Int {
    variable("UNROLL_THREADS").flatMap(threads) ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// A variable; `nil` where it is not set, or empty.
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
    return value
  }
}
