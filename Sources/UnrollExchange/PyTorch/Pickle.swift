import UnrollCore

/// A value that a pickle of a state dictionary may hold.
///
/// Lists and dictionaries are filled after they are named, and may be meant in several places; nothing else changes.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  /// - depth: how deep tuples stand in it, itself among them.
  case tuple([PickleValue], depth: Int)
  case list(PickleList)
  case dictionary(PickleDictionary)
  /// A class or function, by the name of its module and its own: one of `Pickle.knownNames`.
  case name(String)
  case storage(PickleStorage)
  case tensor(PickleTensor)

  /// What it is, for errors.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a truth value"
    case .integer: "a whole number"
    case .float: "a number"
    case .string: "a string"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .name(let name): "\"\(name)\""
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }

  var depth: Int { if case .tuple(_, let depth) = self { depth } else { 0 } }

  var integers: [Int]? {
    guard case .tuple(let values, _) = self else { return nil }
    var result: [Int] = []
    for value in values {
      guard case .integer(let number) = value else { return nil }
      result.append(number)
    }
    return result
  }
}

final class PickleList { fileprivate(set) var values: [PickleValue] = [] }

final class PickleDictionary { fileprivate(set) var entries: [(key: PickleValue, value: PickleValue)] = [] }

/// Numbers of one type in a member of the archive.
final class PickleStorage {
  let type: String
  let key: String
  let count: Int
  init(type: String, key: String, count: Int) { (self.type, self.key, self.count) = (type, key, count) }
}

/// A part of a storage: the element at `[i, j, …]` is the one at offset + i·strides[0] + j·strides[1] + ….
final class PickleTensor {
  let storage: PickleStorage
  let offset: Int
  let shape: Shape
  let strides: [Int]

  init(_ storage: PickleStorage, offset: Int, shape: Shape, strides: [Int]) {
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
  }
}

/// Reads a pickle of dictionaries, lists, tuples, strings, numbers and references to tensors, as `torch.save` writes for
/// state dictionaries (protocols 2 to 5).
///
/// A pickle is a program. This one runs none of it: of its instructions those alone are known that put such values
/// together, of the names in it those alone that say how PyTorch keeps tensors, and these are understood here and not
/// called. Anything else is refused by its name.
struct Pickle {
  static let maximumSize = 1 << 24
  /// The most values that may be made, marks that may stand and values that may be remembered.
  static let maximumValues = 1 << 19
  /// How deep tuples may stand in each other.
  static let maximumDepth = 64

  static let storages = [
    "FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "LongStorage", "IntStorage",
    "ShortStorage",
    "CharStorage", "ByteStorage", "BoolStorage",
  ]
  private static let tensorMaker = "torch._utils._rebuild_tensor_v2"
  private static let parameterMaker = "torch._utils._rebuild_parameter"
  private static let ordered = "collections.OrderedDict"
  private static let size = "torch.Size"

  static let knownNames = Set(storages.map { "torch.\($0)" } + [tensorMaker, parameterMaker, ordered, size])

  private let bytes: [UInt8]
  private let file: String
  private var position = 0
  private var stack: [PickleValue] = []
  /// Where marks stand in the stack.
  private var marks: [Int] = []
  private var memo: [PickleValue?] = []
  private var made = 0
  /// All that may be filled later, and so may stand in itself or without end in each other.
  private var lists: [PickleList] = []
  private var dictionaries: [PickleDictionary] = []

  /// Reads a pickle and hands its value to `body`, after which it is empty.
  ///
  /// - Throws: `ExchangeError` when the bytes are no pickle, or one that holds anything else.
  static func read<Result>(
    _ bytes: [UInt8], file: String, _ body: (PickleValue) throws(ExchangeError) -> Result
  ) throws(ExchangeError) -> Result {
    var pickle = Pickle(bytes: bytes, file: file)
    // One by one: what goes by itself goes with all that stands in it, which may be too deep.
    defer {
      for list in pickle.lists { list.values = [] }
      for dictionary in pickle.dictionaries { dictionary.entries = [] }
    }
    return try body(try pickle.run())
  }

