import UnrollCore

/// What a network read and what it gave for it, as arrays by name: what another form of it is held against.
public struct NetworkProbe: Sendable {
  /// An array that a network reads.
  public enum Input: Sendable {
    case floats(Tensor)
    case integers([Int], Shape)

    /// The elements as `Float`.
    public var tensor: Tensor {
      switch self {
      case .floats(let tensor): tensor
      case .integers(let integers, let shape): Tensor(integers.map { Float($0) }, shape: shape)
      }
    }
  }

  public internal(set) var inputs: [(name: String, value: Input)] = []
  public package(set) var outputs: [(name: String, value: Tensor)] = []
}

/// The size of a probe, and where its numbers come from.
public struct ProbeSize: Sendable {
  public var batch: Int
  /// The steps of the longest sequence; others are shorter.
  public var steps: Int
  public var seed: UInt64

  public init(batch: Int, steps: Int, seed: UInt64 = 1) {
    self.batch = batch
    self.steps = steps
    self.seed = seed
  }

  /// The lengths of the sequences: the longest in the middle, none empty.
  func lengths(longer: Int) -> [Int] {
    (0..<batch).map { row in
      longer + (row == batch / 2 ? steps : 1 + (row * 7 + Int(seed % 5)) % max(1, steps))
    }
  }
}
