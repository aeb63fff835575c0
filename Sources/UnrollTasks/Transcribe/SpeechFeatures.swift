import UnrollCore
import UnrollData
import UnrollNetworks

/// Turns sound into the steps that a recogniser reads: log-mel energies, `stack` frames side by side every `stride` frames,
/// each energy with mean 0 and variance 1: over the utterance, or for models that read forward only, over what came
/// before and some seconds of the training data.
struct SpeechSteps: Sendable {
  /// The log-mel energy of noise of −60 dB: where nothing is above it, nothing is said.
  static let quietest: Float = 11

  let features: FeatureSettings
  /// Of the training data; `nil`: utterances are normalised by themselves.
  private let prior: FeatureStatistics?
  let stack: Int
  let stride: Int

  init(_ settings: TranscribeSettings, _ statistics: FeatureStatistics?) {
    features = settings.features
    prior = statistics
    (stack, stride) = (settings.stack, settings.stride)
  }

  /// Values of a step.
  var width: Int { features.bands * stack }
  /// Seconds from one step to the next.
  var seconds: Double { Double(stride) / features.frameRate }

  /// Normalised frames of sound of one channel at the rate of the features.
  func frames(_ sound: Sound) throws -> FeatureFrames {
    let raw = try FeatureStream.features(sound, features)
    guard prior != nil else { return raw.normalized() }
    var normalizer = normalizer
    return normalizer.push(raw)
  }

  /// Normalisation of frames as they come.
  var normalizer: StreamingNormalizer {
    StreamingNormalizer(prior: prior ?? FeatureStatistics(width: features.bands))
  }

  /// How many steps so many frames make: the last one may reach beyond them.
  func steps(frames: Int) -> Int { frames == 0 ? 0 : max(1, (frames - stack + stride - 1) / stride + 1) }

  /// The steps of frames; beyond the end stands the mean, 0.
  func stacked(_ frames: FeatureFrames) -> [Float] {
    let (count, bands) = (frames.count, features.bands)
    let steps = steps(frames: count)
    var values: [Float] = []
    values.reserveCapacity(steps * width)
    for step in 0..<steps {
      let from = step * stride
      let end = min(count, from + stack)
      values += frames.values[from * bands..<end * bands]
      values += repeatElement(0, count: (from + stack - end) * bands)
    }
    return values
  }

  /// Utterances as a network reads them.
  func packed(_ utterances: [FeatureFrames]) -> PackedSequence {
    let layout = SequenceLayout(lengths: utterances.map { steps(frames: $0.count) })
    let rows = utterances.map { stacked($0) }
    var packed: [Float] = []
    packed.reserveCapacity(layout.rows * width)
    for (step, count) in layout.counts.enumerated() {
      for place in 0..<count { packed += rows[layout.order[place]][step * width..<(step + 1) * width] }
    }
    return PackedSequence(rows: Variable(Tensor(packed, shape: [layout.rows, width])), layout: layout)
  }
}

/// The features of utterances, held in memory, some also at other speeds.
public struct SpeechFeatures: CTCInputs {
  public typealias InputFront = FrameFront

  let steps: SpeechSteps
  /// For each utterance its frames as it is, then at other speeds.
  private let utterances: [[FeatureFrames]]
  private let augmentation: SpecAugment?

  /// - Parameter augments: whether speeds and masks are wanted, for training.
  init(
    _ inputs: [TranscribeInput], _ settings: TranscribeSettings, _ statistics: FeatureStatistics?,
    augments: Bool
  ) throws {
    let steps = SpeechSteps(settings, statistics)
    let percent = augments ? settings.speedPerturbation : 0
    utterances = try inputs.map { input in
      let sound = try input.mono(rate: steps.features.sampleRate)
      let speeds = percent > 0 ? [100 - percent, 100 + percent] : []
      return try [steps.frames(sound)] + speeds.map { try steps.frames(sound.atSpeed(percent: $0)) }
    }
    self.steps = steps
    augmentation = augments ? settings.augmentation : nil
  }

  init(_ utterances: [FeatureFrames], _ steps: SpeechSteps) {
    (self.utterances, self.steps, augmentation) = (utterances.map { [$0] }, steps, nil)
  }

  public var count: Int { utterances.count }
  public func steps(_ place: Int) -> Int { steps.steps(frames: utterances[place][0].count) }

  public func batch(_ places: [Int], random: inout RandomSource?) throws -> PackedSequence {
    guard var source = random, let augmentation else { return steps.packed(places.map { utterances[$0][0] }) }
    let chosen = places.map { place in
      var frames = utterances[place][source.below(utterances[place].count)]
      augmentation.apply(to: &frames, using: &source)
      return frames
    }
    random = source
    return steps.packed(chosen)
  }
}
