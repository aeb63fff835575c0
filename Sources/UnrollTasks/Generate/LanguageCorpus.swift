import UnrollCore
import UnrollData
import UnrollTraining

/// A text to learn from, cut into a part that is learned and one at its end that judges.
struct LanguageCorpus {
  private enum Source {
    case memory([UInt8])
    /// A file that is read anew each time, and its size.
    case file(Int)
  }

  let name: String
  private let source: Source
  /// The bytes that are learned from.
  let training: Range<Int>
  /// The bytes that judge.
  let validation: Range<Int>

  /// The largest part that judges, in bytes.
  private static let largestValidation = 4 << 20

  /// - Parameter memoryLimit: larger files stay on disk.
  init(path: String, validationShare: Double, memoryLimit: Int) throws {
    let size = try ByteSource(path: path).size
    if size <= memoryLimit {
      try self.init(bytes: TextFile.bytes(at: path), name: path, validationShare: validationShare)
    } else {
      try self.init(name: path, source: .file(size), validationShare: validationShare)
    }
  }

  /// A text in memory; `name` is used in errors.
  init(bytes: [UInt8], name: String, validationShare: Double) throws {
    try TextFile.check(bytes, name: name)
    try self.init(name: name, source: .memory(bytes), validationShare: validationShare)
  }

  private init(name: String, source: Source, validationShare: Double) throws {
    self.name = name
    self.source = source
    let (size, input) =
      switch source {
      case .memory(let bytes): (bytes.count, ByteSource(bytes, name: name))
      case .file(let size): (size, try ByteSource(path: name))
      }
    guard size > 0 else {
      throw DataError(
        .emptyFile, file: name, expected: "text", found: "none", statement: "there is no text in it")
    }
    let wanted = min(Int(Double(size) * validationShare), Self.largestValidation)
    let cut = wanted > 0 && wanted < size ? try TextCuts.firstCut(input, from: size - wanted) : nil
    training = 0..<(cut ?? size)
    validation = training.upperBound..<size
  }

  /// Whether the text is read from its file piece by piece.
  var isStreamed: Bool { if case .file = source { true } else { false } }

  /// Calls `body` with the pieces of a part.
  func forEachPiece(of part: Range<Int>, _ body: (String) throws -> Void) throws {
    guard !part.isEmpty else { return }
    let input =
      switch source {
      case .memory(let bytes): ByteSource(bytes, name: name)
      case .file: try ByteSource(path: name)
      }
    var reader = try TextChunkReader(input, part: part)
    while let piece = try reader.next() { try body(piece) }
  }

  /// SHA-256 of the whole text. What is no text is found on the way, with its line.
  func hash() throws -> String {
    var hash = SHA256()
    try forEachPiece(of: 0..<validation.upperBound) { piece in
      var piece = piece
      piece.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
    }
    return hash.hexadecimal()
  }

  /// The ids of a part.
  func tokens(of part: Range<Int>, _ tokenizer: any Tokenizer) throws -> [Int32] {
    var ids: [Int32] = []
    try forEachPiece(of: part) { ids += tokenizer.encode($0) }
    return ids
  }

  /// A tokenizer of the part that is learned.
  func tokenizer(_ settings: LanguageSettings) throws -> any Tokenizer {
    let size = settings.vocabularySize
    switch settings.tokens {
    case .characters:
      var trainer = CharacterTokenizer.Trainer()
      try forEachPiece(of: training) { trainer.add($0) }
      return trainer.finish(minimumCount: settings.minimumCount, maximumSize: size)
    case .words:
      var trainer = WordTokenizer.Trainer()
      try forEachPiece(of: training) { trainer.add($0) }
      return trainer.finish(minimumCount: settings.minimumCount, maximumSize: size)
    case .subwords:
      var trainer = BytePairTokenizer.Trainer()
      try forEachPiece(of: training) { trainer.add($0) }
      // Special tokens and bytes come before the merges.
      return trainer.finish(merges: size - 260, minimumCount: settings.minimumCount)
    }
  }
}
