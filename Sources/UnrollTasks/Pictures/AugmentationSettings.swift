import UnrollCore
import UnrollData

/// How pictures are changed while a network learns from them; see `PictureAugmentation`.
public struct AugmentationSettings: SettingSet, Equatable {
  public var shift: Float = 0
  public var scale: Float = 0
  public var stretch: Float = 0
  public var rotation: Float = 0
  public var slant: Float = 0
  public var elastic: Float = 0
  public var noise: Float = 0
  public var brightness: Float = 0
  public var contrast: Float = 0
  public var mirror = false

  public init() {}

  public static let fields: [SettingField<AugmentationSettings>] = [
    SettingField(\.shift, "shift", 0...1, .regularization, "The largest shift, as a part of the height."),
    SettingField(\.scale, "scale", 0...1, .regularization, "The largest change of size."),
    SettingField(\.stretch, "stretch", 0...1, .regularization, "The largest further change of the width."),
    SettingField(\.rotation, "rotation", 0...180, .regularization, "The largest rotation in degrees."),
    SettingField(\.slant, "slant", 0...1, .regularization, "The largest slant: the tangent of its angle."),
    SettingField(
      \.elastic, "elastic", 0...1, .regularization,
      "The mean length of elastic displacements, as a part of the height."),
    SettingField(\.noise, "noise", 0...1, .regularization, "The largest deviation of noise."),
    SettingField(\.brightness, "brightness", 0...1, .regularization, "The largest change of brightness."),
    SettingField(\.contrast, "contrast", 0...1, .regularization, "The largest change of contrast."),
    SettingField(
      \.mirror, "mirror", .regularization, "Mirror half of the pictures: where left and right are alike."),
  ]

  private var augmentation: PictureAugmentation {
    var result = PictureAugmentation()
    (result.shift, result.scale, result.stretch) = (shift, scale, stretch)
    (result.rotation, result.slant, result.elastic) = (rotation, slant, elastic)
    (result.noise, result.brightness, result.contrast) = (noise, brightness, contrast)
    result.mirrors = mirror
    return result
  }

  /// Pictures changed a little, each by a source of chance of its own, on all threads.
  ///
  /// - Parameter random: `nil`: pictures as they are.
  func callAsFunction(_ pictures: [Picture], random: inout RandomSource?) -> [Picture] {
    guard random != nil, self != AugmentationSettings() else { return pictures }
    let augmentation = augmentation
    let sources = pictures.map { _ in random!.split() }
    let parts = Guarded<[Int: [Picture]]>([:])
    WorkerPool.shared.split(pictures.count, grain: 4) { range in
      let own = range.map { index in
        var source = sources[index]
        return augmentation(pictures[index], using: &source)
      }
      parts.withLock { $0[range.lowerBound] = own }
    }
    return parts.withLock { parts in parts.sorted { $0.key < $1.key }.flatMap(\.value) }
  }
}
