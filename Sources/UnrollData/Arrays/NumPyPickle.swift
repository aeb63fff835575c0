/// Arrays within an array of objects, which NumPy stores as a pickle (protocols 2 to 5).
///
/// A pickle is a program for a machine with a stack. Of its instructions those alone are known that put arrays of
/// numbers together, and of the names in it those alone that stand for NumPy's arrays and types; none is called, and
/// anything else is refused by name.
struct NumPyPickle {
  private enum Value {
    case none
    case bool(Bool)
    case integer(Int)
    case text(String)
    case bytes(ArraySlice<UInt8>)
    case tuple([Value])
    case list(List)
    case name(String)
    case type(TypeBox)
    case array(ArrayBox)
  }

  private final class List { var values: [Value] = [] }
  /// A type whose order of bytes is set after it is made.
  private final class TypeBox {
    /// `nil` for objects.
    var type: NumPyType?
    init(_ type: NumPyType?) { self.type = type }
  }
  /// An array that is filled after it is made.
  private final class ArrayBox { var array: NumPyArray? }

  private let bytes: [UInt8]
  private let file: String
  private var position = 0
  private var stack: [Value] = []
  private var marks: [Int] = []
  private var memo: [Int: Value] = [:]
  private var steps = 0
  /// How many elements arrays have together: an array that is meant twice counts twice.
  private var elements = 0
  private static let mostSteps = 1 << 24
  /// Python's own writer puts a thousand values on the stack before it makes a list longer.
  private static let mostOnStack = 1 << 16
  private static let mostRemembered = 1 << 22

  /// Reads a pickle of one array of objects.
  static func read(_ bytes: [UInt8], shape: [Int], name: String) throws(DataError) -> NumPyArray {
    var pickle = NumPyPickle(bytes: bytes, file: name)
    guard case .array(let box) = try pickle.run(), let array = box.array, array.shape == shape else {
      throw NumPyArray.wrong(name, "an array of the shape \(shape)", "something else")
    }
    return array
  }

  private init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  private func wrong(_ expected: String, _ found: String) -> DataError {
    NumPyArray.wrong(file, expected, "\(found) at byte \(position) of the pickle")
  }

