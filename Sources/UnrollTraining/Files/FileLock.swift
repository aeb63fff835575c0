/// A file that one process at a time has for itself; the end of the process ends it as well.
package final class FileLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `ModelFileError`, of reason `occupied` when another process has it.
  package init(_ path: String) throws(ModelFileError) { descriptor = try FileSystem.lock(path) }

  /// Takes up a descriptor that is locked, and closes it in the end.
  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { FileSystem.unlock(descriptor) }
}
