/// Looks through the bytes of an ONNX file before they are decoded.
///
/// A few bytes can ask a decoder for a hundred times their size in objects, and a decoder skips what it does not
/// know. This walk makes nothing: it bounds the depth and the number of messages, strings and numbers, and refuses
/// every field that `onnx_wire.proto` does not name or names only to be refused.
package struct WireCheck {
  static let maximumDepth = 32
  package static let maximumMessages = 1 << 17
  static let maximumStrings = 1 << 18
  /// Numbers that take less room in the file than in memory.
  static let maximumNumbers = 1 << 21

  private enum Message: String {
    case model = "ModelProto"
    case operatorSet = "OperatorSetIdProto"
    case pair = "StringStringEntryProto"
    case graph = "GraphProto"
    case node = "NodeProto"
    case attribute = "AttributeProto"
    case tensor = "TensorProto"
    case valueInfo = "ValueInfoProto"
    case valueType = "TypeProto"
    case tensorType = "TypeProto.Tensor"
    case shape = "TensorShapeProto"
    case dimension = "TensorShapeProto.Dimension"
  }

  private enum Field {
    case message(Message)
    /// A string, or bytes of any meaning.
    case bytes
    case number
    case float
    /// One number, or many one after the other.
    case numbers, floats, doubles
    case refused(String)
  }

  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private var messages = 0
  private var strings = 0
  private var numbers = 0
  /// Whether data of a tensor stand in another file.
  private(set) var namesOtherFiles = false

  /// - Returns: whether data of a tensor stand in another file.
  /// - Throws: `ExchangeError` when the bytes are no ONNX model, hold what is refused, or too much of it.
  @discardableResult
  static func check(_ bytes: UnsafeRawBufferPointer, file: String) throws(ExchangeError) -> Bool {
    var walk = WireCheck(bytes: bytes, file: file)
    try walk.walk(.model, 0..<bytes.count, depth: 0)
    return walk.namesOtherFiles
  }

  private init(bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  private mutating func walk(
    _ message: Message, _ range: Range<Int>, depth: Int
  ) throws(ExchangeError) {
    guard depth <= Self.maximumDepth else {
      throw refused(message, "messages at most \(Self.maximumDepth) deep", "deeper ones")
    }
    try count(&messages, Self.maximumMessages, "messages", message)
    var position = range.lowerBound
    while position < range.upperBound {
      let key = try varint(&position, range.upperBound, message)
      let (number, type) = (Int(key >> 3 & 0x1fff_ffff), key & 7)
      guard key >> 32 == 0, number > 0, let field = Self.field(message, number) else {
        throw refused(message, "the fields of the messages that are known", "field \(key >> 3)")
      }
      switch (field, type) {
      case (.refused(let name), _): throw refused(message, "no \(name)", "\(name)")
      case (.number, 0):
        _ = try varint(&position, range.upperBound, message)
      case (.numbers, 0):
        _ = try varint(&position, range.upperBound, message)
        try count(&numbers, Self.maximumNumbers, "numbers", message)
      case (.float, 5), (.floats, 5): try skip(4, &position, range.upperBound, message)
      case (.doubles, 1): try skip(8, &position, range.upperBound, message)
      case (.message(let inner), 2):
        let content = try content(&position, range.upperBound, message)
        if message == .tensor { namesOtherFiles = namesOtherFiles || inner == .pair && number == 13 }
        try walk(inner, content, depth: depth + 1)
      case (.bytes, 2):
        _ = try content(&position, range.upperBound, message)
        try count(&strings, Self.maximumStrings, "strings", message)
      case (.numbers, 2):
        let content = try content(&position, range.upperBound, message)
        var inner = content.lowerBound
        while inner < content.upperBound {
          _ = try varint(&inner, content.upperBound, message)
          try count(&numbers, Self.maximumNumbers, "numbers", message)
        }
      case (.floats, 2), (.doubles, 2):
        let width = if case .floats = field { 4 } else { 8 }
        let content = try content(&position, range.upperBound, message)
        guard content.count % width == 0 else {
          throw damaged(message, "whole numbers of \(width) bytes", "\(content.count) bytes")
        }
      default: throw damaged(message, "field \(number) in its own form", "wire type \(type)")
      }
    }
  }

  private func varint(
    _ position: inout Int, _ end: Int, _ message: Message
  ) throws(ExchangeError) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<10 {
      guard position < end else { throw damaged(message, "a number", "the end of the message") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << UInt64(7 * index)
      if byte < 0x80 { return value }
    }
    throw damaged(message, "a number of at most 10 bytes", "a longer one")
  }

  private func content(
    _ position: inout Int, _ end: Int, _ message: Message
  ) throws(ExchangeError) -> Range<Int> {
    let length = try varint(&position, end, message)
    guard length <= UInt64(end - position) else {
      throw damaged(message, "\(length) bytes", "\(end - position) bytes to the end")
    }
    defer { position += Int(length) }
    return position..<position + Int(length)
  }

  private func skip(
    _ width: Int, _ position: inout Int, _ end: Int, _ message: Message
  ) throws(ExchangeError) {
    guard end - position >= width else {
      throw damaged(message, "\(width) bytes", "\(end - position) bytes to the end")
    }
    position += width
  }

  private func count(
    _ counter: inout Int, _ limit: Int, _ what: String, _ message: Message
  ) throws(ExchangeError) {
    counter += 1
    guard counter <= limit else { throw refused(message, "at most \(limit) \(what)", "more") }
  }

  private func damaged(_ message: Message, _ expected: String, _ found: String) -> ExchangeError {
    error(.damaged, message, expected, found)
  }

  private func refused(_ message: Message, _ expected: String, _ found: String) -> ExchangeError {
    error(.unsupported, message, expected, found)
  }

  /// What is wrong with the outermost message may mean that the file is none of ONNX at all.
  private func error(
    _ reason: ExchangeError.Reason, _ message: Message, _ expected: String, _ found: String
  ) -> ExchangeError {
    ExchangeError(
      reason, file: file, place: message.rawValue,
      expected: (message == .model ? "an ONNX model with " : "") + expected, found: found)
  }

  /// What a field of a message holds; `nil` for fields that are not known.
  private static func field(_ message: Message, _ number: Int) -> Field? {
    switch (message, number) {
    case (.model, 1), (.model, 5): .number
    case (.model, 2...4), (.model, 6): .bytes
    case (.model, 7): .message(.graph)
    case (.model, 8): .message(.operatorSet)
    case (.model, 14), (.graph, 16), (.node, 9), (.tensor, 13), (.tensor, 16), (.valueInfo, 4):
      .message(.pair)
    case (.model, 20): .refused("training information")
    case (.model, 25): .refused("functions of the model's own")
    case (.model, 26): .refused("device configurations")
    case (.operatorSet, 1): .bytes
    case (.operatorSet, 2): .number
    case (.pair, 1...2): .bytes
    case (.graph, 1): .message(.node)
    case (.graph, 2), (.graph, 10): .bytes
    case (.graph, 5): .message(.tensor)
    case (.graph, 11...13): .message(.valueInfo)
    case (.graph, 14): .refused("quantization annotations")
    case (.graph, 15): .refused("sparse initializers")
    case (.node, 1...4), (.node, 6...8): .bytes
    case (.node, 5): .message(.attribute)
    case (.node, 10): .refused("device configurations")
    case (.attribute, 1), (.attribute, 4), (.attribute, 9), (.attribute, 13), (.attribute, 21): .bytes
    case (.attribute, 2): .float
    case (.attribute, 3), (.attribute, 20): .number
    case (.attribute, 5): .message(.tensor)
    case (.attribute, 6): .message(.graph)
    case (.attribute, 7): .floats
    case (.attribute, 8): .numbers
    case (.attribute, 10): .refused("lists of tensors as attributes")
    case (.attribute, 11): .refused("lists of graphs as attributes")
    case (.attribute, 14...15): .refused("types as attributes")
    case (.attribute, 22...23): .refused("sparse tensors")
    case (.tensor, 1), (.tensor, 5), (.tensor, 7), (.tensor, 11): .numbers
    case (.tensor, 2), (.tensor, 14): .number
    case (.tensor, 3): .refused("segments of tensors")
    case (.tensor, 4): .floats
    case (.tensor, 6): .refused("strings as elements")
    case (.tensor, 8...9), (.tensor, 12): .bytes
    case (.tensor, 10): .doubles
    case (.valueInfo, 1), (.valueInfo, 3): .bytes
    case (.valueInfo, 2): .message(.valueType)
    case (.valueType, 1): .message(.tensorType)
    case (.valueType, 4), (.valueType, 5), (.valueType, 7...9): .refused("types other than dense tensors")
    case (.valueType, 6): .bytes
    case (.tensorType, 1): .number
    case (.tensorType, 2): .message(.shape)
    case (.shape, 1): .message(.dimension)
    case (.dimension, 1): .number
    case (.dimension, 2...3): .bytes
    default: nil
    }
  }
}
