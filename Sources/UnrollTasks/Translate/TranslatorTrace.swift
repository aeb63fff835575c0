import UnrollNetworks

/// See `SequenceToSequence.trace`.
extension Translator: TracedModel {
  public func trace(_ trace: inout Trace) throws {
    trace.parameters(of: network)
    try network.model.trace(&trace)
  }
}
