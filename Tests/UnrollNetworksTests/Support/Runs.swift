import UnrollCore
import UnrollNetworks

/// Pools of threads that tests lend to a task, so that teams of any size meet on any machine.
enum Teams {
  static let alone = WorkerPool(threads: 1)
  static let two = WorkerPool(threads: 2)
  static let three = WorkerPool(threads: 3)
}

/// Fixed weights that make a scalar of a result, so that each of its elements matters differently.
func mixed(_ y: Variable, seed: UInt64) -> Variable {
  var random = RandomSource(seed: seed)
  let weights = Tensor.uniform(-1...1, shape: y.shape, using: &random).converted(to: y.value.precision)
  return (y * Variable(weights)).sum()
}

/// One recurrent layer on sequences of some lengths.
struct LayerRun<Cell: StandardCell> {
  var layer: Recurrent<Cell>
  var x: Tensor
  var initial: [Tensor]
  let layout: SequenceLayout

  init(_ type: Cell.Type, inputSize: Int, hiddenSize: Int, lengths: [Int], reversed: Bool, seed: UInt64 = 1) {
    var random = RandomSource(seed: seed)
    layout = SequenceLayout(lengths: lengths)
    layer = Recurrent(Cell(inputSize: inputSize, hiddenSize: hiddenSize, using: &random), reversed: reversed)
      .perturbed(using: &random)
    x = .normal(shape: [layout.rows, inputSize], using: &random)
    initial = layer.cell.initialState(batch: lengths.count).parts.map {
      .normal(deviation: 0.5, shape: $0.shape, using: &random)
    }
  }

  func converted(to precision: Precision) -> LayerRun {
    var copy = self
    copy.layer = layer.converted(to: precision)
    copy.x = x.converted(to: precision)
    copy.initial = initial.map { $0.converted(to: precision) }
    return copy
  }

  /// Outputs, final states, and the gradients of a mixture of all of them.
  func outcome(definition: Bool, memory: Int? = nil) throws -> Outcome {
    let (loss, results, gradients, inputGradients) = try valueWithGradient(
      of: layer, inputs: [x] + initial, memory: memory
    ) { (layer, inputs) throws(ShapeError) in
      var none: RandomSource?
      let (outputs, final) = try layer.run(
        PackedSequence(rows: inputs[0], layout: layout),
        initial: Cell.State(parts: Array(inputs.dropFirst())),
        random: &none, definition: definition)
      var loss = mixed(outputs.rows, seed: 11)
      for (index, part) in final.parts.enumerated() { loss = loss + mixed(part, seed: 12 + UInt64(index)) }
      return (loss, [outputs.rows.value] + final.parts.map(\.value))
    }
    var outcome: Outcome = [("loss", loss), ("outputs", results[0])]
    outcome += results.dropFirst().enumerated().map { ("final state \($0)", $1) }
    outcome += zip(gradients.names, gradients.tensors).map { ("∂\($0)", $1) }
    outcome += inputGradients.enumerated().map { ($0 == 0 ? "∂input" : "∂initial state \($0 - 1)", $1) }
    return outcome
  }

  /// Outputs and final states with nothing to be differentiated.
  func inference() throws -> Outcome {
    var none: RandomSource?
    let (outputs, final) = try layer.run(
      PackedSequence(rows: Variable(x), layout: layout),
      initial: Cell.State(parts: initial.map { Variable($0) }), random: &none)
    return [("outputs", outputs.rows.value)]
      + final.parts.enumerated().map { ("final state \($0)", $1.value) }
  }
}
