/// Turns text into token ids and token ids into text.
///
/// The first four ids are the same in every tokenizer: see ``SpecialToken``. Ids are dense: `0 ..< vocabularySize`.
public protocol Tokenizer: Sendable {
  /// The number of ids, special tokens included.
  var vocabularySize: Int { get }

  /// The ids of a text, without special tokens around it.
  func encode(_ text: String) -> [Int32]

  /// Appends what a token stands for, as bytes of UTF-8; a single token may hold a part of a character.
  ///
  /// Padding, begin and end stand for nothing, and so do ids outside the vocabulary.
  ///
  /// - Parameter isFirst: whether nothing came before, so that no separator belongs in front.
  func appendText(of id: Int32, isFirst: Bool, to bytes: inout [UInt8])

  /// The contents of a `tokenizer.json` in the Hugging Face form, from which its Python package `tokenizers`
  /// gives the same ids.
  func tokenizerJSON() -> [UInt8]
}

/// Tokens that stand for no text. Their ids are their positions here, in every tokenizer.
///
/// No text of a user becomes padding, begin or end, with one exception: a ``WordTokenizer`` that splits at
/// white space alone takes a word that is spelled like a special token for that token.
public enum SpecialToken: Int32, Sendable, CaseIterable {
  /// Fills short sequences.
  case padding
  /// Stands for what the vocabulary lacks.
  case unknown
  /// Comes before the first token of a sequence.
  case begin
  /// Comes after the last token of a sequence.
  case end

  /// The token's id.
  public var id: Int32 { rawValue }

  /// How the token is spelled in the vocabulary.
  public var spelling: String {
    switch self {
    case .padding: "<pad>"
    case .unknown: "<unk>"
    case .begin: "<s>"
    case .end: "</s>"
    }
  }
}

extension Tokenizer {
  /// The text of ids. Bytes that are no UTF-8 become U+FFFD.
  public func decode(_ ids: some Sequence<Int32>) -> String {
    String(decoding: bytes(of: ids), as: UTF8.self)
  }

  /// The bytes that ids stand for; they need not be UTF-8.
  package func bytes(of ids: some Sequence<Int32>) -> [UInt8] {
    var bytes: [UInt8] = []
    for id in ids { appendText(of: id, isFirst: bytes.isEmpty, to: &bytes) }
    return bytes
  }
}

/// Decodes ids one at a time, for text that is shown while it is produced.
///
/// What `push` and `finish` return, joined, is what ``Tokenizer/decode(_:)`` gives for all ids at once. Bytes of
/// a scalar that is not complete yet are held back, so half a character is never shown.
public struct StreamingDecoder: Sendable {
  private let tokenizer: any Tokenizer
  private var pending: [UInt8] = []
  private var isFirst = true

  /// A decoder at the start of a text.
  public init(_ tokenizer: any Tokenizer) { self.tokenizer = tokenizer }

  /// The text that one more token completes; empty when it completes none.
  public mutating func push(_ id: Int32) -> String {
    let before = pending.count
    tokenizer.appendText(of: id, isFirst: isFirst, to: &pending)
    if pending.count > before { isFirst = false }
    let complete = pending.count - UTF8Text.unfinished(in: pending)
    guard complete > 0 else { return "" }
    let text = String(decoding: pending[..<complete], as: UTF8.self)
    pending.removeFirst(complete)
    return text
  }

  /// What was held back, at the end of the text: one U+FFFD when there are bytes of an unfinished scalar.
  public mutating func finish() -> String {
    defer { (pending, isFirst) = ([], true) }
    return String(decoding: pending, as: UTF8.self)
  }
}
