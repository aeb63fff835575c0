import Foundation
import SampleModels
import SwiftProtobuf
import Testing
import UnrollCore
import UnrollExchange
import UnrollTraining

/// Data of tensors in files beside the model.
@Suite struct ExternalDataTests {
  /// y = x + w, whose w `[3]` stands in a file of its own.
  static func model(_ entries: [(String, String)], location: Int32 = 1, type: Int32 = 1) throws -> [UInt8] {
    var weight = WireTensor()
    (weight.name, weight.dims, weight.dataType, weight.dataLocation) = ("w", [3], type, location)
    for (key, value) in entries {
      var pair = WireStringPair()
      (pair.key, pair.value) = (key, value)
      weight.externalData.append(try pair.serializedBytes())
    }
    var model = WireModel.empty()
    model.graph.input = [WireValueInfo("x", [2, 3])]
    model.graph.output = [WireValueInfo("y", [2, 3])]
    model.graph.initializer = [weight]
    model.graph.node = [WireNode("Add", ["x", "w"], ["y"])]
    return try model.serializedBytes()
  }

  private static func inFolder<Result>(
    _ model: [UInt8], _ files: [String: [UInt8]], _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/external-\(UInt64.random(in: 0...(.max)))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(model).write(to: URL(filePath: folder + "/m.onnx"))
    for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)")) }
    return try body(folder + "/m.onnx")
  }

  private static let data: [UInt8] = [9, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64]

  @Test(arguments: [
    [("location", "w.data"), ("offset", "4"), ("length", "12")], [("location", "w.data"), ("offset", "4")],
  ]) func isRead(_ entries: [(String, String)]) throws {
    let bytes = try Self.model(entries)
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    try Self.inFolder(bytes, ["w.data": Self.data]) { path in
      let y = try ONNXModel(contentsOf: path).run(["x": ONNXTensor(x)])["y"]?.tensor
      #expect(y?.elements == [2, 4, 6, 5, 7, 9])
      // A folder holds the data and needs the file no longer.
      let model = try GraphModel(onnx: path)
      try model.save(to: path + "-model")
      try FileManager.default.removeItem(atPath: path)
      let loaded = try #require(try ExchangeModels.load(path + "-model") as? GraphModel)
      #expect(try loaded.run(arrays: ["x": x])[0].tensor.elements == [2, 4, 6, 5, 7, 9])
    }
  }

  /// The lines of docs/Exchange.md: here there is no such file, which is said.
  private static func documented(_ tokens: ONNXTensor) throws -> [String: ONNXTensor] {
    let model = try ONNXModel(contentsOf: "tagger.onnx")
    let result = try model.run(["tokens": tokens])
    return result
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: ExchangeError.self) {
      _ = try Self.documented(ONNXTensor(Tensor.zeros([1, 2])))
    }
    #expect(error?.file == "tagger.onnx")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let entries: [(String, String)]
    let word: String
    var testDescription: String { "\(entries)" }
    init(_ word: String, _ entries: (String, String)...) { (self.word, self.entries) = (word, entries) }
  }

  static let cases: [Case] =
    ["../w.data", "/etc/hostname", "a/w.data", "..", ".", "", "a\\w.data", "w\u{0}.data"].map {
      Case("plain name", ("location", $0))
    } + [
      Case("nothing", ("location", "none.data")), Case("symbolic link", ("location", "link.data")),
      Case("something else", ("location", "folder")), Case("location", ("offset", "4")),
      Case("bytes of external", ("location", "w.data"), ("offset", "8")),
      Case("bytes of external", ("location", "w.data"), ("length", "8")),
      Case("within the 16 bytes", ("location", "w.data"), ("offset", "17")),
      Case("within the 16 bytes", ("location", "w.data"), ("length", "17")),
      Case(
        "within the 16 bytes", ("location", "w.data"), ("offset", "9223372036854775807"), ("length", "12")),
      Case("whole number", ("location", "w.data"), ("offset", "-4")),
      Case("whole number", ("location", "w.data"), ("offset", " 4")),
      Case("whole number", ("location", "w.data"), ("offset", "99999999999999999999")),
      Case("checksum", ("location", "w.data"), ("checksum", "x")),
      Case("twice", ("location", "w.data"), ("location", "w.data")),
    ]

  @Test(arguments: cases) func isRefused(_ example: Case) throws {
    let bytes = try Self.model(example.entries)
    try Self.inFolder(bytes, ["w.data": Self.data]) { path in
      let folder = String(path.dropLast("/m.onnx".count))
      try FileManager.default.createSymbolicLink(atPath: folder + "/link.data", withDestinationPath: "w.data")
      try FileManager.default.createDirectory(atPath: folder + "/folder", withIntermediateDirectories: false)
      let error = #expect(throws: ExchangeError.self) { _ = try ONNXModel(contentsOf: path) }
      #expect("\(try #require(error))".contains(example.word), "\(error.map { "\($0)" } ?? "")")
    }
  }

  /// Bytes alone have no folder beside them.
  @Test func isRefusedWithoutAFile() throws {
    let bytes = try Self.model([("location", "w.data"), ("offset", "4")])
    let error = #expect(throws: ExchangeError.self) { _ = try ONNXModel(bytes, file: "m.onnx") }
    #expect(error?.found == "external data")
  }

  /// Tensors of nodes and of graphs within nodes, and whole numbers.
  @Test func isReadWithinNodes() throws {
    var model = try WireModel(serializedBytes: try Self.model([]))
    model.graph.initializer = []
    var attribute = WireAttribute()
    (attribute.name, attribute.type) = ("value", 4)
    let source = try WireModel(serializedBytes: try Self.model([("location", "w.data"), ("offset", "4")]))
    attribute.t = source.graph.initializer[0]
    model.graph.node.insert(WireNode("Constant", [], ["w"], [attribute]), at: 0)
    let bytes: [UInt8] = try model.serializedBytes()
    try Self.inFolder(bytes, ["w.data": Self.data]) { path in
      let y = try ONNXModel(contentsOf: path).run(["x": ONNXTensor(Tensor.zeros([2, 3]))])["y"]?.tensor
      #expect(y?.elements == [1, 2, 3, 1, 2, 3])
    }
  }
}