  private init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  private func error(
    _ expected: String, _ found: String, _ reason: ExchangeError.Reason = .damaged
  ) -> ExchangeError {
    ExchangeError(reason, file: file, place: "pickle, byte \(position)", expected: expected, found: found)
  }

  // MARK: bytes

  private mutating func take(_ count: Int) throws(ExchangeError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else {
      throw error("\(count) bytes", "\(bytes.count - position) to the end")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func number(_ width: Int) throws(ExchangeError) -> Int {
    let part = try take(width)
    var value: UInt64 = 0
    for (index, byte) in part.enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
    guard let number = Int(exactly: value) else { throw error("a length below 2⁶³", "\(value)") }
    return number
  }

  private mutating func text(_ width: Int) throws(ExchangeError) -> String {
    let count = try number(width)
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw error("a string in UTF-8", "other bytes")
    }
    return text
  }

  private mutating func line() throws(ExchangeError) -> String {
    guard let end = bytes[position...].prefix(1024).firstIndex(of: 0x0A) else {
      throw error("a name of at most 1024 bytes", "a longer one")
    }
    let part = try take(end - position)
    position += 1
    guard let text = String(validating: part, as: UTF8.self) else {
      throw error("a name in UTF-8", "other bytes")
    }
    return text
  }

  // MARK: values

  private mutating func push(_ value: PickleValue) throws(ExchangeError) {
    made += 1
    guard made <= Self.maximumValues else {
      throw error("at most \(Self.maximumValues) values", "more", .unsupported)
    }
    stack.append(value)
  }

  private mutating func pop() throws(ExchangeError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw error("a value before this instruction", "none")
    }
    return value
  }

