import UnrollCore

/// The header of a safetensors file: what its JSON says, checked against the bytes that follow it.
struct SafetensorsHeader {
  /// The element types that are read, with their widths in bytes.
  enum ElementType: String, CaseIterable {
    case double = "F64"
    case single = "F32"
    case half = "F16"
    case brain = "BF16"
    case long = "I64"
    case int = "I32"
    case byte = "U8"
    case boolean = "BOOL"

    var width: Int {
      switch self {
      case .double, .long: 8
      case .single, .int: 4
      case .half, .brain: 2
      case .byte, .boolean: 1
      }
    }
  }

  struct Entry {
    let name: String
    let type: ElementType
    let shape: Shape
    /// The bytes of the tensor, relative to the end of the header.
    let range: Range<Int>
  }

  var entries: [Entry] = []
  var metadata: [String: String] = [:]

  /// The longest header that is read: two hundred bytes for each of the most tensors.
  static let maximumLength = 32 << 20
  /// The most axes that a tensor may have here: it bounds the memory that a hostile header can claim.
  static let maximumRank = 64
  /// The most tensors, and the most keys of `__metadata__`: a few bytes of either take a hundred here.
  static let maximumCount = 1 << 17

  /// Reads a header and proves that its tensors fill `dataCount` bytes without a hole or an overlap.
  init(json: UnsafeRawBufferPointer, dataCount: Int, file: String) throws(ModelFileError) {
    var reader = HeaderReader(json, file: file)
    guard json.first == UInt8(ascii: "{") else { throw reader.unexpected("'{' at the start") }
    var names = Set<String>()
    try reader.object { (reader, key) throws(ModelFileError) in
      guard names.insert(key).inserted else {
        throw reader.damaged("each name once", "the name \"\(clipped(key))\" twice")
      }
      guard names.count <= Self.maximumCount else {
        throw reader.damaged("at most \(Self.maximumCount) tensors", "more")
      }
      if key == "__metadata__" {
        metadata = try Self.readMetadata(&reader)
      } else {
        entries.append(try Self.readEntry(key, &reader))
      }
    }
    try reader.expectPadding()
    try checkContiguous(dataCount: dataCount, file: file)
  }

  private static func readMetadata(
    _ reader: inout HeaderReader
  ) throws(ModelFileError) -> [String: String] {
    var result: [String: String] = [:]
    try reader.object { (reader, key) throws(ModelFileError) in
      let value = try reader.string("a string as the value of \"\(clipped(key))\"")
      guard result.updateValue(value, forKey: key) == nil else {
        throw reader.damaged("each key of __metadata__ once", "the key \"\(clipped(key))\" twice")
      }
      guard result.count <= maximumCount else {
        throw reader.damaged("at most \(maximumCount) keys of __metadata__", "more")
      }
    }
    return result
  }

  private static func readEntry(
    _ name: String, _ reader: inout HeaderReader
  ) throws(ModelFileError) -> Entry {
    var typeName: String?
    var extents: [Int]?
    var offsets: [Int]?
    try reader.object { (reader, key) throws(ModelFileError) in
      let isNew: Bool
      switch key {
      case "dtype":
        isNew = typeName == nil
        typeName = try reader.string("the name of an element type")
      case "shape":
        isNew = extents == nil
        extents = try reader.integers(atMost: maximumRank)
      case "data_offsets":
        isNew = offsets == nil
        offsets = try reader.integers(atMost: 2)
      default: throw reader.damaged("dtype, shape or data_offsets", "the key \"\(clipped(key))\"")
      }
      guard isNew else { throw reader.damaged("each key once", "the key \"\(clipped(key))\" twice") }
    }
    let place = "tensor \"\(name)\""
    func damaged(_ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(.damaged, file: reader.file, place: place, expected: expected, found: found)
    }
    guard let typeName, let extents, let offsets else {
      throw damaged("dtype, shape and data_offsets", "not all of them")
    }
    guard let type = ElementType(rawValue: typeName) else {
      let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelFileError(
        .unsupported, file: reader.file, place: place, expected: "one of the element types \(known)",
        found: "\"\(typeName)\"")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw damaged("data_offsets [begin, end] with begin ≤ end", "\(offsets)")
    }
    guard let byteCount = Self.byteCount(extents, width: type.width) else {
      throw damaged("a shape whose size can be counted", "\(extents)")
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw damaged(
        "\(byteCount) bytes for \(typeName) of shape \(extents)", "\(offsets[1] - offsets[0]) bytes")
    }
    return Entry(name: name, type: type, shape: Shape(extents), range: offsets[0]..<offsets[1])
  }

