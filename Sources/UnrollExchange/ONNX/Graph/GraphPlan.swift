import UnrollCore

/// The nodes of a graph in the order they run, with a slot for each value.
struct GraphPlan: Sendable {
  struct Step: Sendable {
    let place: NodePlace
    /// The slots of the inputs, `nil` where one is left out; those of values captured by a graph within come last.
    let inputs: [Int?]
    let outputs: [Int?]
    let operation: Operation
    /// Whether it may run before the graph does, when all it reads is known.
    let isFoldable: Bool
    /// The slots that nothing asks for after this step.
    var released: [Int] = []
  }

  let file: String
  var slots = 0
  /// The values known before a run, by slot.
  var constants: [Int: ONNXTensor] = [:]
  var inputs: [Int] = []
  var outputs: [Int] = []
  var steps: [Step] = []

  /// Runs the graph.
  ///
  /// - Parameter values: those of the inputs; ones captured from the graph around come last.
  func run(
    _ values: [ONNXTensor], limits: RunLimits = RunLimits()
  ) throws(ExchangeError) -> [ONNXTensor] {
    var memory: [ONNXTensor?] = Array(repeating: nil, count: slots)
    var limits = limits
    for (slot, value) in constants { memory[slot] = value }
    for (slot, value) in zip(inputs, values) { memory[slot] = value }
    // Values handed in are the caller's, and are not counted.
    var isMade = Array(repeating: true, count: slots)
    for slot in inputs { isMade[slot] = false }
    for step in steps {
      try Self.run(step, &memory, &limits)
      for slot in step.released {
        if isMade[slot] { limits.release(memory[slot]?.byteCount ?? 0) }
        memory[slot] = nil
      }
    }
    var results: [ONNXTensor] = []
    for slot in outputs {
      guard let value = memory[slot] else {
        throw ExchangeError(
          .damaged, file: file, place: "outputs", expected: "a value for each", found: "one without")
      }
      results.append(value)
    }
    return results
  }

  private static func run(
    _ step: Step, _ memory: inout [ONNXTensor?], _ limits: inout RunLimits
  ) throws(ExchangeError) {
    var place = step.place
    place.limits = limits
    let results = try step.operation(step.inputs.map { $0.flatMap { memory[$0] } }, place)
    let made = results.prefix(step.outputs.count).reduce(0) { $0 + $1.byteCount }
    guard limits.take(made) else { throw place.refused("a graph that ends within bounds", "a longer one") }
    for (index, slot) in step.outputs.enumerated() {
      guard let slot else { continue }
      guard index < results.count else {
        throw step.place.refused("\(index + 1) outputs", "\(results.count)", .unsupported)
      }
      // Numbers of 16 bits keep no more than those can tell.
      memory[slot] = results[index].type.isHalf ? Operators.narrowed(results[index]) : results[index]
    }
  }

  /// The bytes that the steps of a node may make that is run beforehand.
  private static let foldingWork = 1 << 28

  /// Runs, once and for all, the steps whose inputs are all known, as far as their results fit a budget of bytes.
  /// One that fails is left to fail when the graph runs.
  mutating func foldConstants(budget: Int) {
    var left = budget
    var rest: [Step] = []
    for step in steps {
      var place = step.place
      place.limits = RunLimits(bytes: left, work: Self.foldingWork)
      let unpacked = step.inputs.reduce(0) { $0 + ($1.flatMap { constants[$0] }?.unpackedByteCount ?? 0) }
      guard step.isFoldable, unpacked <= left,
        step.inputs.allSatisfy({ $0 == nil || constants[$0!] != nil }),
        let results = try? step.operation(step.inputs.map { $0.flatMap { constants[$0] } }, place),
        step.outputs.count <= results.count
      else {
        rest.append(step)
        continue
      }
      left = max(0, left - results.reduce(0) { $0 + $1.byteCount })
      for (slot, result) in zip(step.outputs, results) {
        if let slot { constants[slot] = result.type.isHalf ? Operators.narrowed(result) : result }
      }
    }
    steps = rest
    releaseEarly()
  }

  /// Finds out after which step each value is done with.
  mutating func releaseEarly() {
    var last: [Int: Int] = [:]
    for (index, step) in steps.enumerated() {
      for slot in step.outputs { if let slot { last[slot] = index } }
      for slot in step.inputs { if let slot { last[slot] = index } }
    }
    for slot in outputs { last[slot] = nil }
    for slot in constants.keys { last[slot] = nil }
    var released: [[Int]] = Array(repeating: [], count: steps.count)
    for (slot, index) in last { released[index].append(slot) }
    for index in steps.indices { steps[index].released = released[index] }
  }
}

/// A graph within a node: its plan takes the node's own inputs first, then the captured values.
struct SubgraphPlan: Sendable {
  var plan: GraphPlan
  /// The number of inputs without the captured ones.
  let ownInputs: Int
  /// The number of values captured from the graph around.
  let captured: Int
  /// The element types and shapes that the graph says its outputs have; extents that it leaves open are 0.
  let outputs: [(type: ONNXTensor.ElementType, extents: [Int])?]

