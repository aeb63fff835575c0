/// What an event file of TensorBoard is made of: messages in the wire format of protocol buffers, each in a frame with
/// checksums.
///
/// Only the fields that are written here are known here: `Event` (`wall_time` 1, `step` 2, `file_version` 3, `summary` 5,
/// `session_log` 7), `Summary.Value` (`tag` 1, `simple_value` 2, `histo` 5) and `HistogramProto`.
package enum EventRecord {
  /// The first event of a file.
  static func version(wallTime: Double) -> [UInt8] {
    var event = WireMessage()
    event.add(1, wallTime)
    event.add(3, "brain.Event:2")
    return framed(event.bytes)
  }

  /// Says that what has this step or a later one is written again.
  static func restart(wallTime: Double, step: Int) -> [UInt8] {
    var session = WireMessage()
    session.add(1, 1)
    var event = WireMessage()
    event.add(1, wallTime)
    event.add(2, step)
    event.add(7, session)
    return framed(event.bytes)
  }

  static func scalar(_ tag: String, _ value: Float, wallTime: Double, step: Int) -> [UInt8] {
    var content = WireMessage()
    content.add(1, tag)
    content.add(2, value)
    return summary(content, wallTime: wallTime, step: step)
  }

  static func histogram(_ tag: String, _ histogram: Histogram, wallTime: Double, step: Int) -> [UInt8] {
    var counts = WireMessage()
    counts.add(1, histogram.minimum)
    counts.add(2, histogram.maximum)
    counts.add(3, Double(histogram.count))
    counts.add(4, histogram.sum)
    counts.add(5, histogram.sumOfSquares)
    counts.add(6, histogram.counts.indices.map { histogram.end(of: $0) })
    counts.add(7, histogram.counts.map { Double($0) })
    var content = WireMessage()
    content.add(1, tag)
    content.add(5, counts)
    return summary(content, wallTime: wallTime, step: step)
  }

  private static func summary(_ value: WireMessage, wallTime: Double, step: Int) -> [UInt8] {
    var summary = WireMessage()
    summary.add(1, value)
    var event = WireMessage()
    event.add(1, wallTime)
    event.add(2, step)
    event.add(5, summary)
    return framed(event.bytes)
  }

  /// Length, checksum of the length, data, checksum of the data; all little-endian.
  package static func framed(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count))
    return length + littleEndian(masked(length)) + data + littleEndian(masked(data))
  }

  /// A checksum of data that may hold checksums itself is turned and moved, so that it is none of its own.
  private static func masked(_ data: [UInt8]) -> UInt32 {
    let sum = crc32c(data)
    return (sum >> 15 | sum << 17) &+ 0xa282_ead8
  }

  /// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4).
  package static func crc32c(_ data: [UInt8]) -> UInt32 {
    ~data.reduce(~0) { sum, byte in sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0x82f6_3b78 : 0) }
  }

  fileprivate static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}

/// A message of protocol buffers, as far as event files need it.
struct WireMessage {
  private(set) var bytes: [UInt8] = []

  private enum Form: Int {
    case varint = 0
    case eight = 1
    case length = 2
    case four = 5
  }

  private mutating func key(_ field: Int, _ form: Form) { varint(UInt64(field << 3 | form.rawValue)) }

  private mutating func varint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func add(_ field: Int, block: [UInt8]) {
    key(field, .length)
    varint(UInt64(block.count))
    bytes += block
  }

  mutating func add(_ field: Int, _ number: Int) {
    key(field, .varint)
    varint(UInt64(bitPattern: Int64(number)))
  }

  mutating func add(_ field: Int, _ number: Double) {
    key(field, .eight)
    bytes += EventRecord.littleEndian(number.bitPattern)
  }

  mutating func add(_ field: Int, _ number: Float) {
    key(field, .four)
    bytes += EventRecord.littleEndian(number.bitPattern)
  }

  mutating func add(_ field: Int, _ text: String) { add(field, block: Array(text.utf8)) }
  mutating func add(_ field: Int, _ message: WireMessage) { add(field, block: message.bytes) }
  mutating func add(_ field: Int, _ numbers: [Double]) {
    add(field, block: numbers.flatMap { EventRecord.littleEndian($0.bitPattern) })
  }
}
