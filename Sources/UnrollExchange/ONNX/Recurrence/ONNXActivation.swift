import UnrollCore

/// An activation function that a recurrent node of ONNX may ask for.
///
/// | name | f(x) | α | β |
/// |---|---|---|---|
/// | Relu | max(0, x) | | |
/// | Tanh | tanh x | | |
/// | Sigmoid | 1/(1 + e⁻ˣ) | | |
/// | Affine | αx + β | 1 | 0 |
/// | LeakyRelu | x where x ≥ 0, else αx | 0.01 | |
/// | ThresholdedRelu | x where x > α, else 0 | 1 | |
/// | ScaledTanh | α tanh(βx) | 1 | 1 |
/// | HardSigmoid | min(1, max(0, αx + β)) | 0.2 | 0.5 |
/// | Elu | x where x ≥ 0, else α(eˣ − 1) | 1 | |
/// | Softsign | x/(1 + \|x\|) | | |
/// | Softplus | ln(1 + eˣ) | | |
struct ONNXActivation: Sendable, Equatable {
  enum Kind: String, Sendable, CaseIterable {
    case relu = "Relu"
    case tanh = "Tanh"
    case sigmoid = "Sigmoid"
    case affine = "Affine"
    case leakyRelu = "LeakyRelu"
    case thresholdedRelu = "ThresholdedRelu"
    case scaledTanh = "ScaledTanh"
    case hardSigmoid = "HardSigmoid"
    case elu = "Elu"
    case softsign = "Softsign"
    case softplus = "Softplus"

    var takesAlpha: Bool {
      switch self {
      case .affine, .leakyRelu, .thresholdedRelu, .scaledTanh, .hardSigmoid, .elu: true
      default: false
      }
    }

    var takesBeta: Bool {
      switch self {
      case .affine, .scaledTanh, .hardSigmoid: true
      default: false
      }
    }

    var standard: (alpha: Double, beta: Double) {
      switch self {
      case .leakyRelu: (0.01, 0)
      case .scaledTanh: (1, 1)
      case .hardSigmoid: (0.2, 0.5)
      default: (1, 0)
      }
    }
  }

  let kind: Kind
  let alpha: Double
  let beta: Double

  init(_ kind: Kind, alpha: Float? = nil, beta: Float? = nil) {
    self.kind = kind
    self.alpha = alpha.map { Double($0) } ?? kind.standard.alpha
    self.beta = beta.map { Double($0) } ?? kind.standard.beta
  }

  func callAsFunction(_ x: Variable) -> Variable {
    switch kind {
    case .relu: x.relu()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .softplus: x.softplus()
    case .affine: x.affine(times: alpha, plus: beta)
    case .scaledTanh: x.affine(times: beta, plus: 0).tanh().affine(times: alpha, plus: 0)
    case .leakyRelu: each(x) { $0 >= 0 ? $0 : alpha * $0 }
    case .thresholdedRelu: each(x) { $0 > alpha ? $0 : 0 }
    case .hardSigmoid: each(x) { min(1, max(0, alpha * $0 + beta)) }
    case .elu: each(x) { $0 >= 0 ? $0 : alpha * (exponential($0) - 1) }
    case .softsign: each(x) { $0 / (1 + abs($0)) }
    }
  }

  private func each(_ x: Variable, _ body: (Double) -> Double) -> Variable {
    var result = x.value
    result.withUnsafeMutableElements { elements in
      for index in elements.indices { elements[index] = Float(body(Double(elements[index]))) }
    }
    return Variable(result)
  }

  /// The functions that the attributes of a node name, `count` for each direction.
  static func read(
    _ node: inout NodeReader, standard: [Kind], directions: Int
  ) throws(ExchangeError) -> [[ONNXActivation]] {
    let names = try node.strings("activations")
    var alphas = (try node.floats("activation_alpha") ?? [])[...]
    var betas = (try node.floats("activation_beta") ?? [])[...]
    guard let names else {
      guard alphas.isEmpty, betas.isEmpty else {
        throw node.refused("activations for the parameters of activations", "none")
      }
      return Array(repeating: standard.map { ONNXActivation($0) }, count: directions)
    }
    guard names.count == standard.count * directions else {
      throw node.refused("\(standard.count * directions) activations", "\(names.count)", .damaged)
    }
    var all: [ONNXActivation] = []
    for name in names {
      guard let kind = Kind.allCases.first(where: { $0.rawValue.lowercased() == name.lowercased() }) else {
        throw node.refused("an activation that is known", "\"\(name)\"")
      }
      // Parameters are taken in the order of the functions that have any.
      all.append(
        ONNXActivation(
          kind, alpha: kind.takesAlpha ? alphas.popFirst() : nil,
          beta: kind.takesBeta ? betas.popFirst() : nil))
    }
    guard alphas.isEmpty, betas.isEmpty else {
      throw node.refused(
        "parameters that an activation takes", "\(alphas.count + betas.count) more", .damaged)
    }
    return (0..<directions).map { Array(all[$0 * standard.count..<($0 + 1) * standard.count]) }
  }
}

/// What stands before every activation: the bound that `clip` sets.
struct GateClip: Sendable, Equatable {
  let limit: Float?

  func callAsFunction(_ x: Variable) -> Variable {
    guard let limit else { return x }
    var result = x.value
    result.withUnsafeMutableElements { elements in
      for index in elements.indices { elements[index] = min(limit, max(-limit, elements[index])) }
    }
    return Variable(result)
  }
}
