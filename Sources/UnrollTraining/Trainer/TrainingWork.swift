import UnrollCore
import UnrollNetworks

/// Something to train a model on: how a step's loss is computed, and how an epoch is judged.
public protocol TrainingWork {
  associatedtype Model: Module
  /// What is carried from one step to the next, such as the hidden states of truncated backpropagation through
  /// time: detached, so that no gradient flows across. `Never?` when nothing is.
  associatedtype Carry: Sendable

  /// The number of optimizer steps of an epoch.
  var stepsPerEpoch: Int { get }

  /// Shuffles, when there is something to shuffle.
  mutating func beginEpoch(_ epoch: Int, using random: inout RandomSource)

  /// Called when a training goes on in the midst of an epoch, after `beginEpoch`: the next step is not the first.
  ///
  /// Work that finds the examples of a step by its number has nothing to do; work that reads them one after the other
  /// reads past those of the steps before.
  mutating func skip(steps: Int) throws

  /// The loss of one step, as a sum and a weight: what is made small is the one over the other.
  ///
  /// - Parameters:
  ///   - carry: what the step before handed on; `nil` at the start of an epoch.
  ///   - random: randomness for dropout and noise.
  func loss(
    _ model: Model, step: Int, carry: Carry?, random: inout RandomSource?
  ) throws -> (loss: LossSum, carry: Carry?)

  /// The loss on the validation part, or `nil` when there is none.
  func validate(_ model: Model) throws -> Double?

  /// The tensors of a carry, for a checkpoint: groups, such as one for the state of a layer. `nil`: it cannot be
  /// written, and checkpoints wait for the end of an epoch, where nothing is carried.
  ///
  /// `Never`, lists of the states of this library's cells and those of `AnyRecurrentNetwork` are known already.
  func tensors(of carry: Carry) -> [[Tensor]]?

  /// The carry of which ``tensors(of:)`` made these tensors; `nil` when they are none of it.
  func carry(of tensors: [[Tensor]]) -> Carry?
}

extension TrainingWork {
  public mutating func skip(steps: Int) throws {}
  public func tensors(of carry: Carry) -> [[Tensor]]? { nil }
  public func carry(of tensors: [[Tensor]]) -> Carry? { nil }
}

extension TrainingWork where Carry == Never {
  public func tensors(of carry: Never) -> [[Tensor]]? {}
  public func carry(of tensors: [[Tensor]]) -> Never? { nil }
}

extension TrainingWork where Carry == [[Variable]] {
  public func tensors(of carry: [[Variable]]) -> [[Tensor]]? { carry.map { $0.map(\.value) } }
  public func carry(of tensors: [[Tensor]]) -> [[Variable]]? { tensors.map { $0.map { Variable($0) } } }
}

extension TrainingWork where Carry == [HiddenState] {
  public func tensors(of carry: [HiddenState]) -> [[Tensor]]? { carry.map { $0.parts.map(\.value) } }
  public func carry(of tensors: [[Tensor]]) -> [HiddenState]? { states(of: tensors, parts: 1) }
}

extension TrainingWork where Carry == [LSTMState] {
  public func tensors(of carry: [LSTMState]) -> [[Tensor]]? { carry.map { $0.parts.map(\.value) } }
  public func carry(of tensors: [[Tensor]]) -> [LSTMState]? { states(of: tensors, parts: 2) }
}

private func states<State: RecurrentState>(of tensors: [[Tensor]], parts: Int) -> [State]? {
  guard tensors.allSatisfy({ $0.count == parts }) else { return nil }
  return tensors.map { State(parts: $0.map { Variable($0) }) }
}
