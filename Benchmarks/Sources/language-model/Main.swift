import Foundation
import Unroll

/// Times whole training steps of a language model: forward, softmax cross-entropy, backward, clipping by the global
/// norm, stochastic gradient descent, the state carried on.
///
///     language-model untied 10000 200 2 20 35 0     times a case (see `Case`), the median of a second or more
///     language-model --serve                        reads cases from standard input as `COUNT CASE`, runs each
///                                                   COUNT times and answers with the times in milliseconds
///
/// The number of threads is that of the machine or of UNROLL_THREADS.
@main
struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--serve") { return try serve() }
    guard let example = Case(arguments.joined(separator: " ")) else {
      print("expected tied|untied WORDS HIDDEN LAYERS BATCH TIME DROPOUT, found \(arguments)")
      exit(64)
    }
    var runner = Runner(example)
    let warm = try runner.times(3)
    let times = try runner.times(max(5, Int(1000 / max(warm[2], 0.01)))).sorted()
    print("\(times[times.count / 2]) ms, loss \(runner.lastLoss), norm \(runner.lastNorm)")
  }

  private static func serve() throws {
    var current: (line: String, runner: Runner)?
    while let line = readLine() {
      defer { fflush(nil) }
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      guard parts.count == 2, let count = Int(parts[0]), let example = Case(parts[1]) else {
        print("expected COUNT CASE, found \(line)")
        continue
      }
      var runner = current?.line == parts[1] ? current!.runner : Runner(example)
      // One owner: the weights are changed in place.
      current = nil
      print(try runner.times(count).map { "\($0)" }.joined(separator: " "))
      current = (parts[1], runner)
    }
  }
}

/// A model in training.
struct Runner {
  private let example: Case
  private var model: LanguageModel
  private var optimizer = SGD(learningRate: 0.1)
  private var state: [LSTMState]?
  private var random: RandomSource
  private(set) var lastLoss: Float = 0
  private(set) var lastNorm: Float = 0
  private let pieces: [(words: [Int32], labels: [Int32])]

  init(_ example: Case) {
    self.example = example
    random = RandomSource(seed: 1)
    model = LanguageModel(example, using: &random)
    let count = example.batch * example.time
    var source = random.split()
    pieces = (0..<8).map { _ in
      (example.text(count, using: &source), example.text(count, using: &source))
    }
  }

  /// The times of `count` steps, in milliseconds.
  mutating func times(_ count: Int) throws -> [Double] {
    let clock = ContinuousClock()
    return try (0..<count).map { index in
      let start = clock.now
      try step(pieces[index % pieces.count])
      return (clock.now - start) / .milliseconds(1)
    }
  }

  private mutating func step(_ piece: (words: [Int32], labels: [Int32])) throws {
    let (batch, handed) = (example.batch, state)
    var noise: RandomSource? = example.dropout > 0 ? random.split() : nil
    let (loss, next, gradients, _) = try valueWithGradient(of: model, inputs: []) {
      model, _ throws(ShapeError) in
      try model.loss(
        words: piece.words, labels: piece.labels, batch: batch, state: handed, random: &noise)
    }
    state = next
    lastLoss = loss.scalar
    let norm = GradientClipping.globalNorm(gradients)
    optimizer.update(&model, gradients, scale: GradientClipping.factor(norm: norm, maximum: 0.25))
    lastNorm = Float(norm)
  }
}
