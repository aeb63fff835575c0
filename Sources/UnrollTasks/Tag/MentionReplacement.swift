import UnrollCore
import UnrollData

/// The entities of training sentences, which may take each other's places: a name stands where another of its type
/// stood, and the sentence is as true as before (Dai and Adel 2020, section 3, "mention replacement").
///
/// Where entities are few, this teaches what surrounds them apart from which they are.
struct MentionReplacement: Sendable {
  private struct Mention: Sendable {
    let range: Range<Int>
    let type: String
  }

  private let rate: Float
  private let mentions: [[Mention]]
  /// By type, the words of each entity and their labels.
  private var pool: [String: [(words: [Int32], labels: [Int32])]] = [:]

  /// - Parameter rate: the probability of an entity to make way for another.
  init(_ sentences: [[Int32]], _ labels: [[Int32]], _ tags: TagSet, rate: Float) {
    self.rate = tags.scheme == nil ? 0 : rate
    guard tags.scheme != nil, rate > 0 else {
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

  /// A sentence and its labels, some of its entities replaced.
  func replacing(
    _ index: Int, _ words: [Int32], _ labels: [Int32], using random: inout RandomSource
  ) -> (words: [Int32], labels: [Int32]) {
    guard rate > 0, !mentions[index].isEmpty else { return (words, labels) }
    var (newWords, newLabels): ([Int32], [Int32]) = ([], [])
    var done = 0
    for mention in mentions[index] where random.uniform() < rate {
      guard let others = pool[mention.type] else { continue }
      let other = others[random.below(others.count)]
      newWords += words[done..<mention.range.lowerBound] + other.words
      newLabels += labels[done..<mention.range.lowerBound] + other.labels
      done = mention.range.upperBound
    }
    return (newWords + words[done...], newLabels + labels[done...])
  }
}
