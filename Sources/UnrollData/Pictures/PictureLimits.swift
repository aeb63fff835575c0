/// What a reader of pictures refuses to make.
package struct PictureLimits: Sendable {
  /// The most pixels of a picture, or of all frames of one file together.
  package var pixels: Int
  /// Whether programs beside this one may be started.
  package var startsTools: Bool

  package init(pixels: Int = 100_000_000, startsTools: Bool = true) {
    self.pixels = pixels
    self.startsTools = startsTools
  }

  /// Checks a size that a header states, before anything of that size is made.
  package func check(width: Int, height: Int, name: String) throws(DataError) {
    guard width > 0, height > 0 else {
      throw DataError(
        .badPicture, file: name, expected: "a picture with pixels", found: "\(width) × \(height) pixels")
    }
    let (count, overflows) = width.multipliedReportingOverflow(by: height)
    guard !overflows, count <= pixels else {
      throw DataError(
        .tooLarge, file: name, expected: "a picture of at most \(pixels) pixels",
        found: "\(width) × \(height) pixels")
    }
  }
}

/// A picture's file, byte by byte: reading behind the end is an error and never a trap.
struct PictureBytes {
  let bytes: [UInt8]
  let name: String
  /// What the file is, for errors: "PNG picture".
  let what: String
  var position = 0

  init(_ bytes: [UInt8], name: String, what: String, position: Int = 0) {
    self.bytes = bytes
    self.name = name
    self.what = what
    self.position = position
  }

  var remaining: Int { max(0, bytes.count - position) }

  /// Checks that so many bytes are to come.
  func need(_ count: Int) throws(DataError) {
    guard count >= 0, count <= remaining else { throw cut() }
  }

  mutating func skip(_ count: Int) throws(DataError) {
    try need(count)
    position += count
  }

  mutating func byte() throws(DataError) -> Int {
    try need(1)
    position += 1
    return Int(bytes[position - 1])
  }

  mutating func little16() throws(DataError) -> Int {
    try need(2)
    position += 2
    return Int(UInt16(littleEndian: bytes, at: position - 2))
  }

  mutating func little32() throws(DataError) -> Int {
    try need(4)
    position += 4
    return Int(UInt32(littleEndian: bytes, at: position - 4))
  }

  mutating func big16() throws(DataError) -> Int {
    try need(2)
    position += 2
    return Int(UInt16(bigEndian: bytes, at: position - 2))
  }

  mutating func big32() throws(DataError) -> Int {
    try need(4)
    position += 4
    return Int(UInt32(bigEndian: bytes, at: position - 4))
  }

  /// The error of a file that ends too early.
  func cut() -> DataError {
    DataError(
      .badPicture, file: name, expected: "a whole \(what)", found: "an end in the middle",
      statement: "the \(what) ends in the middle", hint: "the file may be cut off; fetch it again")
  }

  /// The error of a file that is not what its format allows.
  func damaged(_ reason: String) -> DataError {
    DataError(
      .badPicture, file: name, expected: "a sound \(what)", found: reason,
      statement: "the \(what) is damaged: \(reason)")
  }

  /// The error of a kind that is not read.
  func unsupported(_ reason: String, hint: String? = nil) -> DataError {
    DataError(
      .unsupportedPicture, file: name, expected: "a \(what) of a kind that is read", found: reason,
      statement: "this kind of \(what) is not read: \(reason)", hint: hint)
  }
}