  private mutating func popToMark() throws(ExchangeError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw error("a mark before this instruction", "none") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private mutating func popTuple(_ count: Int) throws(ExchangeError) {
    var values: [PickleValue] = []
    for _ in 0..<count { values.append(try pop()) }
    try pushTuple(values.reversed())
  }

  private mutating func pushTuple(_ values: [PickleValue]) throws(ExchangeError) {
    let depth = 1 + (values.map(\.depth).max() ?? 0)
    guard depth <= Self.maximumDepth else {
      throw error("tuples at most \(Self.maximumDepth) deep", "deeper ones", .unsupported)
    }
    try push(.tuple(values, depth: depth))
  }

  private mutating func pushList() throws(ExchangeError) {
    let list = PickleList()
    lists.append(list)
    try push(.list(list))
  }

  private mutating func newDictionary() -> PickleValue {
    let dictionary = PickleDictionary()
    dictionaries.append(dictionary)
    return .dictionary(dictionary)
  }

  private mutating func append(_ values: [PickleValue]) throws(ExchangeError) {
    guard stack.count > (marks.last ?? 0), case .list(let list)? = stack.last else {
      throw error("a list to append to", stack.last?.kind ?? "none")
    }
    list.values += values
  }

  private mutating func set(_ values: [PickleValue]) throws(ExchangeError) {
    guard stack.count > (marks.last ?? 0), case .dictionary(let dictionary)? = stack.last,
      values.count % 2 == 0
    else { throw error("a dictionary and pairs for it", stack.last?.kind ?? "none") }
    for index in stride(from: 0, to: values.count, by: 2) {
      dictionary.entries.append((values[index], values[index + 1]))
    }
  }

  private func recall(_ index: Int) throws(ExchangeError) -> PickleValue {
    guard index < memo.count, let value = memo[index] else {
      throw error("a value remembered as \(index)", "none")
    }
    return value
  }

  private mutating func remember(_ index: Int) throws(ExchangeError) {
    guard let value = stack.last else { throw error("a value to remember", "none") }
    guard index < Self.maximumValues else {
      throw error("at most \(Self.maximumValues) values to remember", "more", .unsupported)
    }
    while memo.count <= index { memo.append(nil) }
    memo[index] = value
  }

  private mutating func name(_ module: String, _ name: String) throws(ExchangeError) {
    let full = "\(module).\(name)"
    guard Self.knownNames.contains(full) else {
      throw error(
        "a state dictionary: tensors, numbers, strings, lists and dictionaries", "\"\(full)\"", .unsupported)
    }
    try push(.name(full))
  }

  // MARK: instructions

  private mutating func run() throws(ExchangeError) -> PickleValue {
    guard bytes.count <= Self.maximumSize else {
      throw error("a pickle of at most \(Self.maximumSize) bytes", "\(bytes.count)", .unsupported)
    }
    while true {
      let code = try take(1).first ?? 0
      switch code {
      case 0x80:
        let version = try number(1)
        guard (2...5).contains(version) else { throw error("protocol 2 to 5", "\(version)", .unsupported) }
      case 0x95: _ = try number(8)
      case UInt8(ascii: "."):
        guard stack.count == 1, marks.isEmpty, position == bytes.count else {
          throw error("one value at the end", "\(stack.count)")
        }
        return stack[0]
      case UInt8(ascii: "("):
        guard marks.count < Self.maximumValues else {
          throw error("at most \(Self.maximumValues) marks", "more", .unsupported)
        }
        marks.append(stack.count)
      case UInt8(ascii: "0"): _ = try pop()
      case UInt8(ascii: "1"): _ = try popToMark()
      case UInt8(ascii: "N"): try push(.none)
      case 0x88, 0x89: try push(.bool(code == 0x88))
      case UInt8(ascii: "J"): try push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
      case UInt8(ascii: "K"): try push(.integer(try number(1)))
      case UInt8(ascii: "M"): try push(.integer(try number(2)))
      case 0x8A: try push(.integer(try long()))
      case UInt8(ascii: "G"):
        let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        try push(.float(Double(bitPattern: bits)))
      case UInt8(ascii: "X"): try push(.string(try text(4)))
      case 0x8C: try push(.string(try text(1)))
      case 0x8D: try push(.string(try text(8)))
      default: try combine(code)
      }
    }
  }

  /// A whole number of up to 8 bytes, in two's complement.
  private mutating func long() throws(ExchangeError) -> Int {
    let count = try number(1)
    guard count <= 8 else { throw error("a whole number of at most 8 bytes", "\(count) bytes", .unsupported) }
    let part = try take(count)
    var value: UInt64 = (part.last ?? 0) & 0x80 != 0 ? .max : 0
    for byte in part.reversed() { value = value << 8 | UInt64(byte) }
    return Int(truncatingIfNeeded: value)
  }

  private mutating func combine(_ code: UInt8) throws(ExchangeError) {
    switch code {
    case UInt8(ascii: ")"): try pushTuple([])
    case 0x85, 0x86, 0x87: try popTuple(Int(code) - 0x84)
    case UInt8(ascii: "t"): try pushTuple(try popToMark())
    case UInt8(ascii: "]"): try pushList()
    case UInt8(ascii: "}"): try push(newDictionary())
    case UInt8(ascii: "a"): try append([try pop()])
    case UInt8(ascii: "e"): try append(try popToMark())
    case UInt8(ascii: "s"):
      let value = try pop()
      try set([try pop(), value])
    case UInt8(ascii: "u"): try set(try popToMark())
    case UInt8(ascii: "q"): try remember(try number(1))
    case UInt8(ascii: "r"): try remember(try number(4))
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): try push(try recall(try number(1)))
    case UInt8(ascii: "j"): try push(try recall(try number(4)))
    case UInt8(ascii: "c"):
      let module = try line()
      try name(module, try line())
    case 0x93:
      guard case (.string(let name), .string(let module)) = (try pop(), try pop()) else {
        throw error("two names", "other values")
      }
      try self.name(module, name)
    case UInt8(ascii: "Q"): try push(.storage(try storage(try pop())))
    case UInt8(ascii: "R"):
      let arguments = try pop()
      try push(try made(by: try pop(), of: arguments))
    case UInt8(ascii: "b"):
      // What a dictionary carries beside its entries: the versions of modules.
      guard case .dictionary = try pop(), case .dictionary? = stack.last else {
        throw error("a dictionary with what it carries", stack.last?.kind ?? "none", .unsupported)
      }
    default: throw error("an instruction that puts values together", "instruction \(code)", .unsupported)
    }
  }

