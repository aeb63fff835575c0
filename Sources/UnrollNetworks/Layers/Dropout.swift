import UnrollCore

/// y = x ⊙ m / (1 − p) with m = 0 by chance p, else 1 (Srivastava et al. 2014). Nothing happens without randomness.
public struct Dropout: Sendable {
  /// p, the chance of a feature to be dropped.
  public var rate: Float

  public init(rate: Float) { self.rate = rate }

  /// - Parameter random: randomness when training; `nil`: y = x.
  public func callAsFunction(_ x: Variable, random: inout RandomSource?) -> Variable {
    guard rate > 0, random != nil else { return x }
    return x.dropped(rate: rate, seed: random!.next())
  }

  /// Zeros by chance `rate`, else 1 / (1 − rate), or 1 when not scaled.
  package static func mask(
    _ shape: Shape, rate: Float, scaled: Bool = true, precision: Precision, using random: inout RandomSource
  ) -> Variable {
    .dropoutMask(
      shape, rate: rate, kept: scaled ? 1 / (1 - min(rate, 0.999)) : 1, precision: precision,
      seed: random.next())
  }
}

/// Dropout by one mask for all steps of a sequence (Gal and Ghahramani 2016, "A theoretically grounded application of
/// dropout in recurrent neural networks"): yₜ = xₜ ⊙ m / (1 − p) with m `[F]` drawn once for each sequence.
public struct SequenceDropout: Sendable {
  /// p, the chance of a feature to be dropped.
  public var rate: Float

  public init(rate: Float) { self.rate = rate }

  /// - Parameters:
  ///   - x: `[N, F]`, packed.
  ///   - random: randomness when training; `nil`: y = x.
  public func callAsFunction(_ x: PackedSequence, random: inout RandomSource?) -> PackedSequence {
    guard rate > 0, random != nil else { return x }
    let mask = Dropout.mask(
      [x.layout.batch, x.rows.shape.columns], rate: rate, precision: x.rows.value.precision, using: &random!)
    return PackedSequence(rows: x.rows * mask.gather(x.layout.sequenceOfRow), layout: x.layout)
  }
}

/// Takes tokens for another by chance, so that a network learns what to do about unknown ones: word dropout (Iyyer et
/// al. 2015, section 3).
public struct TokenDropout: Sendable, Equatable {
  /// p, the chance of a token to be taken for `replacement`.
  public var rate: Float
  /// The id that stands for a dropped token; negative: a vector of zeros.
  public var replacement: Int32

  public init(rate: Float = 0, replacement: Int32 = -1) {
    self.rate = rate
    self.replacement = replacement
  }

  /// - Parameter random: randomness when training; `nil`: nothing happens.
  public func callAsFunction(_ ids: [Int32], random: inout RandomSource?) -> [Int32] {
    guard rate > 0, random != nil else { return ids }
    return ids.map { random!.uniform() < rate ? replacement : $0 }
  }
}

extension Module {
  /// The same module with elements of its recurrent weights dropped (DropConnect; Wan et al. 2013, for recurrences
  /// Merity, Keskar and Socher 2018, section 2): R becomes R ⊙ m / (1 − p), m = 0 by chance p, else 1, one mask for all
  /// steps. Made anew for each batch, inside of what is differentiated:
  ///
  ///     valueWithGradient(of: network) { network in
  ///       let noisy = network.droppingWeights(rate: 0.5, random: &random)
  ///       return try loss(noisy(x), y)
  ///     }
  ///
  /// The gradient reaches the weights of `network` themselves, and is 0 where they were dropped.
  ///
  /// - Parameters:
  ///   - rate: p.
  ///   - random: randomness when training; `nil`: nothing is dropped.
  ///   - chosen: which parameters, by dotted name; at first those whose name ends in `weightRecurrent`.
  public func droppingWeights(
    rate: Float, random: inout RandomSource?,
    where chosen: (String) -> Bool = { $0.hasSuffix("weightRecurrent") }
  ) -> Self {
    guard rate > 0, random != nil else { return self }
    var copy = self
    copy.forEachParameter("") { name, parameter in
      guard chosen(name) else { return }
      let mask = Dropout.mask(
        parameter.variable.shape, rate: rate, precision: parameter.variable.value.precision, using: &random!)
      parameter.variable = parameter.variable * mask
    }
    return copy
  }
}
