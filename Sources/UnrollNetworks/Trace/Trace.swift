import UnrollCore

/// A model whose network can be written down operation by operation, as files of other programs hold one.
public protocol TracedModel {
  /// Has the network read made-up inputs and says what it gives, all by name.
  ///
  ///     func trace(_ trace: inout Trace) throws {
  ///       trace.parameters(of: network)
  ///       let steps = trace.lengths("lengths")
  ///       let x = trace.frames("frames", features: 12, steps)
  ///       trace.gives("scores", try network(x), steps)
  ///     }
  ///
  /// It is called at several sizes. Where a row of a result comes from may depend on the lengths by the maps of a
  /// `SequenceLayout` alone.
  func trace(_ trace: inout Trace) throws
}

/// What a network reads and gives by name, while it runs on made-up inputs.
///
/// Arrays have the batch first and are padded to the longest sequence; what stands beyond a sequence is made up, too,
/// and what is given beyond it is 0.
public struct Trace {
  /// Whether the states before the first step are read, for streams that come in pieces.
  public let takesStates: Bool
  /// Whether there are such states.
  public private(set) var hasStates = false
  /// What was read and given.
  public private(set) var probe = NetworkProbe()

  private let size: ProbeSize
  private let recorder: TraceRecorder?
  private var random: RandomSource
  private var batch: [TracedAxis]
  private var layouts = 0

  /// - Parameter recorder: is told of everything; `nil`: numbers alone are wanted.
  package init(_ size: ProbeSize, takesStates: Bool, recorder: TraceRecorder? = nil) {
    self.size = size
    self.takesStates = takesStates
    self.recorder = recorder
    random = RandomSource(seed: size.seed)
    batch = [.free("batch", size.batch)]
  }

  /// Lets the parameters of a module be written under their names.
  public func parameters(of module: some Module, _ path: String = "") {
    for (name, value) in module.parameters { recorder?.name(value, parameterName(path, name)) }
  }

  // MARK: - What is read

  /// B, the rows of a batch.
  public var rows: Int { batch.reduce(1) { $0 * $1.extent } }

  /// Says that rows of a batch belong together, so many at a time. It comes before all that is read.
  public mutating func groupRows(by count: Int) {
    batch = [.free("batch", size.batch), .fixed(count)]
  }

  /// The lengths of sequences, `[batch]`.
  ///
  /// - Parameters:
  ///   - steps: the name of their time axis.
  ///   - factor: how many times as long they are as others, for windows to pass along them: what is left after
  ///     convolution and pooling should be more than one step.
  public mutating func lengths(
    _ name: String, steps: String = "time", times factor: Int = 1
  ) -> SequenceLayout {
    // Axes that differ have different extents.
    let lengths = size.lengths(longer: layouts).map { $0 * factor }
    let layout = SequenceLayout(lengths: layouts % 2 == 0 ? lengths : lengths.reversed())
    layouts += 1
    recorder?.readsLengths(name, layout, TracedLayout(name: steps, layout, of: batch))
    probe.inputs.append((name, .integers(layout.lengths, [layout.batch])))
    return layout
  }

  /// A symbol for each step, `[batch, time]`.
  ///
  /// - Returns: symbols, packed.
  public mutating func symbols(_ name: String, below count: Int, _ layout: SequenceLayout) -> [Int32] {
    let all = (0..<layout.batch * layout.timeSteps).map { _ in symbol(below: count) }
    let packed = all.packed(layout)
    recorder?.reads(name, .indices(packed), [[steps(of: layout)]])
    probe.inputs.append((name, .integers(all.map { Int($0) }, [layout.batch, layout.timeSteps])))
    return packed
  }

  /// As many symbols for each step, `[batch, time, count]`.
  ///
  /// - Returns: a list for each packed row.
  public mutating func symbols(
    _ name: String, below bound: Int, perStep count: Int, _ layout: SequenceLayout
  ) -> [[Int32]] {
    let all = (0..<layout.batch * layout.timeSteps).map { _ in (0..<count).map { _ in symbol(below: bound) } }
    let packed = all.packed(layout)
    recorder?.reads(
      name, lists: packed, flat: packed.flatMap { $0 }, [[steps(of: layout)], [.fixed(count)]])
    probe.inputs.append(
      (name, .integers(all.joined().map { Int($0) }, [layout.batch, layout.timeSteps, count])))
    return packed
  }

