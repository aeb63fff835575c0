import Foundation
import Testing
import UnrollData

/// Numbers of Kaldi and librosa, by `scripts/goldens/make-sound`.
struct SoundGolden: Decodable {
  struct Table: Decodable {
    let width: Int
    let values: [Float]
  }
  struct Complex: Decodable {
    let real: [Double]
    let imaginary: [Double]
  }
  let samples: [Int]
  let cases: [String: Table]
  let stft: Complex
  let griffinLim: [String: Double]

  static func load() throws -> SoundGolden {
    let url = try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
    let data = try Data(contentsOf: url.appending(path: "sound/features.json"))
    return try JSONDecoder().decode(SoundGolden.self, from: data)
  }

  /// The sound, from −1 to 1.
  var sound: [Float] { samples.map { Float($0) / 32768 } }

  /// Holds features against a table; errors are relative to values above 1.
  func expect(_ frames: FeatureFrames, equals name: String, within tolerance: Float) throws {
    let table = try #require(cases[name])
    #expect(frames.width == table.width)
    try #require(frames.values.count == table.values.count)
    var worst: Float = 0
    for (a, b) in zip(frames.values, table.values) { worst = max(worst, abs(a - b) / max(1, abs(b))) }
    #expect(worst < tolerance, "\(name): \(worst)")
  }
}
