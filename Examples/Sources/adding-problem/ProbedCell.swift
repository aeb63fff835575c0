import Unroll

/// A cell of one's own: it wraps any other cell and adds a probe to its hidden state at every step.
///
///     hₜ = wrapped(xₜ, hₜ₋₁, …) + pₜ
///
/// The probe p comes as H more columns of the input: `[x, p]` is `[B, I + H]`. With p = 0 the cell is the wrapped
/// one, and the gradient of a loss with respect to pₜ is its gradient with respect to hₜ, by all paths: ∂L/∂pₜ =
/// ∂L/∂hₜ.
///
/// `step` is all that the library asks for; layers, stacks, ragged batches and gradients follow from it.
struct ProbedCell<Wrapped: RecurrentCell>: RecurrentCell {
  var wrapped: Wrapped

  var inputSize: Int { wrapped.inputSize + wrapped.hiddenSize }
  var hiddenSize: Int { wrapped.hiddenSize }

  func initialState(batch: Int) -> Wrapped.State { wrapped.initialState(batch: batch) }

  func step(
    _ x: Variable, _ state: Wrapped.State
  ) throws(ShapeError) -> (output: Variable, state: Wrapped.State) {
    let input = x.columns(0..<wrapped.inputSize)
    let probe = x.columns(wrapped.inputSize..<inputSize)
    let (output, next) = try wrapped.step(input, state)
    // The first part of a state is the output: here, both are moved.
    var parts = next.parts
    parts[0] = output + probe
    return (parts[0], Wrapped.State(parts: parts))
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows { try wrapped.forEachParameter(path, body) }
}

/// How far a network's loss reaches back: the gradient of the loss with respect to each earlier hidden state.
enum Reach {
  /// The probed network and the network itself do not agree.
  struct Disagreement: Error, CustomStringConvertible {
    let difference: Float
    var description: String {
      "with probes of zero a probed network answers as the network itself; here they differ by \(difference)"
    }
  }

  /// ‖∂L/∂hₜ‖ by lag T − t = 0, 1, …, T − 1, with L the squared error of one sequence: the root of the mean of its
  /// square over the sequences.
  static func gradientNorms<Cell: RecurrentCell>(
    of network: AddingNetwork<Cell>, on batch: AddingBatch
  ) throws -> [Double] {
    let (timeSteps, count, hidden) = (batch.steps.timeSteps, batch.steps.batch, network.cell.hiddenSize)
    let probed = AddingNetwork(ProbedCell(wrapped: network.cell), head: network.head)
    let zeros = Tensor.zeros([timeSteps, count, hidden])
    let (_, answers, _, gradients) = try valueWithGradient(of: probed, inputs: [zeros]) { probed, probes in
      let input = Variable.concatenated([batch.steps.values, probes[0]], axis: -1)
      let answers = try probed(SequenceBatch(input))
      // The sum over sequences: so each sequence's gradient is that of its own error.
      return (try Float(count) * Loss.squaredError(answers, batch.sums), answers.value)
    }
    try check(answers, against: network(batch.steps).value)
    return (0..<timeSteps).reversed().map { step in
      let squares = gradients[0].withUnsafeElements { elements in
        elements[step * count * hidden..<(step + 1) * count * hidden].reduce(0) {
          $0 + Double($1) * Double($1)
        }
      }
      return (squares / Double(count)).squareRoot()
    }
  }

  private static func check(_ found: Tensor, against expected: Tensor) throws(Disagreement) {
    let difference = zip(found.elements, expected.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    // The network runs its fused form, the probed one the steps: sums in another order, over a hundred steps.
    guard difference <= 1e-4 else { throw Disagreement(difference: difference) }
  }
}
