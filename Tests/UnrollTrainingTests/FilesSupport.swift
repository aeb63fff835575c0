import Foundation
import Testing
import UnrollTraining

/// A folder of its own for a test, removed with all that is in it when the last reference goes.
final class ScratchFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "unroll-tests-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func names(_ folder: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
  }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
  }

  func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
  }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(name)", withIntermediateDirectories: true)
  }

  func link(_ name: String, to destination: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: "\(path)/\(name)", withDestinationPath: destination)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
}

/// The error of an attempt, which must fail with one of the model files' errors.
func modelFileError(
  of attempt: () throws(ModelFileError) -> Void, location: SourceLocation = #_sourceLocation
) -> ModelFileError? {
  do throws(ModelFileError) {
    try attempt()
    Issue.record("nothing was refused", sourceLocation: location)
    return nil
  } catch {
    return error
  }
}

/// Writes at the end of a file, in place.
func appending(_ bytes: [UInt8], to path: String) throws {
  guard let file = FileHandle(forWritingAtPath: path) else { return }
  try file.seekToEnd()
  try file.write(contentsOf: Data(bytes))
  try file.close()
}
