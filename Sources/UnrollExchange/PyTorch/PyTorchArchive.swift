import UnrollCore
import UnrollData
import UnrollTraining

/// A file that `torch.save` wrote: a ZIP archive of a pickle and of numbers.
///
/// The pickle is understood and not executed (see `Pickle`). It must hold a state dictionary: names and tensors, or one
/// dictionary of those under a usual name beside other entries, as checkpoints have it.
public enum PyTorchArchive {
  /// Reads the tensors of a state dictionary, as `Float`.
  ///
  /// - Throws: `ExchangeError` when the file is no such archive, or holds anything else.
  public static func read(_ path: String) throws(ExchangeError) -> [Safetensors.NamedTensor] {
    let archive = try converted(path) { () throws(DataError) in try ZipArchive(path: path) }
    return try read(archive, file: path)
  }

  package static func read(_ bytes: [UInt8], file: String) throws(ExchangeError) -> [Safetensors.NamedTensor]
  {
    let archive = try converted(file) { () throws(DataError) in try ZipArchive(bytes, name: file) }
    return try read(archive, file: file)
  }

  /// Names under which checkpoints keep a state dictionary.
  private static let usualNames = [
    "state_dict", "model_state_dict", "model_state", "model", "net", "weights",
  ]

  private static func converted<Result>(
    _ file: String, _ body: () throws(DataError) -> Result
  ) throws(ExchangeError) -> Result {
    do throws(DataError) {
      return try body()
    } catch {
      let isSystem = error.kind == .missingFile || error.kind == .unreadableFile
      throw ExchangeError(
        isSystem ? .file : .damaged, file: file, place: "archive",
        expected: error.expected ?? "a PyTorch archive", found: error.found ?? "\(error)")
    }
  }

  private static func read(_ archive: ZipArchive, file: String) throws(ExchangeError) -> [Safetensors
    .NamedTensor]
  {
    func refused(
      _ expected: String, _ found: String, _ reason: ExchangeError.Reason = .unsupported
    ) -> ExchangeError { ExchangeError(reason, file: file, expected: expected, found: found) }
    let pickles = archive.entries.filter { $0.name.hasSuffix("/data.pkl") }
    guard pickles.count == 1, let pickle = pickles.first else {
      throw refused("a PyTorch archive with one data.pkl", "\(pickles.count) of them")
    }
    let root = String(pickle.name.dropLast("data.pkl".count))
    guard
      !archive.entries.contains(where: {
        $0.name.hasPrefix(root + "code/") || $0.name == root + "constants.pkl"
      })
    else { throw refused("a state dictionary", "a TorchScript archive: a program") }
    if let order = archive.entry(root + "byteorder") {
      let text = try converted(file) { () throws(DataError) in try archive.contents(of: order, limit: 16) }
      guard text == Array("little".utf8) else {
        throw refused("numbers in little-endian order", "\"\(String(decoding: text, as: UTF8.self))\"")
      }
    }
    let bytes = try converted(file) { () throws(DataError) in
      try archive.contents(of: pickle, limit: Pickle.maximumSize)
    }
    let entries = try Pickle.read(bytes, file: file) { value throws(ExchangeError) in
      try stateDictionary(value, file: file)
    }
    return try tensors(entries, archive, root: root, file: file)
  }

  private typealias Named = (name: String, tensor: PickleTensor)

  /// The names and tensors of a state dictionary, or of the one in a checkpoint.
  private static func stateDictionary(
    _ value: PickleValue, file: String
  ) throws(ExchangeError) -> [Named] {
    func refused(_ expected: String, _ found: String) -> ExchangeError {
      ExchangeError(.unsupported, file: file, expected: expected, found: found)
    }
    guard case .dictionary(let outer) = value else {
      throw refused("a state dictionary", value.kind)
    }
    if isStateDictionary(outer) { return try named(outer, file: file) }
    let inner = outer.entries.compactMap { entry -> (name: String, dictionary: PickleDictionary)? in
      guard case .string(let name) = entry.key, case .dictionary(let dictionary) = entry.value,
        isStateDictionary(dictionary)
      else { return nil }
      return (name, dictionary)
    }
    let usual = inner.filter { usualNames.contains($0.name) }
    let candidates = usual.isEmpty ? inner : usual
    guard candidates.count == 1, let one = candidates.first else {
      let names = inner.map { "\"\($0.name)\"" }.joined(separator: ", ")
      throw refused("one state dictionary", inner.isEmpty ? "none" : "\(inner.count): \(names)")
    }
    return try named(one.dictionary, file: file)
  }

