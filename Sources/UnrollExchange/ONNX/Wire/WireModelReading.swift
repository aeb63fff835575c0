internal import SwiftProtobuf
import UnrollTraining

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

extension WireModel {
  /// The largest file that is read: 2 GiB, the bound of the format.
  private static let maximumFileSize = 1 << 31

  /// Reads a file where the system keeps it, and tells its size.
  static func read(_ path: String) throws(ExchangeError) -> (model: WireModel, size: Int) {
    func converted<Result>(_ body: () throws(ModelFileError) -> Result) throws(ExchangeError) -> Result {
      do throws(ModelFileError) {
        return try body()
      } catch {
        throw ExchangeError(error)
      }
    }
    let mapped = try converted { () throws(ModelFileError) in
      try MappedFile(path, limit: maximumFileSize)
    }
    let model = try WireModel(checking: mapped.bytes, file: path)
    try converted { () throws(ModelFileError) in try mapped.checkUnchanged() }
    return (model, mapped.bytes.count)
  }

  /// Decodes the contents of a file after `WireCheck` has looked through them.
  package init(checking bytes: [UInt8], file: String) throws(ExchangeError) {
    let model = bytes.withUnsafeBytes { raw in
      Result { () throws(ExchangeError) in try WireModel(checking: raw, file: file) }
    }
    self = try model.get()
  }

  private init(checking bytes: UnsafeRawBufferPointer, file: String) throws(ExchangeError) {
    try WireCheck.check(bytes, file: file)
    do {
      // What is decoded is copied; the bytes stay where they are.
      let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
      let data = start.map { Data(bytesNoCopy: $0, count: bytes.count, deallocator: .none) } ?? Data()
      try self.init(serializedBytes: data)
    } catch {
      throw ExchangeError(.damaged, file: file, expected: "an ONNX model", found: "\(error)")
    }
    guard hasGraph else { throw ExchangeError(.damaged, file: file, expected: "a graph", found: "none") }
  }
}
