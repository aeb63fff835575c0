import UnrollCore
import UnrollNetworks

/// Every cell of the library, as a value that tests go through.
enum CellKind: String, CaseIterable, Sendable, CustomStringConvertible {
  case elmanTanh, elmanReLU, lstm, peepholeLSTM, gru, resetBeforeGRU, layerNormLSTM

  /// The cells that have a form for whole sequences beside their definition.
  static let fused = allCases.filter { $0 != .layerNormLSTM }

  var type: any StandardCell.Type {
    switch self {
    case .elmanTanh: ElmanCell.self
    case .elmanReLU: ReLUElmanCell.self
    case .lstm: LSTMCell.self
    case .peepholeLSTM: PeepholeLSTMCell.self
    case .gru: GRUCell.self
    case .resetBeforeGRU: ResetBeforeGRUCell.self
    case .layerNormLSTM: LayerNormLSTMCell.self
    }
  }

  /// Blocks of the recurrent weights.
  var gates: Int {
    switch self {
    case .elmanTanh, .elmanReLU: 1
    case .gru, .resetBeforeGRU: 3
    case .lstm, .peepholeLSTM, .layerNormLSTM: 4
    }
  }

  /// Whether the cell has points without a derivative.
  var hasKinks: Bool { self == .elmanReLU }

  var description: String { rawValue }
}

extension Module {
  /// The same module with noise added to everything that starts from constants: biases, gains, initial states.
  func perturbed(using random: inout RandomSource) -> Self {
    var copy = self
    copy.forEachParameter("") { name, parameter in
      guard !name.hasSuffix("weightInput"), !name.hasSuffix("weightRecurrent") else { return }
      let noise = Tensor.uniform(-0.4...0.4, shape: parameter.value.shape, using: &random)
      parameter.value = Tensor(
        zip(parameter.value.elements, noise.elements).map { $0 + $1 }, shape: noise.shape)
    }
    return copy
  }
}
