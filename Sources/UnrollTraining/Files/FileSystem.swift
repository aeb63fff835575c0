#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The calls of the operating system that a durable save needs, with errors that say what was attempted.
///
/// All of them stand here, so that no other file asks for the platform.
package enum FileSystem {
  package enum Kind: String, Sendable {
    case file = "a file"
    case folder = "a folder"
    case link = "a symbolic link"
    case other = "something that is neither a file nor a folder"
  }

  /// What stands at a path, without following a link at its end; `nil` if nothing does.
  package static func kind(of path: String) throws(ModelFileError) -> Kind? {
    try status(of: path).map { kind($0) }
  }

  /// Whether two paths name one file; not, where nothing stands at one of them.
  static func areSame(_ a: String, _ b: String) throws(ModelFileError) -> Bool {
    guard let first = try status(of: a), let second = try status(of: b) else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Whether two paths lie on one mounted file system, so that one can be renamed to the other.
  static func shareMount(_ a: String, _ b: String) throws(ModelFileError) -> Bool {
    try status(of: a)?.st_dev == status(of: b)?.st_dev
  }

  private static func status(of path: String) throws(ModelFileError) -> stat? {
    try checkName(path)
    var information = stat()
    guard lstat(path, &information) != 0 else { return information }
    let code = errno
    if code == ENOENT { return nil }
    throw refusal(code, path, "to look at it")
  }

  private static func kind(_ information: stat) -> Kind {
    switch information.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .other
    }
  }

  /// The bytes of a regular file of at most `limit` bytes.
  ///
  /// - Parameter followingLinks: whether a link at the end of the path may be followed.
  package static func contents(
    of path: String, limit: Int, followingLinks: Bool = true
  ) throws(ModelFileError) -> [UInt8] {
    let (descriptor, size) = try openFile(path, followingLinks: followingLinks)
    defer { close(descriptor) }
    guard size <= limit else {
      throw ModelFileError(
        .unsupported, file: path, expected: "at most \(limit) bytes", found: "\(size) bytes")
    }
    return try read(descriptor, count: size, path)
  }

  /// Hands out a regular file in parts of at most 4 MiB, from its beginning to its end.
  package static func forEachPart(
    of path: String, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(ModelFileError) {
    let (descriptor, size) = try openFile(path, followingLinks: true)
    defer { close(descriptor) }
    var left = size
    while left > 0 {
      let part = try read(descriptor, count: min(left, 1 << 22), path)
      part.withUnsafeBytes(body)
      left -= part.count
    }
  }

  /// Opens a regular file for reading.
  private static func openFile(
    _ path: String, followingLinks: Bool
  ) throws(ModelFileError) -> (descriptor: Int32, size: Int) {
    try checkName(path)
    // Not to wait for a writer, should the path turn out to be a pipe.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followingLinks ? 0 : O_NOFOLLOW)
    let descriptor = retrying { open(path, flags) }
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT {
        throw ModelFileError(.missing, file: path, expected: "a file", found: "nothing")
      }
      if code == ELOOP && !followingLinks {
        throw ModelFileError(
          .unsupported, file: path, expected: "a file of the folder itself", found: Kind.link.rawValue)
      }
      throw refusal(code, path, "to open it")
    }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else {
      let code = errno
      close(descriptor)
      throw refusal(code, path, "to look at it")
    }
    guard kind(information) == .file else {
      close(descriptor)
      throw ModelFileError(
        .unsupported, file: path, expected: Kind.file.rawValue, found: kind(information).rawValue)
    }
    return (descriptor, Int(information.st_size))
  }

  private static func read(
    _ descriptor: Int32, count: Int, _ path: String
  ) throws(ModelFileError) -> [UInt8] {
    var failure: ModelFileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        #if canImport(Darwin)
          let got = retrying { Darwin.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30)) }
        #elseif canImport(Glibc)
          let got = retrying { Glibc.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30)) }
        #elseif canImport(Musl)
          let got = retrying { Musl.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30)) }
        #endif
        if got < 0 { failure = refusal(errno, path, "to read it") }
        if got <= 0 { break }
        filled += got
      }
    }
    if let failure { throw failure }
    guard bytes.count == count else {
      throw ModelFileError(
        .damaged, file: path, expected: "\(count) bytes", found: "\(bytes.count): it shrank while read")
    }
    return bytes
  }

  private static func createOpen(_ path: String) throws(ModelFileError) -> Int32 {
    try checkName(path)
    let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    guard descriptor >= 0 else { throw refusal(errno, path, "to create it") }
    return descriptor
  }

  /// Writes bytes and waits until the disk has them.
  private static func fill(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) -> ModelFileError? {
    writeAll(bytes, to: descriptor, path)
      ?? (synchronize(descriptor) == 0 ? nil : refusal(errno, path, "to bring it to the disk"))
  }

  /// Makes a new file, writes it, and waits until the disk has it. It is locked for as long as the result lives.
  static func createLocked(_ path: String, _ bytes: [UInt8]) throws(ModelFileError) -> FileLock {
    let descriptor = try createOpen(path)
    // Where a file system has no locks, nobody can clear the file either.
    _ = retrying { flock(descriptor, LOCK_EX | LOCK_NB) }
    let lock = FileLock(descriptor: descriptor)
    if let failure = fill(descriptor, bytes, path) { throw failure }
    return lock
  }

  /// Makes another name for a file; `false` where the file system has none, as for a folder.
  static func link(_ path: String, as other: String) -> Bool {
    #if canImport(Darwin)
      Darwin.link(path, other) == 0
    #elseif canImport(Glibc)
      Glibc.link(path, other) == 0
    #elseif canImport(Musl)
      Musl.link(path, other) == 0
    #endif
  }

  /// Makes a new file, writes it, and waits until the disk has it.
  package static func create(_ path: String, _ bytes: [UInt8]) throws(ModelFileError) {
    let descriptor = try createOpen(path)
    let failure = fill(descriptor, bytes, path)
    let closed = close(descriptor)
    let code = errno
    if let failure { throw failure }
    // An interrupted close has closed; what it wrote is on the disk already.
    if closed != 0 && code != EINTR { throw refusal(code, path, "to close it") }
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, _ path: String) -> ModelFileError? {
    bytes.withUnsafeBytes { all -> ModelFileError? in
      var rest = all[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        let written = retrying { write(descriptor, part.baseAddress, part.count) }
        if written < 0 { return refusal(errno, path, "to write \(bytes.count) bytes") }
        rest = rest.dropFirst(written)
      }
      return nil
    }
  }

  static func put(
    _ bytes: [UInt8], to descriptor: Int32, _ path: String
  ) throws(ModelFileError) {
    if let failure = writeAll(bytes, to: descriptor, path) { throw failure }
  }

  /// The size of an open file.
  static func size(of descriptor: Int32, _ path: String) throws(ModelFileError) -> Int {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw refusal(errno, path, "to look at it") }
    return Int(information.st_size)
  }

  /// Takes away what stands behind so many bytes of an open file.
  static func shorten(_ descriptor: Int32, to size: Int, _ path: String) throws(ModelFileError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw refusal(errno, path, "to shorten it") }
  }

  /// Opens a file to write at its end.
  static func openEnd(_ path: String) throws(ModelFileError) -> Int32 {
    try checkName(path)
    let descriptor = retrying { open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666) }
    guard descriptor >= 0 else { throw refusal(errno, path, "to open it") }
    return descriptor
  }

  static func cut(
    _ descriptor: Int32, after byte: UInt8, within limit: Int, _ path: String
  ) throws(ModelFileError) {
    let size = try size(of: descriptor, path)
    let start = max(0, size - limit)
    guard lseek(descriptor, off_t(start), SEEK_SET) >= 0 else {
      throw refusal(errno, path, "to read its end")
    }
    let tail = try read(descriptor, count: size - start, path)
    let kept = tail.lastIndex(of: byte).map { start + $0 + 1 } ?? start
    try shorten(descriptor, to: kept, path)
  }

  /// Waits until the disk has the names in a folder.
  static func synchronize(folder path: String) throws(ModelFileError) {
    let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw refusal(errno, path, "to open the folder") }
    defer { close(descriptor) }
    guard synchronize(descriptor) == 0 else {
      let code = errno
      // Some file systems cannot do it for a folder, and order their names by themselves.
      if code == EINVAL || code == ENOTSUP { return }
      throw refusal(code, path, "to bring the folder to the disk")
    }
  }

  private static func synchronize(_ descriptor: Int32) -> Int32 {
    #if canImport(Darwin)
      // There, fsync leaves the data in the drive's cache.
      if fcntl(descriptor, F_FULLFSYNC, 0) == 0 { return 0 }
    #endif
    return retrying { fsync(descriptor) }
  }

  package static func makeFolder(_ path: String) throws(ModelFileError) {
    guard mkdir(path, 0o777) == 0 else { throw refusal(errno, path, "to make the folder") }
  }

  package static func removeFile(_ path: String) throws(ModelFileError) {
    guard unlink(path) == 0 else { throw refusal(errno, path, "to remove it") }
  }

  /// Removes an empty folder.
  static func removeFolder(_ path: String) throws(ModelFileError) {
    guard rmdir(path) == 0 else { throw refusal(errno, path, "to remove the folder") }
  }

  /// Gives a file or folder another path, in place of a file or an empty folder there.
  package static func move(_ old: String, to new: String) throws(ModelFileError) {
    guard rename(old, new) == 0 else { throw refusal(errno, new, "to rename \(old) to it") }
  }

  /// How the name ends that the shown folder has for a moment where a swap takes two renames.
  static let asideSuffix = "-old"

  /// Swaps what stands at two paths of one file system.
  ///
  /// Where the system can, at no moment is either path empty. Where it cannot, `shown` is away between two
  /// renames; then `spare` + `-old` holds it.
  package static func exchange(
    spare: String, shown: String, inOneCall: Bool = true
  ) throws(ModelFileError) {
    if inOneCall {
      let code = swapInOneCall(spare, shown)
      if code == 0 { return }
      guard code == ENOSYS || code == EINVAL || code == ENOTSUP else {
        throw refusal(code, shown, "to swap \(spare) with it")
      }
    }
    let aside = spare + asideSuffix
    try move(shown, to: aside)
    do throws(ModelFileError) {
      try move(spare, to: shown)
    } catch {
      try move(aside, to: shown)
      throw error
    }
    try move(aside, to: spare)
  }

  /// 0 or the number of the error.
  private static func swapInOneCall(_ a: String, _ b: String) -> Int32 {
    #if canImport(Darwin)
      return renamex_np(a, b, UInt32(RENAME_SWAP)) == 0 ? 0 : errno
    #else
      // The headers hide the function from Swift; it is looked up in the C library that runs.
      typealias Rename =
        @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
      guard let symbol = dlsym(nil, "renameat2") else { return ENOSYS }
      let exchangeFlag: UInt32 = 2
      return unsafeBitCast(symbol, to: Rename.self)(AT_FDCWD, a, AT_FDCWD, b, exchangeFlag) == 0 ? 0 : errno
    #endif
  }

  /// The bytes of memory that this process can have at most: what the machine has, and what the process or its group of
  /// processes may take. `nil`: not known.
  static var memoryLimit: Int? {
    var limits: [Int] = []
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    if pages > 0 && size > 0 { limits.append(Int(pages) * Int(size)) }
    var allowed = rlimit()
    #if canImport(Glibc)
      let got = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &allowed)
    #else
      let got = getrlimit(RLIMIT_AS, &allowed)
    #endif
    if got == 0, allowed.rlim_cur <= UInt64(Int.max) { limits.append(Int(allowed.rlim_cur)) }
    #if os(Linux)
      // What a container may take (control groups, versions 2 and 1); "max" is no number.
      for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
        if let limit = Int(firstWord(of: path)), limit > 0 { limits.append(limit) }
      }
    #endif
    return limits.min()
  }

  /// What stands before the first white space of a small file, such as the system makes when it is read.
  private static func firstWord(of path: String) -> String {
    let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      #if canImport(Darwin)
        count = max(0, retrying { Darwin.read(descriptor, buffer.baseAddress, buffer.count) })
      #elseif canImport(Glibc)
        count = max(0, retrying { Glibc.read(descriptor, buffer.baseAddress, buffer.count) })
      #elseif canImport(Musl)
        count = max(0, retrying { Musl.read(descriptor, buffer.baseAddress, buffer.count) })
      #endif
    }
    return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
  }

  /// Whether the system would give so much memory at once. It is given back untouched.
  static func canAllocate(_ bytes: Int) -> Bool {
    // Not by malloc: a compiler may leave out a block that nobody writes.
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let memory, memory != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
    munmap(memory, bytes)
    return true
  }

  /// Makes a path the folder that relative paths start from.
  package static func enter(_ folder: String) throws(ModelFileError) {
    try checkName(folder)
    guard chdir(folder) == 0 else { throw refusal(errno, folder, "to enter the folder") }
  }

  /// Opens a file so that no other process can do the same until the descriptor is closed or this process ends.
  static func lock(_ path: String) throws(ModelFileError) -> Int32 {
    try checkName(path)
    let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw refusal(errno, path, "to open it") }
    guard retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 else {
      let code = errno
      close(descriptor)
      guard code == EWOULDBLOCK else { throw refusal(code, path, "to lock it") }
      throw ModelFileError(
        .occupied, file: path, expected: "no other process at work with it", found: "one that is")
    }
    return descriptor
  }

  static func unlock(_ descriptor: Int32) { close(descriptor) }

  /// The path without links, dots and doubled slashes. What it names must exist.
  package static func resolved(_ path: String) throws(ModelFileError) -> String {
    try checkName(path)
    guard let pointer = realpath(path, nil) else { throw refusal(errno, path, "to follow it") }
    defer { free(pointer) }
    return String(cString: pointer)
  }

  /// The names in a folder, in order. Those that are not UTF-8 come out mended and name nothing.
  package static func names(in folder: String) throws(ModelFileError) -> [String] {
    guard let stream = opendir(folder) else { throw refusal(errno, folder, "to list it") }
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
      let offset = MemoryLayout.offset(of: \dirent.d_name) ?? 0
      let name = String(
        cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
      if name != "." && name != ".." { result.append(name) }
    }
    return result.sorted()
  }

  /// C ends a path at the first zero: such a path would name another file than it says.
  private static func checkName(_ path: String) throws(ModelFileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw ModelFileError(
        .system, file: path, expected: "a path", found: path.isEmpty ? "no characters" : "a zero in it")
    }
  }

  private static func refusal(_ code: Int32, _ path: String, _ purpose: String) -> ModelFileError {
    ModelFileError(.system, file: path, expected: purpose, found: String(cString: strerror(code)))
  }

  private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result != -1 || errno != EINTR { return result }
    }
  }
}
