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

  /// The name of the part that these are the parameters of.
  var path: String { prefix }

  /// The parameters of a part.
  func below(_ name: String) -> ExportWeights {
    ExportWeights(tensors, prefix: parameterName(prefix, name), file: file)
  }

  /// The numbers of the parts that stand in a list of this name: `decoder.0`, `decoder.1`, …
  func count(_ name: String) -> Int {
    var count = 0
    while tensors.keys.contains(where: { $0.hasPrefix(parameterName(prefix, "\(name).\(count).")) }) {
      count += 1
    }
    return count
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
  mutating func linear(
    _ x: String, _ weights: ExportWeights, name: String? = nil
  ) throws(ExchangeError) -> String {
    try linear(
      x, name ?? weights.path, weight: try weights.tensor("weight", rank: 2), bias: weights.optional("bias"))
  }
}

extension GraphBuilder {
  /// The rows of a table at given places.
  mutating func looked(up places: String, in weights: ExportWeights) throws(ExchangeError) -> String {
    apply("Gather", try weight(weights.path + ".weight", try weights.tensor("weight", rank: 2)), places)
  }
}
