import UnrollCore
import UnrollTasks
import UnrollTraining

/// PyTorch's equations, as its documentation states them, in double precision on the state dictionary itself: what
/// an imported network is held against.
package struct PyTorchReference {
  /// A sequence of vectors, or one vector.
  private typealias Rows = [[Double]]

  private let configuration: PyTorchConfiguration
  private let tensors: [String: Tensor]
  private let file: String

  package init(_ configuration: PyTorchConfiguration, _ tensors: [Safetensors.NamedTensor], file: String) {
    self.configuration = configuration
    self.tensors = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    self.file = file
  }

  /// Runs both forms on a few sequences of unequal lengths.
  ///
  /// - Throws: `ExchangeError` when their numbers differ.
  package func probe(_ model: NetworkModel) throws {
    let lengths = [4, 1, 3]
    var random = RandomSource(seed: 7)
    let inputs = model.settings.layers.first?.inputs ?? 0
    var found: NetworkModel.Result
    var sequences: [[[Double]]]
    if model.readsTokens {
      let tokens = lengths.map { length in
        (0..<length).map { _ in Int(random.next() % UInt64(max(1, inputs))) }
      }
      found = try model.run(tokens: tokens)
      sequences = tokens.map { $0.map { [Double($0)] } }
    } else {
      let batch = Tensor.normal(deviation: 1, shape: [4, lengths.count, inputs], using: &random)
      found = try model.run(features: batch, lengths: lengths)
      let all = batch.elements
      sequences = lengths.enumerated().map { index, length in
        (0..<length).map { step in
          let start = (step * lengths.count + index) * inputs
          return all[start..<start + inputs].map { Double($0) }
        }
      }
    }
    for (index, sequence) in sequences.enumerated() {
      let trunk = run(sequence)
      let heads =
        configuration.heads.isEmpty
        ? [("output", trunk)]
        : configuration.heads.map { head in
          (head.name, trunk.map { linear(head, $0) })
        }
      for (name, expected) in heads {
        guard let output = found.outputs[name] else { continue }
        try compare(output, expected, sequence: index, of: lengths.count, name)
      }
    }
  }

  private func compare(
    _ output: Tensor, _ expected: Rows, sequence: Int, of batch: Int, _ name: String
  ) throws(ExchangeError) {
    let all = output.elements
    let features = output.shape[-1]
    for (step, row) in expected.enumerated() {
      let start = output.shape.rank == 3 ? (step * batch + sequence) * features : sequence * features
      for (column, value) in row.enumerated() {
        let found = Double(all[start + column])
        // Single precision, and sums of many terms.
        guard abs(found - value) <= 1e-4 * max(1, abs(value)) else {
          throw ExchangeError(
            .mismatch, file: file, place: "\(name), sequence \(sequence), step \(step), feature \(column)",
            expected: "\(value), as PyTorch's equations give", found: "\(found)")
        }
      }
    }
  }

  private func run(_ sequence: [[Double]]) -> Rows {
    var rows = sequence
    /// h after the last step of each direction of the last recurrent module.
    var final: [Double] = []
    for module in configuration.modules {
      switch module.kind {
      case .embedding:
        let table = matrix(module, "weight")
        rows = rows.map { table.row(Int($0[0])) }
      case .linear: rows = rows.map { linear(module, $0) }
      case .rnn, .lstm, .gru, .rnnCell, .lstmCell, .gruCell: (rows, final) = recurrent(module, rows)
      case .tanh: rows = rows.map { $0.map(hyperbolicTangent) }
      case .relu: rows = rows.map { $0.map { max(0, $0) } }
      case .sigmoid: rows = rows.map { $0.map(sigmoid) }
      case .softmax, .logSoftmax:
        rows = rows.map { row in
          let top = row.max() ?? 0
          let sum = row.reduce(0) { $0 + exponential($1 - top) }
          return row.map {
            module.kind == .softmax ? exponential($0 - top) / sum : $0 - top - naturalLogarithm(sum)
          }
        }
      case .dropout: break
      case .lastStep: rows = rows.suffix(1)
      case .finalState: rows = [final]
      case .mean: rows = [columns(rows) { $0.reduce(0, +) / Double(rows.count) }]
      case .max: rows = [columns(rows) { $0.max() ?? 0 }]
      }
    }
    return rows
  }

  private func columns(_ rows: Rows, _ body: ([Double]) -> Double) -> [Double] {
    (rows.first ?? []).indices.map { column in body(rows.map { $0[column] }) }
  }

  private func recurrent(_ module: PyTorchModule, _ input: Rows) -> (rows: Rows, final: [Double]) {
    var rows = input
    var final: [Double] = []
    for layer in 0..<(module.integer("num_layers") ?? 1) {
      var outputs: [Rows] = []
      final = []
      for isReversed in module.flag("bidirectional") == true ? [false, true] : [false] {
        let reads = isReversed ? rows.reversed() : rows
        let written = direction(module, module.suffix(layer: layer, isReversed: isReversed), reads)
        final += written.last ?? []
        outputs.append(isReversed ? written.reversed() : written)
      }
      rows = rows.indices.map { step in outputs.flatMap { $0[step] } }
    }
    return (rows, final)
  }

  private func direction(_ module: PyTorchModule, _ suffix: String, _ rows: Rows) -> Rows {
    let (input, recurrent) = (matrix(module, "weight_ih" + suffix), matrix(module, "weight_hh" + suffix))
    let projection = tensors[parameterName(module.name, "weight_hr" + suffix)].map { Matrix($0) }
    let biases = ["bias_ih", "bias_hh"].map { vector(module, $0 + suffix, count: input.rows) }
    let kind = module.kind.layer
    let gates = kind == .lstm ? 4 : kind == .gru ? 3 : 1
    let units = input.rows / gates
    var h = Array(repeating: 0.0, count: recurrent.columns)
    var c = Array(repeating: 0.0, count: units)
    return rows.map { x in
      let a = input.times(x, plus: biases[0])
      let b = recurrent.times(h, plus: biases[1])
      func gate(_ index: Int, _ unit: Int) -> Double { a[index * units + unit] + b[index * units + unit] }
      var next = Array(repeating: 0.0, count: units)
      for unit in 0..<units {
        switch kind {
        case .lstm:
          c[unit] =
            sigmoid(gate(1, unit)) * c[unit] + sigmoid(gate(0, unit)) * hyperbolicTangent(gate(2, unit))
          next[unit] = sigmoid(gate(3, unit)) * hyperbolicTangent(c[unit])
        case .gru:
          let (r, z) = (sigmoid(gate(0, unit)), sigmoid(gate(1, unit)))
          let n = hyperbolicTangent(a[2 * units + unit] + r * b[2 * units + unit])
          next[unit] = (1 - z) * n + z * h[unit]
        default:
          next[unit] =
            module.nonlinearity == "relu" ? max(0, gate(0, unit)) : hyperbolicTangent(gate(0, unit))
        }
      }
      h = projection.map { $0.times(next, plus: []) } ?? next
      return h
    }
  }

  private func linear(_ module: PyTorchModule, _ x: [Double]) -> [Double] {
    let weight = matrix(module, "weight")
    return weight.times(x, plus: vector(module, "bias", count: weight.rows))
  }

  private func matrix(_ module: PyTorchModule, _ name: String) -> Matrix {
    Matrix(tensors[parameterName(module.name, name)] ?? .zeros([0, 0]))
  }

  private func vector(_ module: PyTorchModule, _ name: String, count: Int) -> [Double] {
    tensors[parameterName(module.name, name)]?.elements.map { Double($0) }
      ?? Array(repeating: 0, count: count)
  }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }

  private struct Matrix {
    let tensor: Tensor
    var rows: Int { tensor.shape[0] }
    var columns: Int { tensor.shape[1] }

    init(_ tensor: Tensor) { self.tensor = tensor }

    func row(_ index: Int) -> [Double] {
      tensor.withUnsafeElements { $0[index * columns..<(index + 1) * columns].map { Double($0) } }
    }

    func times(_ x: [Double], plus bias: [Double]) -> [Double] {
      tensor.withUnsafeElements { elements in
        (0..<rows).map { row in
          var sum = bias.isEmpty ? 0 : bias[row]
          for column in 0..<columns { sum += Double(elements[row * columns + column]) * x[column] }
          return sum
        }
      }
    }
  }
}
