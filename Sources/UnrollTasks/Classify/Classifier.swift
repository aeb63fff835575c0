import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// A trained model that says what texts or sequences of numbers are.
///
///     let data = try ClassifierData(path: "mails.csv", format: .columns(text: "body", label: "kind", separator: nil))
///     let classifier = try Classifier.train(on: data) { event in print(event) }
///     let answers = try classifier.classify(["You have won!"])
///     print(answers[0].label, answers[0].probabilities["spam"])
public struct Classifier: Sendable {
  /// How the model is built.
  public let settings: ClassifierSettings
  /// The labels, in the order of their bytes.
  public let labels: [String]
  /// How the data was held that the model was trained on; `nil` where it was made in memory.
  public internal(set) var format: ClassifierFormat?
  /// How training went.
  public internal(set) var summary: ClassifierSummary
  let encoder: ClassifierEncoder
  let networks: [ClassifyNetwork]

  /// The number of numbers that training could change.
  public var parameterCount: Int { networks.reduce(0) { $0 + $1.parameterCount } }

  /// Says what texts are.
  ///
  /// An empty text is judged by what the model knows without reading.
  ///
  /// - Throws: `ClassifierError.otherInput` when the model is one of sequences.
  public func classify(_ texts: [String]) throws -> [Classification] { try classify(.texts(texts)) }

  /// Says what sequences of numbers are.
  ///
  /// - Parameter sequences: for each sequence the values of each step; NaN where one is missing.
  /// - Throws: `ClassifierError` when the model is one of texts, or of another number of values at each step.
  public func classify(sequences: [[[Float]]]) throws -> [Classification] {
    let (all, channels) = try ClassifierData.flattened(sequences)
    return try classify(.sequences(all, channels: channels))
  }

  func classify(_ inputs: ClassifierData.Inputs, source: String = "the input") throws -> [Classification] {
    try probabilities(inputs, source: source).map {
      Classification($0, labels: labels, threshold: settings.isMultiLabel ? settings.threshold : nil)
    }
  }

  /// The probability of each label, example by example.
  func probabilities(_ inputs: ClassifierData.Inputs, source: String) throws -> [[Double]] {
    try check(inputs, source: source)
    let encoded = EncodedExamples(inputs, encoder)
    return try ClassifyPrediction.probabilities(networks, encoded, Array(0..<encoded.count), settings)
  }

  /// How the belief in each label moves while a text is read.
  ///
  /// - Returns: the probabilities before the first token, with an empty word, and after each token.
  /// - Throws: `ClassifierError.otherInput` when the model is one of sequences.
  public func belief(in text: String) throws -> [(word: String, probabilities: [Double])] {
    guard case .texts(let encoder) = encoder else {
      throw ClassifierError.otherInput(file: "the input", expected: "sequences of numbers", found: "a text")
    }
    let whole = encoder([text])
    var prefixes = EncodedTexts()
    prefixes.spellings = whole.spellings
    for count in 0...whole.ids[0].count {
      prefixes.ids.append(Array(whole.ids[0].prefix(count)))
      if !whole.forms.isEmpty { prefixes.forms.append(Array(whole.forms[0].prefix(count))) }
    }
    let chances = try ClassifyPrediction.probabilities(
      networks, .texts(prefixes), Array(prefixes.ids.indices), settings)
    return zip([""] + encoder.words(in: text), chances).map { (word: $0, probabilities: $1) }
  }

  /// How the belief in each label moves while a sequence is read: after no step, one step, and so on.
  func belief(in sequence: ClassifierData.Sequence, channels: Int) throws -> [[Double]] {
    let prefixes = (0...min(sequence.steps, settings.maximumLength)).map {
      ClassifierData.Sequence(values: Array(sequence.values.prefix($0 * channels)), steps: $0)
    }
    return try probabilities(.sequences(prefixes, channels: channels), source: "the input")
  }

  /// Whether some input is of the model's kind.
  ///
  /// - Throws: `ClassifierError`.
  func check(_ inputs: ClassifierData.Inputs, source: String) throws(ClassifierError) {
    switch (inputs, encoder) {
    case (.texts, .texts): return
    case (.sequences(let all, let found), .sequences(let encoder)):
      guard found == encoder.channels.count || !all.contains(where: { $0.steps > 0 }) else {
        throw .otherChannels(file: source, expected: encoder.channels.count, found: found)
      }
    case (.texts, .sequences):
      throw .otherInput(file: source, expected: "sequences of numbers", found: "texts")
    case (.sequences, .texts):
      throw .otherInput(file: source, expected: "texts", found: "sequences of numbers")
    }
  }
}

/// What a model says of an example.
public struct Classification: Sendable, Equatable {
  /// The label of the greatest probability.
  public let label: String
  /// The labels that apply: the one above, or all above the threshold where an example may have several.
  public let labels: [String]
  /// The probability of each label, in the order of the model's labels.
  public let probabilities: [(label: String, probability: Double)]

  init(_ chances: [Double], labels names: [String], threshold: Double?) {
    label = names[ClassifyPrediction.best(chances)]
    if let threshold {
      labels = names.indices.filter { chances[$0] >= threshold }.map { names[$0] }
    } else {
      labels = [label]
    }
    probabilities = zip(names, chances).map { ($0, $1) }
  }

  /// The probability of a label; `nil` where the model has none of this name.
  public subscript(label: String) -> Double? {
    probabilities.first { $0.label == label }?.probability
  }

  public static func == (a: Classification, b: Classification) -> Bool {
    a.labels == b.labels && a.label == b.label
      && a.probabilities.elementsEqual(b.probabilities) {
        $0.label == $1.label && $0.probability == $1.probability
      }
  }
}

/// How a classifier's training went.
public struct ClassifierSummary: Sendable, Codable, Equatable {
  /// Where the examples came from.
  public var source: String = ""
  /// The number of examples of each label.
  public var counts: [Int] = []
  /// The number of examples.
  public var examples: Int = 0
  /// Every epoch of the first member's training.
  public var history: [EpochReport] = []
  /// Why training ended.
  public var end: String = ""
  /// Seconds of training in all.
  public var seconds: Double = 0
  /// The share of held-back examples that were found; `nil` where none were held back.
  public var validationAccuracy: Double?
  /// The number of examples that were held back.
  public var validationCount: Int = 0
  /// SHA-256 of the examples and their labels, in their order.
  public var dataHash: String = ""
}
