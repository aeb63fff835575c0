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
    var batcher = LengthBatcher<Int>(BatchBudget(tokens: Self.batchWords), random: nil)
    var batches: [[Int]] = []
    for (index, sentence) in words.sentences.enumerated() {
      batches += batcher.add(index, length: sentence.count)
    }
    batches += batcher.finish()
    var answers = [Answer?](repeating: nil, count: words.sentences.count)
    for batch in batches {
      for (index, answer) in zip(batch, try decide(TaggerBatch(batch, of: words), withChances)) {
        answers[index] = answer
      }
    }
    return answers.compactMap { $0 }
  }

  private func decide(_ batch: TaggerBatch, _ withChances: Bool) throws(ShapeError) -> [Answer] {
    var none: RandomSource?
    var sum: Variable?
    for network in networks {
      let scores = try network.emissions(batch, random: &none).rows
      // Scores of tags that are decided one by one are compared as chances.
      let rows = network.field == nil && networks.count > 1 ? scores.logSoftmax() : scores
      sum = sum.map { $0 + rows } ?? rows
    }
    guard let sum else { return [] }
    let mean = networks.count > 1 ? sum.affine(times: 1 / Double(networks.count), plus: 0) : sum
    let emissions = PackedSequence(rows: mean, layout: batch.layout)
    let tags = try field?.decode(emissions).map(\.tags) ?? Self.largest(emissions)
    guard withChances else { return tags.map { Answer(tags: $0, chances: []) } }
    let chances = try field?.marginals(emissions).rows ?? mean.softmax()
    let width = chances.shape.columns
    let elements = chances.value.elements
    let rows = batch.layout.unpacking(Array(0..<batch.layout.rows))
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