  /// A list of symbols for each step, `[batch, time, axis]`; −1 where a list is shorter than the longest, and beyond the
  /// sequences.
  ///
  /// - Returns: a list for each packed row.
  public mutating func lists(
    _ name: String, below count: Int, axis: String, _ layout: SequenceLayout
  ) -> [[Int32]] {
    let longest = 3
    let lists = (0..<layout.rows).map { row in
      (0..<(row == 0 ? longest : 1 + random.below(longest))).map { _ in symbol(below: count) }
    }
    let packed = SequenceLayout(lengths: lists.map(\.count))
    recorder?.reads(
      name, lists: lists, packed: packed.packing(lists), packed,
      TracedLayout(name: axis, packed, of: [steps(of: layout)]))
    var all: [Int] = []
    for sequence in layout.unpacking(lists) {
      for step in 0..<layout.timeSteps {
        let list = step < sequence.count ? sequence[step] : []
        all += list.map { Int($0) } + Array(repeating: -1, count: longest - list.count)
      }
    }
    probe.inputs.append((name, .integers(all, [layout.batch, layout.timeSteps, longest])))
    return lists
  }

  /// Tokens as a front reads them: by their ids, and by `pieces`, `characters` and `features` where it does.
  public mutating func tokens(
    _ name: String, for front: TokenFront, _ layout: SequenceLayout
  ) -> TokenBatch {
    var batch = TokenBatch(ids: symbols(name, below: front.table.count, layout), layout: layout)
    batch.places = layout.ownRows
    if let pieces = front.pieces {
      batch.forms.pieces = lists("pieces", below: pieces.count, axis: "pieces", layout)
    }
    if let characters = front.characters {
      batch.forms.characters = lists(
        "characters", below: characters.table.count, axis: "characters", layout)
    }
    if let features = front.features {
      batch.forms.features = symbols(
        "features", below: features.count, perStep: front.featuresPerForm, layout)
    }
    return batch
  }

  /// A vector for each step, `[batch, time, features]`.
  public mutating func frames(
    _ name: String, features: Int, _ layout: SequenceLayout
  ) -> PackedSequence {
    let all = Tensor.normal(deviation: 1, shape: [layout.batch, layout.timeSteps, features], using: &random)
    let rows = Array(0..<Int32(layout.batch * layout.timeSteps)).packed(layout)
    let packed = Variable(all.reshaped(to: [layout.batch * layout.timeSteps, features])).gather(rows)
    recorder?.reads(name, .tensor(packed.value), [[steps(of: layout)], [.fixed(features)]])
    probe.inputs.append((name, .floats(all)))
    return PackedSequence(rows: packed, layout: layout)
  }

  /// An axis of an array that is not one of steps.
  public enum Axis: Sendable {
    case batch
    case fixed(Int)
    /// As long as the longest sequence.
    case time(SequenceLayout)
  }

  private func traced(_ axes: [Axis]) -> [[TracedAxis]] {
    axes.map { axis in
      switch axis {
      case .batch: batch
      case .fixed(let extent): [.fixed(extent)]
      case .time(let layout):
        [.free(recorder?.graph.layout(layout)?.name ?? "", layout.timeSteps)]
      }
    }
  }

  private func shape(_ axes: [Axis]) -> Shape {
    Shape(traced(axes).map { $0.reduce(1) { $0 * $1.extent } })
  }

  /// Numbers of a shape.
  public mutating func numbers(_ name: String, _ axes: [Axis]) -> Tensor {
    let tensor = Tensor.normal(deviation: 1, shape: shape(axes), using: &random)
    recorder?.reads(name, .tensor(tensor), traced(axes))
    probe.inputs.append((name, .floats(tensor)))
    return tensor
  }

