import UnrollCore
import UnrollNetworks

/// What the attributes of an RNN, GRU or LSTM node say.
struct RecurrentNodeSettings: Sendable {
  enum Kind: Sendable {
    case elman, gru, lstm

    var gates: Int {
      switch self {
      case .elman: 1
      case .gru: 3
      case .lstm: 4
      }
    }

    /// For each gate in this library's order, its place in ONNX's: z, r, h of a GRU and i, o, f, c of an LSTM.
    var gateOrder: [Int] {
      switch self {
      case .elman: [0]
      case .gru: [1, 0, 2]
      case .lstm: [0, 2, 3, 1]
      }
    }

    var functions: [ONNXActivation.Kind] {
      switch self {
      case .elman: [.tanh]
      case .gru: [.sigmoid, .tanh]
      case .lstm: [.sigmoid, .tanh, .tanh]
      }
    }
  }

  let kind: Kind
  /// Whether each direction runs from the last step to the first.
  let reversed: [Bool]
  let hiddenSize: Int?
  /// Whether the batch is the first axis.
  let isBatchFirst: Bool
  let clip: Float?
  /// The functions of each direction.
  let functions: [[ONNXActivation]]
  let couplesForget: Bool
  let resetsAfter: Bool
  /// Whether the node must run step by step although a faster form exists.
  let definition: Bool

  init(_ kind: Kind, _ node: inout NodeReader, definition: Bool) throws(ExchangeError) {
    self.kind = kind
    self.definition = definition
    let direction = try node.string("direction") ?? "forward"
    switch direction {
    case "forward": reversed = [false]
    case "reverse": reversed = [true]
    case "bidirectional": reversed = [false, true]
    default: throw node.refused("a direction of forward, reverse or bidirectional", "\"\(direction)\"")
    }
    hiddenSize = try node.integer("hidden_size")
    let layout = try node.integer("layout") ?? 0
    guard (0...1).contains(layout) else { throw node.refused("a layout of 0 or 1", "\(layout)") }
    isBatchFirst = layout == 1
    clip = try node.float("clip")
    if let clip, !(clip > 0) { throw node.refused("a clip above 0", "\(clip)") }
    functions = try ONNXActivation.read(&node, standard: kind.functions, directions: reversed.count)
    couplesForget = kind == .lstm ? try node.flag("input_forget") : false
    resetsAfter = kind == .gru ? try node.flag("linear_before_reset") : false
  }
}

extension Operators {
  static let recurrent: [String: Maker] = [
    "RNN": recurrentNode(.elman),
    "GRU": recurrentNode(.gru),
    "LSTM": recurrentNode(.lstm),
    "Scan": scan,
    "com.microsoft.DynamicQuantizeLSTM": QuantizedLSTM.maker,
  ]

  private static func recurrentNode(_ kind: RecurrentNodeSettings.Kind) -> Maker {
    { node, definition throws(ExchangeError) in
      try node.takes(inputs: 3...(kind == .lstm ? 8 : 6), outputs: 1...(kind == .lstm ? 3 : 2))
      let settings = try RecurrentNodeSettings(kind, &node, definition: definition)
      let cache = RecurrentNodeCache()
      return { inputs, place throws(ExchangeError) in
        let run = RecurrentNodeRun(settings: settings, inputs: inputs, place: place, cache: cache)
        return try run.outputs()
      }
    }
  }
}

/// The directions made of the weights that a node saw last: most nodes see the same at every run.
final class RecurrentNodeCache: Sendable {
  private struct Entry {
    let weights: [ONNXTensor?]
    let directions: [RecurrentDirection]
  }
  private let entry = Guarded<Entry?>(nil)

  func directions(
    of weights: [ONNXTensor?], _ make: () throws(ExchangeError) -> [RecurrentDirection]
  ) throws(ExchangeError) -> [RecurrentDirection] {
    let known = entry.withLock { entry in
      entry.flatMap { Self.areOne($0.weights, weights) ? $0.directions : nil }
    }
    if let known { return known }
    let directions = try make()
    entry.withLock { $0 = Entry(weights: weights, directions: directions) }
    return directions
  }

