import UnrollCore
import UnrollData
import UnrollNetworks

/// Decides tags by one network, or by several together.
///
/// The scores of several networks, those of the words and those of the steps from tag to tag, are averaged: the product
/// of what each holds likely.
struct TagDecoder: Sendable {
  private let networks: [TagNetwork]
  private let head: StepHead?

  /// Whether the tags of a sentence are decided together.
  var decidesTogether: Bool { head?.field != nil }

  /// What was decided of a sentence.
  struct Answer: Sendable {
    let tags: [Int32]
    /// The probability of each of the tags, given the whole sentence; empty when nobody asked.
    let probabilities: [Float]
  }

  /// Words that are read together.
  private static let batchWords = 4096

  init(_ networks: [TagNetwork]) {
    self.networks = networks
    head = networks.isEmpty ? nil : StepHead.ensemble(networks.map(\.head))
  }

  /// The tags of all sentences, in their order.
  ///
  /// - Parameter bonus: what is added to the score of each tag; empty: nothing.
  func answers(
    _ words: TagWords, adding bonus: [Float] = [], withProbabilities: Bool = false
  ) throws(ShapeError) -> [Answer] {
    var answers = [Answer](repeating: Answer(tags: [], probabilities: []), count: words.sentences.count)
    for batch in Self.batches(words) {
      var emissions = try emissions(words.batch(batch))
      if !bonus.isEmpty {
        emissions = PackedSequence(rows: emissions.rows + Variable(Tensor(bonus)), layout: emissions.layout)
      }
      for (index, answer) in zip(batch, try decide(emissions, withProbabilities)) { answers[index] = answer }
    }
    return answers
  }

  /// The tags of all sentences as they would be with some multiples of numbers added to the scores of tags.
  func tags(_ words: TagWords, adding bonus: [Float], times steps: [Float]) throws(ShapeError)
    -> [[[Int32]]]
  {
    var answers = steps.map { _ in [[Int32]](repeating: [], count: words.sentences.count) }
    for batch in Self.batches(words) {
      let emissions = try emissions(words.batch(batch))
      for (place, step) in steps.enumerated() {
        let rows = emissions.rows + Variable(Tensor(bonus.map { $0 * step }))
        let found = try decide(PackedSequence(rows: rows, layout: emissions.layout), false)
        for (index, answer) in zip(batch, found) { answers[place][index] = answer.tags }
      }
    }
    return answers
  }

  private static func batches(_ words: TagWords) -> [[Int]] {
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: batchWords), random: nil)
    let full = words.sentences.enumerated().flatMap { batcher.add($0, length: $1.count) }
    return full + batcher.finish()
  }

  /// The scores of a batch, the mean of all networks.
  private func emissions(_ batch: TokenBatch) throws(ShapeError) -> PackedSequence {
    var none: RandomSource?
    var scores: [PackedSequence] = []
    for network in networks { scores.append(try network.emissions(batch, random: &none)) }
    return head!.mean(of: scores)
  }

  private func decide(_ emissions: PackedSequence, _ withProbabilities: Bool) throws(ShapeError) -> [Answer] {
    guard let head else { return [] }
    let tags = try head.decode(emissions)
    guard withProbabilities else { return tags.map { Answer(tags: $0, probabilities: []) } }
    let all = try head.probabilities(emissions).rows
    let (width, elements) = (all.shape.columns, all.value.elements)
    let rows = emissions.layout.unpacking(Array(0..<emissions.layout.rows))
    return zip(tags, rows).map { tags, rows in
      Answer(tags: tags, probabilities: zip(tags, rows).map { elements[$1 * width + Int($0)] })
    }
  }
}
