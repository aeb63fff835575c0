import Foundation
import SampleModels
import SwiftProtobuf
import UnrollExchange

/// Hostile ONNX files: bytes that are no messages, messages that are no graph, and graphs that ask for too much.
enum ONNXCases {
  static func make(in folder: Folder) throws {
    let sound = try bytes()
    for part in 0..<16 { try folder.write(Array(sound.prefix(sound.count * part / 16)), "cut \(part)") }
    for cut in 1...4 { try folder.write(Array(sound.dropLast(cut)), "cut by \(cut)") }
    try makeWire(sound, in: folder)
    for bent in graphs + tensors + nodes + demands { try folder.write(bytes(bent.bend), bent.name) }
    try makeLarge(in: folder)
    try ExternalCases.make(in: folder)
  }

  /// A graph of a cell and a product, bent.
  static func bytes(_ bend: (inout WireModel) -> Void = { _ in }) throws -> [UInt8] {
    var model = WireModel.empty()
    model.graph.input = [WireValueInfo("x", [2, 3, 4])]
    model.graph.output = [WireValueInfo("y", [2, 3, 2])]
    model.graph.initializer = [
      WireTensor("W", [1, 3, 4], bytes: 48), WireTensor("R", [1, 3, 3], bytes: 36),
      WireTensor("V", [3, 2], bytes: 24), axis("axis", 1),
    ]
    model.graph.node = [
      WireNode("RNN", ["x", "W", "R"], ["h"], [WireAttribute("hidden_size", 3)]),
      WireNode("Squeeze", ["h", "axis"], ["s"]), WireNode("MatMul", ["s", "V"], ["y"]),
    ]
    bend(&model)
    return try model.serializedBytes()
  }

