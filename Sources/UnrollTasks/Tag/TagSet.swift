import UnrollCore
import UnrollData
import UnrollNetworks

/// The tags that a network decides between, and how they turn into those of the data.
///
/// Entities are learned as BIOES, which says most of where they begin and end, whatever scheme the data has.
package struct TagSet: Sendable, Equatable {
  /// The network's tags; a tag's id is its place.
  let names: [String]
  /// The scheme of the data; `nil`: tags stand by themselves.
  package let scheme: TagScheme?
  private let ids: [String: Int32]

  init(names: [String], scheme: TagScheme?) {
    self.names = names
    self.scheme = scheme
    ids = Dictionary(names.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tags of sentences, in the order of their names; of entities, `O` and the four of each type.
  init(_ sentences: some Sequence<[String]>, scheme: TagScheme?) {
    guard let scheme else {
      self.init(names: Set(sentences.joined()).sorted(by: Self.precedes), scheme: nil)
      return
    }
    let types = Set(sentences.flatMap { scheme.spans($0).map(\.type) }).sorted(by: Self.precedes)
    self.init(names: ["O"] + types.flatMap { type in "BIES".map { "\($0)-\(type)" } }, scheme: scheme)
  }

  /// By bytes: the order of strings changes with the version of Unicode.
  private static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  /// What may follow what.
  var constraints: TagConstraints? { scheme.map { _ in TagConstraints(tags: names, scheme: .bioes) } }

  /// The ids of a sentence's tags; −1 where the network does not know one.
  func encode(_ tags: [String]) -> [Int32] {
    (scheme.map { $0.convert(tags, to: .bioes) } ?? tags).map { ids[$0] ?? -1 }
  }

  /// The tags of ids, as the data writes them.
  func decode(_ ids: [Int32]) -> [String] {
    let tags = ids.map { names[Int($0)] }
    return scheme.map { TagScheme.bioes.convert(tags, to: $0) } ?? tags
  }
}
