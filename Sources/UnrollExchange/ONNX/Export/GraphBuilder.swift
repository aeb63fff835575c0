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

  /// An extent of an input or output: a name is free.
  enum Extent {
    case named(String)
    case fixed(Int)
  }

  private var graph = WireGraph()
  private var taken: Set<String> = []
  /// Small constants by what they hold, so that each is written once.
  private var constants: [String: String] = [:]
  /// The tensors of the network that are written, by the names they were given.
  private var weights: [String: String] = [:]

  init(name: String) { graph.name = name }

  /// A name that no value has.
  mutating func name(_ wanted: String) -> String {
    var name = wanted
    var count = 1
    while !taken.insert(name).inserted {
      count += 1
      name = "\(wanted)_\(count)"
    }
    return name
  }

  private static func port(
    _ name: String, _ type: ONNXTensor.ElementType, _ extents: [Extent]
  ) -> WireValueInfo {
    var info = WireValueInfo()
    info.name = name
    info.type.tensorType.elemType = Int32(type.rawValue)
    info.type.tensorType.shape.dim = extents.map { extent in
      var dimension = WireDimension()
      switch extent {
      case .named(let name): dimension.dimParam = name
      case .fixed(let size): dimension.dimValue = Int64(size)
      }
      return dimension
    }
    return info
  }

  mutating func input(
    _ name: String, _ extents: [Extent], _ type: ONNXTensor.ElementType = .float
  ) -> String {
    let name = self.name(name)
    graph.input.append(Self.port(name, type, extents))
    return name
  }

  /// Makes a value an output under a name of its own.
  mutating func output(
    _ value: String, as name: String, _ extents: [Extent], _ type: ONNXTensor.ElementType = .float
  ) {
    let name = self.name(name)
    add("Identity", [value], [name])
    graph.output.append(Self.port(name, type, extents))
  }

  /// A tensor of the network. One of a name that was given before is the same tensor, and is not written again.
  mutating func weight(_ name: String, _ tensor: @autoclosure () throws(ExchangeError) -> Tensor)
    throws(ExchangeError) -> String
  {
    if let written = weights[name] { return written }
    let written = initializer(name, try tensor())
    weights[name] = written
    return written
  }

  private mutating func initializer(_ name: String, _ tensor: Tensor) -> String {
    var wire = WireTensor()
    wire.name = self.name(name)
    wire.dims = tensor.shape.extents.map { Int64($0) }
    wire.dataType = Int32(ONNXTensor.ElementType.float.rawValue)
    var bytes = Data()
    bytes.reserveCapacity(4 * tensor.shape.count)
    tensor.withUnsafeElements { elements in
      #if _endian(little)
        bytes.append(contentsOf: UnsafeRawBufferPointer(elements))
      #else
        for element in elements {
          withUnsafeBytes(of: element.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
      #endif
    }
    wire.rawData = bytes
    graph.initializer.append(wire)
    return wire.name
  }

  /// A list of whole numbers, such as axes.
  mutating func list(_ values: [Int]) -> String { integers(values, dims: [Int64(values.count)]) }
  /// A whole number without axes.
  mutating func whole(_ value: Int) -> String { integers([value], dims: []) }

  private mutating func integers(_ values: [Int], dims: [Int64]) -> String {
    let key = "\(values) \(dims)"
    if let name = constants[key] { return name }
    var wire = WireTensor()
    wire.name = name("constant")
    wire.dims = dims
    wire.dataType = Int32(ONNXTensor.ElementType.int64.rawValue)
    wire.int64Data = values.map { Int64($0) }
    graph.initializer.append(wire)
    constants[key] = wire.name
    return wire.name
  }

  /// A number without axes.
  mutating func number(_ value: Float) -> String {
    let key = "number \(value.bitPattern)"
    if let name = constants[key] { return name }
    let name = initializer("constant", Tensor(value))
    constants[key] = name
    return name
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
    let result = name(type.lowercased())
    add(type, inputs, [result], attributes)
    return result
  }

  /// A node of several outputs.
  mutating func apply(
    _ type: String, inputs: [String?], outputs: Int, attributes: [WireAttribute] = []
  ) -> [String] {
    let results = (0..<outputs).map { _ in name(type.lowercased()) }
    add(type, inputs, results, attributes)
    return results
  }

  /// A graph that stands within a node of this one, and may use its values.
  mutating func body(
    _ name: String, _ build: (inout GraphBuilder) throws(ExchangeError) -> Void
  ) throws(ExchangeError) -> WireAttribute {
    var inner = GraphBuilder(name: name)
    inner.taken = taken
    try build(&inner)
    // No name of the body may come again in the graph around.
    taken = inner.taken
    var attribute = WireAttribute()
    attribute.name = name
    attribute.type = 5
    attribute.g = inner.graph
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
  static func integer(_ name: String, _ value: Int) -> WireAttribute {
    var attribute = WireAttribute()
    attribute.name = name
    attribute.type = 2
    attribute.i = Int64(value)
    return attribute
  }

  static func string(_ name: String, _ value: String) -> WireAttribute {
    var attribute = WireAttribute()
    attribute.name = name
    attribute.type = 3
    attribute.s = Data(value.utf8)
    return attribute
  }

  static func strings(_ name: String, _ values: [String]) -> WireAttribute {
    var attribute = WireAttribute()
    attribute.name = name
    attribute.type = 8
    attribute.strings = values.map { Data($0.utf8) }
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> WireAttribute {
    var attribute = WireAttribute()
    attribute.name = name
    attribute.type = 7
    attribute.ints = values.map { Int64($0) }
    return attribute
  }
}

/// What is written often.
extension GraphBuilder {
  mutating func plus(_ a: String, _ b: String) -> String { apply("Add", a, b) }
  mutating func minus(_ a: String, _ b: String) -> String { apply("Sub", a, b) }
  mutating func times(_ a: String, _ b: String) -> String { apply("Mul", a, b) }
  mutating func over(_ a: String, _ b: String) -> String { apply("Div", a, b) }

  mutating func transposed(_ x: String, _ order: [Int]) -> String {
    apply("Transpose", x, attributes: [.integers("perm", order)])
  }

  mutating func concatenated(_ parts: [String], axis: Int) -> String {
    parts.count == 1
      ? parts[0] : apply("Concat", inputs: parts, outputs: 1, attributes: [.integer("axis", axis)])[0]
  }

  mutating func unsqueezed(_ x: String, _ axes: [Int]) -> String { apply("Unsqueeze", x, list(axes)) }
  mutating func squeezed(_ x: String, _ axes: [Int]) -> String { apply("Squeeze", x, list(axes)) }

  /// 0 keeps an extent, −1 is whatever is left.
  mutating func reshaped(_ x: String, _ extents: [Int]) -> String { apply("Reshape", x, list(extents)) }

  /// A stretch of an axis.
  mutating func part(_ x: String, axis: Int, _ range: Range<Int>) -> String {
    apply("Slice", x, list([range.lowerBound]), list([range.upperBound]), list([axis]))
  }

  mutating func summed(_ x: String, axis: Int, keeps: Bool = false) -> String {
    apply("ReduceSum", x, list([axis]), attributes: [.integer("keepdims", keeps ? 1 : 0)])
  }

  mutating func cast(_ x: String, _ type: ONNXTensor.ElementType) -> String {
    apply("Cast", x, attributes: [.integer("to", type.rawValue)])
  }

  mutating func softmax(_ x: String, logarithm: Bool = false) -> String {
    apply(logarithm ? "LogSoftmax" : "Softmax", x, attributes: [.integer("axis", -1)])
  }

  /// A value repeated along axes of extent 1, up to the given extents; those of 1 keep the value's own.
  mutating func expanded(_ x: String, _ extents: [String]) -> String {
    apply("Expand", x, concatenated(extents, axis: 0))
  }

  /// The mean of values of one shape.
  mutating func average(_ values: [String]) -> String {
    let sum = values.dropFirst().reduce(values[0]) { plus($0, $1) }
    return values.count == 1 ? sum : times(sum, number(1 / Float(values.count)))
  }

  /// The extent of an axis, as a list of one number.
  mutating func extent(_ x: String, axis: Int) -> String {
    apply("Shape", x, attributes: [.integer("start", axis), .integer("end", axis + 1)])
  }

  /// y = x Wᵀ + b over the last axis.
  mutating func linear(
    _ x: String, _ name: String, weight: Tensor, bias: Tensor?
  ) throws(ExchangeError) -> String {
    let turned = try self.weight(name + ".weight", Operators.permuted(ONNXTensor(weight), [1, 0]).tensor)
    let product = apply("MatMul", x, turned)
    guard let bias else { return product }
    return plus(product, try self.weight(name + ".bias", bias))
  }
}
