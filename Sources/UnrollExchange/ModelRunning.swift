import UnrollCore
import UnrollTasks
import UnrollTraining

/// A model that runs on arrays by name, as they come from a file and go into one.
public protocol ArrayModel: SavedModel {
  /// - Parameter arrays: what the model reads, by name; whole numbers may come as `Float`.
  /// - Returns: what it gives, by name.
  /// - Throws: `ExchangeError` or `ShapeError` when something is missing or does not fit.
  func run(arrays: [String: Tensor]) throws -> [(name: String, tensor: Tensor)]
}

extension GraphModel: ArrayModel {
  public func run(arrays: [String: Tensor]) throws -> [(name: String, tensor: Tensor)] {
    var values: [String: ONNXTensor] = [:]
    for (name, tensor) in arrays {
      let type = model.inputs.first { $0.name == name }?.type ?? .float
      values[name] = Operators.converted(ONNXTensor(tensor), to: type)
    }
    let results = try model.run(values)
    return model.outputs.compactMap { port in results[port.name].map { (port.name, $0.tensor) } }
  }
}

extension NetworkModel: ArrayModel {
  /// Reads `tokens` `[batch, time]` or `input` `[batch, time, features]`, `lengths` `[batch]` if they differ, and for a
  /// recurrent layer `lstm` its states `lstm.h` and `lstm.c` `[layers · directions, batch, …]` if they are not zeros.
  /// Gives `output`, or one array for each head, `[batch, time, features]` or `[batch, features]`, and the states after
  /// the last step, `lstm.h_n` and `lstm.c_n`.
  public func run(arrays: [String: Tensor]) throws -> [(name: String, tensor: Tensor)] {
    var left = arrays
    let mainName = readsTokens ? "tokens" : "input"
    guard let main = left.removeValue(forKey: mainName), main.shape.rank == (readsTokens ? 2 : 3) else {
      throw Self.refused("\(mainName) of \(readsTokens ? 2 : 3) axes", arrays[mainName]?.shape)
    }
    let (batch, steps) = (main.shape[0], main.shape[1])
    var lengths = Array(repeating: steps, count: batch)
    if let given = left.removeValue(forKey: "lengths") {
      let numbers = given.elements.map { Int(exactly: $0) ?? -1 }
      guard given.shape == [batch], numbers.allSatisfy({ (0...steps).contains($0) }) else {
        throw Self.refused("\(batch) lengths of at most \(steps)", given.shape)
      }
      lengths = numbers
    }
    let state = try takeState(&left, batch: batch)
    if let extra = left.keys.sorted().first {
      throw Self.refused("no array \"\(extra)\"", left[extra]?.shape)
    }
    let result: Result
    if readsTokens {
      let all = main.elements.map { Int(exactly: $0) ?? -1 }
      let tokens = lengths.enumerated().map { row, length in Array(all[row * steps..<row * steps + length]) }
      result = try run(tokens: tokens, state: state)
    } else {
      let timeMajor = Operators.permuted(ONNXTensor(main), [1, 0, 2]).tensor
      result = try run(features: timeMajor, lengths: lengths, state: state)
    }
    let names = settings.heads.isEmpty ? ["output"] : settings.heads.map(\.name)
    let outputs = names.compactMap { name in result.outputs[name].map { (name, batchFirst($0, steps: steps)) }
    }
    return outputs + joined(result.state, suffix: "_n")
  }

  private static func refused(_ expected: String, _ found: Shape?) -> ExchangeError {
    ExchangeError(.input, file: "input", expected: expected, found: found.map { "shape \($0)" } ?? "none")
  }

  /// `[T, B, F]` to `[B, T, F]`, with as many steps as came in.
  private func batchFirst(_ x: Tensor, steps: Int) -> Tensor {
    guard x.shape.rank == 3 else { return x }
    let turned = Operators.permuted(ONNXTensor(x), [1, 0, 2])
    guard x.shape[0] < steps else { return turned.tensor }
    var result = Tensor.zeros([x.shape[1], steps, x.shape[2]])
    let (short, long) = (x.shape[0] * x.shape[2], steps * x.shape[2])
    for (index, element) in turned.tensor.elements.enumerated() {
      result[index / short * long + index % short] = element
    }
    return result
  }

  /// The names of the parts of a recurrent layer's state.
  private func stateNames(_ layer: NetworkLayer, suffix: String = "") -> [String] {
    let parts = layer.cell == .lstm || layer.cell == .peepholeLSTM ? ["h", "c"] : ["h"]
    return parts.map { parameterName(layer.name, $0 + suffix) }
  }

  private func takeState(_ arrays: inout [String: Tensor], batch: Int) throws -> State? {
    let zeros = zeroState(batch: batch)
    var state = zeros
    var found = false
    for (index, layer) in settings.layers.filter({ $0.kind == .recurrent }).enumerated() {
      for (part, name) in stateNames(layer).enumerated() {
        guard let given = arrays.removeValue(forKey: name) else { continue }
        found = true
        let wanted = Shape([zeros[index].count] + zeros[index][0][part].shape.extents)
        guard given.shape == wanted else { throw Self.refused("\(name) of shape \(wanted)", given.shape) }
        for place in zeros[index].indices {
          let row = Operators.part(ONNXTensor(given), axis: 0, place..<place + 1)
          state[index][place][part] = row.tensor.reshaped(to: zeros[index][place][part].shape)
        }
      }
    }
    return found ? state : nil
  }

  /// The states before the first step, under the names of inputs.
  package func zeroStates(batch: Int) -> [(name: String, tensor: Tensor)] {
    joined(zeroState(batch: batch), suffix: "")
  }

  private func joined(_ state: State, suffix: String) -> [(name: String, tensor: Tensor)] {
    var result: [(name: String, tensor: Tensor)] = []
    for (layer, places) in zip(settings.layers.filter({ $0.kind == .recurrent }), state) {
      for (part, name) in stateNames(layer, suffix: suffix).enumerated() {
        let parts = places.map { ONNXTensor($0[part]) }
        let shape = Shape([parts.count] + places[0][part].shape.extents)
        result.append((name, ONNXTensor.joined(parts, shape: shape).tensor))
      }
    }
    return result
  }
}

/// The models that this floor adds to those of the tasks.
public enum ExchangeModels {
  public static let all: [any SavedModel.Type] = [NetworkModel.self, GraphModel.self]

  /// Loads a model of any task, or one that this floor adds.
  ///
  /// - Throws: `ModelFileError` or `ExchangeError` when the folder is damaged, missing or of another kind.
  public static func load(_ path: String) throws -> any SavedModel {
    try TaskRegistry.load(path, others: all)
  }
}
