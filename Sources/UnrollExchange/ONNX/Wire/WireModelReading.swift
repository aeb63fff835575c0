internal import SwiftProtobuf
import UnrollTraining

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A model as it was read: its messages, and the arrays of its graph decoded once.
struct ONNXSource {
  /// The messages; initializers of `Float` have a shape and no data.
  private(set) var model: WireModel
  /// The initializers of the graph, by name.
  private(set) var constants: [String: ONNXTensor] = [:]
  /// The bytes of the file and of what was read beside it.
  private(set) var size: Int

  /// The largest file that is read: 2 GiB, the bound of the format.
  private static let maximumFileSize = 1 << 31

  /// Reads a file where the system keeps it.
  init(contentsOf path: String) throws(ExchangeError) {
    func converted<Result>(_ body: () throws(ModelFileError) -> Result) throws(ExchangeError) -> Result {
      do throws(ModelFileError) {
        return try body()
      } catch {
        throw ExchangeError(error)
      }
    }
    let mapped = try converted { () throws(ModelFileError) in
      try MappedFile(path, limit: Self.maximumFileSize)
    }
    let external = ExternalFiles(beside: path)
    try self.init(mapped.bytes, file: path, external: external)
    try external.checkUnchanged()
    try converted { () throws(ModelFileError) in try mapped.checkUnchanged() }
  }

  /// Reads the contents of a file, which may name no others.
  init(_ bytes: [UInt8], file: String) throws(ExchangeError) {
    let source = bytes.withUnsafeBytes { raw in
      Result { () throws(ExchangeError) in try ONNXSource(raw, file: file, external: nil) }
    }
    self = try source.get()
  }

  private init(
    _ bytes: UnsafeRawBufferPointer, file: String, external: ExternalFiles?
  ) throws(ExchangeError) {
    let namesOthers: Bool
    (model, namesOthers) = try WireModel.decode(bytes, file: file)
    size = bytes.count
    for index in model.graph.initializer.indices {
      let tensor = model.graph.initializer[index]
      let place = "initializer \"\(tensor.name)\""
      let value = try ONNXTensor(tensor, file: file, place: place, external: external)
      constants[tensor.name] = value
      if value.type == .float, tensor.name != "__metadata__" {
        model.graph.initializer[index].removeData()
      } else if tensor.isExternal, let external {
        let data = Data(try external.bytes(of: tensor, place: place))
        model.graph.initializer[index].removeData()
        model.graph.initializer[index].rawData = data
      }
    }
    if namesOthers, let external {
      try Self.takeIn(&model.graph, external, isOutermost: true)
    }
    size += external?.byteCount ?? 0
  }

  /// Puts the data of other files into the tensors of nodes and of the graphs within them.
  private static func takeIn(
    _ graph: inout WireGraph, _ external: ExternalFiles, isOutermost: Bool
  ) throws(ExchangeError) {
    func takeIn(_ tensor: inout WireTensor, _ place: String) throws(ExchangeError) {
      guard tensor.isExternal else { return }
      let data = Data(try external.bytes(of: tensor, place: place))
      tensor.removeData()
      tensor.rawData = data
    }
    if !isOutermost {
      for index in graph.initializer.indices {
        let name = graph.initializer[index].name
        try takeIn(&graph.initializer[index], "initializer \"\(name)\"")
      }
    }
    for node in graph.node.indices {
      for index in graph.node[node].attribute.indices {
        if graph.node[node].attribute[index].hasT {
          try takeIn(&graph.node[node].attribute[index].t, "node \"\(graph.node[node].name)\"")
        }
        if graph.node[node].attribute[index].hasG {
          try Self.takeIn(&graph.node[node].attribute[index].g, external, isOutermost: false)
        }
      }
    }
  }
}

extension WireModel {
  /// Decodes the contents of a file after `WireCheck` has looked through them.
  package init(checking bytes: [UInt8], file: String) throws(ExchangeError) {
    let model = bytes.withUnsafeBytes { raw in
      Result { () throws(ExchangeError) in try WireModel.decode(raw, file: file).model }
    }
    self = try model.get()
  }

  fileprivate static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String
  ) throws(ExchangeError) -> (model: WireModel, namesOtherFiles: Bool) {
    if let kind = FileKind.name(of: bytes) {
      throw ExchangeError(.unsupported, file: file, expected: "an ONNX model", found: kind)
    }
    let namesOtherFiles = try WireCheck.check(bytes, file: file)
    let model: WireModel
    do {
      // What is decoded is copied; the bytes stay where they are.
      let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
      let data = start.map { Data(bytesNoCopy: $0, count: bytes.count, deallocator: .none) } ?? Data()
      model = try WireModel(serializedBytes: data)
    } catch {
      throw ExchangeError(.damaged, file: file, expected: "an ONNX model", found: "\(error)")
    }
    guard model.hasGraph else {
      throw ExchangeError(.damaged, file: file, expected: "an ONNX model with a graph", found: "none")
    }
    return (model, namesOtherFiles)
  }
}

extension WireTensor {
  mutating func removeData() {
    (rawData, floatData, int32Data, int64Data) = (Data(), [], [], [])
    (doubleData, uint64Data, externalData, dataLocation) = ([], [], [], 0)
  }
}
