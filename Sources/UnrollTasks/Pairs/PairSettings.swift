import UnrollNetworks

/// The settings of tasks that turn one text into another: how pairs are cut into tokens, and how the network that reads
/// and writes them is built.
public struct PairSettings: SettingSet, Equatable {
  /// How a decoder's state looks at the source.
  public typealias AttentionKind = AttentionDecoder.Configuration.AttentionKind

  public var network = RecurrentSettings(cell: .gru, hiddenSize: 256, dropout: 0.3, weightDropout: 0.2)
  public var tokens = TokenSettings(.subwords, vocabularySize: 4000, minimumCount: 2, embeddingSize: 256)
  /// Whether both sides have one vocabulary and one table of vectors.
  public var joint = false
  /// The first layer of the decoder asks the attention; the others read what it found, too.
  public var decoderLayers = 2
  public var attention = AttentionKind.additive
  /// Whether a step reads the readout of the step before (Luong et al. 2015, section 3.3). Training takes several times
  /// as long: steps can no longer be run together.
  public var inputFeeding = false
  /// Whether attention knows what was read before, and pays for reading it again (See et al. 2017). Additive attention
  /// alone; training goes step by step.
  public var coverage = false
  /// Whether tokens of the source may be copied (See et al. 2017): unknown words, too.
  public var copy = false
  /// The share of tokens whose vectors are dropped, on both sides.
  public var tokenDropout: Float = 0.1
  /// The share of target tokens that training replaces by the network's own guesses (Bengio et al. 2015), reached in a
  /// line over the first half of training; 0: teacher forcing.
  public var scheduledSampling: Float = 0
  /// Whether the ends of sources that are too long are cut off, as of texts that become short ones; otherwise their pairs
  /// are left out.
  public var cutsSources = false
  /// The most tokens of a side of a pair.
  public var maximumLength = 256
  /// Whether pairs are read anew in each epoch instead of being held: for more of them than memory holds.
  public var stream = false

  public init() {}

  public static let fields: [SettingField<PairSettings>] =
    RecurrentSettings.fields(at: \.network) + TokenSettings.fields(at: \.tokens) + own

  private static let own: [SettingField<PairSettings>] = [
    SettingField(\.joint, "joint", .network, "Give both sides one vocabulary."),
    SettingField(\.decoderLayers, "decoder-layers", 1...16, .network, "Layers of the decoder."),
    SettingField(\.attention, "attention", .network, "How the decoder looks at the source."),
    SettingField(
      \.inputFeeding, "input-feeding", .network, "Feed the readout of a step to the next; slower."),
    SettingField(\.coverage, "coverage", .network, "Let attention know what was read before; slower."),
    SettingField(\.copy, "copy", .network, "Let tokens of the source be copied, unknown words too."),
    SettingField(
      \.tokenDropout, "token-dropout", 0...0.99, .regularization,
      "The share of tokens whose vectors are dropped."),
    SettingField(
      \.scheduledSampling, "scheduled-sampling", 0...1, .regularization,
      "The share of target tokens replaced by the network's own guesses in the end; slower."),
    SettingField(
      \.maximumLength, "maximum-length", 1...100_000, .data, "Tokens of a text that are read, at most."),
    SettingField(\.cutsSources, "cut-sources", .data, "").kept,
    SettingField(
      \.stream, "stream", .data, "Read the pairs anew in each epoch instead of holding them in memory."),
  ]

  public func check() throws(SettingError) {
    try tokens.check()
    if tokens.embeddingSize < 1 { throw SettingError("embedding", expected: "at least 1", found: 0) }
    guard [.gru, .lstm].contains(network.cell) else {
      throw SettingError("cell", expected: "gru or lstm", found: network.cell.rawValue)
    }
    if coverage, attention != .additive {
      throw SettingError("coverage", expected: "additive attention", found: attention.rawValue)
    }
  }
}

/// How texts are looked for that sources become.
public struct PairSearch: SettingSet, Equatable {
  /// Hypotheses that are followed at a time; 1: greedy.
  public var beam = 5
  /// α of the length penalty ((5 + length) / 6)^α that log-probabilities are divided by (Wu et al. 2016, equation 14);
  /// 0: none, and short texts win.
  public var lengthPenalty = 1.0
  /// The number of texts to give.
  public var top = 1
  /// n: no n tokens occur in a text twice; 0: they may.
  public var noRepeat = 0
  /// Whether the attention is told.
  public var explain = false
  public var plot: String?

  public init() {}

  public init(beam: Int, lengthPenalty: Double = 1, top: Int = 1, noRepeat: Int = 0) {
    self.beam = beam
    self.lengthPenalty = lengthPenalty
    self.top = top
    self.noRepeat = noRepeat
  }

  public static let fields: [SettingField<PairSearch>] = [
    SettingField(\.beam, "beam", 1...1000, .search, "Hypotheses that are followed at a time; 1: greedy."),
    SettingField(
      \.lengthPenalty, "length-penalty", 0...10, .search,
      "α: scores are divided by ((5 + length) / 6)^α; more makes longer texts."),
    SettingField(\.noRepeat, "no-repeat", 0...100, .search, "No n tokens occur twice; 0: they may."),
    SettingField(\.top, "top", 1...1000, .output, "Give the n best texts, each with its score."),
    SettingField(\.explain, "explain", .output, "Tell where each token of the text looked in its source."),
    SettingField(
      \.plot, "plot", .output, "Draw that; pictures of further texts get numbers.", valueName: "out.svg"),
  ]

  /// Until nothing better can come: where a network is sure, those beside the right hypothesis end early, and as many of
  /// them as the beam is wide say nothing.
  package var search: BeamSearch {
    var search = BeamSearch(
      width: max(beam, top), lengthPenalty: lengthPenalty, best: top, stopping: .whenDecided)
    search.constraints.noRepeat = noRepeat
    return search
  }
}
