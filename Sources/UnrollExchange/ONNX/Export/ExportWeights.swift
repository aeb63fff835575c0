import UnrollCore
import UnrollNetworks
import UnrollTraining

/// The parameters of a network by name, below a prefix.
struct ExportWeights {
  private let tensors: [String: Tensor]
  private let prefix: String
  let file: String

  init(_ tensors: [Safetensors.NamedTensor], file: String) {
    self.tensors = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    prefix = ""
    self.file = file
  }

  private init(_ tensors: [String: Tensor], prefix: String, file: String) {
    self.tensors = tensors
    self.prefix = prefix
    self.file = file
  }

  /// The parameters of a part.
  func below(_ name: String) -> ExportWeights {
    ExportWeights(tensors, prefix: parameterName(prefix, name), file: file)
  }

  func has(_ name: String) -> Bool { tensors[parameterName(prefix, name)] != nil }
  func optional(_ name: String) -> Tensor? { tensors[parameterName(prefix, name)] }

  /// A parameter that must be there and have so many axes.
  func tensor(_ name: String, rank: Int) throws(ExchangeError) -> Tensor {
    let full = parameterName(prefix, name)
    guard let tensor = tensors[full], tensor.shape.rank == rank else {
      throw ExchangeError(
        .damaged, file: file, place: full, expected: "a tensor of \(rank) axes",
        found: tensors[full].map { "shape \($0.shape)" } ?? "none of this name")
    }
    return tensor
  }
}

extension GraphBuilder {
  /// y = x Wᵀ + b, with the parameters `weight` and, where there is one, `bias`.
  mutating func linear(_ x: String, _ weights: ExportWeights, name: String) throws(ExchangeError) -> String {
    linear(x, name, weight: try weights.tensor("weight", rank: 2), bias: weights.optional("bias"))
  }
}
