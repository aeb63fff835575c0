import Foundation
import Unroll

/// Times the connectionist temporal classification loss with its gradient at the logits.
///
///     sequence-losses                reads cases from standard input, a line each: the number of runs, T steps,
///                                    B sequences, K classes with the blank, L labels of the longest sequence; runs
///                                    each and answers with the times in milliseconds and the loss
///
/// `sequence_losses.py` asks it and PyTorch in turns. The number of threads is that of the machine or of
/// UNROLL_THREADS.
@main
struct SequenceLosses {
  private struct NoParameters: Module {
    mutating func forEachParameter(
      _ path: String, _ body: (String, inout Parameter) throws -> Void
    ) rethrows {}
  }

  static func main() throws {
    while let line = readLine() {
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      if numbers.count == 5, numbers.allSatisfy({ $0 > 0 }), numbers[3] > 1 {
        print(try answer(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]))
      } else {
        print("expected RUNS T B K L, found \(line)")
      }
      fflush(nil)
    }
  }

  /// The logits are those of a formula that both sides know, so that the losses can be compared.
  private static func answer(
    _ runs: Int, _ steps: Int, _ batch: Int, _ classes: Int, _ labels: Int
  ) throws -> String {
    let logits = Tensor(
      (0..<steps * batch * classes).map { Float(($0 * 7919 + $0 / 13) % 1009) / 100 - 5 },
      shape: [steps, batch, classes])
    let targets = (0..<batch).map { sequence in
      (0..<max(1, labels - sequence % 8)).map { Int32(1 + ($0 * 31 + sequence * 17) % (classes - 1)) }
    }
    let clock = ContinuousClock()
    var loss: Float = 0
    let times = try (0..<runs).map { _ in
      let start = clock.now
      let result = try valueWithGradient(of: NoParameters(), inputs: [logits]) { _, x in
        (try Loss.ctc(SequenceBatch(x[0]), targets).sum, ())
      }
      loss = result.value.scalar
      return (clock.now - start) / .milliseconds(1)
    }
    return times.map { "\($0)" }.joined(separator: " ") + " \(loss)"
  }
}
