import UnrollCore
import UnrollData
import UnrollNetworks

/// Decides tags by one network, or by several together.
///
/// The scores of several networks, those of the words and those of the steps from tag to tag, are averaged: the product
/// of what each holds likely.
struct TaggerDecoder: Sendable {
  private let networks: [TaggerNetwork]
  private let field: ConditionalRandomField?

  /// Whether the tags of a sentence are decided together.
  var decidesTogether: Bool { field != nil }

  /// What was decided of a sentence.
  struct Answer: Sendable {
    let tags: [Int32]
    /// The chance of each of the tags, given the whole sentence; empty when nobody asked.
    let chances: [Float]
  }

  /// Words that are read together.
  private static let batchWords = 4096

  init(_ networks: [TaggerNetwork]) {
    self.networks = networks
    var field = networks.first?.field
    let fields = networks.compactMap(\.field)
    if networks.count > 1, fields.count == networks.count {
      field?.transitions = Parameter(Self.mean(fields.map(\.transitions.value)))
      field?.start = Parameter(Self.mean(fields.map(\.start.value)))
      field?.end = Parameter(Self.mean(fields.map(\.end.value)))
    }
    self.field = field
  }

  private static func mean(_ tensors: [Tensor]) -> Tensor {
    let sum = tensors.dropFirst().reduce(Variable(tensors[0])) { $0 + Variable($1) }
    return sum.affine(times: 1 / Double(tensors.count), plus: 0).value
  }

  /// The tags of all sentences, in their order.
  func answers(_ words: TaggerWords, withChances: Bool = false) throws(ShapeError) -> [Answer] {
    var answers = [Answer](repeating: Answer(tags: [], chances: []), count: words.sentences.count)
    for batch in Self.batches(words) {
      let emissions = try emissions(TaggerBatch(batch, of: words))
      for (index, answer) in zip(batch, try decide(emissions, withChances)) { answers[index] = answer }
    }
    return answers
  }

  /// The tags of all sentences as they would be with some multiples of numbers added to the scores of tags.
  func tags(_ words: TaggerWords, adding bonus: [Float], times steps: [Float]) throws(ShapeError)
    -> [[[Int32]]]
  {
    var answers = steps.map { _ in [[Int32]](repeating: [], count: words.sentences.count) }
    for batch in Self.batches(words) {
      let emissions = try emissions(TaggerBatch(batch, of: words))
      for (place, step) in steps.enumerated() {
        let rows = emissions.rows + Variable(Tensor(bonus.map { $0 * step }))
        let found = try decide(PackedSequence(rows: rows, layout: emissions.layout), false)
        for (index, answer) in zip(batch, found) { answers[place][index] = answer.tags }
      }
    }
    return answers
  }

  private static func batches(_ words: TaggerWords) -> [[Int]] {
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: batchWords), random: nil)
    let full = words.sentences.enumerated().flatMap { batcher.add($0, length: $1.count) }
    return full + batcher.finish()
  }

  /// The scores of a batch, the mean of all networks.
  private func emissions(_ batch: TaggerBatch) throws(ShapeError) -> PackedSequence {
    var none: RandomSource?
    var rows: [Variable] = []
    for network in networks {
      let scores = try network.emissions(batch, random: &none).rows
      // Scores of tags that are decided one by one are compared as chances.
      rows.append(network.field == nil && networks.count > 1 ? scores.logSoftmax() : scores)
    }
    let sum = rows.dropFirst().reduce(rows[0], +)
    let mean = networks.count > 1 ? sum.affine(times: 1 / Double(networks.count), plus: 0) : sum
    return PackedSequence(rows: mean, layout: batch.layout)
  }

  private func decide(_ emissions: PackedSequence, _ withChances: Bool) throws(ShapeError) -> [Answer] {
    let tags = try field?.decode(emissions).map(\.tags) ?? Self.largest(emissions)
    guard withChances else { return tags.map { Answer(tags: $0, chances: []) } }
    let chances = try field?.marginals(emissions).rows ?? emissions.rows.softmax()
    let width = chances.shape.columns
    let elements = chances.value.elements
    let rows = emissions.layout.unpacking(Array(0..<emissions.layout.rows))
    return zip(tags, rows).map { tags, rows in
      Answer(tags: tags, chances: zip(tags, rows).map { elements[$1 * width + Int($0)] })
    }
  }

  /// The tag of the largest score for each word, the first of equals.
  private static func largest(_ emissions: PackedSequence) -> [[Int32]] {
    let width = emissions.rows.shape.columns
    let best = emissions.rows.value.withUnsafeElements { scores in
      (0..<emissions.layout.rows).map { row in
        var best = 0
        for tag in 1..<max(1, width) where scores[row * width + tag] > scores[row * width + best] {
          best = tag
        }
        return Int32(best)
      }
    }
    return emissions.layout.unpacking(best)
  }
}