  /// ("storage", torch.FloatStorage, key, place, count).
  private func storage(_ value: PickleValue) throws(ExchangeError) -> PickleStorage {
    guard case .tuple(let parts, _) = value, parts.count == 5, case .string("storage") = parts[0],
      case .name(let type) = parts[1], case .string(let key) = parts[2], case .integer(let count) = parts[4],
      type.hasSuffix("Storage"), count >= 0
    else { throw error("a storage with its type, key and size", value.kind) }
    return PickleStorage(type: String(type.dropFirst("torch.".count)), key: key, count: count)
  }

  /// What PyTorch's functions would make.
  private mutating func made(by function: PickleValue, of arguments: PickleValue) throws(ExchangeError)
    -> PickleValue
  {
    guard case .name(let name) = function, case .tuple(let parts, _) = arguments else {
      throw error("a function that is known", function.kind, .unsupported)
    }
    switch name {
    case Self.ordered:
      guard parts.isEmpty else {
        throw error("a dictionary that is filled later", "one with arguments", .unsupported)
      }
      return newDictionary()
    case Self.size:
      guard parts.count == 1, case .tuple = parts[0] else { throw error("a size", "others") }
      return parts[0]
    case Self.parameterMaker:
      guard let first = parts.first, case .tensor = first else {
        throw error("a tensor as a parameter", "others")
      }
      return first
    case Self.tensorMaker: return .tensor(try tensor(parts))
    default: throw error("a function that makes tensors", "\"\(name)\"", .unsupported)
    }
  }

  /// (storage, offset, size, strides, requires_grad, hooks).
  private func tensor(_ parts: [PickleValue]) throws(ExchangeError) -> PickleTensor {
    guard (6...7).contains(parts.count), case .storage(let storage) = parts[0],
      case .integer(let offset) = parts[1],
      let extents = parts[2].integers, let strides = parts[3].integers, extents.count == strides.count
    else { throw error("a tensor's storage, offset, size and strides", "others") }
    guard let shape = CheckedShape.make(extents), strides.allSatisfy({ $0 >= 0 }), offset >= 0 else {
      throw error("a size of at most \(CheckedShape.maximumElements) elements", "\(extents.prefix(9))")
    }
    if shape.count == 0 { return PickleTensor(storage, offset: 0, shape: shape, strides: strides) }
    // Axes from the innermost out: each must step over all that the ones within reach, so that no element is two.
    var reach = 1
    for axis in extents.indices.filter({ extents[$0] > 1 }).sorted(by: { strides[$0] < strides[$1] }) {
      guard strides[axis] >= reach else {
        throw error("strides under which no element is two", "\(strides) for \(extents)", .unsupported)
      }
      let (step, overflow) = strides[axis].multipliedReportingOverflow(by: extents[axis] - 1)
      guard !overflow, step <= storage.count - reach else {
        throw error("a tensor within its storage of \(storage.count) elements", "\(extents) by \(strides)")
      }
      reach += step
    }
    guard offset <= storage.count - reach else {
      throw error(
        "a tensor within its storage of \(storage.count) elements", "offset \(offset) and \(reach) elements")
    }
    return PickleTensor(storage, offset: offset, shape: shape, strides: strides)
  }
}