  /// The size of a tensor; `nil` if it overflows.
  ///
  /// Zero extents are left out of the overflow check on purpose: `[0, 2⁶², 4]` has no elements, and yet the
  /// product of its last axes would overflow elsewhere.
  static func byteCount(_ extents: [Int], width: Int) -> Int? {
    var product = width
    for extent in extents where extent != 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      product = next
    }
    return extents.contains(0) ? 0 : product
  }

  private func checkContiguous(dataCount: Int, file: String) throws(ModelFileError) {
    var end = 0
    let ordered = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for entry in ordered {
      guard entry.range.lowerBound == end else {
        let what = entry.range.lowerBound < end ? "an overlap" : "a hole"
        throw ModelFileError(
          .damaged, file: file, place: "tensor \"\(entry.name)\"", expected: "data from byte \(end)",
          found: "data from byte \(entry.range.lowerBound): \(what)")
      }
      end = entry.range.upperBound
    }
    guard end == dataCount else {
      throw ModelFileError(
        .damaged, file: file, expected: "\(end) bytes of data after the header",
        found: "\(dataCount) bytes")
    }
  }
}

/// The small part of JSON that a header may use, and nothing beyond it: objects, strings, and lists of whole numbers.
private struct HeaderReader {
  private var reader: JSONReader
  let file: String

  init(_ bytes: UnsafeRawBufferPointer, file: String) {
    var limits = JSONLimits()
    limits.depth = 4
    limits.values = .max
    limits.keyLength = limits.stringLength
    reader = JSONReader(Array(bytes), limits: limits)
    self.file = file
  }

  private mutating func next() throws(ModelFileError) -> JSONReader.Token? {
    do throws(JSONError) {
      return try reader.next()
    } catch {
      throw ModelFileError(
        .damaged, file: file, place: "header byte \(error.offset)", expected: error.expected,
        found: error.found)
    }
  }

  /// An object, whose every value is read by `readValue` after its key.
  mutating func object(
    _ readValue: (inout HeaderReader, String) throws(ModelFileError) -> Void
  ) throws(ModelFileError) {
    guard try next() == .beginObject else { throw damaged("'{'", "something else") }
    while case .key(let key)? = try next() { try readValue(&self, reader.text(key)) }
  }

  mutating func string(_ what: String) throws(ModelFileError) -> String {
    guard case .string(let span)? = try next() else { throw damaged(what, "something else") }
    return reader.text(span)
  }

  /// An array of whole numbers that are not negative.
  mutating func integers(atMost limit: Int) throws(ModelFileError) -> [Int] {
    guard try next() == .beginArray else { throw damaged("a list of numbers", "something else") }
    var result: [Int] = []
    while true {
      switch try next() {
      case .endArray: return result
      case .number(let span):
        guard result.count < limit else { throw damaged("at most \(limit) numbers", "more") }
        guard let number = reader.integer(span), reader.bytes[span.range.lowerBound] != UInt8(ascii: "-")
        else {
          let text = String(decoding: reader.bytes[span.range], as: UTF8.self)
          throw damaged("an integer that is not negative and below 2⁶³", "\(clipped(text))")
        }
        result.append(number)
      default: throw damaged("an integer that is not negative", "something else")
      }
    }
  }

  /// Nothing but the spaces that pad a header.
  mutating func expectPadding() throws(ModelFileError) {
    guard reader.bytes[reader.position...].allSatisfy({ $0 == UInt8(ascii: " ") }) else {
      throw damaged("spaces up to the end of the header", "something else")
    }
  }

  func damaged(_ expected: String, _ found: String) -> ModelFileError {
    ModelFileError(
      .damaged, file: file, place: "header byte \(reader.position)", expected: expected, found: found)
  }

  func unexpected(_ expected: String) -> ModelFileError { damaged(expected, "something else") }
}
