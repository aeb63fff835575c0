import Foundation
import SampleModels
import Testing
import UnrollCore
import UnrollExchange

/// What is not known, not sound or too much is refused, by name.
@Suite struct ONNXRefusalTests {
  /// A sound graph of one node that the tests bend.
  private static func model(_ bend: (inout WireModel) -> Void = { _ in }) -> [UInt8] {
    var model = WireModel.empty()
    model.graph.input = [WireValueInfo("x", [2, 3])]
    model.graph.output = [WireValueInfo("y", [2, 3])]
    model.graph.node = [WireNode("Tanh", ["x"], ["y"])]
    bend(&model)
    return (try? model.serializedBytes()) ?? []
  }

  @Test func theSoundOneRuns() throws {
    let model = try ONNXModel(Self.model(), file: "sound")
    let x = Tensor([0, 1, -1, 2, 0.5, 3], shape: [2, 3])
    let y = try model.run(["x": ONNXTensor(x)])["y"]
    expectClose(y?.tensor, Variable(x).tanh().value, 0, "y")
  }

  struct Bent: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// A word that the error must say.
    let word: String
    let bend: @Sendable (inout WireModel) -> Void
    init(_ name: String, _ word: String, _ bend: @escaping @Sendable (inout WireModel) -> Void) {
      (testDescription, self.word, self.bend) = (name, word, bend)
    }
  }

  static let bent: [Bent] = [
    Bent("an operator", "Frobnicate") { $0.graph.node[0].opType = "Frobnicate" },
    Bent("every operator", "Alpha × 2, Beta, com.example.Tanh") {
      $0.graph.node = ["Beta", "Alpha", "Tanh", "Alpha"].map { WireNode($0, ["x"], ["y"]) }
      $0.graph.node[2].domain = "com.example"
    },
    Bent("a domain", "com.example") { $0.graph.node[0].domain = "com.example" },
    Bent("two versions", "18 and 17") {
      $0.opsetImport[0].version = 18
      var second = $0.opsetImport[0]
      second.version = 17
      $0.opsetImport.append(second)
    },
    Bent("an attribute", "speed") { $0.graph.node[0].attribute = [WireAttribute("speed", 1)] },
    Bent("an old version", "version 5") { $0.opsetImport[0].version = 5 },
    Bent("a new version", "version 99") { $0.opsetImport[0].version = 99 },
    Bent("no version", "none") { $0.opsetImport = [] },
    Bent("functions", "functions") { $0.functions = [Data([0])] },
    Bent("training", "training") { $0.trainingInfo = [Data([0])] },
    Bent("sparse tensors", "sparse") { $0.graph.sparseInitializer = [Data([0])] },
    Bent("quantization", "quantization") { $0.graph.quantizationAnnotation = [Data([0])] },
    Bent("devices", "device") { $0.graph.node[0].deviceConfigurations = [Data([0])] },
    Bent("a value from nowhere", "\"z\"") { $0.graph.node[0].input = ["z"] },
    Bent("a value made twice", "\"y\"") { $0.graph.node.append($0.graph.node[0]) },
    Bent("an output from nowhere", "\"q\"") { $0.graph.output[0].name = "q" },
    Bent("too many inputs", "inputs") { $0.graph.node[0].input = ["x", "x"] },
    Bent("no input", "inputs") { $0.graph.node[0].input = [] },
    Bent("an input of another kind", "type") { $0.graph.input[0].type = WireValueType() },
    Bent("strings as elements", "element type") { $0.graph.input[0].type.tensorType.elemType = 8 },
    Bent("a graph that is not there", "graph") { $0.clearGraph() },
    Bent("an attribute of another type", "hidden_size") {
      var wrong = WireAttribute("hidden_size", 3)
      wrong.type = 1
      $0.graph.node[0] = WireNode("RNN", ["x", "x", "x"], ["y"], [wrong])
    },
    Bent("a negative extent", "extents") { $0.graph.initializer = [WireTensor("w", [-1], bytes: 4)] },
    Bent("extents that overflow", "extents") {
      $0.graph.initializer = [WireTensor("w", [1 << 40, 1 << 40], bytes: 4)]
    },
    Bent("extents beside a zero that overflow", "extents") {
      $0.graph.initializer = [WireTensor("w", [0, 1 << 40, 1 << 40], bytes: 0)]
    },
    Bent("more elements than data", "bytes") {
      $0.graph.initializer = [WireTensor("w", [1 << 20], bytes: 4)]
    },
    Bent("fewer elements than data", "bytes") { $0.graph.initializer = [WireTensor("w", [1], bytes: 8)] },
    Bent("external data", "external") {
      var outside = WireTensor("w", [1], bytes: 0)
      outside.dataLocation = 1
      $0.graph.initializer = [outside]
    },
    Bent("external data by its entries", "external") {
      var outside = WireTensor("w", [1], bytes: 4)
      var location = WireStringPair()
      (location.key, location.value) = ("location", "other")
      if let bytes: Data = try? location.serializedBytes() { outside.externalData = [bytes] }
      $0.graph.initializer = [outside]
    },
    Bent("data in two forms", "one form") {
      var double = WireTensor("w", [1], bytes: 4)
      double.floatData = [1]
      $0.graph.initializer = [double]
    },
    Bent("a type that is not known", "type 23") {
      var strange = WireTensor("w", [1], bytes: 4)
      strange.dataType = 23
      $0.graph.initializer = [strange]
    },
    Bent("a direction that is not known", "sideways") {
      var direction = WireAttribute()
      direction.name = "direction"
      direction.type = 3
      direction.s = Data("sideways".utf8)
      $0.graph.node[0] = WireNode("RNN", ["x", "x", "x"], ["y"], [direction])
    },
    Bent("an activation that is not known", "Swish") {
      var activations = WireAttribute()
      activations.name = "activations"
      activations.type = 8
      activations.strings = [Data("Swish".utf8)]
      $0.graph.node[0] = WireNode("RNN", ["x", "x", "x"], ["y"], [activations])
    },
    Bent("deep nesting", "deep") {
      var graph = $0.graph
      for _ in 0..<40 {
        var body = WireAttribute()
        body.name = "body"
        body.type = 5
        body.g = graph
        graph.node[0] = WireNode("Scan", ["x"], ["y"], [body, WireAttribute("num_scan_inputs", 1)])
      }
      $0.graph = graph
    },
  ]

  @Test(arguments: bent) func refusesByName(_ example: Bent) throws {
    let bytes = Self.model(example.bend)
    let error = #expect(throws: ExchangeError.self) { try ONNXModel(bytes, file: "bent.onnx") }
    #expect("\(try #require(error))".contains(example.word), "\(error.map { "\($0)" } ?? "")")
  }

  /// Every prefix of a file, and every file with one byte changed, is read or refused: nothing traps.
  @Test func damagedFiles() throws {
    let bytes = try #require(ONNXCase.all("onnx_pytorch").first { $0.name == "tagger_script" }).model
    for end in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: ExchangeError.self) { try ONNXModel(Array(bytes[..<end]), file: "cut") }
    }
    var random = RandomSource(seed: 3)
    for _ in 0..<300 {
      var changed = bytes
      changed[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      _ = try? ONNXModel(changed, file: "changed")
    }
  }

  /// The models of all operators with some bytes changed, run on made-up inputs: nothing traps.
  ///
  /// `UNROLL_MUTATIONS` asks for more of each.
  @Test func damagedOperators() {
    let count = ProcessInfo.processInfo.environment["UNROLL_MUTATIONS"].flatMap { Int($0) } ?? 6
    var random = RandomSource(seed: 5)
    var accepted = 0
    for example in ONNXGraphTests.operators + ONNXGraphTests.more {
      for _ in 0..<count {
        var changed = example.model
        for _ in 0..<1 + Int(random.next() % 3) {
          let place = Int(random.next() % UInt64(changed.count))
          // Small numbers, and ones of many bits, are likelier to be read as attributes than others.
          let values: [UInt8] = [0, 1, 2, 3, 0x7F, 0x80, 0xFF, UInt8(truncatingIfNeeded: random.next())]
          changed[place] = values[Int(random.next() % 8)]
        }
        if (try? GraphModel(changed, file: "changed")) != nil { accepted += 1 }
      }
    }
    #expect(accepted > 0)
  }

  @Test func fieldsThatNobodyKnows() {
    // Field 90, a number.
    let error = #expect(throws: ExchangeError.self) {
      try ONNXModel(Self.model() + [0xd0, 0x05, 0x01], file: "f")
    }
    #expect(error?.found == "field 90")
  }

  /// Two bytes of a file may not become hundreds in memory without end.
  @Test func messagesWithoutEnd() {
    let nodes = Array(repeating: [UInt8](arrayLiteral: 0x0a, 0), count: WireCheck.maximumMessages).flatMap {
      $0
    }
    var length = UInt64(nodes.count)
    var prefix: [UInt8] = [0x3a]
    while length >= 0x80 {
      prefix.append(UInt8(length & 0x7f) | 0x80)
      length >>= 7
    }
    let error = #expect(throws: ExchangeError.self) {
      try ONNXModel(prefix + [UInt8(length)] + nodes, file: "f")
    }
    #expect(error?.expected.contains("messages") == true)
  }

  @Test func inputsThatDoNotFit() throws {
    let model = try ONNXModel(Self.model(), file: "sound")
    let good = ONNXTensor(Tensor.zeros([2, 3]))
    #expect(throws: ExchangeError.self) { try model.run([:]) }
    #expect(throws: ExchangeError.self) { try model.run(["x": good, "more": good]) }
    #expect(throws: ExchangeError.self) { try model.run(["x": ONNXTensor(Tensor.zeros([2, 4]))]) }
    #expect(throws: ExchangeError.self) { try model.run(["x": ONNXTensor(Tensor.zeros([6]))]) }
    let whole = try #require(ONNXTensor([1, 2, 3, 4, 5, 6], shape: [2, 3]))
    #expect(throws: ExchangeError.self) { try model.run(["x": whole]) }
    #expect(ONNXTensor([1], shape: [2]) == nil)
  }
}
