/// A file that grows at its end: what is added is held back for a while, and is on its way to the disk after `flush`.
final class AppendedFile {
  private let path: String
  private let descriptor: Int32
  private var pending: [UInt8] = []
  private static let limit = 1 << 16

  /// Opens a file, or makes it.
  init(_ path: String) throws(ModelFileError) {
    self.path = path
    descriptor = try FileSystem.openEnd(path)
  }

  deinit {
    try? flush()
    FileSystem.unlock(descriptor)
  }

  func append(_ bytes: [UInt8]) throws(ModelFileError) {
    pending += bytes
    if pending.count >= Self.limit { try flush() }
  }

  func flush() throws(ModelFileError) {
    guard !pending.isEmpty else { return }
    let bytes = pending
    pending = []
    let size = try FileSystem.size(of: descriptor, path)
    do throws(ModelFileError) {
      try FileSystem.put(bytes, to: descriptor, path)
    } catch {
      // A disk that is full has taken a part: half a record is none.
      try? FileSystem.shorten(descriptor, to: size, path)
      throw error
    }
  }

  /// Removes what stands behind the last of these bytes, looking for it in the last 64 KiB.
  func cut(after byte: UInt8) throws(ModelFileError) {
    try FileSystem.cut(descriptor, after: byte, within: Self.limit, path)
  }
}
