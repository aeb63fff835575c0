import Foundation
import Testing
import UnrollCore
import UnrollExchange
import UnrollTraining

/// A model with its inputs and the outputs that it must give, from a file that `scripts/goldens` makes.
struct ONNXCase: Sendable, CustomTestStringConvertible {
  let name: String
  let model: [UInt8]
  let inputs: [String: Tensor]
  let outputs: [String: Tensor]

  var testDescription: String { name }

  /// The inputs in the types that the graph asks for.
  func values(for model: ONNXModel) -> [String: ONNXTensor] {
    inputs.reduce(into: [:]) { values, input in
      let port = model.inputs.first { $0.name == input.key }
      let type = port?.type ?? .float
      values[input.key] =
        type.isFloating
        ? ONNXTensor(input.value, type: type)
        : ONNXTensor(
          integers: input.value.elements.map { Int64($0) }, shape: input.value.shape, type: type)
    }
  }

  static func all(_ file: String) -> [ONNXCase] {
    guard
      let url = Bundle.module.url(forResource: file, withExtension: "safetensors", subdirectory: "Goldens"),
      let (tensors, _) = try? Safetensors.read(url.path)
    else { return [] }
    var order: [String] = []
    var models: [String: [UInt8]] = [:]
    var inputs: [String: [String: Tensor]] = [:]
    var outputs: [String: [String: Tensor]] = [:]
    for (name, tensor) in tensors {
      let parts = name.split(separator: "/", maxSplits: 2).map(String.init)
      switch parts[1] {
      case "model":
        order.append(parts[0])
        models[parts[0]] = tensor.elements.map { UInt8($0) }
      case "in": inputs[parts[0], default: [:]][parts[2]] = tensor
      default: outputs[parts[0], default: [:]][parts[2]] = tensor
      }
    }
    return order.map {
      ONNXCase(name: $0, model: models[$0] ?? [], inputs: inputs[$0] ?? [:], outputs: outputs[$0] ?? [:])
    }
  }
}

/// Whether two tensors agree; a difference is told with its place.
func expectClose(
  _ found: Tensor?, _ expected: Tensor, _ tolerance: Float, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let found else {
    Issue.record("\(name) is missing", sourceLocation: sourceLocation)
    return
  }
  #expect(found.shape == expected.shape, "\(name)", sourceLocation: sourceLocation)
  guard found.shape == expected.shape else { return }
  for (index, (a, b)) in zip(found.elements, expected.elements).enumerated() {
    let isClose = a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * max(1, abs(b))
    if !isClose {
      Issue.record("\(name)[\(index)] is \(a), expected \(b)", sourceLocation: sourceLocation)
      return
    }
  }
}
