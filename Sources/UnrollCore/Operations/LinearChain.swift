/// The scores of a linear chain of tags: L tags, N steps of all sequences.
package struct LinearChain: Sendable {
  /// `[N, L]`, packed by the layout.
  package let emissions: Variable
  /// `[L, L]`, from a tag to the next.
  package let transitions: Variable
  /// `[L]`.
  package let start: Variable
  /// `[L]`.
  package let end: Variable
  package let layout: SequenceLayout

  /// - Throws: `ShapeError` when the shapes do not fit.
  package init(
    emissions: Variable, transitions: Variable, start: Variable, end: Variable, layout: SequenceLayout
  ) throws(ShapeError) {
    self.emissions = emissions
    self.transitions = transitions
    self.start = start
    self.end = end
    self.layout = layout
    guard emissions.shape.rank == 2, emissions.shape[0] == layout.rows else {
      throw ShapeError(
        place: "LinearChain.emissions", expected: "[\(layout.rows), tags]", found: emissions.shape)
    }
    guard transitions.shape == [tags, tags] else {
      throw ShapeError(
        place: "LinearChain.transitions", expected: "[\(tags), \(tags)]", found: transitions.shape)
    }
    guard start.shape == [tags], end.shape == [tags] else {
      throw ShapeError(
        place: "LinearChain.start and end", expected: "[\(tags)]",
        found: start.shape == [tags] ? end.shape : start.shape)
    }
  }

  package var tags: Int { emissions.shape.columns }

  /// The packed rows of the sequence at a place of the sorted order.
  private func rows(_ place: Int) -> [Int32] {
    (0..<layout.lengths[layout.order[place]]).map { Int32(layout.offsets[$0] + place) }
  }

  /// Groups of sequences that share one sum of gradients: as many whatever the threads, so that no bit depends on
  /// them. Places are dealt in turn, which balances lengths.
  private static let groups = 8

  /// ln Z of each sequence in sorted order, less the score of its labels where there are some, and what the
  /// gradient needs.
  private func forward(_ labels: [[Int32]]?) -> (losses: [Double], forward: Tensor, shifts: [Double]) {
    let kernels = Kernels.serving(emissions.value.precision)
    let table = kernels.table
    let forward = Tensor(uninitialized: emissions.shape, precision: emissions.value.precision)
    var losses = [Double](repeating: 0, count: layout.batch)
    var shifts = [Double](repeating: 0, count: layout.rows)
    let starts = firstRows
    losses.withUnsafeMutableBufferPointer { losses in
      shifts.withUnsafeMutableBufferPointer { shifts in
        nonisolated(unsafe) let (losses, shifts) = (losses, shifts)
        WorkerPool.shared.split(layout.batch, grain: grain) { range in
          for place in range where starts[place + 1] > starts[place] {
            let rows = rows(place)
            losses[place] = withLabels(labels?[place]) { labels in
              table.pointee.crf_forward(
                rows.count, tags, rows, emissions.value.address, transitions.value.address,
                start.value.address, end.value.address, labels,
                forward.mutableAddress + starts[place] * tags * kernels.stride,
                shifts.baseAddress! + starts[place])
            }
          }
        }
      }
    }
    return (losses, forward, shifts)
  }

  /// Where the forward sums of each place begin.
  private var firstRows: [Int] {
    layout.order.reduce(into: [0]) { $0.append($0.last! + layout.lengths[$1]) }
  }

  private var grain: Int {
    let perSequence = max(1, layout.rows / max(1, layout.batch)) * tags * tags
    return max(1, Kernels.grain / 8 / max(1, perSequence))
  }

  private func withLabels<R>(_ labels: [Int32]?, _ body: (UnsafePointer<Int32>?) -> R) -> R {
    guard let labels else { return body(nil) }
    return labels.withUnsafeBufferPointer { body($0.baseAddress) }
  }

  private struct Sums {
    let emissions: Tensor
    let transitions: Tensor
    let start: Tensor
    let end: Tensor
  }

  /// The gradient of Σ weights · losses. Without labels, that of the emissions holds the chances of each tag.
  private func gradient(
    _ labels: [[Int32]]?, forward: Tensor, shifts: [Double], weights: [Double]
  ) -> Sums {
    let precision = emissions.value.precision
    let kernels = Kernels.serving(precision)
    let (table, stride, groups) = (kernels.table, kernels.stride, min(Self.groups, max(1, layout.batch)))
    let de = Tensor(uninitialized: emissions.shape, precision: precision)
    func zeros(_ columns: Int) -> Tensor {
      Tensor(repeating: 0, shape: [groups, columns], precision: precision)
    }
    let (dt, ds, dl, scratch) = (zeros(tags * tags), zeros(tags), zeros(tags), zeros(3 * tags))
    let starts = firstRows
    shifts.withUnsafeBufferPointer { shifts in
      nonisolated(unsafe) let shifts = shifts
      WorkerPool.shared.split(groups, grain: max(1, grain * groups / max(1, layout.batch))) { range in
        for group in range {
          for place in Swift.stride(from: group, to: layout.batch, by: groups)
          where starts[place + 1] > starts[place] {
            let rows = rows(place)
            withLabels(labels?[place]) { labels in
              table.pointee.crf_gradient(
                rows.count, tags, rows, emissions.value.address, transitions.value.address, end.value.address,
                labels, forward.address + starts[place] * tags * stride, shifts.baseAddress! + starts[place],
                weights[place], de.mutableAddress, dt.mutableAddress + group * tags * tags * stride,
                ds.mutableAddress + group * tags * stride, dl.mutableAddress + group * tags * stride,
                scratch.mutableAddress + group * 3 * tags * stride)
            }
          }
        }
      }
    }
    return Sums(
      emissions: de, transitions: Kernels.columnSums(dt, columns: tags * tags),
      start: Kernels.columnSums(ds, columns: tags), end: Kernels.columnSums(dl, columns: tags))
  }
}

