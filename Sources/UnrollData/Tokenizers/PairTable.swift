/// Numbers by pairs of ids: open addressing, for the inner loops of byte-pair encoding.
struct PairTable: Sendable {
  private var keys: [UInt64]
  private var values: [Int32]
  private(set) var count = 0
  /// Nobody can choose pairs that collide without knowing it.
  private let seed = UInt64.random(in: 0 ... .max)
  private static let free = UInt64.max

  init(minimumCapacity: Int = 16) {
    var size = 32
    while size < minimumCapacity * 2 { size *= 2 }
    keys = .init(repeating: Self.free, count: size)
    values = .init(repeating: 0, count: size)
  }

  @inline(__always) static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// The number of a pair, or nil.
  @inline(__always) subscript(left: Int32, right: Int32) -> Int32? {
    let place = slot(Self.key(left, right))
    return keys[place] == Self.free ? nil : values[place]
  }

  /// The number of a pair, which is `value` from now on if it had none.
  mutating func insert(_ left: Int32, _ right: Int32, _ value: Int32) -> Int32 {
    let key = Self.key(left, right)
    let place = slot(key)
    if keys[place] == key { return values[place] }
    (keys[place], values[place]) = (key, value)
    count += 1
    if count * 2 > keys.count { grow() }
    return value
  }

  @inline(__always) private func slot(_ key: UInt64) -> Int {
    var mixed = (key ^ seed) &* 0x9E37_79B9_7F4A_7C15
    mixed ^= mixed >> 32
    mixed = mixed &* 0xD6E8_FEB8_6659_FD93
    let mask = keys.count - 1
    var place = Int(truncatingIfNeeded: mixed >> 32) & mask
    while keys[place] != key, keys[place] != Self.free { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let (oldKeys, oldValues) = (keys, values)
    keys = .init(repeating: Self.free, count: oldKeys.count * 2)
    values = .init(repeating: 0, count: oldKeys.count * 2)
    for (key, value) in zip(oldKeys, oldValues) where key != Self.free {
      let place = slot(key)
      (keys[place], values[place]) = (key, value)
    }
  }
}
