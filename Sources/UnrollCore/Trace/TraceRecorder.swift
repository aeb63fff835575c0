import Synchronization

/// Writes down by name what a computation does, while it is done.
///
///     let recorder = TraceRecorder()
///     let y = try TraceRecorder.$current.withValue(recorder) { try network(x) }
///     recorder.graph.nodes
///
/// A value is known by its memory. The recorder holds all that it has seen: nobody can write to it or be given its
/// memory anew, so that the same memory is the same value, whatever way it took. Of a value that comes from nothing
/// that is known, nothing is recorded: it is a constant. Where no recorder is set, an operation pays for one look at a
/// count.
package final class TraceRecorder: Sendable {
  @TaskLocal package static var current: TraceRecorder?
  private static let recorders = Atomic<Int>(0)

  /// The recorder of this task, if there is one.
  @inline(__always)
  package static var active: TraceRecorder? {
    recorders.load(ordering: .relaxed) == 0 ? nil : current
  }

  private struct State {
    var graph = TracedGraph()
    /// The nodes of the graph and of the loops that are being recorded, innermost last.
    var nodes: [[TracedNode]] = [[]]
    var known: Set<TraceKey> = []
    /// Lists of symbols, by the memory of the list of lists, and what they are when they lie packed.
    var lists: [TraceKey: (lists: [[Int32]], layout: SequenceLayout, packed: [Int32])] = [:]
    /// What is known and stands in no node.
    var held: [TracedValue] = []
  }
  private let state = Guarded(State())

  package init() { Self.recorders.add(1, ordering: .relaxed) }
  deinit { Self.recorders.subtract(1, ordering: .relaxed) }

  /// All that was recorded.
  package var graph: TracedGraph {
    state.withLock { state in
      var graph = state.graph
      graph.nodes = state.nodes[0]
      return graph
    }
  }

  /// Records an operation if it depends on anything that is known.
  func record(_ operation: TracedOperation, _ inputs: [Tensor], _ results: [TracedValue]) {
    state.withLock { state in
      let reads = inputs.map { TraceKey($0) } + operation.readsBeside.map(\.key)
      var isKnown = reads.contains { state.known.contains($0) }
      if case .unread(let segments) = operation {
        isKnown = isKnown || state.graph.layout(lengths: segments.origin) != nil
      }
      guard isKnown else { return }
      state.nodes[state.nodes.count - 1].append(
        TracedNode(operation: operation, inputs: inputs, results: results))
      for result in results { state.known.insert(result.key) }
    }
  }

  private func hold(_ value: TracedValue) {
    state.withLock { state in
      state.known.insert(value.key)
      state.held.append(value)
    }
  }

  /// Makes known a value that the network reads.
  package func reads(_ name: String, _ value: TracedValue, _ axes: [[TracedAxis]]) {
    hold(value)
    state.withLock { $0.graph.inputs.append(TracedInput(name: name, content: .value(value), axes: axes)) }
  }

  /// Makes known sequences whose lengths the network reads.
  package func readsLengths(_ name: String, _ layout: SequenceLayout, _ traced: TracedLayout) {
    state.withLock { state in
      state.graph.know(layout, traced)
      state.graph.inputs.append(
        TracedInput(name: name, content: .lengths(traced), axes: [traced.sequences]))
    }
  }

  /// Makes known sequences whose lengths follow from those of others by windows along an axis of pictures.
  func finds(_ layout: SequenceLayout, in source: SequenceLayout, by window: Window2D, axis: Int) {
    state.withLock { state in
      guard let known = state.graph.layout(source) else { return }
      let traced = TracedLayout(
        name: window.axisName(of: known.name, axis: axis), layout, of: known.sequences)
      state.graph.know(layout, traced)
      state.graph.windows[traced] = (known, window, axis)
    }
  }

  /// Makes known lists of symbols that the network reads, one for each step, −1 where a list is shorter than others.
  package func reads(
    _ name: String, lists: [[Int32]], packed: [Int32], _ layout: SequenceLayout, _ traced: TracedLayout
  ) {
    hold(.indices(packed))
    state.withLock { state in
      state.graph.know(layout, traced)
      state.lists[TraceKey(lists)] = (lists, layout, packed)
      state.graph.inputs.append(
        TracedInput(name: name, content: .lists(.indices(packed), traced), axes: [[.steps(traced)]]))
    }
  }

  /// Makes known lists of as many symbols each, and their symbols one after the other.
  package func reads(_ name: String, lists: [[Int32]], flat: [Int32], _ axes: [[TracedAxis]]) {
    reads(name, .indices(flat), axes)
    state.withLock { state in
      state.lists[TraceKey(lists)] = (lists, SequenceLayout(lengths: lists.map(\.count)), flat)
    }
  }

  package func gives(_ name: String, _ value: TracedValue) {
    hold(value)
    state.withLock { $0.graph.outputs.append((name, value)) }
  }

  /// Makes known by name an array that a layout made.
  package func name(_ indices: [Int32], _ map: LayoutMap, of layout: SequenceLayout) {
    hold(.indices(indices))
    state.withLock { $0.graph.maps[TraceKey(indices)] = (map, layout) }
  }

  /// Gives a name to a tensor that training made.
  package func name(_ parameter: Tensor, _ name: String) {
    state.withLock { $0.graph.parameters[TraceKey(parameter)] = (name, parameter) }
  }

  /// The layout of lists that the network reads, and how they lie packed.
  func lists(_ lists: [[Int32]]) -> (layout: SequenceLayout, packed: [Int32])? {
    state.withLock { state in state.lists[TraceKey(lists)].map { ($0.layout, $0.packed) } }
  }

  /// Whether the lengths of these sequences are read by the network.
  func knows(_ layout: SequenceLayout) -> Bool { graph.layout(layout) != nil }

  /// Records what a step of a loop does, apart.
  func loop<Failure: Error>(
    _ inputs: [Variable], _ state: [Variable],
    _ step: ([Variable], [Variable]) throws(Failure) -> (outputs: [Variable], state: [Variable])
  ) throws(Failure) -> TracedLoop {
    // Memory of their own: what stands outside of the loop is another value.
    func own(_ variable: Variable) -> Tensor {
      var tensor = variable.value
      tensor.makeUnique()
      hold(.tensor(tensor))
      return tensor
    }
    let (reads, before) = (inputs.map(own), state.map(own))
    self.state.withLock { $0.nodes.append([]) }
    let (outputs, next) = try step(reads.map { Variable($0) }, before.map { Variable($0) })
    let nodes = self.state.withLock { $0.nodes.removeLast() }
    return TracedLoop(
      inputs: reads, state: before, outputs: outputs.map(\.value), next: next.map(\.value), nodes: nodes)
  }
}

