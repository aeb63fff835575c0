import UnrollCore
import UnrollNetworks

/// One direction of a recurrent node, with its weights: a cell of this library where the equations are its own,
/// else a general one.
struct RecurrentDirection: Sendable {
  private let body:
    @Sendable (PackedSequence, [Variable]) throws(ShapeError) -> (outputs: PackedSequence, final: [Variable])

  private init<Cell: RecurrentCell>(_ layer: Recurrent<Cell>) {
    body = { x, initial throws(ShapeError) in
      var none: RandomSource?
      let (outputs, final) = try Kernels.flushingDenormals { () throws(ShapeError) in
        try layer.run(x, initial: Cell.State(parts: initial), random: &none)
      }
      return (outputs, final.parts)
    }
  }

  /// Runs over packed sequences; states stand longest sequence first.
  func callAsFunction(
    _ x: PackedSequence, _ initial: [Variable]
  ) throws(ShapeError) -> (outputs: PackedSequence, final: [Variable]) { try body(x, initial) }

  init(
    _ settings: RecurrentNodeSettings, _ weights: RecurrentNodeWeights, functions: [ONNXActivation],
    reversed: Bool
  ) {
    let kinds = functions.map(\.kind)
    let isPlain = settings.clip == nil && !settings.definition && !settings.couplesForget
    let clip = GateClip(limit: settings.clip)
    switch settings.kind {
    case .elman where isPlain && kinds == [.tanh]:
      self.init(Recurrent(Self.elman(weights, .tanh), reversed: reversed))
    case .elman where isPlain && kinds == [.relu]:
      self.init(Recurrent(Self.elman(weights, .relu), reversed: reversed))
    case .elman:
      let cell = GeneralElmanCell(weights: weights, function: functions[0], clip: clip)
      self.init(Recurrent(cell, reversed: reversed))
    case .gru where isPlain && kinds == [.sigmoid, .tanh]:
      if settings.resetsAfter {
        self.init(Recurrent(Self.resetAfter(weights), reversed: reversed))
      } else {
        self.init(Recurrent(Self.resetBefore(weights), reversed: reversed))
      }
    case .gru:
      let cell = GeneralGRUCell(
        weights: weights, functions: functions, clip: clip, resetsAfter: settings.resetsAfter)
      self.init(Recurrent(cell, reversed: reversed))
    case .lstm where isPlain && kinds == [.sigmoid, .tanh, .tanh]:
      if weights.peephole == nil {
        self.init(Recurrent(Self.lstm(weights), reversed: reversed))
      } else {
        self.init(Recurrent(Self.peepholeLSTM(weights), reversed: reversed))
      }
    case .lstm:
      let cell = GeneralLSTMCell(
        weights: weights, functions: functions, clip: clip, couplesForget: settings.couplesForget)
      self.init(Recurrent(cell, reversed: reversed))
    }
  }

  /// A cell without random weights, filled by `fill`.
  private static func made<Cell: RecurrentCell>(
    _ make: (inout RandomSource) -> Cell, _ fill: (inout Cell) -> Void
  ) -> Cell {
    var cell = withoutParameterValues { random in make(&random) }
    fill(&cell)
    return cell
  }

  private static func elman(
    _ weights: RecurrentNodeWeights, _ activation: ElmanCell.Activation
  ) -> ElmanCell {
    made {
      ElmanCell(
        inputSize: weights.inputSize, hiddenSize: weights.hiddenSize, activation: activation, using: &$0)
    } _: {
      $0.weightInput.value = weights.input.value
      $0.weightRecurrent.value = weights.recurrent.value
      $0.bias.value = weights.bias.value
    }
  }

  private static func resetAfter(_ weights: RecurrentNodeWeights) -> GRUCell {
    let h = weights.hiddenSize
    let parts = weights.recurrentBias.reshaped(to: [3, h])
    // Within the reset stands only the recurrent bias of n.
    let others = Variable.concatenated([parts.rows(0..<2), Variable(.zeros([1, h]))], axis: 0)
    return made {
      GRUCell(inputSize: weights.inputSize, hiddenSize: h, using: &$0)
    } _: {
      $0.weightInput.value = weights.input.value
      $0.weightRecurrent.value = weights.recurrent.value
      $0.bias.value = (weights.inputBias + others.reshaped(to: [3 * h])).value
      $0.recurrentBias.value = parts.rows(2..<3).reshaped(to: [h]).value
    }
  }

  private static func resetBefore(_ weights: RecurrentNodeWeights) -> ResetBeforeGRUCell {
    made {
      ResetBeforeGRUCell(inputSize: weights.inputSize, hiddenSize: weights.hiddenSize, using: &$0)
    } _: {
      $0.weightInput.value = weights.input.value
      $0.weightRecurrent.value = weights.recurrent.value
      $0.bias.value = weights.bias.value
    }
  }

  private static func lstm(_ weights: RecurrentNodeWeights) -> LSTMCell {
    made {
      LSTMCell(inputSize: weights.inputSize, hiddenSize: weights.hiddenSize, using: &$0)
    } _: {
      $0.weightInput.value = weights.input.value
      $0.weightRecurrent.value = weights.recurrent.value
      $0.bias.value = weights.bias.value
    }
  }

  private static func peepholeLSTM(_ weights: RecurrentNodeWeights) -> PeepholeLSTMCell {
    made {
      PeepholeLSTMCell(inputSize: weights.inputSize, hiddenSize: weights.hiddenSize, using: &$0)
    } _: {
      $0.weightInput.value = weights.input.value
      $0.weightRecurrent.value = weights.recurrent.value
      $0.bias.value = weights.bias.value
      if let peephole = weights.peephole { $0.peephole.value = peephole.value }
    }
  }
}
