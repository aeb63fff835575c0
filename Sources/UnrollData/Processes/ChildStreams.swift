import UnrollCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The three streams between this process and one that it starts, and the start itself: all that needs the system's
/// own types.
struct ChildStreams {
  /// Two ends: −1 where there is none.
  struct Ends {
    var ours: Int32 = -1
    var theirs: Int32 = -1
  }
  private(set) var input = Ends()
  private(set) var output = Ends()
  private(set) var error = Ends()

  /// Held while ends are made and handed on, so that no process which another thread starts inherits them.
  private static let starting = Guarded<Bool>(false)

  /// Starts a program; gives our ends of its streams, 0 and its number, or the system's error.
  static func start(
    _ path: String, arguments: [String], environment: [String]
  ) -> (streams: ChildStreams, code: Int32, identifier: pid_t) {
    starting.withLock { _ in
      var streams = ChildStreams()
      let (code, identifier) = streams.open() ? streams.spawn(path, arguments, environment) : (errno, 0)
      for end in [streams.input, streams.output, streams.error] {
        if end.theirs >= 0 { close(end.theirs) }
        if end.ours >= 0, code != 0 { close(end.ours) }
      }
      return (streams, code, identifier)
    }
  }

  /// Makes all six ends; false, with `errno`, when that fails.
  private mutating func open() -> Bool {
    var pair: [Int32] = [-1, -1]
    // Input is a socket, since a write to a closed one can be told to raise no signal.
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { return false }
    input = Ends(ours: pair[0], theirs: pair[1])
    guard pipe(&pair) == 0 else { return false }
    output = Ends(ours: pair[0], theirs: pair[1])
    guard pipe(&pair) == 0 else { return false }
    error = Ends(ours: pair[0], theirs: pair[1])
    for end in [input, output, error] {
      _ = fcntl(end.ours, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end.theirs, F_SETFD, FD_CLOEXEC)
    }
    #if canImport(Darwin)
      var yes: Int32 = 1
      setsockopt(input.ours, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
    #endif
    return true
  }

  /// Starts a program with these streams; gives 0 and the process's number, or the system's error.
  private func spawn(_ path: String, _ arguments: [String], _ environment: [String]) -> (Int32, pid_t) {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input.theirs, 0)
    posix_spawn_file_actions_adddup2(&actions, output.theirs, 1)
    posix_spawn_file_actions_adddup2(&actions, error.theirs, 2)
    // A group of its own, no signal held back, and those that this process ignores as they are by default.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    var flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
    #if canImport(Darwin)
      flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
    #endif
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var values: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in words + values { free(text) } }
    var identifier: pid_t = 0
    let code = posix_spawn(&identifier, path, &actions, &attributes, &words, &values)
    return (code, identifier)
  }
}
