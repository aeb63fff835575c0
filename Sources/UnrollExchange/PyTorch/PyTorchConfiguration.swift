import UnrollTraining

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// What stands in `net.json`: the modules of a PyTorch network, by their own words.
///
///     {"modules": [
///        {"name": "embedding", "type": "Embedding"},
///        {"name": "lstm", "type": "LSTM", "num_layers": 2, "bidirectional": true},
///        {"type": "FinalState"}],
///      "heads": [{"name": "fc", "type": "Linear"}]}
///
/// Modules stand in the order in which `forward` calls them, each with the name of the attribute that holds it. Their
/// options are those of `torch.nn`, with the same standard values; sizes are taken from the weights and need not
/// be said, and are held against them where they are. What a state dictionary does not tell stands between them:
///
/// | type | in `forward` |
/// |---|---|
/// | `RNNCell`, `LSTMCell`, `GRUCell` | the cell, step by step over the sequence |
/// | `Tanh`, `ReLU`, `Sigmoid`, `Softmax`, `LogSoftmax` | the function; the last two over the features |
/// | `Dropout` | nothing: it acts in training alone |
/// | `LastStep` | `output[:, -1]`, at each sequence's own last step |
/// | `FinalState` | `h_n[-1]`, or `cat([h_n[-2], h_n[-1]])` of two directions |
/// | `MeanOverTime`, `MaxOverTime` | the mean or the maximum over the steps of each sequence |
package struct PyTorchConfiguration: Decodable {
  let modules: [PyTorchModule]
  let heads: [PyTorchModule]

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: PyTorchModule.Key.self)
    try PyTorchModule.check(container, known: ["modules", "heads"])
    modules = try container.decode([PyTorchModule].self, forKey: "modules")
    heads = try container.decodeIfPresent([PyTorchModule].self, forKey: "heads") ?? []
  }
}

/// A module of `torch.nn` with its options.
struct PyTorchModule: Decodable {
  enum Kind: String, CaseIterable {
    case embedding = "Embedding"
    case rnn = "RNN"
    case lstm = "LSTM"
    case gru = "GRU"
    case rnnCell = "RNNCell"
    case lstmCell = "LSTMCell"
    case gruCell = "GRUCell"
    case linear = "Linear"
    case tanh = "Tanh"
    case relu = "ReLU"
    case sigmoid = "Sigmoid"
    case softmax = "Softmax"
    case logSoftmax = "LogSoftmax"
    case dropout = "Dropout"
    case lastStep = "LastStep"
    case finalState = "FinalState"
    case mean = "MeanOverTime"
    case max = "MaxOverTime"

    private static let recurrent = [
      "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
    ]

    /// Whether it is one step of a recurrent layer, which runs here over all steps.
    var isCell: Bool { self == .rnnCell || self == .lstmCell || self == .gruCell }

    /// The recurrent layer whose step a cell is, or the module itself.
    var layer: Kind {
      switch self {
      case .rnnCell: .rnn
      case .lstmCell: .lstm
      case .gruCell: .gru
      default: self
      }
    }

    /// The options that are known beside name and type.
    var options: [String] {
      switch self {
      case .embedding: ["num_embeddings", "embedding_dim", "padding_idx"]
      case .rnn: Self.recurrent + ["nonlinearity"]
      case .lstm: Self.recurrent + ["proj_size"]
      case .gru: Self.recurrent
      case .rnnCell: ["input_size", "hidden_size", "bias", "nonlinearity"]
      case .lstmCell, .gruCell: ["input_size", "hidden_size", "bias"]
      case .linear: ["in_features", "out_features", "bias"]
      case .softmax, .logSoftmax: ["dim"]
      case .dropout: ["p", "inplace"]
      case .relu: ["inplace"]
      default: []
      }
    }
  }

  struct Key: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringLiteral value: String) { stringValue = value }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  let kind: Kind
  let name: String
  private var integers: [String: Int] = [:]
  private var flags: [String: Bool] = [:]
  let nonlinearity: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let type = try container.decode(String.self, forKey: "type")
    guard let kind = Kind(rawValue: type) else {
      throw DecodingError.dataCorruptedError(
        forKey: "type", in: container,
        debugDescription:
          "\"\(type)\", which is none of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.kind = kind
    try Self.check(container, known: ["type", "name"] + kind.options)
    name = try container.decodeIfPresent(String.self, forKey: "name") ?? ""
    nonlinearity = try container.decodeIfPresent(String.self, forKey: "nonlinearity")
    for key in container.allKeys where kind.options.contains(key.stringValue) {
      switch key.stringValue {
      case "bias", "batch_first", "bidirectional", "inplace":
        flags[key.stringValue] = try container.decode(Bool.self, forKey: key)
      case "dropout", "p": _ = try container.decode(Double.self, forKey: key)
      case "nonlinearity": break
      default: integers[key.stringValue] = try container.decodeIfPresent(Int.self, forKey: key)
      }
    }
    if let dimension = integers["dim"], dimension != -1 {
      throw DecodingError.dataCorruptedError(
        forKey: "dim", in: container, debugDescription: "\(dimension), where only -1 is known")
    }
  }

  /// What stands behind the names of the weights of one layer and direction.
  func suffix(layer: Int, isReversed: Bool) -> String {
    kind.isCell ? "" : "_l\(layer)" + (isReversed ? "_reverse" : "")
  }

  func integer(_ option: String) -> Int? { integers[option] }
  func flag(_ option: String) -> Bool? { flags[option] }

  /// An option that nobody knows would be an option that is ignored.
  static func check(_ container: KeyedDecodingContainer<Key>, known: [String]) throws {
    for key in container.allKeys where !known.contains(key.stringValue) {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container,
        debugDescription: "an option that is none of \(known.joined(separator: ", "))")
    }
  }
}
