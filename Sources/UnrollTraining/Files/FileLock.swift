/// A file that one process at a time has for itself; the end of the process ends it as well.
package final class FileLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `ModelFileError`, of reason `occupied` when another process has it.
  package init(_ path: String) throws(ModelFileError) { descriptor = try FileSystem.lock(path) }

  deinit { FileSystem.unlock(descriptor) }
}
