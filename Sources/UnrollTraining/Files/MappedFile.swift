#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of a file where the system keeps them: pages come in when they are read, and go when others need the room.
///
/// Whoever cuts the file short while it is mapped ends the process that reads it; for files that others may write
/// meanwhile there is `FileSystem.contents`.
package final class MappedFile {
  /// The path, as given.
  package let path: String
  /// The file's bytes, for as long as this object lives.
  package let bytes: UnsafeRawBufferPointer
  private let descriptor: Int32
  private let changed: (size: Int, seconds: Int, nanoseconds: Int)

  /// Maps a regular file of at most `limit` bytes.
  ///
  /// - Parameter followsLinks: whether a symbolic link stands for the file that it points to.
  package init(_ path: String, limit: Int, followsLinks: Bool = true) throws(ModelFileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw ModelFileError(
        .system, file: path, expected: "a path", found: path.isEmpty ? "no characters" : "a zero in it")
    }
    func refusal(_ code: Int32, _ purpose: String) -> ModelFileError {
      ModelFileError(.system, file: path, expected: purpose, found: String(cString: strerror(code)))
    }
    // Not to wait for a writer, should the path turn out to be a pipe.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
    guard descriptor >= 0 else {
      let code = errno
      if code == ELOOP, !followsLinks {
        throw ModelFileError(.unsupported, file: path, expected: "a file", found: "a symbolic link")
      }
      if code == ENOENT { throw ModelFileError(.missing, file: path, expected: "a file", found: "nothing") }
      throw refusal(code, "to open it")
    }
    do throws(ModelFileError) {
      var information = stat()
      guard fstat(descriptor, &information) == 0 else { throw refusal(errno, "to look at it") }
      guard information.st_mode & S_IFMT == S_IFREG else {
        throw ModelFileError(.unsupported, file: path, expected: "a file", found: "something else")
      }
      let size = Int(information.st_size)
      guard size <= limit else {
        throw ModelFileError(
          .unsupported, file: path, expected: "at most \(limit) bytes", found: "\(size) bytes")
      }
      changed = Self.time(information)
      // Nothing cannot be mapped.
      if size == 0 {
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      } else {
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
          start != UnsafeMutableRawPointer(bitPattern: -1)
        else {
          throw refusal(errno, "to map it into memory")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
      }
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    close(descriptor)
  }

  private static func time(_ information: stat) -> (size: Int, seconds: Int, nanoseconds: Int) {
    #if canImport(Darwin)
      let time = information.st_mtimespec
    #else
      let time = information.st_mtim
    #endif
    return (Int(information.st_size), Int(time.tv_sec), Int(time.tv_nsec))
  }

  /// Finds out whether anyone wrote the file since it was mapped: what was read of it may then be of two files.
  package func checkUnchanged() throws(ModelFileError) {
    var information = stat()
    guard fstat(descriptor, &information) == 0, Self.time(information) == changed else {
      throw ModelFileError(
        .damaged, file: path, expected: "a file that stays as it is",
        found: "one that changed while it was read")
    }
  }
}
