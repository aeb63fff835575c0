import Synchronization

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

  private let entries = Mutex<[Entry]>([])
  /// Bytes that may yet be kept of what could be found again; `nil`: as many as are wanted.
  private let memory: Mutex<Int?>

  init(memory: Int? = nil) { self.memory = Mutex(memory) }

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
  func gradients(of last: Int, seed: Tensor, leaves: Int) -> [Tensor?] {
    var entries = self.entries.withLock { entries in
      defer { entries = [] }
      return entries
    }
    var table = GradientTable(count: entries.count)
    table.add(seed, at: last)
    var index = entries.count - 1
    while index >= leaves {
      let entry = entries.removeLast()
      if let backward = entry.backward {
        let results = (index..<(index + entry.results)).map { table.take($0) }
        if results.contains(where: { $0 != nil }) { backward(results, &table) }
      }
      index -= 1
    }
    return (0..<leaves).map { table.take($0) }
  }
}

/// The gradients found so far, by entry of the tape.
struct GradientTable {
  private var slots: [Tensor?]

  init(count: Int) { slots = Array(repeating: nil, count: count) }

  mutating func take(_ index: Int) -> Tensor? {
    defer { slots[index] = nil }
    return slots[index]
  }

  /// Adds a gradient to that of an entry.
  mutating func add(_ gradient: Tensor, at index: Int) {
    guard var sum = slots[index] else {
      slots[index] = gradient
      return
    }
    slots[index] = nil
    Kernels.addScaled(1, gradient, to: &sum)
    slots[index] = sum
  }

  /// Adds a gradient to that of a variable; constants take none.
  mutating func add(_ gradient: @autoclosure () -> Tensor, to variable: Variable) {
    guard variable.tape != nil else { return }
    add(gradient().reshaped(to: variable.shape), at: variable.index)
  }

  /// Lets `body` add to the gradient of a variable in place, zeros at first.
  mutating func update(_ variable: Variable, _ body: (inout Tensor) -> Void) {
    guard variable.tape != nil else { return }
    var sum =
      slots[variable.index]
      ?? Tensor(repeating: 0, shape: variable.shape, precision: variable.value.precision)
    slots[variable.index] = nil
    sum.makeUnique()
    body(&sum)
    slots[variable.index] = sum
  }
}
