import UnrollCore
import UnrollData
import UnrollTraining

/// A model of text: how likely each next token is after those before it.
///
///     let model = try LanguageModel.train(contentsOf: "shakespeare.txt")
///     print(try model.generate(prompt: "ROMEO:", length: 400, seed: 7))
///     let score = try model.score("To be, or not to be")
///     print(score.bitsPerCharacter, score.tokens.map(\.nats))
///     try model.save(to: "shakespeare")
public struct LanguageModel: Sendable {
  /// What the model is made of.
  public let settings: LanguageSettings
  /// What cuts text into tokens.
  public let tokenizer: any Tokenizer
  /// How the model came about.
  public let summary: LanguageSummary
  let network: LanguageNetwork

  /// All weights by name.
  package var parameters: [(name: String, value: Tensor)] { network.parameters }
}

/// How a language model came about.
public struct LanguageSummary: Sendable, Codable, Equatable {
  /// The name of the text.
  public var source: String
  /// SHA-256 of the text.
  public var textHash: String
  /// The number of tokens that were learned from; for a text that is read from its file, of those in its windows.
  public var trainingTokens: Int
  /// The number of tokens that judged.
  public var validationTokens: Int
  /// Each epoch; losses are nats per token.
  public var history: [EpochReport] = []
  /// Why training ended.
  public var end: String = ""
  public var seconds: Double = 0
}
