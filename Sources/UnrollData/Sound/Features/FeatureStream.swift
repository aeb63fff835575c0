import UnrollCore

/// Log-mel features of sound that comes piece by piece.
///
/// The frames that `push` and `finish` give together are, bit for bit, those of the whole sound in one piece, at any
/// size of pieces. Memory is that of a frame and a piece.
public struct FeatureStream: Sendable {
  public let settings: FeatureSettings
  public let bank: MelBank

  private var transform: FourierTransform
  private let weights: [Double]
  /// The samples from `base` on that frames to come may need.
  private var history: [Float] = []
  private var base = 0
  /// How many samples came, and how many frames went.
  private var received = 0
  private var frame = 0
  private var buffer: [Double]
  private var real: [Double] = []
  private var imaginary: [Double] = []
  private var spectrum: [Double]
  private var energies: [Double]

  /// - Throws: When the settings cannot be worked with.
  public init(_ settings: FeatureSettings) throws(DataError) {
    try settings.check()
    self.settings = settings
    bank = MelBank(settings)
    transform = FourierTransform(settings.transformLength)
    weights = settings.window.values(settings.frameLength)
    buffer = [Double](repeating: 0, count: settings.transformLength)
    spectrum = [Double](repeating: 0, count: transform.bins)
    energies = [Double](repeating: 0, count: settings.bands)
  }

  /// Features of a whole sound in one channel.
  ///
  /// - Throws: When its rate is not that of the settings, or it has several channels.
  public static func features(_ sound: Sound, _ settings: FeatureSettings) throws(DataError) -> FeatureFrames
  {
    try settings.check(sampleRate: sound.sampleRate)
    guard sound.channels == 1 else {
      throw .badSound("sound", "one channel", "\(sound.channels)", hint: "take their mean, or one of them")
    }
    var stream = try FeatureStream(settings)
    var frames = stream.push(sound.samples)
    frames.append(stream.finish())
    return frames
  }

  /// Takes samples and gives the frames that are complete.
  public mutating func push(_ samples: some Collection<Float>) -> FeatureFrames {
    history += samples
    received += samples.count
    var result = FeatureFrames(width: settings.bands)
    // A frame that begins before the sound also needs what is reflected there.
    while max(start + settings.frameLength, 1 - start) <= received { emit(into: &result, end: nil) }
    let used = min(max(0, start), received) - base
    if used > 0 {
      history.removeFirst(used)
      base += used
    }
    return result
  }

  /// Gives the frames at the end of the sound, and is as new then.
  public mutating func finish() -> FeatureFrames {
    var result = FeatureFrames(width: settings.bands)
    let count = settings.frames(samples: received)
    while frame < count { emit(into: &result, end: received) }
    history = []
    (base, received, frame) = (0, 0, 0)
    return result
  }

  /// Where the next frame starts.
  private var start: Int { settings.firstStart + frame * settings.frameShift }

  /// A sample anywhere; `end` is the sound's length, where a frame may reach beyond it.
  private func sample(_ index: Int, end: Int?) -> Float {
    var index = index
    let last = (end ?? Int.max) - 1
    if index < 0 || index > last {
      // A sound of one sample has nothing to mirror.
      let twice = settings.edges == .reflected ? 1 : 0
      if settings.edges == .silent || settings.edges == .inside { return 0 }
      if last == 0 { return history[0] }
      while index < 0 || index > last { index = index < 0 ? -index - twice : 2 * last - index + twice }
    }
    return history[index - base]
  }

  private mutating func emit(into result: inout FeatureFrames, end: Int?) {
    let length = settings.frameLength
    let start = start
    let scale = Double(settings.scale)
    let isInside = start >= 0 && start + length <= received
    for index in 0..<length {
      buffer[index] =
        scale * Double(isInside ? history[start - base + index] : sample(start + index, end: end))
    }
    if settings.removesMean {
      let mean = buffer[..<length].reduce(0, +) / Double(length)
      for index in 0..<length { buffer[index] -= mean }
    }
    if settings.preemphasis != 0 {
      let factor = Double(settings.preemphasis)
      for index in stride(from: length - 1, to: 0, by: -1) { buffer[index] -= factor * buffer[index - 1] }
      buffer[0] -= factor * buffer[0]
    }
    for index in 0..<length { buffer[index] *= weights[index] }
    transform.forward(buffer, real: &real, imaginary: &imaginary)
    for bin in 0..<spectrum.count {
      let energy = real[bin] * real[bin] + imaginary[bin] * imaginary[bin]
      spectrum[bin] = settings.power == 2 ? energy : energy.squareRoot()
    }
    bank.apply(spectrum, into: &energies)
    let floor = Double(settings.floor)
    let unit = settings.isDecibel ? 10 / naturalLogarithm(10) : 1
    for energy in energies { result.values.append(Float(unit * naturalLogarithm(max(energy, floor)))) }
    frame += 1
  }
}