  // MARK: bytes

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (value, bytes) = (value, [UInt8]())
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }

  /// A field of bytes or of a message.
  private static func field(_ number: UInt64, _ content: [UInt8], length: UInt64? = nil) -> [UInt8] {
    varint(number << 3 | 2) + varint(length ?? UInt64(content.count)) + content
  }

  private static func makeWire(_ sound: [UInt8], in folder: Folder) throws {
    let graph: UInt64 = 7
    let ends: [(String, [UInt8])] = [
      ("field 0", [0x02, 0x00]), ("field 90", varint(90 << 3) + [1]), ("field 15", field(15, [])),
      ("a field beyond 32 bits", varint(1 << 40) + [0]), ("a group", [0x3B, 0x3C]),
      ("the end of a group", [0x3C]),
      ("wire type 6", [0x0E, 0]), ("wire type 7", [0x0F, 0]),
      ("a key without end", Array(repeating: 0x80, count: 12)),
      ("a number without end", [0x08] + Array(repeating: 0xFF, count: 11)), ("half a number", [0x08, 0x80]),
      ("the graph as a number", varint(graph << 3) + [1]), ("the version as bytes", field(1, [1])),
      ("a length of 2^63", field(graph, [], length: 1 << 63)),
      ("a length of 2^64 - 1", field(graph, [], length: .max)),
      ("a length of 2^31", field(graph, [], length: 1 << 31)),
      ("a length one too much", field(graph, [0], length: 2)),
      ("a float cut", field(graph, field(1, field(5, [0x15, 0, 0])))),
      ("floats of 5 bytes", field(graph, field(5, field(4, [0, 0, 0, 0, 0])))),
      ("an extent cut", field(graph, field(5, field(1, [0x80])))),
      ("another graph", field(graph, field(1, []))), ("text", Array("not a graph".utf8)),
    ]
    for (name, end) in ends { try folder.write(sound + end, "behind, \(name)") }
    for (name, end) in ends.prefix(12) { try folder.write(end, "alone, \(name)") }
    for (index, bad) in ([[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80]] as [[UInt8]]).enumerated() {
      try folder.write(sound + field(2, bad), "bad UTF-8 of the producer \(index)")
      try folder.write(sound + field(graph, field(1, field(4, bad))), "bad UTF-8 of an operator \(index)")
      try folder.write(sound + field(graph, field(5, field(8, bad))), "bad UTF-8 of a name \(index)")
    }
    var deep: [UInt8] = []
    for _ in 0..<20_000 where deep.count < 1 << 17 { deep = field(graph, field(1, field(5, field(6, deep)))) }
    try folder.write(deep, "deep messages")
  }

  // MARK: messages

  private struct Bent: Sendable {
    let name: String
    let bend: @Sendable (inout WireModel) -> Void

    init(_ name: String, _ bend: @escaping @Sendable (inout WireModel) -> Void) {
      (self.name, self.bend) = (name, bend)
    }
  }

  private static let graphs: [Bent] = [
    Bent("no graph") { $0.clearGraph() },
    Bent("an empty graph") {
      $0.graph = WireGraph()
      $0.graph.output = [WireValueInfo("y", [1])]
    },
    Bent("functions") { $0.functions = [Data([0])] },
    Bent("training") { $0.trainingInfo = [Data([0])] },
    Bent("configurations") { $0.configuration = [Data([0])] },
    Bent("no version") { $0.opsetImport = [] },
    Bent("two versions") {
      $0.opsetImport.append($0.opsetImport[0])
      $0.opsetImport[1].version += 1
    },
    Bent("version -1") { $0.opsetImport[0].version = -1 },
    Bent("version 2^63 - 1") { $0.opsetImport[0].version = .max },
    Bent("another domain") { $0.graph.node[0].domain = "../../evil" },
    Bent("an operator that reads files") { $0.graph.node[0].opType = "ReadFile" },
    Bent("an operator without a name") { $0.graph.node[0].opType = "" },
    Bent("an operator of a megabyte") { $0.graph.node[0].opType = String(repeating: "n", count: 1 << 20) },
    Bent("an overload") { $0.graph.node[0].overload = "x" },
    Bent("a circle") { $0.graph.node[0].input[0] = "y" },
    Bent("a node that reads itself") { $0.graph.node[2].input[0] = "y" },
    Bent("a value from nowhere") { $0.graph.node[1].input[0] = "nowhere" },
    Bent("a value made twice") { $0.graph.node.append($0.graph.node[2]) },
    Bent("an input twice") { $0.graph.input.append($0.graph.input[0]) },
    Bent("a constant twice") { $0.graph.initializer.append($0.graph.initializer[0]) },
    Bent("an output from nowhere") { $0.graph.output[0].name = "nowhere" },
    Bent("an output without a name") { $0.graph.output[0].name = "" },
    Bent("an input of no type") { $0.graph.input[0].type = WireValueType() },
    Bent("an input of type 99") { $0.graph.input[0].type.tensorType.elemType = 99 },
    Bent("an input of strings") { $0.graph.input[0].type.tensorType.elemType = 8 },
    Bent("an input of a sequence") { $0.graph.input[0].type.sequenceType = Data([0]) },
    Bent("a huge input") { $0.graph.input[0] = WireValueInfo("x", [1 << 40, 3, 4]) },
    Bent("an input that overflows") { $0.graph.input[0] = WireValueInfo("x", [.max, .max, .max]) },
    Bent("an input of 100 axes") { $0.graph.input[0] = WireValueInfo("x", Array(repeating: 1, count: 100)) },
    Bent("sparse constants") { $0.graph.sparseInitializer = [Data([0])] },
    Bent("quantization") { $0.graph.quantizationAnnotation = [Data([0])] },
  ]

  private static let extents: [(String, [Int64])] = [
    ("a negative extent", [-1, 3, 4]), ("the least extent", [.min, 3, 4]),
    ("a huge extent", [1 << 60, 1, 1]),
    ("extents that overflow", [1 << 32, 1 << 32, 1]), ("extents around to 12", [1 << 62, 4, 12]),
    ("extents beside a zero that overflow", [0, 1 << 40, 1 << 40]), ("more elements than data", [2, 3, 4]),
    ("fewer elements than data", [1, 3, 3]), ("no extents", []), ("a zero", [0, 3, 4]),
    ("a thousand axes", Array(repeating: 1, count: 1000)),
  ]

  private static let elementTypes: [Int32] = [0, 8, 14, 15, 23, -1, .max, .min]

  private static let tensors: [Bent] =
    extents.map { name, extents in Bent("tensor, \(name)") { $0.graph.initializer[0].dims = extents } }
    + elementTypes.map { type in Bent("tensor, type \(type)") { $0.graph.initializer[0].dataType = type } }
    + [
      Bent("tensor, data outside") { $0.graph.initializer[0].dataLocation = 1 },
      Bent("tensor, a location") { $0.graph.initializer[0].dataLocation = -7 },
      Bent("tensor, a path outside") {
        var path = WireStringPair()
        (path.key, path.value) = ("location", "../../../../etc/passwd")
        $0.graph.initializer[0].externalData = [(try? path.serializedData()) ?? Data([0])]
      },
      Bent("tensor, data in two forms") { $0.graph.initializer[0].floatData = [1] },
      Bent("tensor, data of another form") {
        $0.graph.initializer[0].rawData = Data()
        $0.graph.initializer[0].int64Data = Array(repeating: 1, count: 12)
      },
      Bent("tensor, a segment") { $0.graph.initializer[0].segment = Data([0]) },
      Bent("tensor, strings") { $0.graph.initializer[0].stringData = [Data([0])] },
      Bent("tensor, no name") { $0.graph.initializer[0].name = "" },
      Bent("tensor, half an element") { $0.graph.initializer[0].rawData = Data(count: 47) },
    ]

  private static let hiddenSizes: [Int64] = [-1, 0, 2, 4, 1 << 31, 1 << 60, .max, .min]
  private static let axes: [Int64] = [-5, 4, .max, .min]

  private static let nodes: [Bent] =
    hiddenSizes.map { size in
      Bent("node, hidden size \(size)") { $0.graph.node[0].attribute = [WireAttribute("hidden_size", size)] }
    }
    + axes.map { place in Bent("node, axis \(place)") { $0.graph.initializer[3] = axis("axis", place) } }
    + [
      Bent("node, no size") {
        $0.graph.node[0].attribute = [WireAttribute("layout", 0)]
        $0.graph.initializer[1].dims = [1, 9]
      },
      Bent("node, an attribute twice") { $0.graph.node[0].attribute.append(WireAttribute("hidden_size", 3)) },
      Bent("node, an attribute that nobody knows") {
        $0.graph.node[0].attribute.append(WireAttribute("speed", 3))
      },
      Bent("node, an attribute of another type") { $0.graph.node[0].attribute[0].type = 1 },
      Bent("node, an attribute of no type") { $0.graph.node[0].attribute[0].type = 77 },
      Bent("node, an attribute of a function") { $0.graph.node[0].attribute[0].refAttrName = "x" },
      Bent("node, many outputs") { $0.graph.node[0].output = ["h", "a", "b", "c", "d"] },
      Bent("node, no outputs") { $0.graph.node[2].output = [] },
      Bent("node, no inputs") { $0.graph.node[0].input = [] },
      Bent("node, a layout") { $0.graph.node[0].attribute.append(WireAttribute("layout", 7)) },
      Bent("node, a direction") {
        var direction = WireAttribute()
        (direction.name, direction.type, direction.s) = ("direction", 3, Data([0xFF, 0xFE]))
        $0.graph.node[0].attribute.append(direction)
      },
      Bent("node, device configurations") { $0.graph.node[0].deviceConfigurations = [Data([0])] },
      Bent("node, shapes that do not meet") { $0.graph.node[2].input = ["V", "V"] },
    ]

  /// A few nodes that would make values without bound, when the graph is read or when it runs.
  private static let demands: [Bent] = [
    Bent("demand, a fill") {
      $0.graph.node[0] = WireNode("ConstantOfShape", ["big"], ["h"])
      $0.graph.initializer.append(list("big", [1 << 20, 1 << 20]))
    },
    Bent("demand, a fill of less than none") {
      $0.graph.node[0] = WireNode("ConstantOfShape", ["big"], ["h"])
      $0.graph.initializer.append(list("big", [-1, .min]))
    },
    Bent("demand, doubling") { double(&$0, from: "x") },
    Bent("demand, doubling of a constant") { double(&$0, from: "W") },
    Bent("demand, outer sums") {
      // Each sum meets its own transpose: extents multiply.
      $0.graph.initializer.append(list("wide", [1, -1]))
      $0.graph.initializer.append(list("high", [-1, 1]))
      $0.graph.node = []
      var name = "x"
      for index in 0..<8 {
        $0.graph.node += [
          WireNode("Reshape", [name, "wide"], ["w\(index)"]),
          WireNode("Reshape", [name, "high"], ["t\(index)"]),
          WireNode("Add", ["w\(index)", "t\(index)"], ["o\(index)"]),
        ]
        name = "o\(index)"
      }
      $0.graph.node.append(WireNode("Identity", [name], ["y"]))
    },
    Bent("demand, an expansion") {
      $0.graph.initializer.append(list("shape", [1 << 16, 1 << 16, 1 << 16]))
      $0.graph.node = [WireNode("Expand", ["x", "shape"], ["y"])]
    },
    Bent("demand, a range") {
      $0.graph.initializer += [scalar("from", 0), scalar("to", .max), scalar("by", 1)]
      $0.graph.node = [WireNode("Range", ["from", "to", "by"], ["y"])]
    },
    Bent("demand, scans in scans") {
      var graph = $0.graph
      for _ in 0..<12 {
        var body = WireAttribute()
        (body.name, body.type, body.g) = ("body", 5, graph)
        graph.node[0] = WireNode("Scan", ["x"], ["h"], [body, WireAttribute("num_scan_inputs", 1)])
      }
      $0.graph = graph
    },
    Bent("demand, a scan of no inputs") {
      var body = WireAttribute()
      (body.name, body.type, body.g) = ("body", 5, $0.graph)
      $0.graph.node[0] = WireNode("Scan", ["x"], ["h"], [body, WireAttribute("num_scan_inputs", .max)])
    },
    Bent("demand, a reshape that overflows") {
      $0.graph.initializer.append(list("shape", [.max, .max]))
      $0.graph.node[1] = WireNode("Reshape", ["h", "shape"], ["s"])
    },
    Bent("demand, a slice from nowhere") {
      $0.graph.initializer += [list("from", [.min]), list("to", [.max]), list("axes", [9])]
      $0.graph.node[1] = WireNode("Slice", ["h", "from", "to", "axes"], ["s"])
    },
    Bent("demand, a slice of no steps") {
      $0.graph.initializer += [list("from", [0]), list("to", [.max]), list("axes", [0]), list("steps", [0])]
      $0.graph.node[1] = WireNode("Slice", ["h", "from", "to", "axes", "steps"], ["s"])
    },
    Bent("demand, a place behind the end") {
      $0.graph.initializer.append(list("where", [.max]))
      $0.graph.node[1] = WireNode("Gather", ["h", "where"], ["s"])
    },
    Bent("demand, an order of axes") {
      var order = WireAttribute()
      (order.name, order.type, order.ints) = ("perm", 7, [0, 0, 1 << 40, -1])
      $0.graph.node[1] = WireNode("Transpose", ["h"], ["s"], [order])
    },
    Bent("demand, parts of less than none") {
      $0.graph.initializer.append(list("parts", [-3, 6]))
      $0.graph.node[1] = WireNode("Split", ["h", "parts"], ["s", "rest"])
    },
    Bent("demand, lengths of more than there is") {
      var lengths = list("lengths", [99, -1, 3])
      (lengths.dataType, lengths.rawData) = (6, Data([99, 0, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0]))
      $0.graph.initializer.append(lengths)
      $0.graph.node[0].input += ["", "lengths"]
    },
  ]

  private static func double(_ model: inout WireModel, from start: String) {
    model.graph.node = []
    var name = start
    for index in 0..<48 {
      model.graph.node.append(WireNode("Concat", [name, name], ["d\(index)"], [WireAttribute("axis", 0)]))
      name = "d\(index)"
    }
    model.graph.node.append(WireNode("Identity", [name], ["y"]))
  }

  // MARK: much of it

  private static func makeLarge(in folder: Folder) throws {
    func graph(_ one: [UInt8], _ count: Int, _ name: String) throws {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count * one.count)
      for _ in 0..<count { bytes += one }
      try folder.write(field(7, bytes), name)
    }
    try graph(field(1, []), 4_000_000, "millions of nodes")
    try graph(field(5, []), 4_000_000, "millions of tensors")
    try graph(field(11, []), 4_000_000, "millions of inputs")
    try graph(
      field(1, Array(repeating: [0x0A, 0x00], count: 500_000).flatMap { $0 }), 4, "millions of strings")
    try graph(
      field(1, Array(repeating: field(5, [0x40, 1]), count: 500_000).flatMap { $0 }), 4,
      "millions of attributes")
    try graph(field(5, field(7, [UInt8](repeating: 1, count: 1 << 20))), 12, "millions of numbers")
    try graph(field(5, field(1, [UInt8](repeating: 1, count: 1 << 20))), 12, "millions of extents")
    try graph(field(5, [0x10, 3] + field(9, [UInt8](repeating: 1, count: 1 << 22))), 4, "narrow numbers")
    try folder.write(
      try bytes {
        $0.graph.docString = String(repeating: "d", count: 40 << 20)
        $0.functions = [Data()]
      }, "40 MiB of words")
    try folder.write(
      try bytes { $0.graph.initializer[0].rawData = Data(count: 40 << 20) }, "40 MiB for 48 bytes")
  }

  // MARK: parts

  private static func list(_ name: String, _ values: [Int64]) -> WireTensor {
    var tensor = WireTensor()
    (tensor.name, tensor.dims, tensor.dataType) = (name, [Int64(values.count)], 7)
    tensor.int64Data = values
    return tensor
  }

  private static func axis(_ name: String, _ value: Int64) -> WireTensor { list(name, [value]) }

  private static func scalar(_ name: String, _ value: Int64) -> WireTensor {
    var tensor = list(name, [value])
    tensor.dims = []
    return tensor
  }
}
