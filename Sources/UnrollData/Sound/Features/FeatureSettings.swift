/// How sound becomes frames of log-mel energies.
///
/// For each frame, `frameShift` samples after the one before:
///
///     x ← scale · samples;  x ← x − mean x;  x[i] ← x[i] − preemphasis · x[i−1], x[−1] = x[0]
///     S[k] = |Σᵢ window[i] · x[i] · e^(−2πi·ik/transformLength)|ᵖ,    p = 2 or 1
///     y[b] = log max(Σₖ B[b, k] · S[k], floor)
///
/// with the bank B of triangles in `MelBank`. Two sets of choices have names: `kaldi`, which recognisers of speech are
/// trained on, and `librosa`, which music and speech synthesis take.
public struct FeatureSettings: Sendable, Codable, Equatable {
  /// What stands where a frame reaches beyond an end of the sound.
  public enum Edges: String, Sendable, Codable {
    /// Nothing: frames lie within the sound. What is shorter than a frame has none.
    case inside
    /// Frames are centred, and at an end the sound runs backwards, its last sample twice (Kaldi without `snip_edges`).
    case reflected
    /// A frame is centred on each multiple of the shift; beyond the ends is silence (librosa).
    case silent
    /// The same; at an end the sound runs backwards, its last sample once (librosa's `reflect`).
    case mirrored
  }

  /// Samples a second that the sound must have.
  public var sampleRate: Int
  /// Samples of a frame.
  public var frameLength: Int
  /// Samples from one frame to the next.
  public var frameShift: Int
  /// The length of the Fourier transform; frames are filled up with zeros.
  public var transformLength: Int
  public var window: Window
  public var edges: Edges
  /// A factor on samples: 32,768 where figures are those of 16-bit integers.
  public var scale: Float
  /// Whether each frame's mean is taken off.
  public var removesMean: Bool
  /// How much of the sample before is taken off each sample; 0 leaves them.
  public var preemphasis: Float
  /// 2 for energies, 1 for magnitudes.
  public var power: Int
  /// Triangles of the bank: values of a frame.
  public var bands: Int
  public var bank: MelBank.Form
  /// Hertz where the first triangle starts and the last one ends.
  public var lowFrequency: Float
  public var highFrequency: Float
  /// The least value of which a logarithm is taken.
  public var floor: Float
  /// Whether values are decibels of energies (10 · log₁₀) instead of natural logarithms.
  public var isDecibel: Bool

  /// Kaldi's filter banks: 25 ms frames every 10 ms, no dither.
  public static func kaldi(sampleRate: Int = 16000, bands: Int = 80) -> FeatureSettings {
    let length = sampleRate / 40
    var transform = 1
    while transform < length { transform *= 2 }
    return FeatureSettings(
      sampleRate: sampleRate, frameLength: length, frameShift: sampleRate / 100, transformLength: transform,
      window: .povey, edges: .inside, scale: 32768, removesMean: true, preemphasis: 0.97, power: 2,
      bands: bands,
      bank: .kaldi, lowFrequency: 20, highFrequency: Float(sampleRate) / 2, floor: 0x1p-23, isDecibel: false)
  }

  /// librosa's mel spectrograms, as natural logarithms.
  ///
  /// - Parameter bank: `.slaney`, librosa's own, or `.htk`.
  public static func librosa(
    sampleRate: Int = 22050, bands: Int = 80, transformLength: Int = 1024, frameShift: Int = 256,
    bank: MelBank.Form = .slaney
  ) -> FeatureSettings {
    FeatureSettings(
      sampleRate: sampleRate, frameLength: transformLength, frameShift: frameShift,
      transformLength: transformLength, window: .periodicHann, edges: .silent, scale: 1, removesMean: false,
      preemphasis: 0, power: 2, bands: bands, bank: bank, lowFrequency: 0,
      highFrequency: Float(sampleRate) / 2,
      floor: 1e-10, isDecibel: false)
  }

  /// Frames a second.
  public var frameRate: Double { Double(sampleRate) / Double(frameShift) }

  /// Where the first frame starts, in samples.
  var firstStart: Int {
    switch edges {
    case .inside: 0
    case .reflected: frameShift / 2 - frameLength / 2
    // A window shorter than the transform stands in its middle.
    case .silent, .mirrored: (transformLength - frameLength) / 2 - transformLength / 2
    }
  }

  /// How many frames so many samples have.
  public func frames(samples: Int) -> Int {
    switch edges {
    case .inside: samples < frameLength ? 0 : 1 + (samples - frameLength) / frameShift
    case .reflected: samples == 0 ? 0 : (samples + frameShift / 2) / frameShift
    case .silent, .mirrored:
      samples == 0 ? 0 : 1 + (samples - transformLength % 2) / frameShift
    }
  }

  /// Checks that the settings, which may come from a file, can be worked with.
  ///
  /// - Parameter name: The file's name, for the error.
  public func check(name: String = "features") throws(DataError) {
    func need(_ holds: Bool, _ expected: String, _ found: String) throws(DataError) {
      guard holds else { throw .badSound(name, expected, found) }
    }
    try need((1...SoundLayout.highestRate).contains(sampleRate), "a sample rate above 0", "\(sampleRate)")
    try need((1...1 << 18).contains(frameLength), "frames of 1 to 262144 samples", "\(frameLength)")
    try need((1...1 << 24).contains(frameShift), "a frame shift of at least 1", "\(frameShift)")
    try need(
      (frameLength...1 << 18).contains(transformLength), "a transform from \(frameLength) to 262144 samples",
      "\(transformLength)")
    try need((1...4096).contains(bands), "1 to 4096 bands", "\(bands)")
    try need(power == 1 || power == 2, "power 1 or 2", "\(power)")
    try need(
      lowFrequency >= 0 && lowFrequency < highFrequency && highFrequency <= Float(sampleRate) / 2,
      "frequencies from 0 to \(Float(sampleRate) / 2) Hz", "\(lowFrequency) to \(highFrequency) Hz")
    try need(scale.isFinite && scale > 0, "a scale above 0", "\(scale)")
    try need(preemphasis.isFinite && abs(preemphasis) <= 1, "a preemphasis from 0 to 1", "\(preemphasis)")
    try need(floor.isFinite && floor > 0, "a floor above 0", "\(floor)")
  }

  /// Checks that sound has the rate that the settings are for.
  public func check(sampleRate found: Int) throws(DataError) {
    guard found == sampleRate else {
      throw .badSound(
        "sound", "\(sampleRate) samples a second", "\(found)", hint: "resample it to \(sampleRate) Hz")
    }
  }
}
