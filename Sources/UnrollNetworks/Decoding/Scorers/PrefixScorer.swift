import UnrollCore

/// What a decoder adds to ln p of the symbols that it has written so far: a language model's opinion, a bonus for
/// length, a lexicon's veto.
///
/// A state stands for a prefix. Scores of many symbols after a state are asked for; only those prefixes that survive are
/// advanced to, all of a step in one call, so that a recurrent model reads them as one batch.
public protocol PrefixScorer: Sendable {
  /// What is known of a prefix. A value: prefixes share their beginnings.
  associatedtype State: Sendable
  /// What may go wrong while a state advances.
  associatedtype Failure: Error = Never

  /// The state of no symbols.
  func start() throws(Failure) -> State
  /// What a symbol adds after a prefix; −∞: it may not follow.
  func score(_ symbol: Int32, after state: State) -> Double
  /// What the end adds after a prefix; −∞: it may not end here.
  func endScore(after state: State) throws(Failure) -> Double
  /// The states of prefixes that grew by a symbol each.
  func advance(_ states: [State], by symbols: [Int32]) throws(Failure) -> [State]
}

/// Adds nothing.
public struct NoScorer: PrefixScorer {
  public struct State: Sendable {}

  public init() {}
  public func start() -> State { State() }
  public func score(_ symbol: Int32, after state: State) -> Double { 0 }
  public func endScore(after state: State) -> Double { 0 }
  public func advance(_ states: [State], by symbols: [Int32]) -> [State] { states }
}

/// Adds the same for every symbol: what a decoder with a language model needs, since each factor p(symbol) < 1 makes
/// short results look better.
public struct LengthBonus: PrefixScorer {
  /// What a symbol adds.
  public var perSymbol: Double

  public init(perSymbol: Double) { self.perSymbol = perSymbol }
  public func start() -> NoScorer.State { NoScorer.State() }
  public func score(_ symbol: Int32, after state: NoScorer.State) -> Double { perSymbol }
  public func endScore(after state: NoScorer.State) -> Double { 0 }
  public func advance(_ states: [NoScorer.State], by symbols: [Int32]) -> [NoScorer.State] { states }
}

/// Adds what two scorers add.
public struct SumScorer<First: PrefixScorer, Second: PrefixScorer>: PrefixScorer {
  public struct State: Sendable {
    var first: First.State
    var second: Second.State
  }

  /// What went wrong in one of the two.
  public enum Failure: Error, Sendable, CustomStringConvertible {
    case first(First.Failure)
    case second(Second.Failure)

    public var description: String {
      switch self {
      case .first(let error): "\(error)"
      case .second(let error): "\(error)"
      }
    }
  }

  public let first: First
  public let second: Second

  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  private func both<A, B>(
    _ a: () throws(First.Failure) -> A, _ b: () throws(Second.Failure) -> B
  ) throws(Failure) -> (A, B) {
    let left: A
    do throws(First.Failure) { left = try a() } catch { throw .first(error) }
    do throws(Second.Failure) { return (left, try b()) } catch { throw .second(error) }
  }

  public func start() throws(Failure) -> State {
    let (a, b) = try both { () throws(First.Failure) in
      try first.start()
    } _: { () throws(Second.Failure) in
      try second.start()
    }
    return State(first: a, second: b)
  }

  public func score(_ symbol: Int32, after state: State) -> Double {
    let score = first.score(symbol, after: state.first)
    return score == -.infinity ? score : score + second.score(symbol, after: state.second)
  }

  public func endScore(after state: State) throws(Failure) -> Double {
    let (a, b) = try both { () throws(First.Failure) in
      try first.endScore(after: state.first)
    } _: { () throws(Second.Failure) in
      try second.endScore(after: state.second)
    }
    return a + b
  }

  public func advance(_ states: [State], by symbols: [Int32]) throws(Failure) -> [State] {
    let (a, b) = try both { () throws(First.Failure) in
      try first.advance(states.map(\.first), by: symbols)
    } _: { () throws(Second.Failure) in
      try second.advance(states.map(\.second), by: symbols)
    }
    return zip(a, b).map { State(first: $0, second: $1) }
  }
}
