import UnrollCore

extension Loss {
  /// The loss of a transducer (Graves 2012, "Sequence Transduction with Recurrent Neural Networks"): −ln of the
  /// probability of each sequence's labels, over all ways to spread them over its steps. At each step any number of
  /// labels may be written before the blank goes on to the next.
  ///
  /// This is the form for a joint network of your own, whose logits are all there. `Transducer.loss` makes and forgets
  /// them a few at a time.
  ///
  /// - Parameters:
  ///   - logits: `[Σ T·(U + 1), K]`: sequence by sequence, within one step by step, within a step before the first
  ///     label, after the first, and so on to after the last.
  ///   - targets: for each sequence its U labels, each below K and none the blank. No labels are legal.
  ///   - lengths: T of each sequence. One without steps is named in `tooShort` and left out.
  ///   - blank: the class that goes on to the next step.
  /// - Throws: `TargetError` when logits, targets and lengths do not fit, or a label is no symbol.
  public static func transducer(
    _ logits: Variable, _ targets: [[Int32]], lengths: [Int], blank: Int32 = 0
  ) throws(TargetError) -> LabelSequenceLoss {
    try TargetError.check(
      targets, batch: lengths.count, classes: logits.shape.columns, blank: blank, place: "Loss.transducer")
    guard lengths.allSatisfy({ $0 >= 0 }) else {
      throw .shape(place: "Loss.transducer.lengths", expected: "no negative lengths", found: lengths)
    }
    do {
      return LabelSequenceLoss(
        try logits.transducer(targets: targets, blank: blank, lengths: lengths), targets,
        tooShort: lengths.indices.filter { lengths[$0] == 0 })
    } catch {
      throw TargetError(error)
    }
  }
}
