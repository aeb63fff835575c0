import UnrollCore

/// The loss of a batch of sequences against their labels, without knowing which step says which label: a sum and what
/// it is divided by for a mean.
///
///     let mean = loss.sum.affine(times: 1 / max(1, loss.weight), plus: 0)
public struct LabelSequenceLoss: Sendable {
  /// Σ −ln p over the sequences that count, a scalar.
  public let sum: Variable
  /// The number of sequences that count.
  public let weight: Double
  /// The number of labels of the sequences that count: divide by it for a mean a label.
  public let labels: Int
  /// −ln p of each sequence as given, 0 for those left out.
  public let losses: Tensor
  /// The sequences with too few steps for their labels, by index: left out of sum and weight, their gradient exactly 0.
  public let tooShort: [Int]

  init(_ losses: Variable, _ targets: [[Int32]], tooShort: [Int]) {
    sum = losses.sum()
    self.losses = losses.value
    self.tooShort = tooShort
    weight = Double(targets.count - tooShort.count)
    labels = targets.reduce(0) { $0 + $1.count } - tooShort.reduce(0) { $0 + targets[$1].count }
  }
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
