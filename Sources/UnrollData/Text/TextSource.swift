/// Where a text comes from: a file, standard input, or memory.
///
///     TextSource("corpus.txt"), TextSource("-")
///
/// A file that starts as gzip does is unpacked. What can be read once only (standard input, pipes, FIFOs,
/// terminals) is read into memory by `settled()`, after which the source can be opened any number of times.
public enum TextSource: Hashable, Sendable {
  case file(String)
  case standardInput
  /// Bytes in memory, and their name in messages.
  case bytes([UInt8], name: String)

  /// What an argument names: `-` is standard input, anything else a path.
  public init(_ argument: String) { self = argument == "-" ? .standardInput : .file(argument) }

  /// The name in messages.
  public var name: String {
    switch self {
    case .file(let path): path
    case .standardInput: "standard input"
    case .bytes(_, let name): name
    }
  }

  /// The same source, in memory if it can be read once only.
  ///
  /// - Throws: `DataError` when it cannot be read, or is larger than 4 GB.
  public func settled() throws(DataError) -> TextSource {
    if case .bytes = self { return self }
    let source = try ByteSource(self)
    return source.isRegularFile ? self : .bytes(try source.readAll(), name: name)
  }

  /// All bytes, unpacked.
  package func readAll() throws(DataError) -> [UInt8] { try ByteSource(self).readAll() }
}

extension TextSource: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}