  /// Whether two lists hold the very same memory.
  private static func areOne(_ a: [ONNXTensor?], _ b: [ONNXTensor?]) -> Bool {
    zip(a, b).allSatisfy { a, b in
      switch (a?.storage, b?.storage) {
      case (nil, nil): true
      case (.floats(let a)?, .floats(let b)?): a.storage === b.storage && a.shape == b.shape
      default: false
      }
    }
  }
}

/// One run of a recurrent node.
///
/// X `[T, B, I]`, W `[D, G·H, I]`, R `[D, G·H, H]`, B `[D, 2·G·H]`, sequence_lens `[B]`, initial_h and initial_c
/// `[D, B, H]`, P `[D, 3·H]`; Y `[T, D, B, H]`, Y_h and Y_c `[D, B, H]`. With the batch first, X is `[B, T, I]`,
/// states `[B, D, H]` and Y `[B, T, D, H]`. What lies beyond a sequence's length is zeros, and a reversed direction
/// starts at a sequence's own last step.
struct RecurrentNodeRun {
  let settings: RecurrentNodeSettings
  let inputs: [ONNXTensor?]
  let place: NodePlace
  let cache: RecurrentNodeCache

  private var gates: Int { settings.kind.gates }
  private var directions: Int { settings.reversed.count }

  func outputs() throws(ExchangeError) -> [ONNXTensor] {
    let x = try sequences()
    let weights = [inputs.optional(1), inputs.optional(2), inputs.optional(3), inputs.optional(7)]
    let sizes = try checkWeights(inputSize: x.features)
    // Before anything is made for the steps: an input without features may have any number of them.
    _ = try place.shape([directions, max(1, x.timeSteps), max(1, x.batch), sizes.hidden])
    let cells = try cache.directions(of: weights) { () throws(ExchangeError) in try makeDirections(sizes) }
    let packed = PackedSequence(x)
    let states = settings.kind == .lstm ? 2 : 1
    var outputs: [Tensor] = []
    var finals: [[Tensor]] = Array(repeating: [], count: states)
    let initials = try initialStates(count: states, batch: x.batch, hidden: sizes.hidden)
    for (index, cell) in cells.enumerated() {
      let initial = initials.map { parts in
        parts.rows(index * x.batch..<(index + 1) * x.batch).gather(
          packed.layout.order.map { Int32($0) })
      }
      let (rows, final) = try place.fitting { () throws(ShapeError) in
        let (rows, final) = try cell(packed, initial)
        return (try rows.padded(timeSteps: x.timeSteps), final)
      }
      outputs.append(rows.values.value)
      let places = packed.layout.places.map { Int32($0) }
      for part in 0..<states { finals[part].append(final[part].gather(places).value) }
    }
    return try assembled(outputs, finals, steps: x.timeSteps, batch: x.batch, hidden: sizes.hidden)
  }

  private func sequences() throws(ExchangeError) -> SequenceBatch {
    var x = try inputs.floats(0, place)
    guard x.shape.rank == 3 else { throw place.refused("X of three axes", "\(x.shape)") }
    if settings.isBatchFirst { x = Operators.permuted(ONNXTensor(x), [1, 0, 2]).tensor }
    var lengths: [Int]?
    if inputs.optional(4) != nil {
      let given = try inputs.list(4, place)
      guard given.count == x.shape[1], given.allSatisfy({ (0...x.shape[0]).contains($0) }) else {
        throw place.refused("\(x.shape[1]) lengths of at most \(x.shape[0])", "\(given.prefix(9))")
      }
      lengths = given
    }
    return try place.fitting { () throws(ShapeError) in try SequenceBatch(x, lengths: lengths) }
  }

