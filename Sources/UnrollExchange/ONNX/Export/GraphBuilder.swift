internal import SwiftProtobuf
import UnrollCore

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Writes a graph node by node. Values go by their names.
struct GraphBuilder {
  /// The versions of the operators and of the format that are written.
  static let operators: Int64 = 18
  static let format: Int64 = 8

  private var graph = WireGraph()
  private var taken: Set<String> = []
  /// Constants and tensors of the network, by what they hold or are called, so that each is written once.
  private var written: [String: String] = [:]

  /// - Parameter ports: the names of inputs and outputs, which are theirs alone.
  init(name: String, ports: [String] = []) {
    graph.name = name
    taken = Set(ports)
  }

  /// A name that no value has.
  private mutating func name(_ wanted: String) -> String {
    var name = wanted
    var count = 1
    while !taken.insert(name).inserted {
      count += 1
      name = "\(wanted)_\(count)"
    }
    return name
  }

  /// - Parameter isNamed: whether this is a port of the whole graph, and free axes have their names; within a graph that
  ///   is run for each step, values of one name may differ in extent.
  private static func port(
    _ name: String, _ type: ONNXTensor.ElementType, _ extents: [TracedAxis], isNamed: Bool
  ) -> WireValueInfo {
    var info = WireValueInfo()
    info.name = name
    info.type.tensorType.elemType = Int32(type.rawValue)
    info.type.tensorType.shape.dim = extents.map { extent in
      var dimension = WireDimension()
      switch extent {
      case .fixed(let size): dimension.dimValue = Int64(size)
      case .free(let name, _) where isNamed: dimension.dimParam = name
      default: break
      }
      return dimension
    }
    return info
  }

  mutating func input(
    _ name: String, _ extents: [TracedAxis], _ type: ONNXTensor.ElementType = .float, isNamed: Bool = true
  ) -> String {
    let name = isNamed ? name : self.name(name)
    graph.input.append(Self.port(name, type, extents, isNamed: isNamed))
    return name
  }

  /// Makes a value an output under a name of its own.
  mutating func output(
    _ value: String, as name: String, _ extents: [TracedAxis], _ type: ONNXTensor.ElementType = .float,
    isNamed: Bool = true
  ) {
    let name = isNamed ? name : self.name(name)
    add("Identity", [value], [name])
    graph.output.append(Self.port(name, type, extents, isNamed: isNamed))
  }

  /// Whether a tensor of this name was written.
  func hasTensor(_ name: String) -> Bool { written[name] != nil }

  /// A tensor of the network. One of a name that was given before is the same tensor, and is not written again.
  mutating func tensor(_ name: String, _ make: () -> Tensor) -> String {
    if let written = written[name] { return written }
    let tensor = make()
    var wire = WireTensor()
    wire.name = self.name(name)
    wire.dims = tensor.shape.extents.map { Int64($0) }
    wire.dataType = Int32(ONNXTensor.ElementType.float.rawValue)
    wire.rawData = Data(tensor.littleEndianBytes)
    graph.initializer.append(wire)
    written[name] = wire.name
    return wire.name
  }

  /// A number without axes.
  mutating func number(_ value: Double) -> String { tensor("number \(value)") { Tensor(Float(value)) } }

  /// A list of whole numbers, such as axes.
  mutating func list(_ values: [Int]) -> String { integers(values, dims: [Int64(values.count)]) }
  /// A whole number without axes.
  mutating func whole(_ value: Int) -> String { integers([value], dims: []) }

  private mutating func integers(_ values: [Int], dims: [Int64]) -> String {
    let key = "integers \(values) \(dims)"
    if let name = written[key] { return name }
    var wire = WireTensor()
    wire.name = name("constant")
    wire.dims = dims
    wire.dataType = Int32(ONNXTensor.ElementType.int64.rawValue)
    wire.int64Data = values.map { Int64($0) }
    graph.initializer.append(wire)
    written[key] = wire.name
    return wire.name
  }

  private mutating func add(
    _ type: String, _ inputs: [String?], _ outputs: [String], _ attributes: [WireAttribute] = []
  ) {
    var node = WireNode()
    node.opType = type
    node.name = "\(type.lowercased())_\(graph.node.count)"
    node.input = inputs.map { $0 ?? "" }
    while node.input.last == "" { node.input.removeLast() }
    node.output = outputs
    node.attribute = attributes
    graph.node.append(node)
  }

  /// A node of one output.
  mutating func apply(_ type: String, _ inputs: String?..., attributes: [WireAttribute] = []) -> String {
    apply(type, inputs: inputs, outputs: 1, attributes: attributes)[0]
  }

