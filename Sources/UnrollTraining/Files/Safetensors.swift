import UnrollCore

/// Tensors in a file: the safetensors format.
///
/// A file is a 64-bit little-endian length N, then N bytes of JSON that name each tensor's element type, shape
/// and place, then the numbers, little-endian and row-major, without holes. Reading is strict: whatever is
/// doubtful is refused, nothing is allocated on the word of a header alone, and no input can crash it.
///
/// F64, F32, F16, BF16, I64, I32, U8 and BOOL are read, all into `Float`: integers beyond 2²⁴ and doubles
/// lose digits. F32 is written.
public enum Safetensors {
  /// A tensor with its name, in the order of the header.
  public typealias NamedTensor = (name: String, tensor: Tensor)

  /// The largest file that is read: 16 GiB.
  static let maximumFileSize = 1 << 34

  /// Reads the contents of a file. `file` is what an error calls it.
  public static func decode(
    _ bytes: [UInt8], file: String
  ) throws(ModelFileError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(ModelFileError) in try decode(raw, file: file) }
    }
    return try result.get()
  }

  /// Reads the contents of a file from memory.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String
  ) throws(ModelFileError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    try decode(bytes, file: file, types: SafetensorsHeader.ElementType.allCases)
  }

  /// The same, of files whose elements are of some types alone.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String, types: [SafetensorsHeader.ElementType]
  ) throws(ModelFileError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    let (header, data) = try header(bytes, file: file)
    for entry in header.entries where !types.contains(entry.type) {
      throw ModelFileError(
        .unsupported, file: file, place: "tensor \"\(entry.name)\"",
        expected: types.map(\.rawValue).joined(separator: " or "), found: entry.type.rawValue)
    }
    try checkBooleans(header, data, file: file)
    var tensors: [NamedTensor] = []
    tensors.reserveCapacity(header.entries.count)
    for entry in header.entries {
      let slice = UnsafeRawBufferPointer(rebasing: data[entry.range])
      tensors.append((entry.name, try tensor(entry, slice, file: file)))
    }
    return (tensors, header.metadata)
  }

  /// The header of a file, checked, and the bytes after it.
  static func header(
    _ bytes: UnsafeRawBufferPointer, file: String
  ) throws(ModelFileError) -> (header: SafetensorsHeader, data: UnsafeRawBufferPointer) {
    func damaged(_ expected: String, _ found: String) -> ModelFileError {
      ModelFileError(.damaged, file: file, expected: expected, found: found)
    }
    guard bytes.count >= 8 else {
      throw damaged("at least the 8 bytes of a length", "\(bytes.count) bytes")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(SafetensorsHeader.maximumLength) else {
      throw damaged("a header of at most \(SafetensorsHeader.maximumLength) bytes", "\(length) bytes")
    }
    guard length <= UInt64(bytes.count - 8) else {
      throw damaged("a header of \(length) bytes", "\(bytes.count - 8) bytes")
    }
    let start = 8 + Int(length)
    let data = UnsafeRawBufferPointer(rebasing: bytes[start...])
    let header = try SafetensorsHeader(
      json: UnsafeRawBufferPointer(rebasing: bytes[8..<start]), dataCount: data.count, file: file)
    return (header, data)
  }

  /// Reads a file, tensor by tensor from where the system keeps it; nothing may write it meanwhile.
  public static func read(
    _ path: String
  ) throws(ModelFileError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    let file = try SafetensorsFile(path)
    return (try file.tensors(), file.metadata)
  }

  /// Writes tensors into memory, as F32. Names must differ; `file` is what an error calls it.
  ///
  /// Equal tensors in equal order give equal bytes.
  public static func encode(
    _ tensors: [NamedTensor], metadata: [String: String] = [:], file: String
  ) throws(ModelFileError) -> [UInt8] {
    let header = try encodedHeader(tensors, metadata: metadata, file: file)
    let dataCount = tensors.reduce(0) { $0 + 4 * $1.tensor.shape.count }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + dataCount)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header)
    for (_, tensor) in tensors {
      tensor.converted(to: .single).withUnsafeElements { elements in
        #if _endian(little)
          bytes.append(contentsOf: UnsafeRawBufferPointer(elements))
        #else
          for element in elements {
            withUnsafeBytes(of: element.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
          }
        #endif
      }
    }
    return bytes
  }

  /// Writes a file: after a crash at any moment, the old file or the new one is there whole.
  public static func write(
    _ tensors: [NamedTensor], metadata: [String: String] = [:], to path: String
  ) throws(ModelFileError) {
    try AtomicFile.write(try encode(tensors, metadata: metadata, file: path), to: path)
  }

  private static func checkCount(
    _ count: Int, _ what: String, file: String
  ) throws(ModelFileError) {
    guard count <= SafetensorsHeader.maximumCount else {
      throw ModelFileError(
        .unsupported, file: file, expected: "at most \(SafetensorsHeader.maximumCount) \(what)",
        found: "\(count)")
    }
  }

  private static func encodedHeader(
    _ tensors: [NamedTensor], metadata: [String: String], file: String
  ) throws(ModelFileError) -> [UInt8] {
    try checkCount(tensors.count + (metadata.isEmpty ? 0 : 1), "tensors", file: file)
    try checkCount(metadata.count, "keys of metadata", file: file)
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map {
        "\(JSONWriter.quoted($0.key)):\(JSONWriter.quoted($0.value))"
      }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, tensor) in tensors {
      guard names.insert(name).inserted else {
        throw ModelFileError(
          .unsupported, file: file, place: "tensor \"\(name)\"",
          expected: "names that differ from each other and from __metadata__", found: "the name again")
      }
      guard tensor.shape.rank <= SafetensorsHeader.maximumRank else {
        throw ModelFileError(
          .unsupported, file: file, place: "tensor \"\(name)\"",
          expected: "at most \(SafetensorsHeader.maximumRank) axes", found: "\(tensor.shape.rank)")
      }
      let shape = tensor.shape.extents.map(String.init).joined(separator: ",")
      let end = offset + 4 * tensor.shape.count
      members.append(
        "\(JSONWriter.quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    guard header.count <= SafetensorsHeader.maximumLength else {
      throw ModelFileError(
        .unsupported, file: file,
        expected: "a header of at most \(SafetensorsHeader.maximumLength) bytes",
        found: "\(header.count) bytes")
    }
    return header
  }
}
