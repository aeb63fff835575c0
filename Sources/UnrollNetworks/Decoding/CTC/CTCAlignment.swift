import UnrollCore

/// Where the labels of a sequence lie: the likeliest path that spells them (forced alignment by the algorithm of
/// Viterbi 1967 over the states of connectionist temporal classification).
///
///     let alignment = try CTCAlignment(logProbabilities, labels, blank: 0)
///     for label in alignment.labels { print(label.symbol, label.steps, label.confidence) }
public struct CTCAlignment: Sendable, Equatable {
  /// The labels, each with the steps at which the path is at it; at least one a label, ascending, none shared.
  public let labels: [PlacedSymbol]
  /// ln p of the path.
  public let logProbability: Double

  /// Why labels cannot be placed.
  public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Fewer steps than the labels need.
    case tooShort(steps: Int, needed: Int)
    /// Every path has a probability of 0, or one that is not a number.
    case impossible
    /// A label is the blank, or no class at all.
    case label(position: Int, label: Int32)
    /// More states and steps than can be held.
    case tooLarge(steps: Int, labels: Int)

    public var description: String {
      switch self {
      case .tooShort(let steps, let needed): "expected \(needed) steps for these labels, found \(steps)"
      case .impossible: "no way to place these labels has any probability"
      case .label(let position, let label): "expected a symbol as label \(position), found \(label)"
      case .tooLarge(let steps, let labels):
        "\(labels) labels over \(steps) steps are more than can be aligned at once"
      }
    }
  }

  /// States times steps beyond which nothing is tried: one byte each.
  public static let largestTable = 1 << 31

  /// Places labels; of equally likely paths, the one that stays longest with the earlier label or blank.
  ///
  /// - Parameters:
  ///   - logProbabilities: ln p of each class, `[T, K]`.
  ///   - target: the labels; none are legal.
  /// - Throws: `Failure` when there is no such path.
  public init(_ logProbabilities: Tensor, _ target: [Int32], blank: Int32 = 0) throws(Failure) {
    let (steps, classes) = (logProbabilities.shape.rows, logProbabilities.shape.columns)
    let wanted = target.count
    if let position = target.firstIndex(where: { $0 < 0 || $0 >= classes || $0 == blank }) {
      throw .label(position: position, label: target[position])
    }
    guard blank >= 0, blank < classes else { throw .label(position: -1, label: blank) }
    let needed = Loss.ctcStepsNeeded(for: target)
    guard steps >= needed else { throw .tooShort(steps: steps, needed: needed) }
    let (cells, overflow) = steps.multipliedReportingOverflow(by: 2 * wanted + 1)
    guard !overflow, cells <= Self.largestTable else { throw .tooLarge(steps: steps, labels: wanted) }
    guard steps > 0 else {
      (labels, logProbability) = ([], 0)
      return
    }
    let scores = logProbabilities.elements
    let states = [blank] + target.flatMap { [$0, blank] }
    let path = Self.best(scores, classes: classes, states: states, blank: blank)
    guard path.logProbability > -.infinity else { throw .impossible }
    logProbability = path.logProbability
    var labels: [PlacedSymbol] = []
    var step = 0
    while step < steps {
      let (start, state) = (step, path.states[step])
      var sum = 0.0
      while step < steps, path.states[step] == state {
        sum += exponential(Double(scores[step * classes + Int(states[state])]))
        step += 1
      }
      if state % 2 == 1 {
        labels.append(
          PlacedSymbol(symbol: states[state], steps: start..<step, confidence: sum / Double(step - start)))
      }
    }
    self.labels = labels
  }

  /// The best path from the first two states to the last two.
  private static func best(
    _ scores: [Float], classes: Int, states: [Int32], blank: Int32
  ) -> (states: [Int], logProbability: Double) {
    let (steps, count) = (scores.count / classes, states.count)
    // From how many states below each state was reached: 0, 1 or 2.
    var jumps = [UInt8](repeating: 0, count: steps * count)
    var best = [Double](repeating: -.infinity, count: count)
    for state in 0..<min(2, count) { best[state] = Double(scores[Int(states[state])]) }
    var next = best
    for step in 1..<max(1, steps) {
      let row = step * classes
      // A state that is above what the steps so far, or below what the steps left, allow is not on any path.
      let lowest = max(0, count - 2 * (steps - step))
      let highest = min(count - 1, 2 * step + 1)
      for state in 0..<count { next[state] = -.infinity }
      guard lowest <= highest else { continue }
      for state in lowest...highest {
        var (jump, score) = (UInt8(0), best[state])
        if state > 0, best[state - 1] > score { (jump, score) = (1, best[state - 1]) }
        if state > 1, states[state] != blank, states[state] != states[state - 2], best[state - 2] > score {
          (jump, score) = (2, best[state - 2])
        }
        next[state] = score + Double(scores[row + Int(states[state])])
        jumps[step * count + state] = jump
      }
      swap(&best, &next)
    }
    var state = count > 1 && best[count - 2] > best[count - 1] ? count - 2 : count - 1
    let score = best[state]
    guard score > -.infinity else { return ([], -.infinity) }
    var path = [Int](repeating: 0, count: steps)
    for step in (0..<steps).reversed() {
      path[step] = state
      state -= Int(jumps[step * count + state])
    }
    return (path, score)
  }
}
