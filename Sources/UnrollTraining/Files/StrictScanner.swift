/// A reader of the small part of JSON that a safetensors header may use, and of nothing beyond it.
///
/// Decoders at large accept a key twice and take `1.0` for an integer; two programs that disagree about a
/// header disagree about the weights. The grammar is fixed at two levels of objects, so nothing recurses and
/// no nesting can exhaust the stack.
struct StrictScanner {
  /// The most bytes of a string.
  static let maximumStringLength = 1 << 24

  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  let file: String

  init(_ bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// An object, whose every value is read by `readValue` after its key.
  mutating func object(
    _ readValue: (inout StrictScanner, String) throws(ModelFileError) -> Void
  ) throws(ModelFileError) {
    try take("{")
    skipSpaces()
    if consume("}") { return }
    repeat {
      skipSpaces()
      let key = try string("a key")
      skipSpaces()
      try take(":")
      skipSpaces()
      try readValue(&self, key)
      skipSpaces()
    } while consume(",")
    try take("}")
  }

  /// An array of integers that are not negative.
  mutating func integers(atMost limit: Int) throws(ModelFileError) -> [Int] {
    try take("[")
    skipSpaces()
    var result: [Int] = []
    if consume("]") { return result }
    repeat {
      guard result.count < limit else { throw damaged("at most \(limit) numbers", "more") }
      skipSpaces()
      result.append(try integer())
      skipSpaces()
    } while consume(",")
    try take("]")
    return result
  }

  private mutating func integer() throws(ModelFileError) -> Int {
    let start = position
    var value = 0
    while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, more) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !overflow, !more else { throw damaged("a number below 2⁶³", "a larger one") }
      value = next
      position += 1
    }
    guard position > start else { throw unexpected("an integer that is not negative") }
    guard bytes[start] != UInt8(ascii: "0") || position == start + 1 else {
      throw damaged("a number without leading zeros", "one with them")
    }
    return value
  }

  /// A string, with its escapes resolved.
  mutating func string(_ what: String) throws(ModelFileError) -> String {
    guard consume("\"") else { throw unexpected(what) }
    var content: [UInt8] = []
    while true {
      guard let byte = peek else { throw unexpected("the end of a string") }
      guard byte >= 0x20 else { throw unexpected("no control character in a string") }
      guard content.count < Self.maximumStringLength else {
        throw damaged("strings of at most \(Self.maximumStringLength) bytes", "a longer one")
      }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: content, as: UTF8.self) else {
          throw damaged("UTF-8", "a string that is not")
        }
        return result
      case UInt8(ascii: "\\"): content.append(contentsOf: try escape())
      default: content.append(byte)
      }
    }
  }

  private mutating func escape() throws(ModelFileError) -> [UInt8] {
    guard let byte = peek else { throw unexpected("an escaped character") }
    let simple: UInt8? =
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
      case UInt8(ascii: "b"): 0x08
      case UInt8(ascii: "f"): 0x0c
      case UInt8(ascii: "n"): 0x0a
      case UInt8(ascii: "r"): 0x0d
      case UInt8(ascii: "t"): 0x09
      default: nil
      }
    if let simple {
      position += 1
      return [simple]
    }
    guard consume("u") else { throw unexpected("an escape of JSON") }
    var value = try codeUnit()
    if (0xd800..<0xdc00).contains(value) {
      guard consume("\\"), consume("u") else { throw unexpected("the second half of a surrogate pair") }
      let low = try codeUnit()
      guard (0xdc00..<0xe000).contains(low) else { throw damaged("a surrogate pair", "half of one") }
      value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw damaged("a surrogate pair", "half of one") }
    return Array(String(scalar).utf8)
  }

  private mutating func codeUnit() throws(ModelFileError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits after \\u")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  /// Nothing but the spaces that pad a header.
  mutating func expectPadding() throws(ModelFileError) {
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: " ") else { throw unexpected("spaces up to the end") }
      position += 1
    }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpaces() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  private mutating func consume(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func take(_ character: Unicode.Scalar) throws(ModelFileError) {
    guard consume(character) else { throw unexpected("'\(character)'") }
  }

  func damaged(_ expected: String, _ found: String) -> ModelFileError {
    ModelFileError(
      .damaged, file: file, place: "header byte \(position)", expected: expected, found: found)
  }

  func unexpected(_ expected: String) -> ModelFileError {
    let found =
      switch peek {
      case nil: "the end of the header"
      case let byte? where (0x21..<0x7f).contains(byte): "'\(Character(Unicode.Scalar(byte)))'"
      case let byte?: "the byte \(byte)"
      }
    return damaged(expected, found)
  }
}
