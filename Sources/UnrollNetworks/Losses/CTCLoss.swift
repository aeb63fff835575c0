import UnrollCore

extension Loss {
  /// Connectionist temporal classification (Graves et al. 2006): −ln of the probability that the steps of each sequence
  /// spell its labels, over all ways to place them,
  ///
  ///     p(labels) = Σ over paths π of Π_t softmax(x_t)[π_t]
  ///
  /// the paths being those that give the labels once repeats, then blanks, are taken out.
  ///
  ///     let loss = try Loss.ctc(logits, transcripts, blank: 0)
  ///
  /// A sequence that has fewer steps than `ctcStepsNeeded` has no path at all. It is named in `tooShort`, left out of
  /// sum and weight, and its gradient is exactly 0; so is that of padding.
  ///
  /// - Parameters:
  ///   - logits: `[T, B, K]` with lengths.
  ///   - targets: for each sequence its labels, each below K and none the blank. No labels are legal.
  ///   - blank: the class that spells nothing.
  /// - Throws: `TargetError` when targets do not fit, or a label is no symbol.
  public static func ctc(
    _ logits: SequenceBatch, _ targets: [[Int32]], blank: Int32 = 0
  ) throws(TargetError) -> LabelSequenceLoss {
    try ctc(
      logits.values, .padded(timeSteps: logits.timeSteps, lengths: logits.lengths), targets, blank: blank)
  }

  /// The same for packed logits `[N, K]`.
  public static func ctc(
    _ logits: PackedSequence, _ targets: [[Int32]], blank: Int32 = 0
  ) throws(TargetError) -> LabelSequenceLoss {
    try ctc(logits.rows, .packed(logits.layout), targets, blank: blank)
  }

  /// The fewest steps that can spell some labels: one a label, and a blank between two that are equal.
  public static func ctcStepsNeeded(for labels: [Int32]) -> Int { stepsNeeded(toSpell: labels) }

  private static func ctc(
    _ logits: Variable, _ rows: SequenceRows, _ targets: [[Int32]], blank: Int32
  ) throws(TargetError) -> LabelSequenceLoss {
    try TargetError.check(
      targets, batch: rows.lengths.count, classes: logits.shape.columns, blank: blank, place: "Loss.ctc")
    do {
      let losses = try logits.ctc(targets: targets, blank: blank, rows: rows)
      let lengths = rows.lengths
      return LabelSequenceLoss(
        losses, targets,
        tooShort: targets.indices.filter { ctcStepsNeeded(for: targets[$0]) > lengths[$0] })
    } catch {
      throw TargetError(error)
    }
  }
}
