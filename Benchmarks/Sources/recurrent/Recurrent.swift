import CPeak
import Foundation
import Unroll

/// Times recurrent networks.
///
///     recurrent --json                       every case, a JSON object a line
///     recurrent --json lstm train            those of a cell, of a mode
///     recurrent --long [MIB]                 one step of T = 20,000 within a budget of memory (see `LongSequence`)
///     recurrent --serve                      reads cases from standard input (see `Case`) as `COUNT CASE`, runs
///                                            each COUNT times and answers with the times in milliseconds;
///                                            `peak` is answered with the peak of fused multiply-adds in GF/s
///
/// The number of threads is that of the machine or of UNROLL_THREADS; the target that of the machine or of
/// UNROLL_TARGET.
@main
struct Recurrent {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--serve") { return try serve() }
    if arguments.first == "--long" {
      return try LongSequence.run(memory: arguments.dropFirst().first.flatMap { Int($0) }.map { $0 << 20 })
    }
    let words = Set(arguments.filter { !$0.hasPrefix("-") })
    let threads =
      Int(ProcessInfo.processInfo.environment["UNROLL_THREADS"] ?? "")
      ?? ProcessInfo.processInfo.activeProcessorCount
    for example in Case.all(threads: threads)
    where words.isEmpty || words.isSubset(of: [example.cell.rawValue, example.mode.rawValue]) {
      print(example.json(milliseconds: try measure(example)))
    }
  }

  /// The median over about a second, after a warm-up.
  private static func measure(_ example: Case) throws -> Double {
    let runner = try Runner(example)
    let warm = try runner.times(3, of: example)
    let one = example.mode == .step ? warm[2] * Double(example.time) : warm[2]
    let times = try runner.times(max(5, min(200, Int(1000 / max(one, 0.01)))), of: example)
    return median(times)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func serve() throws {
    var runners: [String: (Case, Runner)] = [:]
    while let line = readLine() {
      defer { fflush(nil) }
      if line == "peak" {
        print(peak())
        continue
      }
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      guard parts.count == 2, let count = Int(parts[0]), let example = Case(parts[1]) else {
        print("expected COUNT CASE, found \(line)")
        continue
      }
      if runners[parts[1]] == nil { runners = [parts[1]: (example, try Runner(example))] }
      let (_, runner) = runners[parts[1]]!
      print(try runner.times(count, of: example).map { "\($0)" }.joined(separator: " "))
    }
  }

  /// GF/s of one thread on the vectors that the kernels use: the best of a few tries of several numbers of chains.
  private static func peak() -> Double {
    let clock = ContinuousClock()
    let target =
      switch ProcessInfo.processInfo.environment["UNROLL_TARGET"] {
      case "avx2": UNROLL_PEAK_AVX2
      case "scalar": UNROLL_PEAK_PLAIN
      default: unroll_peak_best_target()
      }
    var best = 0.0
    var index: Int32 = 0
    while unroll_peak_chains(target, index) > 0 {
      for _ in 0..<3 {
        var sink: Float = 0
        let start = clock.now
        let operations = unroll_peak_run(target, index, 1_000_000, &sink)
        best = max(best, Double(operations) / ((clock.now - start) / .nanoseconds(1)))
      }
      index += 1
    }
    return best
  }
}