  private static func isStateDictionary(_ dictionary: PickleDictionary) -> Bool {
    dictionary.entries.contains { if case .tensor = $0.value { true } else { false } }
  }

  private static func named(_ dictionary: PickleDictionary, file: String) throws(ExchangeError) -> [Named] {
    var result: [Named] = []
    var names = Set<String>()
    for entry in dictionary.entries {
      guard case .string(let name) = entry.key, case .tensor(let tensor) = entry.value else {
        let key = if case .string(let name) = entry.key { "\"\(name)\"" } else { entry.key.kind }
        throw ExchangeError(
          .unsupported, file: file, place: key, expected: "a tensor under a name", found: entry.value.kind)
      }
      guard names.insert(name).inserted else {
        throw ExchangeError(.damaged, file: file, place: name, expected: "each name once", found: "it again")
      }
      result.append((name, tensor))
    }
    return result
  }

  /// Reads storage by storage, so that no more than one is held beside the tensors.
  private static func tensors(
    _ entries: [Named], _ archive: ZipArchive, root: String, file: String
  ) throws(ExchangeError) -> [Safetensors.NamedTensor] {
    let unique = Dictionary(entries.map { (ObjectIdentifier($0.tensor), $0) }) { first, _ in first }
    // Many tensors may share a storage; together they are not much more than the file.
    let stored = archive.entries.reduce(0) { $0 + $1.size }
    let wanted = unique.values.reduce(0) { $0 + $1.tensor.shape.count }
    guard wanted <= 2 * stored + 1 << 20 else {
      throw ExchangeError(
        .unsupported, file: file, expected: "tensors of about the file's size", found: "\(wanted) elements")
    }
    var made: [ObjectIdentifier: Tensor] = [:]
    let byKey = Dictionary(grouping: unique.values) { $0.tensor.storage.key }
    for key in byKey.keys.sorted() {
      guard let users = byKey[key], let storage = users.first?.tensor.storage else { continue }
      let elements = try elements(of: storage, archive, root: root, file: file)
      for user in users {
        guard user.tensor.storage.type == storage.type, user.tensor.storage.count == storage.count else {
          throw ExchangeError(
            .damaged, file: file, place: user.name, expected: "storage \"\(key)\" of one type and size",
            found: "another")
        }
        let tensor = user.tensor
        let whole = ONNXTensor(elements)
        made[ObjectIdentifier(tensor)] =
          whole.strided(tensor.strides, from: tensor.offset, shape: tensor.shape).tensor
      }
    }
    return entries.compactMap { entry in made[ObjectIdentifier(entry.tensor)].map { (entry.name, $0) } }
  }

  private static func elements(
    of storage: PickleStorage, _ archive: ZipArchive, root: String, file: String
  ) throws(ExchangeError) -> Tensor {
    let place = "storage \"\(storage.key)\""
    guard let entry = archive.entry(root + "data/" + storage.key) else {
      throw ExchangeError(.damaged, file: file, place: place, expected: "a member of its name", found: "none")
    }
    let type: ONNXTensor.ElementType =
      switch storage.type {
      case "DoubleStorage": .double
      case "HalfStorage": .float16
      case "BFloat16Storage": .bfloat16
      case "LongStorage": .int64
      case "IntStorage": .int32
      case "ShortStorage": .int16
      case "CharStorage": .int8
      case "ByteStorage": .uint8
      case "BoolStorage": .bool
      default: .float
      }
    let (size, overflow) = storage.count.multipliedReportingOverflow(by: type.width)
    guard !overflow, size == entry.size, let shape = CheckedShape.make([storage.count]) else {
      throw ExchangeError(
        .damaged, file: file, place: place, expected: "\(storage.count) elements of \(type)",
        found: "\(entry.size) bytes")
    }
    let bytes = try converted(file) { () throws(DataError) in try archive.contents(of: entry, limit: size) }
    return bytes.withUnsafeBytes { ONNXTensor.decode($0, shape, type).tensor }
  }
}
