import Testing
import UnrollCore
import UnrollNetworks

/// Sizes and lengths that sit beside the widths of vectors, with empty sequences, one step, one sequence, none.
struct LayerCase: Sendable, CustomStringConvertible {
  let inputSize: Int
  let hiddenSize: Int
  let lengths: [Int]

  init(_ inputSize: Int, _ hiddenSize: Int, _ lengths: [Int]) {
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.lengths = lengths
  }

  static let awkward: [LayerCase] = [
    LayerCase(1, 1, [1]), LayerCase(5, 8, [7, 3, 7, 0, 2]), LayerCase(3, 17, [4, 4, 4, 4]),
    LayerCase(9, 33, [2, 6, 0, 0, 5, 1, 1]), LayerCase(7, 16, [1]), LayerCase(16, 7, [1, 1, 1]),
    LayerCase(2, 9, [9]), LayerCase(4, 15, []), LayerCase(3, 31, [0, 0]), LayerCase(8, 5, [3, 3, 2]),
    LayerCase(1, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9]), LayerCase(33, 64, [2, 1, 3, 2, 1, 3, 2, 1, 3]),
  ]

  var description: String { "\(inputSize) → \(hiddenSize), lengths \(lengths)" }
}

@Suite struct FusedTests {
  static let values = Tolerance(1e-5, because: "sums in another order, and fused multiply-adds")
  static let gradients = Tolerance(1e-4, because: "the same, over all steps and sequences")
  static let double = Tolerance(1e-11, because: "the same, in double precision")

