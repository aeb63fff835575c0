import UnrollCore
import UnrollNetworks

/// About how much memory the training of a model takes for its parameters: the weights W, their gradients, what the
/// optimizer remembers (Adam: two numbers a weight), and their moving average where one is kept; four bytes a number.
///
///     bytes = 4 · W · (1 + 1 + slots + average)
///
/// What a step keeps of its examples comes on top: it depends on their number and length.
///
///     let memory = TrainingMemory(parameters: 2_000_000_000, optimizer: AdamW(), averaging: true)
///     try memory.check()      // before the model is made
public struct TrainingMemory: Sendable, Equatable {
  /// W, the number of weights.
  public let parameters: Int
  /// Numbers that are kept for each weight, the weight included.
  public let numbersPerParameter: Int

  /// - Parameters:
  ///   - parameters: how many weights, as `Module.parameterCount` tells.
  ///   - averaging: whether a moving average of the weights is kept.
  public init(parameters: Int, optimizer: any Optimizer, averaging: Bool = false) {
    self.parameters = max(0, parameters)
    numbersPerParameter = 2 + optimizer.state.slots.count + (averaging ? 1 : 0)
  }

  /// The bytes in all; `Int.max` where they cannot be counted.
  public var bytes: Int { Self.product(4, parameters, numbersPerParameter) }

  /// Finds out whether this machine has the memory, and this process may take it.
  ///
  /// - Parameter weightsExist: whether the weights are in memory already.
  /// - Throws: `TrainingError.memory` when not.
  public func check(weightsExist: Bool = false) throws(TrainingError) {
    let missing = Self.product(4, parameters, numbersPerParameter - (weightsExist ? 1 : 0))
    if let limit = FileSystem.memoryLimit, bytes > limit {
      throw .memory(parameters: parameters, needed: bytes, available: limit)
    }
    // Small ones need no proof: the bookkeeping of the process takes as much.
    guard missing > 64 << 20, !FileSystem.canAllocate(missing) else { return }
    throw .memory(parameters: parameters, needed: bytes, available: nil)
  }

  private static func product(_ factors: Int...) -> Int {
    factors.reduce(1) { result, factor in
      let (product, overflow) = result.multipliedReportingOverflow(by: factor)
      return overflow ? .max : product
    }
  }

  /// Bytes for a person: `1.5 GiB`.
  static func text(_ bytes: Int) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1024 && unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    let tenths = Int((value * 10).rounded())
    return unit == 0 || tenths % 10 == 0
      ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
