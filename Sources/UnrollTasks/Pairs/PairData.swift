import UnrollCore
import UnrollData
import UnrollTraining

/// Pairs of texts: gone through as often as needed, held in memory only where they were made there.
public struct PairData: TaskData {
  /// A text and what it is to become.
  public struct Pair: Sendable, Equatable {
    public let source: String
    public let target: String
    public var line = 0

    public init(source: String, target: String) {
      self.source = source
      self.target = target
    }
  }

  private enum Content: Sendable {
    case files([String], source: String?, target: String?)
    case memory([Pair])
    indirect case both(PairData, PairData)
  }

  /// Which of the pairs belong to it.
  private enum Part: Sendable {
    case all
    case training(Double, UInt64)
    case validation(Double, UInt64)
  }

  private var content: Content
  private var part = Part.all
  public let source: String
  public private(set) var hash = ""
  private(set) var count = 0

  /// Reads files once, which finds their faults before any work; what cannot be read again, such as a pipe, is kept.
  init(_ files: [String], source: String?, target: String?) throws {
    content = .files(files, source: source, target: target)
    self.source = files.joined(separator: ", ")
    var hash = SHA256()
    let isStream = files.contains(where: InputFiles.isStream)
    var pairs: [Pair] = []
    try visit { pair in
      if isStream { pairs.append(pair) }
      hash.update(pair.source)
      hash.update(pair.target)
      count += 1
    }
    self.hash = hash.hexadecimal()
    if isStream { content = .memory(pairs) }
  }

  public init(_ pairs: [Pair]) {
    content = .memory(pairs)
    source = "the pairs"
    count = pairs.count
  }

  private init(_ content: Content, source: String, count: Int) {
    self.content = content
    self.source = source
    self.count = count
  }

  func joined(with other: PairData) -> PairData {
    PairData(.both(self, other), source: source, count: count + other.count)
  }

  /// The pairs with a share of them held out, chosen by their numbers.
  func split(_ learning: LearningSettings) -> DataParts<PairData> {
    let share = learning.validationShare(of: count)
    guard share > 0 else { return DataParts(training: self) }
    var (training, held) = (self, self)
    training.part = .training(share, learning.seed)
    held.part = .validation(share, learning.seed)
    return DataParts(training: training, validation: held)
  }

  /// Begins anew; what is returned gives a pair at each call, and `nil` at the end.
  func open() throws -> () throws -> Pair? {
    let next: () throws -> Pair?
    switch content {
    case .files(let files, let from, let to):
      var reader = try PairRecordReader(files, source: from, target: to)
      next = {
        try reader.next().map {
          var pair = Pair(source: $0.source, target: $0.target)
          pair.line = $0.line
          return pair
        }
      }
    case .memory(let pairs):
      var rest = pairs[...]
      next = { rest.popFirst() }
    case .both(let first, let second):
      var (open, isSecond) = (try first.open(), false)
      next = {
        if let pair = try open() { return pair }
        if isSecond { return nil }
        (open, isSecond) = (try second.open(), true)
        return try open()
      }
    }
    let part = part
    var index = -1
    return {
      while let pair = try next() {
        index += 1
        switch part {
        case .all: return pair
        case .training(let share, let seed):
          if !DataSplit.isValidation(index, fraction: share, seed: seed) { return pair }
        case .validation(let share, let seed):
          if DataSplit.isValidation(index, fraction: share, seed: seed) { return pair }
        }
      }
      return nil
    }
  }

  /// Calls `body` with each pair.
  func visit(_ body: (Pair) throws -> Void) throws {
    let next = try open()
    while let pair = try next() { try body(pair) }
  }

  public var facts: [Fact] { [Fact("pairs", count)] }
}

/// Pairs of token sequences, held compactly: four bytes a token.
struct TokenPairs: Sendable {
  private var sourceIds: [Int32] = []
  private var targetIds: [Int32] = []
  private var sourceEnds: [Int] = []
  private var targetEnds: [Int] = []

  var count: Int { sourceEnds.count }
  /// Of both sides, end tokens included.
  var tokens: Int { sourceIds.count + targetIds.count + count }
  var targetTokens: Int { targetIds.count + count }

  mutating func append(_ pair: (source: [Int32], target: [Int32])) {
    sourceIds += pair.source
    targetIds += pair.target
    sourceEnds.append(sourceIds.count)
    targetEnds.append(targetIds.count)
  }

  func source(_ index: Int) -> [Int32] {
    Array(sourceIds[(index == 0 ? 0 : sourceEnds[index - 1])..<sourceEnds[index]])
  }

  func target(_ index: Int) -> [Int32] {
    Array(targetIds[(index == 0 ? 0 : targetEnds[index - 1])..<targetEnds[index]])
  }

  /// Tokens of both sides, the end token included: what a batch is measured by.
  func length(_ index: Int) -> Int {
    sourceEnds[index] - (index == 0 ? 0 : sourceEnds[index - 1]) + targetEnds[index]
      - (index == 0 ? 0 : targetEnds[index - 1]) + 1
  }
}
