import UnrollCore
import UnrollTraining

/// Which weights of a state dictionary are meant, and under what names.
public struct PyTorchSelection: Sendable, Equatable {
  /// What stands before the names of the weights that are meant, such as `model.`; it is taken off.
  public var prefix: String
  /// Names of weights to leave out, as they are in the file: `*` stands for any characters, `?` for one.
  public var ignored: [String]

  public init(prefix: String = "", ignored: [String] = []) {
    self.prefix = prefix
    self.ignored = ignored
  }

  /// - Throws: `ModelFileError` when a pattern meets no weight, or a weight is not ignored and has not the prefix.
  package func selected(
    _ tensors: [Safetensors.NamedTensor], file: String
  ) throws(ModelFileError) -> [Safetensors.NamedTensor] {
    var unused = Set(ignored)
    var result: [Safetensors.NamedTensor] = []
    for (name, tensor) in tensors {
      let patterns = ignored.filter { Self.matches(name, $0) }
      unused.subtract(patterns)
      guard patterns.isEmpty else { continue }
      guard name.hasPrefix(prefix) else {
        throw ModelFileError(
          .unsupported, file: file, place: name,
          expected: "names that begin with \"\(prefix)\", or are ignored",
          found: "another")
      }
      result.append((String(name.dropFirst(prefix.count)), tensor))
    }
    if let pattern = unused.sorted().first {
      throw ModelFileError(
        .unsupported, file: file, place: "ignored weights", expected: "weights that \"\(pattern)\" meets",
        found: "none")
    }
    return result
  }

  /// Whether a name is what a pattern means. Goes back to the last `*` alone: no pattern takes more than the product of
  /// both lengths.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    let (name, pattern) = (Array(name), Array(pattern))
    var (n, p) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, n)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
        (n, p) = (n + 1, p + 1)
      } else if let last = star {
        (p, n) = (last.pattern + 1, last.name + 1)
        star = (last.pattern, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}

extension PyTorchWeights {
  /// Reads a state dictionary from a safetensors file, or from one that `torch.save` wrote.
  ///
  /// - Throws: `ModelFileError` or `ExchangeError` when the file is damaged or of another kind.
  public static func read(_ path: String) throws -> [Safetensors.NamedTensor] {
    let kind: String?
    do {
      let file = try MappedFile(path, limit: .max)
      kind = FileKind.name(of: file.bytes)
    }
    switch kind {
    case FileKind.pytorch: return try PyTorchArchive.read(path)
    case FileKind.safetensors, nil: return try Safetensors.read(path).tensors
    case let kind?:
      throw ExchangeError(
        .unsupported, file: path, expected: "weights in safetensors or a PyTorch archive", found: kind)
    }
  }
}
