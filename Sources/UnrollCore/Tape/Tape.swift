/// The record of a computation, from which gradients are found by walking it once from its end to its start.
///
/// An entry stands for one value. An operation with several results takes as many entries; its gradient is a
/// function kept at the first of them, which the walk meets last.
final class Tape: Sendable {
  /// Takes the gradients of an operation's results (`nil`: none arrived) and adds to those of its inputs.
  typealias Backward = @Sendable (_ results: [Tensor?], _ gradients: inout GradientTable) -> Void

  private struct Entry {
    let results: Int
    let backward: Backward?
  }

  private let entries = Guarded<[Entry]>([])
  /// Bytes that may yet be kept of what could be found again; `nil`: as many as are wanted.
  private let memory: Guarded<Int?>

  init(memory: Int? = nil) { self.memory = Guarded(memory) }

  /// Asks to keep so many bytes of what could be found again on the way back.
  func reserve(_ bytes: Int) -> Bool {
    memory.withLock { memory in
      guard let left = memory else { return true }
      guard bytes <= left else { return false }
      memory = left - bytes
      return true
    }
  }

  /// Adds an operation and returns the index of its first result.
  func record(results: Int, backward: Backward?) -> Int {
    entries.withLock { entries in
      let index = entries.count
      entries.append(Entry(results: results, backward: backward))
      for _ in 1..<max(results, 1) { entries.append(Entry(results: 0, backward: nil)) }
      return index
    }
  }

  /// The gradients of entry `last`, seeded with one, with respect to the first `leaves` entries.
  ///
  /// The walk is a loop: its stack does not grow with the number of steps. The record is consumed.
  func gradients(of last: Int, seed: Tensor, leaves: Int) -> [Gradient?] {
    var entries = self.entries.withLock { entries in
      defer { entries = [] }
      return entries
    }
    var table = GradientTable(count: entries.count, leaves: leaves)
    table.add(seed, at: last)
    var index = entries.count - 1
    while index >= leaves {
      let entry = entries.removeLast()
      if let backward = entry.backward {
        let results = (index..<(index + entry.results)).map { table.take($0)?.tensor }
        if results.contains(where: { $0 != nil }) { backward(results, &table) }
      }
      index -= 1
    }
    return (0..<leaves).map { table.take($0) }
  }
}

/// Where the gradient of a variable goes: all that an operation need keep of an input whose numbers its own gradient
/// does not ask for. Memory that nobody keeps can be used again.
struct GradientSlot: Sendable {
  let isRecorded: Bool
  let index: Int
  let shape: Shape
  let precision: Precision
}

/// The gradients found so far, by entry of the tape.
struct GradientTable {
  private var slots: [Gradient?]
  private let leaves: Int

  init(count: Int, leaves: Int) {
    slots = Array(repeating: nil, count: count)
    self.leaves = leaves
  }

  mutating func take(_ index: Int) -> Gradient? {
    defer { slots[index] = nil }
    return slots[index]
  }

  /// Adds a gradient to that of an entry.
  mutating func add(_ gradient: Tensor, at index: Int) { add(.dense(gradient), at: index) }

  private mutating func add(_ gradient: Gradient, at index: Int) {
    if slots[index] == nil {
      slots[index] = gradient
    } else if case .rows(let mine)? = slots[index], case .rows(let others) = gradient {
      slots[index] = .rows(mine.adding(others))
    } else {
      update(index) { gradient.add(to: &$0) }
    }
  }

  /// Lets `body` change the sum of an entry that has one, as a whole with its zeros.
  private mutating func update(_ index: Int, _ body: (inout Tensor) -> Void) {
    guard var sum = take(index)?.tensor else { return }
    body(&sum)
    slots[index] = .dense(sum)
  }

  /// Adds a gradient to that of a variable; constants take none.
  mutating func add(_ gradient: @autoclosure () -> Tensor, to variable: Variable) {
    add(gradient(), to: variable.slot)
  }

  mutating func add(_ gradient: @autoclosure () -> Tensor, to slot: GradientSlot) {
    guard slot.isRecorded else { return }
    add(gradient().reshaped(to: slot.shape), at: slot.index)
  }

  /// Adds the gradients of look-ups of a variable's rows: as rows where the variable is a parameter of which most
  /// rows were not asked for.
  mutating func add(lookedUp gradients: Tensor, _ indices: [Int32], to slot: GradientSlot) {
    guard slot.isRecorded else { return }
    let uses = RowUses(indices, of: slot.shape[0])
    if slot.index < leaves && uses.rows.count < slot.shape[0] / 2 {
      add(.rows(RowGradient(shape: slot.shape, uses: uses, gradients: gradients)), at: slot.index)
    } else {
      let width = slot.shape.extents.dropFirst().reduce(1, *)
      update(slot) { sum in
        Kernels.serving(sum.precision).sum(
          gradients.address, uses, width: width, into: sum.mutableAddress, scattered: true)
      }
    }
  }

  /// Whether something was added to the gradient of a variable.
  func has(_ variable: Variable) -> Bool { variable.tape != nil && slots[variable.index] != nil }

  /// Lets `body` change the gradient of a variable in place; where it is new, its numbers are not yet set.
  mutating func accumulate(_ variable: Variable, _ body: (_ sum: inout Tensor, _ isNew: Bool) -> Void) {
    accumulate(variable.slot, body)
  }

  /// Lets `body` add to the gradient of a variable in place, zeros at first.
  mutating func update(_ variable: Variable, _ body: (inout Tensor) -> Void) { update(variable.slot, body) }

  mutating func update(_ slot: GradientSlot, _ body: (inout Tensor) -> Void) {
    accumulate(slot) { sum, isNew in
      if isNew { sum = Tensor(repeating: 0, shape: slot.shape, precision: slot.precision) }
      body(&sum)
    }
  }

  /// Lets `body` write the gradient of a variable in place where it is new, its numbers not yet set, and add to it
  /// where it is not.
  mutating func accumulate(_ slot: GradientSlot, _ body: (_ sum: inout Tensor, _ isNew: Bool) -> Void) {
    guard slot.isRecorded else { return }
    let isNew = slots[slot.index] == nil
    if isNew {
      slots[slot.index] = .dense(Tensor(uninitialized: slot.shape, precision: slot.precision))
    }
    update(slot.index) { sum in
      sum.makeUnique()
      body(&sum, isNew)
    }
  }
}