  /// Symbols of a shape, in row-major order.
  public mutating func symbols(_ name: String, below count: Int, _ axes: [Axis]) -> [Int32] {
    let shape = shape(axes)
    let symbols = (0..<shape.count).map { _ in symbol(below: count) }
    recorder?.reads(name, .indices(symbols), traced(axes))
    probe.inputs.append((name, .integers(symbols.map { Int($0) }, shape)))
    return symbols
  }

  /// States before the first step, `[count, batch, features]`: one for each layer and direction, as given.
  public mutating func states(_ name: String, count: Int = 1, features: Int) -> [Variable] {
    hasStates = true
    let all = Variable(numbers(name, [.fixed(count), .batch, .fixed(features)]))
    return (0..<count).map { all.rows($0..<$0 + 1).reshaped(to: [rows, features]) }
  }

  /// States of a stack before the first step, `h.0`, `c.0`, …, one of each layer, if they are read.
  ///
  /// - Parameter sizes: the features of each part of each layer's state.
  public mutating func layerStates(sizes: [[Int]]) -> [AnyRecurrentNetwork.State]? {
    hasStates = true
    guard takesStates else { return nil }
    return sizes.enumerated().map { layer, sizes in
      zip(Self.parts, sizes).flatMap { states("\($0).\(layer)", features: $1) }
    }
  }

  private static let parts = ["h", "c"]

  private mutating func symbol(below count: Int) -> Int32 { Int32(random.below(max(1, count))) }

  private func steps(of layout: SequenceLayout) -> TracedAxis {
    recorder?.graph.layout(layout).map { .steps($0) } ?? .fixed(layout.rows)
  }

  // MARK: - What is given

  /// An array as it is.
  public mutating func gives(_ name: String, _ value: Variable) {
    recorder?.gives(name, .tensor(value.value))
    probe.outputs.append((name, value.value))
  }

  /// A vector for each step, packed: `[batch, time, features]`.
  public mutating func gives(_ name: String, _ rows: Variable, _ layout: SequenceLayout) {
    recorder?.gives(name, .tensor(rows.value))
    let places = layout.packedRows(steps: layout.timeSteps)
    let order = (0..<layout.batch).flatMap { row in
      (0..<layout.timeSteps).map { places[$0 * layout.batch + row] }
    }
    let padded = Variable(rows.value).gather(order).value
    probe.outputs.append(
      (name, padded.reshaped(to: [layout.batch, layout.timeSteps, rows.shape.columns])))
  }

  /// A label for each step, packed: `[batch, time]`, −1 beyond the sequences.
  public mutating func gives(_ name: String, labels: [Int32], _ layout: SequenceLayout) {
    recorder?.gives(name, .indices(labels))
    let padded = layout.unpacking(labels).flatMap { labels in
      labels.map { Float($0) } + Array(repeating: -1, count: layout.timeSteps - labels.count)
    }
    probe.outputs.append((name, Tensor(padded, shape: [layout.batch, layout.timeSteps])))
  }

  /// States of a stack after the last step, as given, `h_n.0`, `c_n.0`, …
  public mutating func gives(layerStates: [AnyRecurrentNetwork.State], suffix: String = "_n") {
    for (layer, state) in layerStates.enumerated() {
      for (name, part) in zip(Self.parts, state) { gives("\(name)\(suffix).\(layer)", states: [part]) }
    }
  }

  /// States after the last step, as given, `[B, features]` each: `[count, batch, features]`.
  public mutating func gives(_ name: String, states: [Variable]) {
    gives(name, .concatenated(states.map { $0.reshaped(to: Shape([1] + $0.shape.extents)) }, axis: 0))
  }
}

extension Array {
  /// Elements of a padded `[batch, time]` that exist, packed.
  fileprivate func packed(_ layout: SequenceLayout) -> [Element] {
    layout.packing(
      layout.lengths.enumerated().map { row, length in
        Array(self[row * layout.timeSteps..<row * layout.timeSteps + length])
      })
  }
}
