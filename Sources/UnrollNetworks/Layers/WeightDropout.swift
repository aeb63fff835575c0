import UnrollCore

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
