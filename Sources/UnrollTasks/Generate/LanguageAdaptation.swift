import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Dynamic evaluation: a model goes on learning from the text that it scores, each token only after it was scored
/// (Krause et al. 2018, "Dynamic evaluation of neural sequence models", sections 3 and 4).
///
///     θ ← θ − η ∇L(window) + λ (θ₀ − θ)
///
/// θ₀ are the trained weights: what is learned of this text fades with λ. The gradient's norm is bounded by 1.
public struct LanguageAdaptation: Sendable, Equatable {
  /// η, the rate for the mean loss of a window.
  public var rate: Float
  /// λ, the share of the way back to the trained weights at each window.
  public var decay: Double
  /// The tokens that are scored between two steps.
  public var window: Int

  public init(rate: Float = 0.5, decay: Double = 0.001, window: Int = 64) {
    self.rate = rate
    self.decay = decay
    self.window = max(1, window)
  }
}

/// Scores tokens window by window, and learns from each window once it is scored.
struct AdaptingScorer {
  private var network: LanguageNetwork
  private let trained: [Tensor]
  private var optimizer: SGD
  private let adaptation: LanguageAdaptation
  private var state: LanguageState?
  private var last = SpecialToken.begin.id
  private var waiting: [Int32] = []

  init(_ model: LanguageModel, _ adaptation: LanguageAdaptation) {
    network = model.network
    trained = model.network.parameters.map(\.value)
    optimizer = SGD(learningRate: adaptation.rate)
    self.adaptation = adaptation
  }

  /// Takes tokens; windows that are full are scored. Where texts are cut does not change where windows end.
  mutating func add(_ tokens: [Int32], _ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    waiting += tokens
    var start = 0
    while waiting.count - start >= adaptation.window {
      try score(Array(waiting[start..<start + adaptation.window]), body)
      start += adaptation.window
    }
    waiting.removeFirst(start)
  }

  /// Scores what is left.
  mutating func finish(_ body: (_ id: Int32, _ nats: Float) -> Void) throws {
    if !waiting.isEmpty { try score(waiting, body) }
    waiting = []
  }

  private mutating func score(
    _ targets: [Int32], _ body: (_ id: Int32, _ nats: Float) -> Void
  ) throws {
    let inputs = [last] + targets.dropLast()
    let before = state
    let result = try valueWithGradient(of: network, inputs: []) { network, _ in
      var none: RandomSource?
      let (features, next) = try network.features(
        TokenBatch([inputs]), state: before, random: &none)
      let nats = try network.losses(features.detached, targets)
      let mean = try network.loss(features, targets).mean
      return (mean, (next: next, nats: nats))
    }
    for (id, nats) in zip(targets, result.extra.nats) { body(id, nats) }
    state = result.extra.next
    last = targets[targets.count - 1]
    let norm = GradientClipping.globalNorm(result.gradients)
    // A step that is no number would spoil all that follows: the text is read on without it.
    guard norm.isFinite else { return }
    optimizer.update(&network, result.gradients, scale: GradientClipping.factor(norm: norm, maximum: 1))
    guard adaptation.decay > 0 else { return }
    let (kept, origin) = (1 - adaptation.decay, trained)
    var index = 0
    network.forEachParameter("") { _, parameter in
      parameter.update { Kernels.blend(&$0, keeping: kept, with: origin[index]) }
      index += 1
    }
  }
}
