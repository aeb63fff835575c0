#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of a file, or of a part of it, read from the start to the end in pieces of bounded size.
///
/// What starts as gzip does is unpacked, whole and in memory. A file that shrinks, grows or is written to while it
/// is read is an error: its parts would no longer fit together.
package final class ByteSource {
  /// The file's name, as it was given.
  package let name: String
  /// The size of what is read, as far as it is known beforehand: 0 for pipes.
  package private(set) var size: Int
  /// Whether it is a file that can be opened again and read in parts.
  package let isRegularFile: Bool
  private var descriptor: Int32 = -1
  /// A pipe that is opened when it is first read: who looks at it must not take it from who reads.
  private var pendingPath: String?
  package private(set) var isInMemory = false
  private var memory: [UInt8] = []
  private var position = 0
  private var end = Int.max
  private var piece: [UInt8]
  /// What the file was when it was opened.
  package private(set) var identity = FileIdentity()
  private var hasStarted = false
  /// What was looked at and not yet read.
  private var ahead: [UInt8] = []

  /// Opens a source.
  package convenience init(_ source: TextSource) throws(DataError) {
    switch source {
    case .file(let path): try self.init(path: path)
    case .standardInput: try self.init(path: "-")
    case .bytes(let bytes, let name): try self.init(unpacking: bytes, name: name)
    }
  }

  /// Opens a file; pipes work too, and are opened when they are first read. `-` is standard input.
  ///
  /// - Parameter expected: what the file was when it was opened before, and must still be.
  package init(path: String, expecting expected: FileIdentity? = nil) throws(DataError) {
    guard path != "-" else {
      name = "standard input"
      (size, isRegularFile) = (0, false)
      piece = [UInt8](repeating: 0, count: 1 << 16)
      descriptor = try Self.standardInput(name)
      return
    }
    name = path
    guard !path.isEmpty, !path.utf8.contains(0) else { throw Self.missing(path) }
    var status = stat()
    guard stat(path, &status) == 0 else { throw Self.failed(path, errno) }
    piece = [UInt8](repeating: 0, count: 1 << 18)
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR { throw Self.unreadable(path, EISDIR) }
    isRegularFile = kind == S_IFREG
    size = 0
    guard isRegularFile else {
      guard access(path, R_OK) == 0 else { throw Self.failed(path, errno) }
      pendingPath = path
      return
    }
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failed(path, errno) }
    identity = FileIdentity(descriptor: descriptor)
    size = identity.size
    if let expected, expected != identity { throw changed() }
    try unpackIfNeeded()
  }

  /// The standard input, which stays open.
  package init(standardInput name: String) throws(DataError) {
    self.name = name
    (size, isRegularFile) = (0, false)
    piece = [UInt8](repeating: 0, count: 1 << 16)
    descriptor = try Self.standardInput(name)
  }

  /// A number of its own for the standard input: what is closed at the end is that.
  private static func standardInput(_ name: String) throws(DataError) -> Int32 {
    let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw unreadable(name, errno) }
    return copy
  }

  /// Bytes in memory, given out in pieces of a size.
  package init(_ bytes: [UInt8], name: String, pieceSize: Int = 1 << 18) {
    self.name = name
    (isRegularFile, isInMemory) = (true, true)
    memory = bytes
    size = bytes.count
    end = bytes.count
    piece = [UInt8](repeating: 0, count: max(1, pieceSize))
  }

  private convenience init(unpacking bytes: [UInt8], name: String) throws(DataError) {
    self.init(Gzip.isGzip(bytes) ? try Self.unpacked(bytes, name) : bytes, name: name)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Another source of the same bytes, which must not have changed; for files and memory.
  package func reopened() throws(DataError) -> ByteSource {
    if isInMemory { return ByteSource(memory, name: name, pieceSize: piece.count) }
    return try ByteSource(path: name, expecting: identity)
  }

  /// Goes on with a part of the file. Pipes have no parts.
  func seek(to range: Range<Int>) throws(DataError) {
    guard isRegularFile else { throw Self.unreadable(name, ESPIPE) }
    if !isInMemory, lseek(descriptor, off_t(range.lowerBound), SEEK_SET) < 0 {
      throw Self.unreadable(name, errno)
    }
    position = range.lowerBound
    end = isInMemory ? min(memory.count, range.upperBound) : range.upperBound
    hasStarted = true
    ahead = []
  }

  /// Goes on with a part that was found in the file before, and must be there whole.
  func seek(toPart range: Range<Int>) throws(DataError) {
    guard range.upperBound <= size || !isRegularFile else { throw changed() }
    try seek(to: range)
  }

  /// Appends the next piece to a buffer; false at the end.
  func read(into buffer: inout [UInt8]) throws(DataError) -> Bool {
    if !ahead.isEmpty {
      buffer += ahead
      ahead = []
      return true
    }
    if !hasStarted, !isRegularFile {
      hasStarted = true
      if try startPipe(&buffer) { return !buffer.isEmpty }
    }
    let wanted = min(piece.count, end - position)
    guard wanted > 0 else { return false }
    if isInMemory {
      buffer.append(contentsOf: memory[position..<(position + wanted)])
      position += wanted
      return true
    }
    let count = try fill(wanted)
    if isRegularFile {
      guard FileIdentity(descriptor: descriptor) == identity, count > 0 || position >= min(end, size) else {
        throw changed()
      }
    }
    guard count > 0 else { return false }
    buffer.append(contentsOf: piece[..<count])
    position += count
    return true
  }

  /// The first bytes, which are read again afterwards; at most a piece.
  package func peek() throws(DataError) -> [UInt8] {
    guard ahead.isEmpty else { return ahead }
    var bytes: [UInt8] = []
    // A pipe may give a few bytes at a time.
    while bytes.count < 1 << 12, try read(into: &bytes) {}
    ahead = bytes
    return bytes
  }

  /// Everything from where it stands to the end.
  package func readAll() throws(DataError) -> [UInt8] {
    var bytes: [UInt8] = []
    // One byte more than the size, so that the end is found without growing.
    bytes.reserveCapacity(size + 1)
    while try read(into: &bytes) {
      guard bytes.count < TextFile.maximumSize else {
        throw DataError(
          .tooLarge, file: name, expected: "a file of less than 4 GB", found: "more",
          hint: "split it by series")
      }
    }
    return bytes
  }

  /// Reads at most `wanted` bytes into `piece`.
  private func fill(_ wanted: Int) throws(DataError) -> Int {
    while true {
      let count = piece.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, wanted) }
      if count >= 0 { return count }
      if errno != EINTR { throw Self.unreadable(name, errno) }
    }
  }

  /// Opens a pipe, and reads all of it when it is gzip; true when it is in memory now or ended at once.
  private func startPipe(_ buffer: inout [UInt8]) throws(DataError) -> Bool {
    if let path = pendingPath {
      pendingPath = nil
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Self.failed(path, errno) }
    }
    var start: [UInt8] = []
    while start.count < 2 {
      let count = try fill(piece.count)
      if count == 0 { break }
      start += piece[..<count]
    }
    guard Gzip.isGzip(start) else {
      buffer += start
      position += start.count
      return !start.isEmpty
    }
    while true {
      let count = try fill(piece.count)
      if count == 0 { break }
      start += piece[..<count]
      guard start.count < TextFile.maximumSize else {
        throw DataError(.tooLarge, file: name, expected: "less than 4 GB", found: "more")
      }
    }
    hold(try Self.unpacked(start, name))
    return false
  }

  private func unpackIfNeeded() throws(DataError) {
    guard size > 2 else { return }
    let count = try fill(2)
    if count == 2, Gzip.isGzip(Array(piece[..<2])) {
      var bytes = Array(piece[..<2])
      position = 2
      while try read(into: &bytes) {}
      hold(try Self.unpacked(bytes, name))
      return
    }
    if lseek(descriptor, 0, SEEK_SET) < 0 { throw Self.unreadable(name, errno) }
  }

  private func hold(_ bytes: [UInt8]) {
    (memory, isInMemory, position, end, size) = (bytes, true, 0, bytes.count, bytes.count)
  }

  /// Texts shrink to a fifth, tables of numbers to a twentieth; a thousandth is made to do harm.
  private static func unpacked(_ bytes: [UInt8], _ name: String) throws(DataError) -> [UInt8] {
    let (product, overflows) = bytes.count.multipliedReportingOverflow(by: 200)
    let limit = min(TextFile.maximumSize, overflows ? .max : product + 1 << 24)
    return try Gzip.unpack(bytes, name: name, limit: limit)
  }

  private func changed() -> DataError {
    DataError(
      .changedWhileRead, file: name, expected: "a file that stays as it is while it is read",
      found: "another size or time of change", statement: "the file was changed while it was read",
      hint: "run it again when nothing writes to the file, or on a copy")
  }

  private static func failed(_ path: String, _ code: Int32) -> DataError {
    code == ENOENT || code == ENOTDIR ? missing(path) : unreadable(path, code)
  }

  private static func missing(_ path: String) -> DataError {
    DataError(
      .missingFile, file: path, expected: "a file", found: "none", statement: "there is no such file")
  }

  private static func unreadable(_ path: String, _ code: Int32) -> DataError {
    let reason =
      switch code {
      case EISDIR: "it is a folder"
      case EACCES, EPERM: "permission was refused"
      case ESPIPE: "it is a pipe, and parts of it are read side by side"
      default: "system error \(code)"
      }
    return DataError(
      .unreadableFile, file: path, expected: "a file that can be read", found: reason,
      statement: "the file cannot be read: \(reason)")
  }
}

/// Which file it is, how large, and when it was last written to.
package struct FileIdentity: Sendable, Equatable {
  fileprivate(set) var size = 0
  private var file: UInt64 = 0
  private var seconds = 0
  private var nanoseconds = 0

  fileprivate init() {}

  fileprivate init(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return }
    size = Int(clamping: max(0, status.st_size))
    file = UInt64(status.st_ino)
    #if canImport(Darwin)
      (seconds, nanoseconds) = (status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec)
    #else
      (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    #endif
  }
}

/// The system's `read`, under a name that the method does not hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