  private func checkWeights(inputSize: Int) throws(ExchangeError) -> (hidden: Int, inputs: Int) {
    let (w, r) = (try inputs.floats(1, place), try inputs.floats(2, place))
    guard r.shape.rank == 3, r.shape[2] > 0 else {
      throw place.refused("R of three axes, the last above 0", "\(r.shape)")
    }
    let hidden = r.shape[2]
    if let wanted = settings.hiddenSize, wanted != hidden {
      throw place.refused("R for a hidden size of \(wanted)", "\(r.shape)")
    }
    let width = gates * hidden
    func check(_ name: String, _ found: Shape, _ expected: Shape) throws(ExchangeError) {
      guard found == expected else { throw place.refused("\(name) of shape \(expected)", "\(found)") }
    }
    try check("R", r.shape, [directions, width, hidden])
    try check("W", w.shape, [directions, width, inputSize])
    if inputs.optional(3) != nil {
      try check("B", try inputs.floats(3, place).shape, [directions, 2 * width])
    }
    if inputs.optional(7) != nil {
      try check("P", try inputs.floats(7, place).shape, [directions, 3 * hidden])
    }
    return (hidden, inputSize)
  }

  /// Zeros where no state is given; `[D·B, H]` each.
  private func initialStates(
    count: Int, batch: Int, hidden: Int
  ) throws(ExchangeError) -> [Variable] {
    var result: [Variable] = []
    let expected: Shape = settings.isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
    let flat = try place.shape([directions * batch, hidden])
    for index in 5..<5 + count {
      guard let given = inputs.optional(index) else {
        result.append(Variable(.zeros(flat)))
        continue
      }
      _ = try inputs.floats(index, place)
      guard given.shape == expected else {
        throw place.refused("an initial state of shape \(expected)", "\(given.shape)")
      }
      let ordered = settings.isBatchFirst ? Operators.permuted(given, [1, 0, 2]) : given
      result.append(Variable(ordered.tensor.reshaped(to: flat)))
    }
    return result
  }

  private func makeDirections(_ sizes: (hidden: Int, inputs: Int)) throws(ExchangeError)
    -> [RecurrentDirection]
  {
    let (hidden, width) = (sizes.hidden, gates * sizes.hidden)
    let (w, r) = (Variable(try inputs.floats(1, place)), Variable(try inputs.floats(2, place)))
    let b =
      inputs.optional(3) == nil
      ? Variable(.zeros([directions, 2 * width])) : Variable(try inputs.floats(3, place))
    let p = inputs.optional(7) == nil ? nil : Variable(try inputs.floats(7, place))
    /// The blocks of a matrix whose rows are gates, in this library's order.
    func ordered(_ x: Variable, _ order: [Int], columns: Int) -> Variable {
      let blocks = x.reshaped(to: [x.shape.count / max(1, hidden * columns), hidden * columns])
      return blocks.gather(order.map { Int32($0) }).reshaped(to: [order.count * hidden, columns])
    }
    return settings.reversed.enumerated().map { index, reversed in
      let order = settings.kind.gateOrder
      let bias = b.rows(index..<index + 1)
      let weights = RecurrentNodeWeights(
        input: ordered(w.rows(index..<index + 1), order, columns: sizes.inputs),
        recurrent: ordered(r.rows(index..<index + 1), order, columns: hidden),
        inputBias: ordered(bias.columns(0..<width), order, columns: 1).reshaped(to: [width]),
        recurrentBias: ordered(bias.columns(width..<2 * width), order, columns: 1).reshaped(to: [width]),
        // Peepholes stand in the order i, o, f.
        peephole: p.map {
          ordered($0.rows(index..<index + 1), [0, 2, 1], columns: 1).reshaped(to: [3, hidden])
        })
      return RecurrentDirection(settings, weights, functions: settings.functions[index], reversed: reversed)
    }
  }

  private func assembled(
    _ outputs: [Tensor], _ finals: [[Tensor]], steps: Int, batch: Int, hidden: Int
  ) throws(ExchangeError) -> [ONNXTensor] {
    // `[D, T, B, H]` to `[T, D, B, H]` or `[B, T, D, H]`.
    let all = try place.shape([directions, steps, batch, hidden])
    let joined = ONNXTensor.joined(outputs.map { ONNXTensor($0) }, shape: all)
    let y = Operators.permuted(joined, settings.isBatchFirst ? [2, 1, 0, 3] : [1, 0, 2, 3])
    let states = finals.map { parts in
      let state = ONNXTensor.joined(parts.map { ONNXTensor($0) }, shape: [directions, batch, hidden])
      return settings.isBatchFirst ? Operators.permuted(state, [1, 0, 2]) : state
    }
    return [y] + states
  }
}
