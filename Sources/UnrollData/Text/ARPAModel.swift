/// An n-gram model as the ARPA format holds it: words, and for each length the sequences of words that the model knows.
///
///     \data\
///     ngram 1=4
///     ngram 2=2
///
///     \1-grams:
///     -0.5    cat    -0.3
///     …
///     \end\
///
/// A line is log₁₀ of a probability, the words, and log₁₀ of a back-off weight where longer sequences may follow.
public struct ARPAModel: Sendable, Equatable {
  /// The sequences of one length.
  public struct Grams: Sendable, Equatable {
    /// The number of words of each.
    public let length: Int
    /// The words of all of them, one after the other, by their place in `ARPAModel.words`.
    public var words: [Int32] = []
    /// log₁₀ of the probability of the last word after the others; −∞ where it never follows.
    public var logProbabilities: [Double] = []
    /// log₁₀ of the back-off weight; 0 where none is written.
    public var backOffs: [Double] = []

    public init(length: Int) { self.length = length }

    public var count: Int { logProbabilities.count }

    /// The words of a sequence.
    public func words(_ index: Int) -> ArraySlice<Int32> { words[index * length..<(index + 1) * length] }

    public mutating func append(_ words: some Sequence<Int32>, logProbability: Double, backOff: Double) {
      self.words += words
      logProbabilities.append(logProbability)
      backOffs.append(backOff)
    }
  }

  /// All words, in the order of the sequences of one word.
  public var words: [String]
  /// The sequences of 1, 2, … words.
  public var orders: [Grams]

  public init(words: [String], orders: [Grams]) {
    self.words = words
    self.orders = orders
  }

  /// Below this, a probability is written as none at all.
  static let none = -99.0

  /// Sequences are no longer than this.
  public static let longestSequence = 32

  /// Hands out the file in pieces of some thousand lines. Words hold no white space.
  public func write<E: Error>(_ body: ([UInt8]) throws(E) -> Void) throws(E) {
    var text = "\\data\\\n"
    for grams in orders { text += "ngram \(grams.length)=\(grams.count)\n" }
    for (order, grams) in orders.enumerated() {
      text += "\n\\\(grams.length)-grams:\n"
      for index in 0..<grams.count {
        let probability = grams.logProbabilities[index]
        text += probability > Self.none ? DecimalText.text(probability) : "-99"
        for (place, word) in grams.words(index).enumerated() {
          text += (place == 0 ? "\t" : " ") + words[Int(word)]
        }
        // The longest sequences have none; of the others it may be left out where it is 1.
        if order + 1 < orders.count, grams.backOffs[index] != 0 {
          text += "\t" + DecimalText.text(grams.backOffs[index])
        }
        text += "\n"
        if text.utf8.count > 1 << 16 {
          try body(Array(text.utf8))
          text = ""
        }
      }
    }
    try body(Array((text + "\n\\end\\\n").utf8))
  }

  /// The whole file.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    write { bytes += $0 }
    return bytes
  }
}
