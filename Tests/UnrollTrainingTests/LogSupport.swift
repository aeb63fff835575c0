import Testing

/// Reads event files as the formats are specified, by code of its own.
struct EventFile {
  struct Event {
    var wallTime = 0.0
    var step = 0
    var version: String?
    var isRestart = false
    var tag: String?
    var scalar: Float?
    var histogram: [Int: [Double]]?
  }

  var events: [Event] = []
  /// Bytes behind the last whole record.
  var rest = 0

  init(_ bytes: [UInt8]) throws {
    var place = 0
    while place + 12 <= bytes.count {
      let length = Int(Self.number(bytes[place..<place + 8]))
      guard place + 16 + length <= bytes.count else { break }
      #expect(Self.number(bytes[place + 8..<place + 12]) == UInt64(Self.masked(bytes[place..<place + 8])))
      let data = bytes[place + 12..<place + 12 + length]
      #expect(
        Self.number(bytes[place + 12 + length..<place + 16 + length]) == UInt64(Self.masked(data)))
      events.append(try Self.event(data))
      place += 16 + length
    }
    rest = bytes.count - place
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Bit by bit, from the polynomial.
  static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var sum: UInt32 = .max
    for byte in bytes {
      for bit in 0..<8 {
        let isSet = (sum ^ UInt32(byte >> UInt8(bit))) & 1 == 1
        sum = sum >> 1 ^ (isSet ? 0x82f6_3b78 : 0)
      }
    }
    return ~sum
  }

  private static func masked(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    let sum = crc(bytes)
    return (sum >> 15 | sum << 17) &+ 0xa282_ead8
  }

  private enum Value {
    case number(UInt64)
    case block(ArraySlice<UInt8>)

    var number: UInt64 { if case .number(let number) = self { number } else { 0 } }
    var block: ArraySlice<UInt8> { if case .block(let block) = self { block } else { [] } }
    var double: Double { Double(bitPattern: number) }
    var text: String { String(decoding: block, as: UTF8.self) }
  }

  private static func fields(_ bytes: ArraySlice<UInt8>) throws -> [(field: Int, value: Value)] {
    var rest = bytes
    func varint() throws -> UInt64 {
      var (result, shift) = (UInt64(0), UInt64(0))
      while true {
        guard let byte = rest.popFirst() else { throw Wrong() }
        result |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return result }
        shift += 7
      }
    }
    func take(_ count: Int) throws -> ArraySlice<UInt8> {
      try #require(rest.count >= count)
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    var result: [(Int, Value)] = []
    while !rest.isEmpty {
      let key = try varint()
      let value: Value =
        switch key & 7 {
        case 0: .number(try varint())
        case 1: .number(number(try take(8)))
        case 2: .block(try take(Int(try varint())))
        case 5: .number(number(try take(4)))
        default: throw Wrong()
        }
      result.append((Int(key >> 3), value))
    }
    return result
  }

  private struct Wrong: Error {}

  private static func event(_ bytes: ArraySlice<UInt8>) throws -> Event {
    var event = Event()
    for (field, value) in try fields(bytes) {
      switch field {
      case 1: event.wallTime = value.double
      case 2: event.step = Int(value.number)
      case 3: event.version = value.text
      case 5:
        let summary = try fields(value.block)
        try #require(summary.count == 1 && summary[0].field == 1)
        for (field, value) in try fields(summary[0].value.block) {
          switch field {
          case 1: event.tag = value.text
          case 2: event.scalar = Float(bitPattern: UInt32(value.number))
          case 5:
            var histogram: [Int: [Double]] = [:]
            for (field, value) in try fields(value.block) {
              if case .block(let block) = value {
                let numbers = Array(block)
                histogram[field] = stride(from: 0, to: numbers.count, by: 8).map {
                  Double(bitPattern: number(numbers[$0..<$0 + 8]))
                }
              } else {
                histogram[field] = [value.double]
              }
            }
            event.histogram = histogram
          default: throw Wrong()
          }
        }
      case 7: event.isRestart = try fields(value.block).map { $0.value.number } == [1]
      default: throw Wrong()
      }
    }
    return event
  }
}
