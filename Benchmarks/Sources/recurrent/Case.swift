import Unroll

/// What is measured: a network, its batch, and what is done with it.
///
/// Written and read as a line of words, `lstm train 16 64 256 256 1 2`: cell, mode, batch, time, input, hidden,
/// layers, threads; `bidirectional 5 50` after it makes both directions and lengths uniform between the two.
struct Case {
  enum Mode: String, CaseIterable { case train, infer, step }

  var cell: CellKind
  var mode: Mode
  var batch: Int
  var time: Int
  var input: Int
  var hidden: Int
  var layers: Int
  var threads: Int
  var shortest = 0
  var longest = 0

  var isBidirectional: Bool { longest > 0 }

  init(
    _ cell: CellKind, _ mode: Mode, _ shape: (Int, Int, Int, Int, Int), threads: Int,
    lengths: (Int, Int)? = nil
  ) {
    self.cell = cell
    self.mode = mode
    (batch, time, input, hidden, layers) = shape
    self.threads = threads
    if let lengths { (shortest, longest) = lengths }
  }

  /// - Returns: `nil` for a line that is none.
  init?(_ line: String) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count >= 8, let cell = CellKind(rawValue: words[0]), let mode = Mode(rawValue: words[1])
    else { return nil }
    let numbers = words[2..<8].compactMap { Int($0) }
    guard numbers.count == 6, numbers.allSatisfy({ $0 > 0 }) else { return nil }
    self.init(
      cell, mode, (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]), threads: numbers[5])
    if words.count == 11, words[8] == "bidirectional", let low = Int(words[9]), let high = Int(words[10]) {
      (shortest, longest) = (low, high)
    }
  }

  /// The lengths of the sequences: a fixed pseudo-random choice, the same for every engine.
  var lengths: [Int]? {
    guard isBidirectional else { return nil }
    return (0..<batch).map { shortest + ($0 * 7919 + 13) % (longest - shortest + 1) }
  }

  /// Operations that are needed: products forward, of the weights' gradients, of the state's gradient, and of the
  /// gradient of an upper layer's input.
  var operations: Double {
    let gates = Double(cell.gates)
    let steps = Double(lengths?.reduce(0, +) ?? batch * time)
    let h = Double(hidden)
    let directions = isBidirectional ? 2.0 : 1.0
    var total = 0.0
    for layer in 0..<layers {
      let inputs = layer == 0 ? Double(input) : h * directions
      let forward = 2 * steps * gates * h * (inputs + h)
      total += directions * forward
      if mode == .train {
        total += directions * (forward + 2 * steps * gates * h * h)
        if layer > 0 { total += directions * 2 * steps * gates * h * inputs }
      }
    }
    return mode == .step ? total / Double(time) : total
  }

  /// A JSON object.
  func json(milliseconds: Double) -> String {
    var fields = [
      "\"cell\":\"\(cell.rawValue)\"", "\"mode\":\"\(mode.rawValue)\"", "\"batch\":\(batch)",
      "\"time\":\(time)", "\"input\":\(input)", "\"hidden\":\(hidden)", "\"layers\":\(layers)",
      "\"threads\":\(threads)",
    ]
    if isBidirectional { fields += ["\"bidirectional\":true", "\"lengths\":[\(shortest),\(longest)]"] }
    fields.append("\"median_ms\":\((milliseconds * 1e5).rounded() / 1e5)")
    fields.append("\"gflops\":\((operations / milliseconds / 1e4).rounded() / 100)")
    return "{" + fields.joined(separator: ",") + "}"
  }
}

extension Case {
  /// The shapes that recurrent networks are used at: small and large, short and long, one layer and several.
  static let shapes: [(Int, Int, Int, Int, Int)] = [
    (1, 100, 256, 256, 1), (16, 64, 256, 256, 1), (32, 64, 128, 256, 1), (64, 35, 650, 650, 2),
    (20, 35, 200, 200, 2), (64, 100, 128, 512, 1), (32, 784, 1, 128, 1), (128, 50, 64, 64, 1),
  ]
  static let ragged = (64, 50, 300, 300, 2)

  static func all(threads: Int) -> [Case] {
    var cases: [Case] = []
    for cell in [CellKind.lstm, .gru, .resetBeforeGRU, .elman] {
      for mode in [Mode.train, .infer] {
        cases += shapes.map { Case(cell, mode, $0, threads: threads) }
        cases.append(Case(cell, mode, ragged, threads: threads, lengths: (5, 50)))
      }
    }
    cases += [64, 128, 256, 512].map { Case(.lstm, .step, (1, 200, $0, $0, 1), threads: 1) }
    return cases
  }
}
