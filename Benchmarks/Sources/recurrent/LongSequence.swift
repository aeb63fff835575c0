import Foundation
import Unroll

/// One training step over very long sequences, within a budget of memory.
///
/// T = 20,000 steps of B = 16 sequences, an LSTM of 256 units on 16 features, and a target for every step.
enum LongSequence {
  private struct Network: Module {
    var recurrent: LSTM
    var head: Linear

    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {
      try recurrent.forEachParameter(parameterName(path, "recurrent"), body)
      try head.forEachParameter(parameterName(path, "head"), body)
    }
  }

  /// Runs a step with a budget in bytes, or with none, and prints its time, the process's peak of memory and a
  /// fingerprint of the gradients' bits.
  static func run(memory: Int?) throws {
    let (steps, batch, features, hidden) = (20_000, 16, 16, 256)
    var random = RandomSource(seed: 1)
    let network = Network(
      recurrent: LSTM(inputSize: features, hiddenSize: hidden, using: &random),
      head: Linear(inputSize: hidden, outputSize: 1, using: &random))
    let x = Tensor.normal(shape: [steps, batch, features], using: &random)
    let target = Tensor.normal(shape: [steps, batch, 1], using: &random)
    let start = ContinuousClock.now
    let (loss, gradients) = try valueWithGradient(of: network, memory: memory) { network throws(ShapeError) in
      let outputs = try network.recurrent(SequenceBatch(x)).outputs.values
      return try Loss.squaredError(network.head(outputs), target)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for tensor in gradients.tensors {
      for element in tensor.elements { hash = (hash ^ UInt64(element.bitPattern)) &* 0x100_0000_01b3 }
    }
    let budget = memory.map { "\($0 >> 20) MiB" } ?? "none"
    print(
      "budget \(budget): loss \(loss.scalar), \(seconds) s, peak \(peakMemory() >> 20) MiB, "
        + "gradients \(String(hash, radix: 16))")
  }

  /// The most memory that the process has had, in bytes; 0 where the system does not tell.
  private static func peakMemory() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes << 10
  }
}
