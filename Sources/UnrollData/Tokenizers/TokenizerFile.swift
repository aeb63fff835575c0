import UnrollCore

/// The `tokenizer.json` of the Hugging Face form: how ours are written in it, and which of them are read.
///
/// Characters and words are the model `WordLevel` behind a `Split` by a regular expression; byte-pair encoding is
/// the model `BPE` behind `ByteLevel`. Special tokens stand in the vocabulary alone and not among `added_tokens`:
/// text that is spelled like one is text.
package enum TokenizerFile {
  /// What is done to a text first.
  enum Normalizer: CaseIterable {
    case none, lowercase, composed, composedLowercase

    init(_ normalizes: Bool, _ lowercases: Bool) {
      self = normalizes ? (lowercases ? .composedLowercase : .composed) : lowercases ? .lowercase : .none
    }

    var text: String {
      switch self {
      case .none: "null"
      case .lowercase: #"{"type": "Lowercase"}"#
      case .composed: #"{"type": "NFC"}"#
      case .composedLowercase:
        #"{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}"#
      }
    }
  }

  enum PreTokenizer { case clusters, words, whitespace, byteLevel, byteLevelBehindSpace }

  enum Model {
    case wordLevel
    /// The merges, each as two tokens with a space between.
    case bytePairs([String], ignoresMerges: Bool)
  }

  static let fuse = #"{"type": "Fuse"}"#
  static let byteLevel =
    #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"#

  /// The pre-tokenizers, as they are written.
  static func text(_ preTokenizer: PreTokenizer) -> String {
    func split(_ pattern: String) -> String {
      let pattern = string(pattern)
      return #"{"type": "Split", "pattern": {"Regex": \#(pattern)}, "behavior": "Isolated", "invert": false}"#
    }
    let whitespace = #"{"type": "WhitespaceSplit"}"#
    return switch preTokenizer {
    case .clusters: split(#"\X"#)
    case .whitespace: whitespace
    case .words:
      #"{"type": "Sequence", "pretokenizers": [\#(whitespace), \#(split(WordSplitting.pattern))]}"#
    case .byteLevel: byteLevel
    case .byteLevelBehindSpace: byteLevel.replacing("false, \"trim", with: "true, \"trim")
    }
  }

  static func write(
    _ tokens: [String], normalizer: Normalizer = .none, preTokenizer: PreTokenizer, decoder: String?,
    model: Model
  ) -> [UInt8] {
    var text = """
      {
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": \(normalizer.text),
        "pre_tokenizer": \(self.text(preTokenizer)),
        "post_processor": null,
        "decoder": \(decoder ?? "null"),
        "model": {

      """
    switch model {
    case .wordLevel:
      text += "    \"type\": \"WordLevel\",\n    \"unk_token\": \(string(SpecialToken.unknown.spelling)),\n"
    case .bytePairs(_, let ignoresMerges):
      text += """
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": \(ignoresMerges),

        """
    }
    text += "    \"vocab\": {"
    for (id, token) in tokens.enumerated() {
      text += "\(id == 0 ? "" : ",")\n      \(string(token)): \(id)"
    }
    text += "\n    }"
    if case .bytePairs(let merges, _) = model {
      text += ",\n    \"merges\": ["
      for (index, merge) in merges.enumerated() { text += "\(index == 0 ? "" : ",")\n      \(string(merge))" }
      text += "\n    ]"
    }
    text += "\n  }\n}\n"
    return Array(text.utf8)
  }

  /// A string of JSON.
  private static func string(_ text: String) -> String { JSONWriter.quoted(text) }
}
