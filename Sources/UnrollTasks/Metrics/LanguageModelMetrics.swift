import UnrollCore

/// Scores of a language model: how surprised it is by a text.
public enum LanguageModelMetrics {
  /// e^(nats per token): as if that many tokens were equally likely each time. NaN of no tokens.
  public static func perplexity(totalNats: Double, tokens: Int) -> Double {
    tokens == 0 ? .nan : exponential(totalNats / Double(tokens))
  }

  /// The cross-entropy of the whole text in bits, divided by its characters, so that models of different tokens
  /// compare. NaN of no characters.
  public static func bitsPerCharacter(totalNats: Double, characters: Int) -> Double {
    characters == 0 ? .nan : totalNats / naturalLogarithm(2) / Double(characters)
  }
}
