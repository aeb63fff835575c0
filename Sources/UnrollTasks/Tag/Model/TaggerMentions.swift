import UnrollCore
import UnrollData

/// The entities of training sentences, which may take each other's places: a name stands where another of its type
/// stood, and the sentence is as true as before (Dai and Adel 2020, section 3, "mention replacement").
///
/// Where entities are few, this teaches what surrounds them apart from which they are.
struct TaggerMentions: Sendable {
  private struct Mention: Sendable {
    let range: Range<Int>
    let type: String
  }

  private let chance: Float
  private let mentions: [[Mention]]
  /// By type, the words of each entity and their labels.
  private var pool: [String: [(words: [Int32], labels: [Int32])]] = [:]

  /// - Parameter chance: how likely an entity makes way for another.
  init(_ sentences: [[Int32]], _ labels: [[Int32]], _ tags: TaggerTags, chance: Float) {
    self.chance = tags.scheme == nil ? 0 : chance
    guard tags.scheme != nil, chance > 0 else {
      mentions = []
      return
    }
    mentions = labels.map { labels in
      TagScheme.bioes.spans(labels.map { tags.names[Int($0)] }).map {
        Mention(range: $0.range, type: $0.type)
      }
    }
    for (index, found) in mentions.enumerated() {
      for mention in found {
        pool[mention.type, default: []].append(
          (Array(sentences[index][mention.range]), Array(labels[index][mention.range])))
      }
    }
  }

  /// A sentence and its labels, some of its entities exchanged.
  func exchanging(
    _ index: Int, _ words: [Int32], _ labels: [Int32], using random: inout RandomSource
  ) -> (words: [Int32], labels: [Int32]) {
    guard chance > 0, !mentions[index].isEmpty else { return (words, labels) }
    var (newWords, newLabels): ([Int32], [Int32]) = ([], [])
    var done = 0
    for mention in mentions[index] where random.uniform() < chance {
      guard let others = pool[mention.type] else { continue }
      let other = others[random.below(others.count)]
      newWords += words[done..<mention.range.lowerBound] + other.words
      newLabels += labels[done..<mention.range.lowerBound] + other.labels
      done = mention.range.upperBound
    }
    return (newWords + words[done...], newLabels + labels[done...])
  }
}
