import UnrollCore

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// What runs a node: its inputs, `nil` where one is left out, become its outputs.
typealias Operation =
  @Sendable (_ inputs: [ONNXTensor?], _ place: NodePlace) throws(ExchangeError) -> [ONNXTensor]

/// Where a node stands, for errors.
struct NodePlace: Sendable {
  let file: String
  let name: String
  var limits = RunLimits()

  /// The most elements of a result. Whole numbers take the most, 8 bytes.
  var maximumElements: Int { min(CheckedShape.maximumElements, limits.bytes / 8) }

  func refused(
    _ expected: String, _ found: String, _ reason: ExchangeError.Reason = .input
  ) -> ExchangeError {
    ExchangeError(reason, file: file, place: name, expected: expected, found: found)
  }

  /// A shape that was computed, if memory may be made for it.
  func shape(_ extents: [Int]) throws(ExchangeError) -> Shape {
    guard let shape = CheckedShape.make(extents, maximumElements: maximumElements) else {
      throw refused(
        "a result of at most \(maximumElements) elements and no negative extent", "\(extents.prefix(9))")
    }
    return shape
  }

  /// An axis, counted from the front.
  func axis(_ axis: Int, rank: Int) throws(ExchangeError) -> Int {
    guard axis >= -rank, axis < rank else { throw refused("an axis of \(rank) axes", "axis \(axis)") }
    return axis < 0 ? axis + rank : axis
  }

  /// Counts work that is more than what it makes.
  func spend(_ work: Int...) throws(ExchangeError) {
    var product = 1
    for factor in work {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, factor))
      product = overflow ? .max : next
    }
    guard limits.spend(product) else { throw refused("a graph that ends within bounds", "a longer one") }
  }

  /// Calls what may refuse a shape.
  func fitting<Result>(_ body: () throws(ShapeError) -> Result) throws(ExchangeError) -> Result {
    do throws(ShapeError) {
      return try body()
    } catch {
      throw refused("\(error.place) of shape \(error.expected)", "shape \(error.found)")
    }
  }
}

/// The attributes of a node, each asked for by name and type; those that nobody asked for are refused.
struct NodeReader {
  let place: NodePlace
  let version: Int
  let operatorName: String
  /// Which inputs are there.
  let inputs: [Bool]
  /// Which outputs are asked for.
  let outputs: [Bool]
  /// Makes a plan of a graph within the node, and tells which values of the graph around it are used.
  let makePlan: (WireGraph) throws(ExchangeError) -> SubgraphPlan
  private var attributes: [String: WireAttribute] = [:]

  init(
    _ node: WireNode, version: Int, place: NodePlace,
    makePlan: @escaping (WireGraph) throws(ExchangeError) -> SubgraphPlan
  ) throws(ExchangeError) {
    self.place = place
    self.version = version
    self.makePlan = makePlan
    operatorName = node.opType
    inputs = node.input.map { !$0.isEmpty }
    outputs = node.output.map { !$0.isEmpty }
    for attribute in node.attribute {
      guard attributes.updateValue(attribute, forKey: attribute.name) == nil else {
        throw refused("each attribute once", "\"\(attribute.name)\" twice", .damaged)
      }
      guard attribute.refAttrName.isEmpty else {
        throw refused("attributes with values", "\"\(attribute.name)\" that stands for another")
      }
    }
  }

  func refused(
    _ expected: String, _ found: String, _ reason: ExchangeError.Reason = .unsupported
  ) -> ExchangeError { place.refused(expected, found, reason) }

  /// The numbers of inputs and outputs that the operator takes.
  func takes(
    inputs wanted: ClosedRange<Int>, outputs given: ClosedRange<Int> = 1...1
  ) throws(ExchangeError) {
    guard wanted.contains(inputs.count) else {
      throw refused("\(text(wanted)) inputs", "\(inputs.count)", .damaged)
    }
    guard given.contains(outputs.count) else {
      throw refused("\(text(given)) outputs", "\(outputs.count)", .damaged)
    }
    for index in 0..<wanted.lowerBound where !inputs[index] {
      throw refused("input \(index)", "none", .damaged)
    }
  }

  private func text(_ range: ClosedRange<Int>) -> String {
    range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }

  func hasInput(_ index: Int) -> Bool { index < inputs.count && inputs[index] }
  func hasOutput(_ index: Int) -> Bool { index < outputs.count && outputs[index] }
  func has(_ name: String) -> Bool { attributes[name] != nil }

  private mutating func take(_ name: String, type: Int32) throws(ExchangeError) -> WireAttribute? {
    guard let attribute = attributes.removeValue(forKey: name) else { return nil }
    guard attribute.type == type else {
      throw refused("attribute \"\(name)\" of type \(type)", "type \(attribute.type)", .damaged)
    }
    return attribute
  }

  mutating func float(_ name: String) throws(ExchangeError) -> Float? { try take(name, type: 1)?.f }
  mutating func integer(_ name: String) throws(ExchangeError) -> Int? {
    try take(name, type: 2).map { Int(clamping: $0.i) }
  }
  mutating func flag(_ name: String) throws(ExchangeError) -> Bool { try integer(name) ?? 0 != 0 }
  mutating func floats(_ name: String) throws(ExchangeError) -> [Float]? { try take(name, type: 6)?.floats }
  mutating func integers(_ name: String) throws(ExchangeError) -> [Int]? {
    try take(name, type: 7)?.ints.map { Int(clamping: $0) }
  }

  mutating func string(_ name: String) throws(ExchangeError) -> String? {
    guard let attribute = try take(name, type: 3) else { return nil }
    return try text(attribute.s, name)
  }

  mutating func strings(_ name: String) throws(ExchangeError) -> [String]? {
    guard let attribute = try take(name, type: 8) else { return nil }
    var result: [String] = []
    for bytes in attribute.strings { result.append(try text(bytes, name)) }
    return result
  }

  mutating func tensor(_ name: String) throws(ExchangeError) -> ONNXTensor? {
    guard let attribute = try take(name, type: 4) else { return nil }
    return try ONNXTensor(attribute.t, file: place.file, place: "\(place.name), \(name)")
  }

  mutating func graph(_ name: String) throws(ExchangeError) -> SubgraphPlan? {
    guard let attribute = try take(name, type: 5) else { return nil }
    return try makePlan(attribute.g)
  }

  private func text(_ bytes: Data, _ name: String) throws(ExchangeError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw refused("attribute \"\(name)\" in UTF-8", "other bytes", .damaged)
    }
    return text
  }

  /// - Throws: when an attribute is left that no one asked for.
  func finish() throws(ExchangeError) {
    if let name = attributes.keys.sorted().first {
      throw refused("the attributes of \(operatorName) that are known", "\"\(name)\"")
    }
  }
}
