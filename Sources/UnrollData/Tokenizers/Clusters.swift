/// Extended grapheme clusters: what a reader takes for one character (Unicode Standard Annex 29).
///
/// Rules GB3 to GB13 without GB9c: consonants that a virama joins stay apart, as they do for `\X` of the
/// regular expressions that read a `tokenizer.json`. The tables are our own, because the standard library's
/// rules change with the system it belongs to and a model's ids must not.
enum Clusters {
  /// Where the cluster that starts at a position ends.
  static func end(of start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let count = bytes.count
    let first = bytes[start]
    // Two neighbours in ASCII are apart, but for CR LF.
    if first < 0x80, start + 1 == count || bytes[start + 1] < 0x80 {
      let isLineEnd =
        first == Byte.carriageReturn && start + 1 < count && bytes[start + 1] == Byte.lineFeed
      return isLineEnd ? start + 2 : start + 1
    }
    let scalar = UTF8Text.scalar(bytes, start)
    var state = State(ScalarClass.of(scalar.value).joining)
    var end = start + scalar.length
    while end < count {
      let next = UTF8Text.scalar(bytes, end)
      guard state.joins(ScalarClass.of(next.value).joining) else { break }
      end += next.length
    }
    return end
  }

  /// The last scalar of a cluster so far, and what of its past the rules ask for.
  private struct State {
    private var last: ScalarClass.Joining
    /// Whether the cluster is a pictograph, extended or not, up to `last` (GB11).
    private var isPictograph: Bool
    private var indicators: Int

    init(_ first: ScalarClass.Joining) {
      last = first
      isPictograph = first == .pictograph
      indicators = first == .regionalIndicator ? 1 : 0
    }

    /// Whether the cluster goes on with the next scalar, which is then part of it.
    mutating func joins(_ next: ScalarClass.Joining) -> Bool {
      guard follows(next) else { return false }
      isPictograph = next == .pictograph || (isPictograph && (next == .extend || next == .zeroWidthJoiner))
      indicators = next == .regionalIndicator ? indicators + 1 : 0
      last = next
      return true
    }

    private func follows(_ next: ScalarClass.Joining) -> Bool {
      if last == .control || next == .control { return false }
      switch (last, next) {
      case (_, .extend), (_, .zeroWidthJoiner), (_, .spacingMark), (.prepend, _): return true
      case (.leading, .leading), (.leading, .vowel), (.leading, .syllable), (.leading, .closedSyllable):
        return true
      case (.syllable, .vowel), (.syllable, .trailing), (.vowel, .vowel), (.vowel, .trailing): return true
      case (.closedSyllable, .trailing), (.trailing, .trailing): return true
      case (.zeroWidthJoiner, .pictograph): return isPictograph
      case (.regionalIndicator, .regionalIndicator): return indicators % 2 == 1
      default: return false
      }
    }
  }
}