  /// A node of several outputs.
  mutating func apply(
    _ type: String, inputs: [String?], outputs: Int, attributes: [WireAttribute] = []
  ) -> [String] {
    let results = (0..<outputs).map { _ in name(type.lowercased()) }
    add(type, inputs, results, attributes)
    return results
  }

  /// A graph to stand within a node of this one, whose values it may use.
  func beginBody() -> GraphBuilder {
    var inner = GraphBuilder(name: "body")
    (inner.taken, inner.written) = (taken, written)
    return inner
  }

  /// Takes what a body made: its nodes as an attribute, and its constants to where all graphs see them.
  mutating func endBody(_ inner: GraphBuilder) -> WireAttribute {
    (taken, written) = (inner.taken, inner.written)
    graph.initializer += inner.graph.initializer
    var attribute = WireAttribute()
    attribute.name = "body"
    attribute.type = 5
    attribute.g = inner.graph
    attribute.g.initializer = []
    return attribute
  }

  /// The bytes of a file.
  ///
  /// - Throws: `ExchangeError` when the file would be larger than the format's bound of 2 GiB.
  func bytes(description: String, file: String) throws(ExchangeError) -> [UInt8] {
    var model = WireModel()
    model.irVersion = Self.format
    model.producerName = "unroll"
    model.docString = description
    var version = WireOperatorSet()
    version.version = Self.operators
    model.opsetImport = [version]
    model.graph = graph
    do {
      return try model.serializedBytes()
    } catch {
      throw ExchangeError(
        .unsupported, file: file, expected: "a network of less than 2 GiB", found: "\(error)")
    }
  }
}

extension WireAttribute {
  private init(_ name: String, type: Int32) {
    self.init()
    self.name = name
    self.type = type
  }

  static func integer(_ name: String, _ value: Int) -> WireAttribute {
    var attribute = WireAttribute(name, type: 2)
    attribute.i = Int64(value)
    return attribute
  }

  static func string(_ name: String, _ value: String) -> WireAttribute {
    var attribute = WireAttribute(name, type: 3)
    attribute.s = Data(value.utf8)
    return attribute
  }

  static func strings(_ name: String, _ values: [String]) -> WireAttribute {
    var attribute = WireAttribute(name, type: 8)
    attribute.strings = values.map { Data($0.utf8) }
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> WireAttribute {
    var attribute = WireAttribute(name, type: 7)
    attribute.ints = values.map { Int64($0) }
    return attribute
  }
}

/// What is written often.
extension GraphBuilder {
  mutating func transposed(_ x: String, _ order: [Int]) -> String {
    order == Array(order.indices) ? x : apply("Transpose", x, attributes: [.integers("perm", order)])
  }

  mutating func concatenated(_ parts: [String], axis: Int) -> String {
    parts.count == 1
      ? parts[0] : apply("Concat", inputs: parts, outputs: 1, attributes: [.integer("axis", axis)])[0]
  }

  mutating func unsqueezed(_ x: String, _ axes: [Int]) -> String {
    axes.isEmpty ? x : apply("Unsqueeze", x, list(axes))
  }
  mutating func squeezed(_ x: String, _ axes: [Int]) -> String { apply("Squeeze", x, list(axes)) }

  /// A stretch of an axis.
  mutating func part(_ x: String, axis: Int, _ range: Range<Int>) -> String {
    apply("Slice", x, list([range.lowerBound]), list([range.upperBound]), list([axis]))
  }

  mutating func reduced(_ type: String, _ x: String, axis: Int, keeps: Bool = false) -> String {
    apply(type, x, list([axis]), attributes: [.integer("keepdims", keeps ? 1 : 0)])
  }

  mutating func cast(_ x: String, _ type: ONNXTensor.ElementType) -> String {
    apply("Cast", x, attributes: [.integer("to", type.rawValue)])
  }

  mutating func softmax(_ x: String, logarithm: Bool = false) -> String {
    apply(logarithm ? "LogSoftmax" : "Softmax", x, attributes: [.integer("axis", -1)])
  }

  /// The index of the largest along an axis, which goes.
  mutating func largest(_ x: String, axis: Int) -> String {
    apply("ArgMax", x, attributes: [.integer("axis", axis), .integer("keepdims", 0)])
  }

  /// The extent of an axis, as a list of one number.
  mutating func extent(_ x: String, axis: Int) -> String {
    apply("Shape", x, attributes: [.integer("start", axis), .integer("end", axis + 1)])
  }
}
