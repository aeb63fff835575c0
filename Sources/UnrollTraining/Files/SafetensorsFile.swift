import UnrollCore

/// A safetensors file whose tensors are read one by one, when they are asked for.
///
///     let file = try SafetensorsFile("weights.safetensors")
///     for name in file.names { print(name, file.shape(of: name)!) }
///     let table = try file.tensor("embedding.weight")
///
/// The file is mapped into memory and not copied: a tensor costs its own memory alone. Nothing may write the file
/// while it is open here.
public final class SafetensorsFile {
  private let mapped: MappedFile
  private let header: SafetensorsHeader
  private let places: [String: Int]
  private let data: UnsafeRawBufferPointer

  /// Opens a file and checks its header.
  ///
  /// - Throws: `ModelFileError` when the file is not there, too large, or breaks a rule of the format.
  public init(_ path: String) throws(ModelFileError) {
    mapped = try MappedFile(path, limit: Safetensors.maximumFileSize)
    (header, data) = try Safetensors.header(mapped.bytes, file: path)
    places = Dictionary(header.entries.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// The names of the tensors, in the order of the header.
  public var names: [String] { header.entries.map(\.name) }
  /// What the writer says of the file.
  public var metadata: [String: String] { header.metadata }
  /// The shape of a tensor; `nil`: there is none of this name.
  public func shape(of name: String) -> Shape? { places[name].map { header.entries[$0].shape } }

  /// Reads a tensor, as `Float`.
  ///
  /// - Throws: `ModelFileError` when there is none of this name, its numbers break a rule, or the file changed since it
  ///   was opened.
  public func tensor(_ name: String) throws(ModelFileError) -> Tensor {
    guard let place = places[name] else {
      throw ModelFileError(
        .missing, file: mapped.path, place: "tensor \"\(name)\"", expected: "a tensor of this name",
        found: "none")
    }
    return try tensor(header.entries[place])
  }

  /// Reads all tensors, in the order of the header.
  ///
  /// - Throws: `ModelFileError` as for one.
  public func tensors() throws(ModelFileError) -> [Safetensors.NamedTensor] {
    try Safetensors.checkBooleans(header, data, file: mapped.path)
    var result: [Safetensors.NamedTensor] = []
    result.reserveCapacity(header.entries.count)
    for entry in header.entries { result.append((entry.name, try tensor(entry))) }
    return result
  }

  private func tensor(_ entry: SafetensorsHeader.Entry) throws(ModelFileError) -> Tensor {
    let bytes = UnsafeRawBufferPointer(rebasing: data[entry.range])
    let result = try Safetensors.tensor(entry, bytes, file: mapped.path)
    try mapped.checkUnchanged()
    return result
  }
}
