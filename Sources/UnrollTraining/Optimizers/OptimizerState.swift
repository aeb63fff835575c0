import UnrollCore

/// What an optimizer remembers between steps: how often each parameter was moved, and the tensors kept for it.
public struct OptimizerState: Sendable, Equatable {
  /// The name of the rule, such as `adam`.
  public let rule: String
  /// How many updates each parameter has had, by its number.
  public var steps: [Int]
  /// The tensors by their names, such as `firstMoment`; `nil` for a parameter that was never moved.
  public var slots: [String: [Tensor?]]

  public init(rule: String, steps: [Int] = [], slots: [String: [Tensor?]] = [:]) {
    self.rule = rule
    self.steps = steps
    self.slots = slots
  }

  /// The state as a safetensors file: a tensor `firstMoment.3` for the first moment of parameter 3, and the
  /// rule and the steps in the metadata. `file` is what an error calls it.
  public func encoded(file: String) throws(ModelFileError) -> [UInt8] {
    var tensors: [Safetensors.NamedTensor] = []
    for (name, slot) in slots.sorted(by: { $0.key < $1.key }) {
      for (index, tensor) in slot.enumerated() {
        if let tensor { tensors.append(("\(name).\(index)", tensor)) }
      }
    }
    let metadata = [
      "rule": rule, "slots": slots.keys.sorted().joined(separator: ","),
      "steps": steps.map(String.init).joined(separator: ","),
    ]
    return try Safetensors.encode(tensors, metadata: metadata, file: file)
  }

  /// Reads what ``encoded(file:)`` wrote.
  public init(decoding bytes: [UInt8], file: String) throws(ModelFileError) {
    let (tensors, metadata) = try Safetensors.decode(bytes, file: file)
    func damaged(_ place: String?, _ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(.damaged, file: file, place: place, expected: expected, found: found)
    }
    func entry(_ key: String) throws(ModelFileError) -> String {
      guard let value = metadata[key] else {
        throw damaged("__metadata__", "the key \"\(key)\" of an optimizer's state", "none")
      }
      return value
    }
    rule = try entry("rule")
    steps = []
    for word in try entry("steps").split(separator: ",") {
      guard let count = Int(word), count >= 0 else {
        throw damaged("steps", "counts that are not negative", "\"\(word)\"")
      }
      steps.append(count)
    }
    slots = [:]
    for name in try entry("slots").split(separator: ",") {
      slots[String(name)] = Array(repeating: nil, count: steps.count)
    }
    for (name, tensor) in tensors {
      guard let dot = name.lastIndex(of: "."), let index = Int(name[name.index(after: dot)...]),
        steps.indices.contains(index), slots[String(name[..<dot])] != nil
      else {
        throw damaged(
          "tensor \"\(name)\"", "the name of a slot and of one of \(steps.count) parameters", "neither")
      }
      slots[String(name[..<dot])]?[index] = tensor
    }
  }
}

/// The tensors and counts of an optimizer, by the numbers of the parameters; made as the numbers come.
struct Memory: Sendable {
  let rule: String
  let names: [String]
  private(set) var steps: [Int] = []
  /// One array for each name.
  private var slots: [[Tensor?]]

  init(rule: String, names: [String]) {
    self.rule = rule
    self.names = names
    slots = Array(repeating: [], count: names.count)
  }

  /// Counts an update of a parameter and gives its number, 1 for the first.
  mutating func count(_ index: Int) -> Int {
    while steps.count <= index {
      steps.append(0)
      for slot in slots.indices { slots[slot].append(nil) }
    }
    steps[index] += 1
    return steps[index]
  }

  /// Lets `body` change a tensor kept for a parameter, zeros at first, in place.
  ///
  /// The parameter itself is not asked for: a second name for it would make its owner copy it before writing.
  mutating func update(
    _ slot: Int, at index: Int, _ form: TensorForm, _ body: (_ kept: inout Tensor) -> Void
  ) {
    var kept = take(slot, at: index, form)
    body(&kept)
    slots[slot][index] = kept
  }

  /// The same for two tensors.
  mutating func update(
    _ first: Int, _ second: Int, at index: Int, _ form: TensorForm,
    _ body: (_ first: inout Tensor, _ second: inout Tensor) -> Void
  ) {
    var one = take(first, at: index, form)
    var two = take(second, at: index, form)
    body(&one, &two)
    slots[first][index] = one
    slots[second][index] = two
  }

  private mutating func take(_ slot: Int, at index: Int, _ form: TensorForm) -> Tensor {
    // Its place is empty meanwhile, so that the tensor has one owner and no copy is made.
    guard let kept = slots[slot][index] else {
      return Tensor(repeating: 0, shape: form.shape, precision: form.precision)
    }
    slots[slot][index] = nil
    require(
      kept.shape == form.shape,
      "Optimizer.update: parameter \(index) had the shape \(kept.shape) before, and has \(form.shape) now")
    return kept.converted(to: form.precision)
  }

  var state: OptimizerState {
    OptimizerState(
      rule: rule, steps: steps, slots: Dictionary(uniqueKeysWithValues: zip(names, slots)))
  }

  mutating func restore(_ state: OptimizerState, shapes: [Shape]) throws(ModelFileError) {
    func refuse(_ place: String?, _ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(
        .unsupported, file: "state of the optimizer", place: place, expected: expected, found: found)
    }
    guard state.rule == rule else { throw refuse(nil, rule, state.rule) }
    guard Set(state.slots.keys) == Set(names) else {
      throw refuse(nil, "the tensors \(names.sorted())", "\(state.slots.keys.sorted())")
    }
    guard state.steps.count <= shapes.count, state.steps.allSatisfy({ $0 >= 0 && $0 < 1 << 60 }) else {
      throw refuse("steps", "counts of at most \(shapes.count) parameters", "\(state.steps.count) counts")
    }
    var restored: [[Tensor?]] = []
    for name in names {
      let slot = state.slots[name] ?? []
      guard slot.count == state.steps.count else {
        throw refuse(name, "\(state.steps.count) tensors", "\(slot.count)")
      }
      for (index, tensor) in slot.enumerated() {
        guard (tensor == nil) == (state.steps[index] == 0) else {
          throw refuse(
            "\(name).\(index)", "a tensor for each parameter that was moved", "none, or one too many")
        }
        guard tensor.map({ $0.shape == shapes[index] }) ?? true else {
          throw refuse("\(name).\(index)", "shape \(shapes[index])", "\(tensor?.shape ?? [])")
        }
      }
      restored.append(slot.map { $0?.converted(to: .single) })
    }
    steps = state.steps
    slots = restored
  }
}

/// What a tensor kept for a parameter has in common with it.
struct TensorForm {
  let shape: Shape
  let precision: Precision

  init(_ tensor: Tensor) {
    shape = tensor.shape
    precision = tensor.precision
  }
}

/// A gradient has its parameter's shape: nothing is read or written beyond either.
func checkShapes(_ parameter: Tensor, _ gradient: Gradient) {
  require(
    gradient.shape == parameter.shape,
    "Optimizer.update: a gradient of the shape \(gradient.shape) for a parameter of the shape \(parameter.shape)"
  )
}
