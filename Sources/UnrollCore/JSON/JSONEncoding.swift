extension JSONTree {
  /// What becomes of numbers that are not finite, which JSON has not.
  package enum NonFinite: Sendable {
    /// An `EncodingError`.
    case refuse
    /// The strings `inf`, `-inf` and `nan`.
    case text
  }

  /// The JSON of a value that can be encoded, its members in the order in which it gives them.
  ///
  /// - Throws: `EncodingError` for a number that is not finite, or what the value throws.
  package init(_ value: some Encodable, nonFinite: NonFinite = .refuse) throws {
    let slot = JSONSlot()
    try JSONTreeEncoder(slot: slot, codingPath: [], nonFinite: nonFinite).encode(value)
    self = slot.tree
  }
}

/// The place of a value that is being encoded: containers write into it as they are told.
private final class JSONSlot {
  private enum Content {
    case tree(JSONTree)
    case array([JSONSlot])
    case object([(key: String, slot: JSONSlot)], places: [String: Int])
  }
  private var content = Content.tree(.object([]))

  var tree: JSONTree {
    switch content {
    case .tree(let tree): tree
    case .array(let slots): .array(slots.map(\.tree))
    case .object(let members, _): .object(members.map { JSONTree.Member($0.key, $0.slot.tree) })
    }
  }

  func set(_ tree: JSONTree) { content = .tree(tree) }

  /// Makes it an object, unless it is one: a value may ask for several containers of it.
  func beginObject() { if case .object = content {} else { content = .object([], places: [:]) } }
  func beginArray() { if case .array = content {} else { content = .array([]) } }

  var count: Int { if case .array(let slots) = content { slots.count } else { 0 } }

  func append() -> JSONSlot {
    let slot = JSONSlot()
    guard case .array(var slots) = content else { return slot }
    // Taken out meanwhile, so that the list is not copied.
    content = .tree(.null)
    slots.append(slot)
    content = .array(slots)
    return slot
  }

  func member(_ key: String) -> JSONSlot {
    guard case .object(var members, var places) = content else { return JSONSlot() }
    // Taken out meanwhile, so that the lists are not copied.
    content = .tree(.null)
    let slot = JSONSlot()
    if let place = places[key] {
      members[place].slot = slot
    } else {
      places[key] = members.count
      members.append((key, slot))
    }
    content = .object(members, places: places)
    return slot
  }
}

private struct JSONTreeEncoder: Encoder {
  let slot: JSONSlot
  let codingPath: [any CodingKey]
  let nonFinite: JSONTree.NonFinite
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.beginObject()
    return KeyedEncodingContainer(JSONObjectEncoding<Key>(encoder: self))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.beginArray()
    return JSONArrayEncoding(encoder: self)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func member(_ key: some CodingKey) -> JSONTreeEncoder {
    JSONTreeEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key], nonFinite: nonFinite)
  }
  func element() -> JSONTreeEncoder {
    JSONTreeEncoder(slot: slot.append(), codingPath: codingPath, nonFinite: nonFinite)
  }

  func floating<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ value: Number) throws {
    if let text = JSONWriter.number(value) { return slot.set(.number(text)) }
    guard nonFinite == .text else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: codingPath, debugDescription: "JSON has no number \(value)"))
    }
    slot.set(.string(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"))
  }
}

extension JSONTreeEncoder: SingleValueEncodingContainer {
  func encodeNil() { slot.set(.null) }
  func encode(_ value: Bool) { slot.set(.bool(value)) }
  func encode(_ value: String) { slot.set(.string(value)) }
  func encode(_ value: Double) throws { try floating(value) }
  func encode(_ value: Float) throws { try floating(value) }
  func encode(_ value: Int) { slot.set(.integer(value)) }
  func encode(_ value: Int8) { slot.set(.integer(Int(value))) }
  func encode(_ value: Int16) { slot.set(.integer(Int(value))) }
  func encode(_ value: Int32) { slot.set(.integer(Int(value))) }
  func encode(_ value: Int64) { slot.set(.number("\(value)")) }
  func encode(_ value: UInt) { slot.set(.number("\(value)")) }
  func encode(_ value: UInt8) { slot.set(.integer(Int(value))) }
  func encode(_ value: UInt16) { slot.set(.integer(Int(value))) }
  func encode(_ value: UInt32) { slot.set(.number("\(value)")) }
  func encode(_ value: UInt64) { slot.set(.number("\(value)")) }
  func encode(_ value: some Encodable) throws { try value.encode(to: self) }
}

private struct JSONObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: JSONTreeEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) { encoder.member(key).encodeNil() }
  func encode(_ value: Bool, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: String, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: Double, forKey key: Key) throws { try encoder.member(key).encode(value) }
  func encode(_ value: Float, forKey key: Key) throws { try encoder.member(key).encode(value) }
  func encode(_ value: Int, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: Int8, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: Int16, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: Int32, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: Int64, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: UInt, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: UInt8, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: UInt16, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: UInt32, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: UInt64, forKey key: Key) { encoder.member(key).encode(value) }
  func encode(_ value: some Encodable, forKey key: Key) throws { try encoder.member(key).encode(value) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { encoder.member(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder.member(key).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { encoder.member(JSONSuperKey()) }
  func superEncoder(forKey key: Key) -> any Encoder { encoder.member(key) }
}

private struct JSONSuperKey: CodingKey {
  var stringValue: String { "super" }
  var intValue: Int? { nil }
  init() {}
  init?(stringValue: String) {}
  init?(intValue: Int) { nil }
}

private struct JSONArrayEncoding: UnkeyedEncodingContainer {
  let encoder: JSONTreeEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.slot.count }

  func encodeNil() { encoder.element().encodeNil() }
  func encode(_ value: Bool) { encoder.element().encode(value) }
  func encode(_ value: String) { encoder.element().encode(value) }
  func encode(_ value: Double) throws { try encoder.element().encode(value) }
  func encode(_ value: Float) throws { try encoder.element().encode(value) }
  func encode(_ value: Int) { encoder.element().encode(value) }
  func encode(_ value: Int8) { encoder.element().encode(value) }
  func encode(_ value: Int16) { encoder.element().encode(value) }
  func encode(_ value: Int32) { encoder.element().encode(value) }
  func encode(_ value: Int64) { encoder.element().encode(value) }
  func encode(_ value: UInt) { encoder.element().encode(value) }
  func encode(_ value: UInt8) { encoder.element().encode(value) }
  func encode(_ value: UInt16) { encoder.element().encode(value) }
  func encode(_ value: UInt32) { encoder.element().encode(value) }
  func encode(_ value: UInt64) { encoder.element().encode(value) }
  func encode(_ value: some Encodable) throws { try encoder.element().encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    encoder.element().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.element().unkeyedContainer() }
  func superEncoder() -> any Encoder { encoder.element() }
}
