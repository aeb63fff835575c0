import UnrollCore

/// An array as NumPy stores it: a file `.npy`, or a member of `.npz`.
package struct NumPyArray: Sendable, Equatable {
  /// What its elements are.
  package enum Content: Sendable, Equatable {
    /// Numbers, row by row.
    case numbers([Float])
    /// Arrays of their own, as a list of arrays of unequal length is stored.
    case arrays([NumPyArray])
  }

  package let shape: [Int]
  package let content: Content

  package init(shape: [Int], content: Content) {
    self.shape = shape
    self.content = content
  }

  /// The most elements that are read.
  package static let mostElements = 1 << 28

  /// Reads a file `.npy` (format 1 to 3).
  ///
  /// Sizes are held against the bytes that are there before anything is made. Objects are read when they are arrays of
  /// numbers; nothing that a file names is ever called.
  package static func read(_ bytes: [UInt8], name: String) throws(DataError) -> NumPyArray {
    guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes.count >= 10 else {
      throw wrong(name, "a NumPy array, which starts with 0x93 \"NUMPY\"", "something else")
    }
    let isLong = bytes[6] >= 2
    guard (1...3).contains(bytes[6]), !isLong || bytes.count >= 12 else {
      throw wrong(name, "format 1, 2 or 3", "\(bytes[6])")
    }
    let start = isLong ? 12 : 10
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= min(bytes.count - start, 1 << 16) else {
      throw wrong(name, "a header within the file, of at most 65536 bytes", "\(length) bytes")
    }
    let header = try NumPyHeader(Array(bytes[start..<(start + length)]), name: name)
    let data = bytes[(start + length)...]
    guard header.type != "O" else {
      return try NumPyPickle.read(Array(data), shape: header.shape, name: name)
    }
    let type = try NumPyType(header.type, name: name)
    let count = try elements(header.shape, name: name)
    guard data.count / type.bytes >= count else {
      throw wrong(name, "\(count) elements of \(type.bytes) bytes", "\(data.count) bytes")
    }
    let numbers = type.numbers(data, count: count)
    return NumPyArray(
      shape: header.shape,
      content: .numbers(header.isColumnMajor ? transposed(numbers, header.shape) : numbers))
  }

  /// The number of elements of a shape.
  static func elements(_ shape: [Int], name: String) throws(DataError) -> Int {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow, product <= mostElements else {
        throw wrong(name, "an array of at most \(mostElements) elements", "the shape \(shape.prefix(8))")
      }
      count = product
    }
    return count
  }

  /// Row by row, from column by column.
  static func transposed(_ numbers: [Float], _ shape: [Int]) -> [Float] {
    guard shape.count > 1 else { return numbers }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var index = [Int](repeating: 0, count: shape.count)
    var place = 0
    return numbers.map { _ in
      defer {
        for axis in shape.indices.reversed() {
          index[axis] += 1
          place += strides[axis]
          if index[axis] < shape[axis] { break }
          place -= strides[axis] * shape[axis]
          index[axis] = 0
        }
      }
      return numbers[place]
    }
  }

  static func wrong(_ name: String, _ expected: String, _ found: String) -> DataError {
    DataError(.badArray, file: name, expected: expected, found: found)
  }
}

/// A type of numbers, such as `<i2`.
struct NumPyType: Sendable, Equatable {
  let kind: Character
  let bytes: Int
  var isBigEndian: Bool

  init(_ text: String, name: String) throws(DataError) {
    var rest = Substring(text)
    isBigEndian = rest.hasPrefix(">")
    if let first = rest.first, "<>|=".contains(first) { rest = rest.dropFirst() }
    guard let kind = rest.first, let bytes = Int(rest.dropFirst()),
      kind == "b" && bytes == 1 || (kind == "i" || kind == "u") && [1, 2, 4, 8].contains(bytes)
        || kind == "f" && [2, 4, 8].contains(bytes)
    else { throw NumPyArray.wrong(name, "numbers (b1, i1 to i8, u1 to u8, f2 to f8)", quoted(text)) }
    self.kind = kind
    self.bytes = bytes
  }

  /// Numbers of so many elements, whose bytes are there.
  func numbers(_ data: ArraySlice<UInt8>, count: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(count)
    var place = data.startIndex
    for _ in 0..<count {
      var word: UInt64 = 0
      for index in 0..<bytes {
        word |= UInt64(data[place + index]) << UInt64(8 * (isBigEndian ? bytes - 1 - index : index))
      }
      place += bytes
      result.append(number(word))
    }
    return result
  }

  private func number(_ word: UInt64) -> Float {
    switch (kind, bytes) {
    case ("f", 4): Float(bitPattern: UInt32(word))
    case ("f", 8): Float(Double(bitPattern: word))
    case ("f", _): half(UInt16(word))
    case ("i", _): Float(Int64(bitPattern: word << UInt64(64 - 8 * bytes)) >> Int64(64 - 8 * bytes))
    case ("b", _): word == 0 ? 0 : 1
    default: Float(word)
    }
  }

  /// A number of 16 bits: 5 of exponent, 10 of fraction. `Float16` is not on every machine.
  private func half(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 31)
    let fraction = Float(bits & 1023)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
    }
  }
}

/// The header of an array: `{'descr': '<i2', 'fortran_order': False, 'shape': (3, 4), }`.
private struct NumPyHeader {
  private(set) var type = ""
  private(set) var isColumnMajor = false
  private(set) var shape: [Int] = []

  init(_ bytes: [UInt8], name: String) throws(DataError) {
    let text = String(decoding: bytes, as: UTF8.self)
    let fault = NumPyArray.wrong(name, "a header with descr, fortran_order and shape", quoted(text))
    func rest(after key: String) throws(DataError) -> Substring {
      guard let start = text.firstRange(of: "'\(key)':")?.upperBound else { throw fault }
      return text[start...].drop { $0 == " " }
    }
    let described = try rest(after: "descr")
    guard described.first == "'", let end = described.dropFirst().firstIndex(of: "'") else {
      throw NumPyArray.wrong(name, "elements of one type", "a structure of several")
    }
    type = String(described[described.index(after: described.startIndex)..<end])
    if type == "|O" || type == "O" { type = "O" }
    let order = try rest(after: "fortran_order")
    guard order.hasPrefix("True") || order.hasPrefix("False") else { throw fault }
    isColumnMajor = order.hasPrefix("True")
    let extents = try rest(after: "shape")
    guard extents.first == "(", let close = extents.firstIndex(of: ")") else { throw fault }
    for part in extents[..<close].dropFirst().split(separator: ",") {
      let digits = part.filter { $0 != " " && $0 != "L" }
      if digits.isEmpty { continue }
      guard let extent = Int(digits), extent >= 0, shape.count < 32 else { throw fault }
      shape.append(extent)
    }
  }
}

/// The members of a file `.npz`: a ZIP archive of arrays.
package struct NumPyArchive {
  private let archive: ZipArchive

  package init(path: String) throws(DataError) { archive = try ZipArchive(path: path) }
  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    archive = try ZipArchive(bytes, name: name)
  }

  /// The names of the arrays, in the order of the file.
  package var names: [String] {
    archive.entries.map(\.name).filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
  }

  /// Reads an array; `nil` where there is none of the name.
  package func array(_ name: String, limit: Int = 1 << 30) throws(DataError) -> NumPyArray? {
    guard let entry = archive.entry("\(name).npy") else { return nil }
    return try NumPyArray.read(
      try archive.contents(of: entry, limit: limit), name: "\(archive.name), \(clipped(name))")
  }
}
