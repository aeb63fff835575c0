import UnrollCore
import UnrollTraining

/// A file or a network that cannot be exchanged: what was expected, what was found, and where.
public struct ExchangeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The sort of trouble, for code that reacts to it; people read the description.
  public enum Reason: Sendable, Equatable {
    /// The contents break their format.
    case damaged
    /// The contents are sound and hold something that this library does not know or does not take.
    case unsupported
    /// An input of a run does not fit the graph.
    case input
    /// Two forms of one network gave different numbers.
    case mismatch
    /// The file could not be read or written.
    case file
  }

  public let reason: Reason
  /// The file, as given by the caller.
  public let file: String
  /// Where in the file, short enough for a message, such as `node "lstm" (LSTM)`.
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

  init(_ error: ModelFileError) {
    self.init(.file, file: error.file, place: error.place, expected: error.expected, found: error.found)
  }

  public var description: String {
    "\(file)\(place.map { ", \($0)" } ?? ""): expected \(expected), found \(found)"
  }
}
