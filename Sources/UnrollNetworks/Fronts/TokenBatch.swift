import UnrollCore

/// How different tokens are written: what a front may know of a token besides its id. Lists are by form, a form being a
/// distinct spelling; a list that a front does not read may be empty.
public struct TokenForms: Sendable {
  /// Rows of a table of pieces, of which a form is the mean: runs of characters, by hash.
  public var pieces: [[Int32]]
  /// The ids of its characters.
  public var characters: [[Int32]]
  /// The ids of its affixes, its shape and the like, as many for every form.
  public var features: [[Int32]]

  public init(pieces: [[Int32]] = [], characters: [[Int32]] = [], features: [[Int32]] = []) {
    self.pieces = pieces
    self.characters = characters
    self.features = features
  }

  /// The forms at some places.
  public func selecting(_ places: [Int32]) -> TokenForms {
    func chosen(_ lists: [[Int32]]) -> [[Int32]] { lists.isEmpty ? [] : places.map { lists[Int($0)] } }
    return TokenForms(
      pieces: chosen(pieces), characters: chosen(characters), features: chosen(features))
  }
}

/// Sequences of tokens as a front reads them: the steps that exist, without padding, longest sequence first.
public struct TokenBatch: Sendable {
  public let layout: SequenceLayout
  /// The id of each packed token.
  public internal(set) var ids: [Int32]
  /// The place of each packed token in `forms`, −1 for one without; empty: forms are not known.
  public internal(set) var places: [Int32]
  /// The different forms of the batch, each once.
  public internal(set) var forms: TokenForms

  /// Tokens by their ids.
  public init(_ sequences: [[Int32]]) {
    layout = SequenceLayout(of: sequences)
    ids = layout.packing(sequences)
    places = []
    forms = TokenForms()
  }

  /// Tokens by their ids and forms.
  ///
  /// - Parameters:
  ///   - places: of each token of each sequence, the place of its form in a table of all forms; −1: none.
  ///   - all: the table, of which the batch takes what it needs.
  public init(_ sequences: [[Int32]], places: [[Int32]], of all: TokenForms) {
    self.init(sequences)
    var numbers = FormNumbers()
    self.places = layout.packing(places.map { $0.map { numbers.number(of: $0) } })
    forms = all.selecting(numbers.kept)
  }

  /// Tokens that lie packed already.
  public init(ids: [Int32], layout: SequenceLayout) {
    precondition(ids.count == layout.rows, "\(layout.rows) tokens were expected, found \(ids.count)")
    self.layout = layout
    self.ids = ids
    places = []
    forms = TokenForms()
  }

  /// Leaves out forms that no token has.
  mutating func keepFormsInUse() {
    var numbers = FormNumbers()
    places = places.map { numbers.number(of: $0) }
    forms = forms.selecting(numbers.kept)
  }
}

/// Numbers forms in the order in which they are first met.
private struct FormNumbers {
  private(set) var kept: [Int32] = []
  private var numbers: [Int32: Int32] = [:]

  mutating func number(of place: Int32) -> Int32 {
    guard place >= 0 else { return -1 }
    if let number = numbers[place] { return number }
    let number = Int32(kept.count)
    numbers[place] = number
    kept.append(place)
    return number
  }
}

/// Noise for training on tokens: some are taken for unknown, wholly or in parts of their form, so that a network learns
/// what to do about unknown ones.
public struct TokenNoise: Sendable {
  /// The chance of an id to be dropped.
  public enum Rate: Sendable {
    /// The same of all.
    case uniform(Float)
    /// One for each id.
    case byID([Float])

    var isZero: Bool {
      switch self {
      case .uniform(let rate): rate <= 0
      case .byID(let rates): rates.isEmpty
      }
    }

    subscript(id: Int32) -> Float {
      switch self {
      case .uniform(let rate): rate
      case .byID(let rates): rates.indices.contains(Int(id)) ? rates[Int(id)] : 0
      }
    }
  }

  /// Of tokens.
  public var tokens: Rate
  /// Of affixes and shapes.
  public var features: Rate
  /// Of characters.
  public var characters: Rate
  /// The id that stands for what is dropped; negative: a vector of zeros.
  public var replacement: Int32
  /// Whether a dropped token loses its form, too.
  public var dropsForms: Bool

  public init(
    tokens: Rate = .uniform(0), features: Rate = .uniform(0), characters: Rate = .uniform(0),
    replacement: Int32 = -1, dropsForms: Bool = false
  ) {
    self.tokens = tokens
    self.features = features
    self.characters = characters
    self.replacement = replacement
    self.dropsForms = dropsForms
  }

  /// No noise.
  public static let none = TokenNoise()

  /// - Parameter random: randomness when training; `nil`: the batch as it is.
  public func callAsFunction(_ batch: TokenBatch, random: inout RandomSource?) -> TokenBatch {
    guard random != nil else { return batch }
    var batch = batch
    if !tokens.isZero {
      let losesForms = dropsForms && !batch.places.isEmpty
      for row in batch.ids.indices where random!.uniform() < tokens[batch.ids[row]] {
        batch.ids[row] = replacement
        if losesForms { batch.places[row] = -1 }
      }
      if losesForms { batch.keepFormsInUse() }
    }
    func dropped(_ ids: inout [Int32], _ rate: Rate) {
      if rate.isZero { return }
      for index in ids.indices where random!.uniform() < rate[ids[index]] { ids[index] = replacement }
    }
    for form in 0..<max(batch.forms.features.count, batch.forms.characters.count) {
      if form < batch.forms.features.count { dropped(&batch.forms.features[form], features) }
      if form < batch.forms.characters.count { dropped(&batch.forms.characters[form], characters) }
    }
    return batch
  }
}
