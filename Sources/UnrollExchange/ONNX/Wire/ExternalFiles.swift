internal import SwiftProtobuf
import UnrollTraining

/// The files beside an ONNX model that hold data of its tensors.
///
/// A tensor names a file, an offset and a length. The file must stand in the folder of the model under a plain name
/// and be no link, so that a model from a stranger reads nothing but what came with it; offset and length are held
/// against the file's size. Files are mapped, not copied.
final class ExternalFiles {
  /// The largest file, and the most files.
  static let (maximumSize, maximumCount) = (1 << 36, 1024)

  /// The model's file, for errors.
  private let file: String
  private let folder: String
  private var mapped: [String: MappedFile] = [:]

  /// The bytes of tensors that were asked for.
  private(set) var byteCount = 0

  /// - Parameter model: the path of the model that names the files.
  init(beside model: String) {
    file = model
    folder = model.lastIndex(of: "/").map { String(model[...$0]) } ?? ""
  }

  /// The bytes of a tensor. They are there for as long as this object is.
  func bytes(of tensor: WireTensor, place: String) throws(ExchangeError) -> UnsafeRawBufferPointer {
    let (name, offset, length) = try location(tensor, place)
    let bytes = try open(name, place).bytes
    guard offset <= bytes.count, length ?? 0 <= bytes.count - offset else {
      throw ExchangeError(
        .damaged, file: file, place: place,
        expected: "offset and length within the \(bytes.count) bytes of \"\(name)\"",
        found: "\(offset) and \(length.map { "\($0)" } ?? "none")")
    }
    let end = length.map { offset + $0 } ?? bytes.count
    byteCount += end - offset
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
  }

  /// - Throws: when a file was written since it was mapped.
  func checkUnchanged() throws(ExchangeError) {
    for (_, file) in mapped.sorted(by: { $0.key < $1.key }) {
      do throws(ModelFileError) {
        try file.checkUnchanged()
      } catch {
        throw ExchangeError(error)
      }
    }
  }

  private func location(
    _ tensor: WireTensor, _ place: String
  ) throws(ExchangeError) -> (name: String, offset: Int, length: Int?) {
    func refused(
      _ expected: String, _ found: String, _ reason: ExchangeError.Reason = .damaged
    ) -> ExchangeError { ExchangeError(reason, file: file, place: place, expected: expected, found: found) }
    guard tensor.dataLocation == 1 else {
      throw refused("external data at location 1", "location \(tensor.dataLocation)")
    }
    var entries: [String: String] = [:]
    for bytes in tensor.externalData {
      guard let pair = try? WireStringPair(serializedBytes: bytes) else {
        throw refused("external data as keys and values", "other bytes")
      }
      guard ["location", "offset", "length"].contains(pair.key) else {
        throw refused("external data with location, offset and length", "\"\(pair.key)\"", .unsupported)
      }
      guard entries.updateValue(pair.value, forKey: pair.key) == nil else {
        throw refused("each key of external data once", "\"\(pair.key)\" twice")
      }
    }
    func number(_ key: String) throws(ExchangeError) -> Int? {
      guard let text = entries[key] else { return nil }
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
        throw refused("a whole number as \(key) of external data", "\"\(text)\"")
      }
      return number
    }
    guard let name = entries["location"] else {
      throw refused("a location of external data", "none")
    }
    let isPlain =
      !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
      && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    guard isPlain else {
      throw refused(
        "external data in a file beside the model, by its plain name", "\"\(name)\"", .unsupported)
    }
    return (name, try number("offset") ?? 0, try number("length"))
  }

  private func open(_ name: String, _ place: String) throws(ExchangeError) -> MappedFile {
    if let file = mapped[name] { return file }
    guard mapped.count < Self.maximumCount else {
      throw ExchangeError(
        .unsupported, file: file, place: place,
        expected: "at most \(Self.maximumCount) files of external data",
        found: "more")
    }
    do throws(ModelFileError) {
      let file = try MappedFile(folder + name, limit: Self.maximumSize, followsLinks: false)
      mapped[name] = file
      return file
    } catch {
      throw ExchangeError(
        error.reason == .unsupported ? .unsupported : .file, file: file, place: place,
        expected: "external data in \"\(error.file)\", \(error.expected)", found: error.found)
    }
  }
}
