import UnrollCore

/// The connectionist temporal classification loss of a batch (Graves et al. 2006): −ln of the probability that the
/// steps of each sequence spell its labels, over all ways to place them.
///
///     let loss = try Loss.ctc(logits, transcripts, blank: 0)
///     let mean = loss.sum.affine(times: 1 / max(1, loss.weight), plus: 0)
///
/// A sequence that has fewer steps than its labels need (one a label, and one more between two equal labels) has no
/// probability at all. It is named, left out of sum and weight, and its gradient is exactly 0.
public struct CTCLoss: Sendable {
  /// Σ −ln p over the sequences that count, a scalar.
  public let sum: Variable
  /// The number of sequences that count.
  public let weight: Double
  /// The number of labels of the sequences that count: divide by it for a mean a label.
  public let labels: Int
  /// −ln p of each sequence as given, 0 for those left out.
  public let losses: Tensor
  /// The sequences with too few steps for their labels, by index.
  public let tooShort: [Int]

  /// The fewest steps that can spell some labels: one a label, and a blank between two that are equal.
  public static func stepsNeeded(for labels: [Int32]) -> Int { UnrollCore.stepsNeeded(toSpell: labels) }
}

/// Targets that do not go with what they are to be learned from.
public enum TargetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Shapes that should have fitted and did not.
  case shape(place: String, expected: String, found: [Int])
  /// A label that is no class.
  case unknown(sequence: Int, position: Int, label: Int32, classes: Int)
  /// A label that is the blank.
  case blank(sequence: Int, position: Int, label: Int32)

  public var description: String {
    switch self {
    case .shape(let place, let expected, let found): "\(place): expected shape \(expected), found \(found)"
    case .unknown(let sequence, let position, let label, let classes):
      "sequence \(sequence), label \(position): expected one of \(classes) classes, found \(label)"
    case .blank(let sequence, let position, let label):
      "sequence \(sequence), label \(position): expected a symbol, found \(label), which is the blank"
    }
  }

  init(_ error: ShapeError) {
    self = .shape(place: error.place, expected: error.expected, found: error.found.extents)
  }

  /// Finds the first label that is no symbol.
  static func check(
    _ targets: [[Int32]], batch: Int, classes: Int, blank: Int32, place: String
  ) throws(TargetError) {
    guard targets.count == batch else {
      throw .shape(place: "\(place).targets", expected: "[\(batch)]", found: [targets.count])
    }
    guard blank >= 0, blank < classes else {
      throw .shape(place: "\(place).logits", expected: "more than \(blank) classes", found: [classes])
    }
    for (sequence, labels) in targets.enumerated() {
      for (position, label) in labels.enumerated() {
        guard label >= 0, label < classes else {
          throw .unknown(sequence: sequence, position: position, label: label, classes: classes)
        }
        guard label != blank else { throw .blank(sequence: sequence, position: position, label: label) }
      }
    }
  }
}

extension Loss {
  /// −ln p of the labels of each sequence, summed: `p = Σ over paths π of Π_t softmax(x_t)[π_t]`, the paths being those
  /// that give the labels once repeats, then blanks, are taken out.
  ///
  /// - Parameters:
  ///   - logits: `[T, B, K]` with lengths. Padding gets a gradient of exactly 0.
  ///   - targets: for each sequence its labels, each below K and none the blank. No labels are legal.
  ///   - blank: the class that spells nothing.
  /// - Throws: `TargetError` when targets do not fit, or a label is no symbol.
  public static func ctc(
    _ logits: SequenceBatch, _ targets: [[Int32]], blank: Int32 = 0
  ) throws(TargetError) -> CTCLoss {
    try ctc(
      logits.values, .padded(timeSteps: logits.timeSteps, lengths: logits.lengths), targets, blank: blank)
  }

  /// The same for packed logits `[N, K]`.
  public static func ctc(
    _ logits: PackedSequence, _ targets: [[Int32]], blank: Int32 = 0
  ) throws(TargetError) -> CTCLoss {
    try ctc(logits.rows, .packed(logits.layout), targets, blank: blank)
  }

  private static func ctc(
    _ logits: Variable, _ rows: SequenceRows, _ targets: [[Int32]], blank: Int32
  ) throws(TargetError) -> CTCLoss {
    try TargetError.check(
      targets, batch: rows.lengths.count, classes: logits.shape.columns, blank: blank, place: "Loss.ctc")
    do {
      let losses = try logits.ctc(targets: targets, blank: blank, rows: rows)
      let tooShort = targets.indices.filter { CTCLoss.stepsNeeded(for: targets[$0]) > rows.lengths[$0] }
      let left = tooShort.reduce(0) { $0 + targets[$1].count }
      return CTCLoss(
        sum: losses.sum(), weight: Double(targets.count - tooShort.count),
        labels: targets.reduce(0) { $0 + $1.count } - left, losses: losses.value, tooShort: tooShort)
    } catch {
      throw TargetError(error)
    }
  }
}