  /// The fused form gives what the equations give: outputs, final states and every gradient.
  @Test(arguments: CellKind.fused, KernelTarget.available)
  func fusedIsTheDefinition(_ kind: CellKind, _ target: KernelTarget) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ example: LayerCase, reversed: Bool) throws {
      let run = LayerRun(
        type, inputSize: example.inputSize, hiddenSize: example.hiddenSize, lengths: example.lengths,
        reversed: reversed)
      let defined = try run.outcome(definition: true)
      let fused = try run.outcome(definition: false)
      expectClose(
        fused, defined, values: Self.values, gradients: Self.gradients,
        "\(example)\(reversed ? ", reversed" : "")")
    }
    try KernelTarget.$forced.withValue(target) {
      for example in LayerCase.awkward {
        for reversed in [false, true] { try check(kind.type, example, reversed: reversed) }
      }
    }
  }

  /// The same in double precision, where next to nothing is lost: a wrong term cannot hide behind rounding.
  @Test(arguments: CellKind.fused)
  func fusedIsTheDefinitionInDoublePrecision(_ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ example: LayerCase, reversed: Bool) throws {
      let run = LayerRun(
        type, inputSize: example.inputSize, hiddenSize: example.hiddenSize, lengths: example.lengths,
        reversed: reversed, seed: 2
      ).converted(to: .double)
      let defined = try run.outcome(definition: true)
      let fused = try run.outcome(definition: false)
      expectClose(
        fused, defined, values: Self.double, gradients: Self.double,
        "\(example)\(reversed ? ", reversed" : "")")
    }
    for example in LayerCase.awkward {
      for reversed in [false, true] { try check(kind.type, example, reversed: reversed) }
    }
  }

  /// The ways to share a recurrence among threads, each with sizes that lead to it.
  enum Sharing: String, CaseIterable, Sendable, CustomStringConvertible {
    /// Little work: one thread.
    case single
    /// Weights that fit a core's cache: each thread takes some sequences through all steps.
    case rows
    /// Large weights: each thread takes some units of every step.
    case panels
    /// Large weights, many rows a step, and wide panels that do not share evenly: some sequences each after all.
    case rowsOfWideBatches

    /// H with gates · H² just beyond the cache, or far within it.
    func hiddenSize(gates: Int) -> Int {
      switch self {
      case .single: 9
      case .rows: [1: 129, 3: 75, 4: 63][gates]!
      case .panels: [1: 515, 3: 300, 4: 257][gates]!
      case .rowsOfWideBatches: [1: 530, 3: 300, 4: 260][gates]!
      }
    }

    var lengths: [Int] {
      switch self {
      case .single: [4, 2, 0, 1]
      case .rows: [20, 13, 20, 0, 17, 12, 20, 11, 19, 1, 18, 16, 20]
      case .panels: [6, 0, 2, 5]
      case .rowsOfWideBatches: Array(repeating: 2, count: 64)
      }
    }

    /// That of the way back, whose panels are the wider ones.
    func partition(threads: Int) -> Sweep.Partition {
      switch self {
      case .single: .single
      case .rows: .rows(min(threads, 2))
      case .panels: .panels(threads)
      case .rowsOfWideBatches: Kernels.serving(.single).panelColumns == 64 ? .rows(threads) : .panels(threads)
      }
    }

    var description: String { rawValue }
  }

  /// Sharing a recurrence among threads changes no bit, in either direction, and agrees with the definition.
  @Test(arguments: CellKind.fused, KernelTarget.available)
  func sharingChangesNothing(_ kind: CellKind, _ target: KernelTarget) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ sharing: Sharing, reversed: Bool) throws {
      let hidden = sharing.hiddenSize(gates: kind.gates)
      let place = "\(sharing), H = \(hidden)\(reversed ? ", reversed" : "")"
      let run = LayerRun(type, inputSize: 5, hiddenSize: hidden, lengths: sharing.lengths, reversed: reversed)
      let alone = try WorkerPool.$forced.withValue(Teams.alone) { try run.outcome(definition: false) }
      let two = try WorkerPool.$forced.withValue(Teams.two) {
        #expect(Self.partition(kind, run.layout, hidden) == sharing.partition(threads: 2), "\(place)")
        return try run.outcome(definition: false)
      }
      expectSameBits(two, alone, "\(place), two threads")
      let limited = try WorkerPool.$forced.withValue(Teams.two) {
        try WorkerPool.$limit.withValue(1) {
          #expect(Self.partition(kind, run.layout, hidden) == .single, "\(place)")
          return try run.outcome(definition: false)
        }
      }
      expectSameBits(limited, alone, "\(place), limited to one thread")
      let defined = try run.outcome(definition: true)
      expectClose(two, defined, values: Self.values, gradients: Self.gradients, place)
    }
    try KernelTarget.$forced.withValue(target) {
      for sharing in Sharing.allCases {
        for reversed in [false, true] { try check(kind.type, sharing, reversed: reversed) }
      }
    }
  }

  /// A team that no share divides evenly.
  @Test(arguments: CellKind.fused)
  func threeThreadsGiveTheSameBits(_ kind: CellKind) throws {
    func check<Cell: StandardCell>(_ type: Cell.Type, _ sharing: Sharing) throws {
      let run = LayerRun(
        type, inputSize: 3, hiddenSize: sharing.hiddenSize(gates: kind.gates), lengths: sharing.lengths,
        reversed: false)
      let alone = try WorkerPool.$forced.withValue(Teams.alone) { try run.outcome(definition: false) }
      let three = try WorkerPool.$forced.withValue(Teams.three) { try run.outcome(definition: false) }
      expectSameBits(three, alone, "\(sharing)")
    }
    for sharing in [Sharing.rows, .panels] { try check(kind.type, sharing) }
  }

  private static func partition(_ kind: CellKind, _ layout: SequenceLayout, _ hidden: Int) -> Sweep.Partition
  {
    let kernels = Kernels.serving(.single)
    let weights = kind.gates * hidden * hidden
    return Sweep(
      order: StepOrder(layout, reversed: false), panels: kernels.panels(of: hidden),
      unitsPerPanel: kernels.panelColumns, hidden: hidden, workPerRow: weights, weightBytes: 4 * weights
    ).partition
  }
}
