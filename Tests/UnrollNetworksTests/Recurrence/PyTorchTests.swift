import Foundation
import Testing
import UnrollCore
import UnrollNetworks

/// Networks of the same weights give what PyTorch's give: outputs, final states and all gradients.
///
/// The goldens hold one and two layers, one and both directions, ragged lengths and padding, initial states,
/// and sizes down to 1.
@Suite struct PyTorchTests {
  private struct Setting: Decodable {
    let inputSize: Int
    let hiddenSize: Int
    let layers: Int
    let bidirectional: Bool
    let lengths: [Int]
  }

  enum Kind: String, CaseIterable, Sendable, CustomStringConvertible {
    case elmanTanh, elmanReLU, lstm, gru

    var type: any StandardCell.Type { CellKind(rawValue: rawValue)!.type }
    var description: String { rawValue }
  }

  private static let values = Tolerance(1e-5, because: "sums in another order, in single precision")
  private static let gradients = Tolerance(1e-4, because: "the same, over all steps and sequences")
  private static let stored = Tolerance(1e-6, because: "the goldens are stored in single precision")

  @Test(arguments: Kind.allCases, KernelTarget.available)
  func networksAgree(_ kind: Kind, _ target: KernelTarget) throws {
    try KernelTarget.$forced.withValue(target) {
      try Self.compare(kind, kind.type, precision: .single, Self.values, Self.gradients)
    }
  }

  @Test(arguments: Kind.allCases)
  func networksAgreeInDoublePrecision(_ kind: Kind) throws {
    try Self.compare(kind, kind.type, precision: .double, Self.stored, Self.stored)
  }

  private static func compare<Cell: StandardCell>(
    _ kind: Kind, _ type: Cell.Type, precision: Precision, _ values: Tolerance, _ gradients: Tolerance
  ) throws {
    let golden = try Golden(kind.rawValue)
    #expect(golden.notes.count == 6)
    for (name, note) in golden.notes {
      let setting = try JSONDecoder().decode(Setting.self, from: Data(note.utf8))
      func stored(_ part: String) throws -> Tensor { try golden["\(name)/\(part)"].converted(to: precision) }
      let network = try network(type, setting, golden, below: "\(name)/parameter.").converted(to: precision)
      let parts = golden.names(below: "\(name)/final.").count / 2
      let starts = try (0..<parts).map { try stored("initial.\($0)") }
      let weights = try [stored("outputs.weights")] + (0..<parts).map { try stored("final.\($0).weights") }
      let (_, results, found, inputs) = try valueWithGradient(of: network, inputs: [stored("input")] + starts)
      {
        (network, inputs) throws(ShapeError) in
        let (outputs, final) = try network(
          SequenceBatch(inputs[0], lengths: setting.lengths), initialState: states(Array(inputs.dropFirst())))
        let results = [outputs.values] + stacked(final)
        let terms = zip(results, weights).map { ($0 * Variable($1)).sum() }
        return (terms.dropFirst().reduce(terms[0], +), results.map(\.value))
      }
      for (index, result) in results.enumerated() {
        let part = index == 0 ? "outputs" : "final.\(index - 1)"
        expectClose(result, try stored(part), values, "\(name), \(part)")
      }
      for (index, gradient) in inputs.enumerated() {
        let part = (index == 0 ? "input" : "initial.\(index - 1)") + ".gradient"
        expectClose(gradient, try stored(part), gradients, "\(name), \(part)")
      }
      #expect(found.names.sorted() == golden.names(below: "\(name)/gradient."))
      for (parameter, gradient) in zip(found.names, found.tensors) {
        expectClose(gradient, try stored("gradient.\(parameter)"), gradients, "\(name), ∂\(parameter)")
      }
    }
  }

  private static func network<Cell: StandardCell>(
    _ type: Cell.Type, _ setting: Setting, _ golden: Golden, below prefix: String
  ) throws -> RecurrentNetwork<Cell> {
    var network = RecurrentNetwork<Cell>(
      inputSize: setting.inputSize, hiddenSize: setting.hiddenSize, layers: setting.layers,
      bidirectional: setting.bidirectional)
    try network.forEachParameter("") { name, parameter in
      let stored = try golden[prefix + name]
      #expect(stored.shape == parameter.value.shape, "\(name)")
      parameter.value = stored
    }
    return network
  }

  /// PyTorch keeps the states of all layers and directions in one tensor a part.
  private static func states<State: RecurrentState>(_ parts: [Variable]) -> [State] {
    (0..<parts[0].shape[0]).map { index in
      State(
        parts: parts.map {
          $0.rows(index..<index + 1).reshaped(to: Shape(Array($0.shape.extents.dropFirst())))
        })
    }
  }

  private static func stacked<State: RecurrentState>(_ states: [State]) -> [Variable] {
    states[0].parts.indices.map { part in
      .concatenated(
        states.map { state in
          let value = state.parts[part]
          return value.reshaped(to: Shape([1] + value.shape.extents))
        }, axis: 0)
    }
  }
}
