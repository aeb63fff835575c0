/// A file of the IDX format, in which MNIST is kept: an array of numbers of one kind, with up to eight axes.
///
/// Two zero bytes, the kind, the number of axes, each axis in 32 bits, then the numbers, the highest byte first.
public struct IDXFile: Sendable, Equatable {
  /// The kind of the numbers, by its code in the file.
  public enum Kind: UInt8, Sendable {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0B
    case int32 = 0x0C
    case float32 = 0x0D
    case float64 = 0x0E

    /// The bytes of a number.
    public var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  public let kind: Kind
  /// The extent of each axis.
  public let shape: [Int]
  private let bytes: [UInt8]
  private let start: Int
  private let name: String

  /// Reads a file, packed by gzip or not.
  public init(path: String) throws(DataError) { try self.init(try Gzip.bytes(at: path), name: path) }

  /// Whether bytes begin as a file does.
  package static func isIDX(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && Kind(rawValue: bytes[2]) != nil
      && (1...8).contains(bytes[3])
  }

  package init(_ bytes: [UInt8], name: String) throws(DataError) {
    var source = PictureBytes(bytes, name: name, what: "IDX file")
    guard Self.isIDX(bytes), let kind = Kind(rawValue: bytes[2]) else { throw source.damaged("no signature") }
    source.position = 4
    var shape: [Int] = []
    var count = kind.size
    for _ in 0..<bytes[3] {
      shape.append(try source.big32())
      let (product, overflows) = count.multipliedReportingOverflow(by: shape[shape.count - 1])
      guard !overflows else { throw source.damaged("axes of \(shape)") }
      count = product
    }
    guard count == source.remaining else {
      if count > source.remaining { throw source.cut() }
      throw source.damaged("\(source.remaining) bytes of numbers in place of \(count)")
    }
    self.kind = kind
    self.shape = shape
    self.bytes = bytes
    self.name = name
    start = source.position
  }

  /// The number of examples: the extent of the first axis.
  public var count: Int { shape[0] }

  /// The picture at a place of the first axis, which must be one. The file holds bytes of shape `[count, height, width]`,
  /// or `[count, height, width, 3]`.
  public func picture(at index: Int) throws(DataError) -> Picture {
    precondition((0..<count).contains(index))
    let channels = shape.count == 4 ? shape[3] : 1
    guard kind == .uint8, shape.count == 3 || shape.count == 4, shape[1] > 0, shape[2] > 0,
      (1...4).contains(channels)
    else {
      throw DataError(
        .badPicture, file: name, expected: "bytes of shape [count, height, width]",
        found: "\(kind) of shape \(shape)")
    }
    let size = shape[1] * shape[2] * channels
    let place = start + index * size
    return Picture(
      width: shape[2], height: shape[1], channels: channels, pixels: Array(bytes[place..<(place + size)]))
  }

  /// The numbers of a file with one axis, as labels are kept.
  public func integers() throws(DataError) -> [Int] {
    guard shape.count == 1, kind != .float32, kind != .float64 else {
      throw DataError(
        .badPicture, file: name, expected: "whole numbers of shape [count]",
        found: "\(kind) of shape \(shape)")
    }
    return (0..<count).map { index in
      let place = start + index * kind.size
      switch kind {
      case .uint8: return Int(bytes[place])
      case .int8: return Int(Int8(bitPattern: bytes[place]))
      case .int16: return Int(Int16(bigEndian: bytes, at: place))
      default: return Int(Int32(bigEndian: bytes, at: place))
      }
    }
  }

  /// All numbers, in row-major order.
  public func floats() -> [Float] {
    (0..<((bytes.count - start) / kind.size)).map { index in
      let place = start + index * kind.size
      switch kind {
      case .uint8: return Float(bytes[place])
      case .int8: return Float(Int8(bitPattern: bytes[place]))
      case .int16: return Float(Int16(bigEndian: bytes, at: place))
      case .int32: return Float(Int32(bigEndian: bytes, at: place))
      case .float32: return Float(bitPattern: UInt32(bigEndian: bytes, at: place))
      case .float64: return Float(Double(bitPattern: UInt64(bigEndian: bytes, at: place)))
      }
    }
  }

  public static func == (a: IDXFile, b: IDXFile) -> Bool {
    a.kind == b.kind && a.shape == b.shape && a.bytes[a.start...] == b.bytes[b.start...]
  }
}
