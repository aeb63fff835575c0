/// What examples are for, where their file says so by the name of a part.
package enum PartUse: Sendable, Equatable {
  case training, validation, test

  /// - Returns: `nil` for a name that says nothing of it.
  package init?(_ name: String) {
    switch name.lowercased() {
    case "train", "training": self = .training
    case "valid", "validation", "val", "dev": self = .validation
    case "test": self = .test
    default: return nil
    }
  }

  /// The places of the examples of a use. Where none has that use, those of all examples that are not for a test, or for
  /// a test of all.
  package static func places(_ uses: [PartUse?], for use: PartUse) -> [Int] {
    let own = uses.indices.filter { uses[$0] == use }
    return own.isEmpty ? uses.indices.filter { use == .test || uses[$0] != .test } : own
  }

  /// Examples to learn from and examples that choose the epoch: as their file says, else by chance. Those for a test are
  /// neither.
  ///
  /// - Parameter share: of so many examples, the share that is held out.
  package static func split(
    _ uses: [PartUse?], seed: UInt64, share: (Int) -> Double
  ) -> (training: [Int], validation: [Int]) {
    let usable = uses.indices.filter { uses[$0] != .test }
    let held = usable.filter { uses[$0] == .validation }
    if !held.isEmpty { return (usable.filter { uses[$0] != .validation }, held) }
    let cut = DataSplit(count: usable.count, fraction: share(usable.count), seed: seed)
    return (cut.training.map { usable[$0] }, cut.validation.map { usable[$0] })
  }
}