  init(_ plan: GraphPlan, captured: Int, _ graph: WireGraph) {
    self.plan = plan
    self.captured = captured
    ownInputs = plan.inputs.count - captured
    outputs = graph.output.map { output in
      let type = output.type.tensorType
      guard output.type.hasTensorType, let element = ONNXTensor.ElementType(rawValue: Int(type.elemType))
      else {
        return nil
      }
      return (element, type.shape.dim.map { $0.dimValue < 0 ? 0 : Int(clamping: $0.dimValue) })
    }
  }
}

/// Makes the plan of a graph, and of the graphs within it.
struct GraphPlanner {
  /// How deep graphs may stand in each other.
  static let maximumDepth = 8

  let file: String
  let version: Int
  private let depth: Int
  /// Whether recurrent nodes must run step by step although a faster form exists.
  private let definition: Bool
  /// What initializers are, by name, where their data do not stand in the messages.
  private let known: [String: ONNXTensor]
  private var plan: GraphPlan
  private var slots: [String: Int] = [:]
  /// The names of the values around this graph.
  private let outer: Set<String>
  /// The values of the graph around that were asked for, in order.
  private(set) var captured: [String] = []

  init(
    file: String, version: Int, definition: Bool, depth: Int = 0, outer: Set<String> = [],
    constants: [String: ONNXTensor] = [:]
  ) {
    self.file = file
    self.version = version
    self.definition = definition
    self.depth = depth
    self.outer = outer
    known = constants
    plan = GraphPlan(file: file)
  }

  mutating func make(_ graph: WireGraph) throws(ExchangeError) -> GraphPlan {
    for tensor in graph.initializer {
      let place = "initializer \"\(tensor.name)\""
      let slot = try define(tensor.name, place)
      if let value = known[tensor.name] {
        guard value.shape.extents.map({ Int64($0) }) == tensor.dims,
          value.type.rawValue == Int(tensor.dataType)
        else {
          throw damaged(place, "a weight of shape \(tensor.dims)", "\(value.type) of shape \(value.shape)")
        }
        plan.constants[slot] = value
        continue
      }
      plan.constants[slot] = try ONNXTensor(tensor, file: file, place: place)
    }
    for input in graph.input {
      // Older files list their constants among the inputs as well: values that may be replaced.
      if let slot = slots[input.name], plan.constants[slot] != nil { continue }
      plan.inputs.append(try define(input.name, "input \"\(input.name)\""))
    }
    for (index, node) in graph.node.enumerated() { try add(node, index) }
    for output in graph.output {
      guard let slot = find(output.name) else {
        throw damaged("output \"\(output.name)\"", "a value of this name", "none")
      }
      plan.outputs.append(slot)
    }
    plan.releaseEarly()
    return plan
  }

  private mutating func define(_ name: String, _ place: String) throws(ExchangeError) -> Int {
    guard !name.isEmpty, slots[name] == nil else {
      throw damaged(place, "a name of its own", name.isEmpty ? "none" : "\"\(name)\" again")
    }
    slots[name] = plan.slots
    plan.slots += 1
    return plan.slots - 1
  }

  /// The slot of a value of this graph, or of the one around it.
  private mutating func find(_ name: String) -> Int? {
    if let slot = slots[name] { return slot }
    guard outer.contains(name) else { return nil }
    let slot = plan.slots
    plan.slots += 1
    slots[name] = slot
    captured.append(name)
    plan.inputs.append(slot)
    return slot
  }

  private mutating func add(_ node: WireNode, _ index: Int) throws(ExchangeError) {
    let title = "node \(node.name.isEmpty ? "\(index)" : "\"\(node.name)\"") (\(node.opType))"
    let place = NodePlace(file: file, name: title)
    guard let make = Operators.maker(of: node) else {
      throw place.refused("an operator that is known", "\"\(node.opType)\"", .unsupported)
    }
    var inputs: [Int?] = []
    for name in node.input {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let slot = find(name) else {
        throw place.refused("a value \"\(name)\" that was made before", "none", .damaged)
      }
      inputs.append(slot)
    }
    var names: [String] = []
    let known = node.attribute.contains { $0.hasG } ? outer.union(slots.keys) : []
    let (file, version, depth, definition) = (file, version, depth, definition)
    var reader = try NodeReader(node, version: version, place: place) {
      (graph: WireGraph) throws(ExchangeError) in
      guard depth + 1 < Self.maximumDepth else {
        throw place.refused("graphs at most \(Self.maximumDepth) deep", "deeper ones", .unsupported)
      }
      var planner = GraphPlanner(
        file: file, version: version, definition: definition, depth: depth + 1, outer: known)
      let plan = try planner.make(graph)
      names += planner.captured
      return SubgraphPlan(plan, captured: planner.captured.count, graph)
    }
    let operation = try make(&reader, definition)
    try reader.finish()
    for name in names { inputs.append(find(name)) }
    var outputs: [Int?] = []
    for name in node.output { outputs.append(name.isEmpty ? nil : try define(name, place.name)) }
    plan.steps.append(
      GraphPlan.Step(
        place: place, inputs: inputs, outputs: outputs, operation: operation,
        isFoldable: Operators.recurrent[node.opType] == nil))
  }

  private func damaged(_ place: String, _ expected: String, _ found: String) -> ExchangeError {
    ExchangeError(.damaged, file: file, place: place, expected: expected, found: found)
  }
}