extension LinearChain {
  /// −ln p(labels) of each sequence as given, 0 for an empty one.
  ///
  /// - Parameter labels: for each sequence as given, as many tags as it has steps, each in `0 ..< tags`.
  /// - Returns: `[B]`.
  package func negativeLogLikelihood(_ labels: [[Int32]]) -> Variable {
    require(
      labels.map(\.count) == layout.lengths && labels.joined().allSatisfy { (0..<Int32(tags)) ~= $0 },
      "LinearChain: one of \(tags) tags is needed for each step of sequences of \(layout.lengths) steps")
    let sorted = layout.order.map { labels[$0] }
    let (losses, forward, shifts) = forward(sorted)
    let value = Tensor(doubles: losses, shape: [layout.batch]).converted(to: emissions.value.precision)
    let inputs = [emissions, transitions, start, end]
    return Variable.record(value, from: inputs) { dy, gradients in
      let sums = gradient(sorted, forward: forward, shifts: shifts, weights: dy.doubles)
      gradients.add(sums.emissions, to: emissions)
      gradients.add(sums.transitions, to: transitions)
      gradients.add(sums.start, to: start)
      gradients.add(sums.end, to: end)
    }.asGiven(layout)
  }

  /// The chance of each tag at each step, `[N, L]`, packed.
  package func marginals() -> Tensor {
    let (_, forward, shifts) = forward(nil)
    return gradient(
      nil, forward: forward, shifts: shifts, weights: Array(repeating: 1, count: layout.batch)
    ).emissions
  }

  /// The likeliest tag of each packed row; see `best`.
  package func bestRows() -> [Int32] {
    let rows = layout.packed(best().map(\.tags))
    TraceRecorder.active?.record(
      .bestPath(layout), [emissions, transitions, start, end].map(\.value), [.indices(rows)])
    return rows
  }

  /// The likeliest tags of each sequence as given and their score (Viterbi 1967); of equals, the first tag.
  package func best() -> [(tags: [Int32], score: Double)] {
    let scores = (
      emissions: emissions.value.doubles, transitions: transitions.value.doubles, start: start.value.doubles,
      end: end.value.doubles
    )
    let places = layout.places
    return layout.lengths.indices.map { sequence in
      let rows = rows(places[sequence])
      guard let first = rows.first, tags > 0 else { return ([], 0) }
      var best = (0..<tags).map { scores.start[$0] + scores.emissions[Int(first) * tags + $0] }
      var back: [Int32] = []
      back.reserveCapacity(tags * max(0, rows.count - 1))
      var next = best
      var from = [Int32](repeating: 0, count: tags)
      for row in rows.dropFirst() {
        for j in 0..<tags { (next[j], from[j]) = (best[0] + scores.transitions[j], 0) }
        for i in 1..<max(1, tags) {
          for j in 0..<tags {
            let score = best[i] + scores.transitions[i * tags + j]
            if score > next[j] { (next[j], from[j]) = (score, Int32(i)) }
          }
        }
        for j in 0..<tags { best[j] = next[j] + scores.emissions[Int(row) * tags + j] }
        back += from
      }
      var last = 0
      for j in 0..<tags where best[j] + scores.end[j] > best[last] + scores.end[last] { last = j }
      let score = best[last] + scores.end[last]
      var path = [Int32(last)]
      for step in (0..<rows.count - 1).reversed() {
        last = Int(back[step * tags + last])
        path.append(Int32(last))
      }
      return (path.reversed(), score)
    }
  }
}
