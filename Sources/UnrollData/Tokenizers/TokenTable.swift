/// Byte strings and their ids, dense from 0.
///
/// Keys are bytes and not `String`, whose equality takes canonically equivalent texts for the same: a composed
/// and a decomposed é are different tokens in every other program that reads a vocabulary.
struct TokenTable: Sendable {
  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]
  /// Ids by hash, −1 where free; a power of two long, at most half full. Swift's hash is seeded at random, so
  /// nobody can choose words that collide.
  private var slots: [Int32] = .init(repeating: -1, count: 16)

  init() {}

  /// The number of keys.
  var count: Int { starts.count - 1 }

  /// A key's bytes.
  subscript(id: Int) -> ArraySlice<UInt8> { bytes[starts[id]..<starts[id + 1]] }

  /// A key's id, or nil.
  func id(_ key: UnsafeBufferPointer<UInt8>) -> Int32? {
    let id = slots[slot(key)]
    return id < 0 ? nil : id
  }

  func id(_ key: some Collection<UInt8>) -> Int32? {
    if let found = key.withContiguousStorageIfAvailable({ self.id($0) }) { return found }
    return Array(key).withUnsafeBufferPointer { self.id($0) }
  }

  /// A key's id, given to it now if it had none.
  @discardableResult
  mutating func insert(_ key: UnsafeBufferPointer<UInt8>) -> Int32 {
    let place = slot(key)
    if slots[place] >= 0 { return slots[place] }
    let id = Int32(truncatingIfNeeded: count)
    bytes.append(contentsOf: key)
    starts.append(bytes.count)
    slots[place] = id
    if count * 2 > slots.count { grow() }
    return id
  }

  @discardableResult
  mutating func insert(_ key: some Collection<UInt8>) -> Int32 {
    if let id = key.withContiguousStorageIfAvailable({ insert($0) }) { return id }
    return Array(key).withUnsafeBufferPointer { insert($0) }
  }

  private func slot(_ key: UnsafeBufferPointer<UInt8>) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(key))
    let mask = slots.count - 1
    var place = hasher.finalize() & mask
    while slots[place] >= 0, !isKey(Int(slots[place]), key) { place = (place + 1) & mask }
    return place
  }

  private func isKey(_ id: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = starts[id]
    guard starts[id + 1] - start == key.count else { return false }
    for offset in 0..<key.count where bytes[start + offset] != key[offset] { return false }
    return true
  }

  private mutating func grow() {
    slots = .init(repeating: -1, count: slots.count * 2)
    bytes.withUnsafeBufferPointer { all in
      for id in 0..<count {
        let place = slot(UnsafeBufferPointer(rebasing: all[starts[id]..<starts[id + 1]]))
        slots[place] = Int32(truncatingIfNeeded: id)
      }
    }
  }
}

/// How often each byte string was seen.
struct TokenCounts: Sendable {
  private(set) var table = TokenTable()
  private(set) var counts: [Int] = []

  mutating func add(_ key: UnsafeBufferPointer<UInt8>) {
    let id = Int(table.insert(key))
    if id == counts.count { counts.append(0) }
    counts[id] += 1
  }

  /// The keys that were seen at least so many times, most frequent first, equals in the order of their bytes.
  func ranked(minimumCount: Int) -> [(key: ArraySlice<UInt8>, count: Int)] {
    counts.indices.filter { counts[$0] >= minimumCount }.map { (table[$0], counts[$0]) }
      .sorted { $0.1 != $1.1 ? $0.1 > $1.1 : $0.0.lexicographicallyPrecedes($1.0) }
  }
}