/// Something that a network reads.
package struct TracedInput: Sendable {
  package enum Content: Sendable {
    case value(TracedValue)
    case lengths(TracedLayout)
    case lists(TracedValue, TracedLayout)
  }
  package let name: String
  package let content: Content
  /// For each axis as it is seen from outside, of what it is made. Indices that a network is given have one axis, of
  /// all of these.
  package let axes: [[TracedAxis]]
}

/// What a network did, from what it reads to what it gives.
package struct TracedGraph: Sendable {
  package internal(set) var inputs: [TracedInput] = []
  package internal(set) var nodes: [TracedNode] = []
  package internal(set) var outputs: [(name: String, value: TracedValue)] = []
  fileprivate(set) var maps: [TraceKey: (map: LayoutMap, layout: SequenceLayout)] = [:]
  fileprivate(set) var parameters: [TraceKey: (name: String, value: Tensor)] = [:]
  private var layouts: [TraceKey: (traced: TracedLayout, layout: SequenceLayout)] = [:]
  /// Of layouts whose lengths follow from those of others, how.
  package fileprivate(set) var windows: [TracedLayout: (source: TracedLayout, window: Window2D, axis: Int)] =
    [:]

  fileprivate mutating func know(_ layout: SequenceLayout, _ traced: TracedLayout) {
    layouts[TraceKey(layout.lengths)] = (traced, layout)
  }

  /// The layout whose lengths the network reads; `nil`: they are known beforehand.
  package func layout(_ layout: SequenceLayout) -> TracedLayout? { self.layout(lengths: layout.lengths) }
  package func layout(lengths: [Int]) -> TracedLayout? { layouts[TraceKey(lengths)]?.traced }

  /// What an array of indices does, where a layout made it.
  package func map(_ indices: [Int32]) -> (map: LayoutMap, layout: SequenceLayout)? {
    maps[TraceKey(indices)]
  }

  /// The name of a tensor that training made.
  package func parameter(_ tensor: Tensor) -> String? { parameters[TraceKey(tensor)]?.name }
}

extension SequenceLayout {
  /// An array of indices that the recorder, if there is one, knows by what it does.
  func named(_ map: LayoutMap, _ indices: [Int32]) -> [Int32] {
    TraceRecorder.active?.name(indices, map, of: self)
    return indices
  }

  /// A layout for lists of symbols.
  package init(of lists: [[Int32]]) {
    self = TraceRecorder.active?.lists(lists)?.layout ?? SequenceLayout(lengths: lists.map(\.count))
  }

  /// Symbols of sequences of this layout's lengths, in the order of its rows.
  public func packing(_ lists: [[Int32]]) -> [Int32] {
    TraceRecorder.active?.lists(lists)?.packed ?? packed(lists)
  }

  /// Lists of symbols, one after the other.
  package static func flattened(_ lists: [[Int32]]) -> [Int32] {
    TraceRecorder.active?.lists(lists)?.packed ?? lists.flatMap { $0 }
  }
}
