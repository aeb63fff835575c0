internal import SwiftProtobuf

extension WireModel {
  /// Decodes a file after `WireCheck` has looked through it.
  package init(checking bytes: [UInt8], file: String) throws(ExchangeError) {
    let checked = bytes.withUnsafeBytes { raw in
      Result { () throws(ExchangeError) in try WireCheck.check(raw, file: file) }
    }
    try checked.get()
    do {
      try self.init(serializedBytes: bytes)
    } catch {
      throw ExchangeError(.damaged, file: file, expected: "an ONNX model", found: "\(error)")
    }
    guard hasGraph else { throw ExchangeError(.damaged, file: file, expected: "a graph", found: "none") }
  }
}