  private mutating func take(_ count: Int) throws(DataError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw wrong("\(count) bytes", "the end") }
    position += count
    return bytes[(position - count)..<position]
  }

  private mutating func number(_ width: Int) throws(DataError) -> Int {
    let value = try take(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw wrong("a number below 2⁶³", "\(value)") }
    return number
  }

  private mutating func line() throws(DataError) -> String {
    guard let end = bytes[position...].prefix(256).firstIndex(of: 10) else { throw wrong("a name", "none") }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  private mutating func pop() throws(DataError) -> Value {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else { throw wrong("a value", "none") }
    return value
  }

  private mutating func popToMark() throws(DataError) -> [Value] {
    guard let mark = marks.popLast() else { throw wrong("a mark", "none") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func recall(_ index: Int) throws(DataError) -> Value {
    guard let value = memo[index] else { throw wrong("a value remembered as \(index)", "none") }
    return value
  }

  private mutating func remember(_ index: Int) throws(DataError) {
    guard let value = stack.last else { throw wrong("a value to remember", "none") }
    memo[index] = value
  }

  private mutating func run() throws(DataError) -> Value {
    while true {
      steps += 1
      guard steps <= Self.mostSteps, stack.count <= Self.mostOnStack, marks.count <= Self.mostOnStack,
        memo.count <= Self.mostRemembered
      else {
        throw wrong("at most \(Self.mostSteps) instructions and \(Self.mostOnStack) open values", "more")
      }
      let code = try take(1).first ?? 0
      switch code {
      case 0x80:
        let version = try number(1)
        guard (2...5).contains(version) else { throw wrong("protocol 2 to 5", "\(version)") }
      case 0x95: _ = try number(8)
      case UInt8(ascii: "."):
        guard stack.count == 1, marks.isEmpty else { throw wrong("one value at the end", "\(stack.count)") }
        return stack[0]
      case UInt8(ascii: "("): marks.append(stack.count)
      case UInt8(ascii: "N"): stack.append(.none)
      case 0x88, 0x89: stack.append(.bool(code == 0x88))
      case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
      case UInt8(ascii: "K"): stack.append(.integer(try number(1)))
      case UInt8(ascii: "M"): stack.append(.integer(try number(2)))
      case UInt8(ascii: "X"): stack.append(.text(String(decoding: try take(try number(4)), as: UTF8.self)))
      case 0x8c: stack.append(.text(String(decoding: try take(try number(1)), as: UTF8.self)))
      case UInt8(ascii: "U"), UInt8(ascii: "C"): stack.append(.bytes(try take(try number(1))))
      case UInt8(ascii: "T"), UInt8(ascii: "B"): stack.append(.bytes(try take(try number(4))))
      case 0x8e: stack.append(.bytes(try take(try number(8))))
      default: try combine(code)
      }
    }
  }

  private mutating func combine(_ code: UInt8) throws(DataError) {
    switch code {
    case UInt8(ascii: ")"): stack.append(.tuple([]))
    case 0x85, 0x86, 0x87:
      var values: [Value] = []
      for _ in 0..<(Int(code) - 0x84) { values.append(try pop()) }
      stack.append(try tuple(values.reversed()))
    case UInt8(ascii: "t"): stack.append(try tuple(try popToMark()))
    case UInt8(ascii: "]"): stack.append(.list(List()))
    case UInt8(ascii: "a"): try append([try pop()])
    case UInt8(ascii: "e"): try append(try popToMark())
    case UInt8(ascii: "q"): try remember(try number(1))
    case UInt8(ascii: "r"): try remember(try number(4))
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): stack.append(try recall(try number(1)))
    case UInt8(ascii: "j"): stack.append(try recall(try number(4)))
    case UInt8(ascii: "c"):
      let module = try line()
      stack.append(try name(module, try line()))
    case 0x93:
      guard case (.text(let name), .text(let module)) = (try pop(), try pop()) else {
        throw wrong("two names", "other values")
      }
      stack.append(try self.name(module, name))
    case UInt8(ascii: "R"):
      let arguments = try pop()
      stack.append(try made(try pop(), arguments))
    case UInt8(ascii: "b"):
      let state = try pop()
      guard let target = stack.last else { throw wrong("a value to fill", "none") }
      try fill(target, state)
    default: throw wrong("an instruction that puts arrays together", "instruction \(code)")
    }
  }

  private mutating func append(_ values: [Value]) throws(DataError) {
    guard stack.count > (marks.last ?? 0), case .list(let list)? = stack.last else {
      throw wrong("a list", "another value")
    }
    for value in values {
      guard case .array = value else { throw wrong("lists of arrays alone", "another value") }
    }
    list.values += values
  }

  /// A tuple of values and of tuples of values: what is deeper is no array's, and would be deep to give back.
  private func tuple(_ values: [Value]) throws(DataError) -> Value {
    for value in values {
      guard case .tuple(let inner) = value else { continue }
      for value in inner {
        if case .tuple = value { throw wrong("tuples at most in one another", "deeper ones") }
      }
    }
    return .tuple(values)
  }

  private static let names: Set<String> = [
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",
  ]

  private func name(_ module: String, _ name: String) throws(DataError) -> Value {
    guard Self.names.contains("\(module).\(name)") else {
      throw wrong("arrays of numbers alone", quoted("\(module).\(name)"))
    }
    return .name(name)
  }

  private mutating func made(_ function: Value, _ arguments: Value) throws(DataError) -> Value {
    guard case .name(let name) = function, case .tuple(let parts) = arguments else {
      throw wrong("a type or an array", "another value")
    }
    switch (name, parts.first) {
    case ("_reconstruct", .name("ndarray")?): return .array(ArrayBox())
    case ("dtype", .text(let text)?):
      return .type(TypeBox(text.hasPrefix("O") ? nil : try NumPyType(text, name: file)))
    case ("dtype", .bytes(let text)?):
      let text = String(decoding: text, as: UTF8.self)
      return .type(TypeBox(text.hasPrefix("O") ? nil : try NumPyType(text, name: file)))
    case ("encode", .text(let text)?):
      // Bytes as protocol 2 of Python 3 writes them: as characters of Latin-1.
      var bytes: [UInt8] = []
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else {
          throw wrong("bytes as Latin-1", "another character")
        }
        bytes.append(byte)
      }
      return .bytes(bytes[...])
    default: throw wrong("a type or an array", quoted(name))
    }
  }

  /// Fills a type with its order of bytes, or an array with (version, shape, type, is column-major, content).
  private mutating func fill(_ target: Value, _ state: Value) throws(DataError) {
    guard case .tuple(let parts) = state else { throw wrong("a state", "another value") }
    switch target {
    case .type(let box):
      guard parts.count >= 2 else { throw wrong("the order of bytes", "none") }
      switch parts[1] {
      case .text(let order): box.type?.isBigEndian = order == ">"
      case .bytes(let order): box.type?.isBigEndian = order.elementsEqual([UInt8(ascii: ">")])
      default: throw wrong("the order of bytes", "another value")
      }
    case .array(let box):
      guard parts.count == 5, box.array == nil, case .tuple(let extents) = parts[1],
        case .type(let type) = parts[2],
        case .bool(let isColumnMajor) = parts[3]
      else { throw wrong("an array's shape, type and content", "something else") }
      var shape: [Int] = []
      for extent in extents {
        guard case .integer(let value) = extent, shape.count < 32 else {
          throw wrong("a shape", "another value")
        }
        shape.append(value)
      }
      box.array = try array(shape, type.type, isColumnMajor, parts[4])
    default: throw wrong("an array or a type to fill", "another value")
    }
  }

  private mutating func array(
    _ shape: [Int], _ type: NumPyType?, _ isColumnMajor: Bool, _ content: Value
  ) throws(DataError) -> NumPyArray {
    let count = try NumPyArray.elements(shape, name: file)
    switch (type, content) {
    case (let type?, .bytes(let data)):
      guard data.count / type.bytes >= count else { throw wrong("\(count) elements", "\(data.count) bytes") }
      try tally(count)
      let numbers = type.numbers(data, count: count)
      return NumPyArray(
        shape: shape, content: .numbers(isColumnMajor ? NumPyArray.transposed(numbers, shape) : numbers))
    case (nil, .list(let list)):
      guard list.values.count == count else { throw wrong("\(count) arrays", "\(list.values.count)") }
      var arrays: [NumPyArray] = []
      for value in list.values {
        guard case .array(let box) = value, let array = box.array, case .numbers = array.content else {
          throw wrong("arrays of numbers", "another value")
        }
        arrays.append(array)
      }
      try tally(count)
      return NumPyArray(shape: shape, content: .arrays(arrays))
    default: throw wrong("numbers or arrays", "another value")
    }
  }

  private mutating func tally(_ count: Int) throws(DataError) {
    elements += count
    guard elements <= NumPyArray.mostElements else {
      throw wrong("at most \(NumPyArray.mostElements) elements", "more")
    }
  }
}
