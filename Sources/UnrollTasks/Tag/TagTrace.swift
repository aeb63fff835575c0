import UnrollCore
import UnrollNetworks

extension TagTask {
  /// Reads `words`, `characters` and `features`, affixes and the shape of each word, as far as the model looks at them,
  /// and `lengths`. Gives `scores`, `[batch, time, tags]`, and the `tags` that are decided: each by itself, or all of a
  /// sentence together.
  public static func trace(_ trace: inout Trace, _ model: Tagger) throws {
    let networks = model.networks
    let layout = trace.lengths("lengths")
    let words = trace.tokens("words", for: networks[0].front, layout)
    var none: RandomSource?
    let head = StepHead.ensemble(networks.map(\.head))
    let scores = head.mean(of: try networks.map { try $0.emissions(words, random: &none) })
    trace.gives("scores", scores.rows, layout)
    trace.gives("tags", labels: try head.decodeRows(scores), layout)
  }
}
