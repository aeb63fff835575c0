#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of a file, or of a part of it, read from the start to the end in pieces of bounded size.
package final class ByteSource {
  /// The file's name, as it was given.
  package let name: String
  /// The size of the part that is read, as far as it is known beforehand: 0 for pipes.
  package let size: Int
  private var descriptor: Int32 = -1
  private var memory: [UInt8] = []
  private var position = 0
  private var end = Int.max
  private var piece: [UInt8]

  /// Opens a file; pipes work too.
  package init(path: String) throws(DataError) {
    name = path
    guard !path.isEmpty, !path.utf8.contains(0) else { throw Self.missing(path) }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw Self.missing(path) }
      throw Self.unreadable(path, errno)
    }
    var status = stat()
    let code = fstat(opened, &status) == 0 ? (status.st_mode & S_IFMT == S_IFDIR ? EISDIR : 0) : errno
    guard code == 0 else {
      close(opened)
      throw Self.unreadable(path, code)
    }
    size = Int(clamping: max(0, status.st_size))
    piece = [UInt8](repeating: 0, count: 1 << 18)
    descriptor = opened
  }

  /// The standard input, which stays open.
  package init(standardInput name: String) throws(DataError) {
    self.name = name
    // A number of its own: what is closed at the end is that.
    let copy = fcntl(0, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw Self.unreadable(name, errno) }
    size = 0
    piece = [UInt8](repeating: 0, count: 1 << 16)
    descriptor = copy
  }

  /// Bytes in memory, given out in pieces of a size.
  package init(_ bytes: [UInt8], name: String, pieceSize: Int = 1 << 18) {
    self.name = name
    memory = bytes
    size = bytes.count
    end = bytes.count
    piece = [UInt8](repeating: 0, count: max(1, pieceSize))
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Goes on with a part of the file. Pipes have no parts.
  func seek(to range: Range<Int>) throws(DataError) {
    if descriptor >= 0, lseek(descriptor, off_t(range.lowerBound), SEEK_SET) < 0 {
      throw Self.unreadable(name, errno)
    }
    position = range.lowerBound
    end = descriptor >= 0 ? range.upperBound : min(memory.count, range.upperBound)
  }

  /// Appends the next piece to a buffer; false at the end.
  func read(into buffer: inout [UInt8]) throws(DataError) -> Bool {
    let wanted = min(piece.count, end - position)
    guard wanted > 0 else { return false }
    if descriptor < 0 {
      buffer.append(contentsOf: memory[position..<(position + wanted)])
      position += wanted
      return true
    }
    while true {
      let count = piece.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, wanted) }
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.unreadable(name, errno)
      }
      guard count > 0 else { return false }
      buffer.append(contentsOf: piece[..<count])
      position += count
      return true
    }
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

/// The system's `read`, under a name that the method does not hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
