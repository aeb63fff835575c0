import UnrollCore

/// A file of a model that cannot be read, trusted or written: which file, what was expected of it, and what
/// was found.
public struct ModelFileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The sort of trouble, for code that reacts to it; people read the description.
  public enum Reason: Sendable, Equatable {
    /// Nothing stands where the file or folder should be.
    case missing
    /// The contents break their format or do not match their checksum.
    case damaged
    /// The contents are sound and of a kind or version that is not read here.
    case unsupported
    /// The model is of another task than the one asked for.
    case otherTask
    /// The path to be written holds something that must not be overwritten.
    case occupied
    /// The operating system refused.
    case system
  }

  public let reason: Reason
  /// The path of the file, as given by the caller.
  public let file: String
  /// Where in the file, short enough for a message, such as `tensor "embedding"` or `settings.hiddenSize`.
  public let place: String?
  public let expected: String
  public let found: String

  public init(_ reason: Reason, file: String, place: String? = nil, expected: String, found: String) {
    self.reason = reason
    self.file = file
    self.place = place.map { clipped($0, limit: 400) }
    self.expected = clipped(expected, limit: 400)
    self.found = clipped(found, limit: 400)
  }

  public var description: String {
    "\(file)\(place.map { ", \($0)" } ?? ""): expected \(expected), found \(found)"
  }
}
