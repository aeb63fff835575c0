/// Frames over time, and what happens in them.
public struct VideoClip: Sendable, Equatable {
  /// What a frame is.
  public enum Frame: Sendable, Equatable {
    /// Values that were measured, such as the coordinates of joints: the name of each.
    case values([String])
    /// A grey picture, row by row from the top, from 0 (black) to 1 (white).
    case picture(width: Int, height: Int)

    /// The number of values of a frame.
    public var count: Int {
      switch self {
      case .values(let names): names.count
      case .picture(let width, let height): width * height
      }
    }

    /// As a person reads it.
    public var shown: String {
      switch self {
      case .values(let names): counted(names.count, "value")
      case .picture(let width, let height): "pictures of \(width) × \(height)"
      }
    }
  }

  /// What is known of what happens.
  public enum Truth: Sendable, Equatable {
    case unknown
    /// One label for all of the clip.
    case clip(String)
    /// A label for each frame.
    case frames([String])
  }

  public let frame: Frame
  /// The number of frames.
  public let steps: Int
  /// `[steps, frame.count]`; NaN where a value is missing.
  public let values: [Float]
  public var truth: Truth
  /// The name of the clip: what its table says, or its file.
  public var id: String
  /// The line of its table on which it starts, from 1.
  public var line: Int?

  /// - Throws: `DataError` when values do not fill the frames, or a number is infinite.
  public init(
    frame: Frame, steps: Int, values: [Float], truth: Truth = .unknown, id: String, line: Int? = nil
  ) throws(DataError) {
    let (size, overflows) = steps.multipliedReportingOverflow(by: frame.count)
    guard steps >= 0, !overflows, size == values.count else {
      throw DataError(
        .badSequence, file: id, line: line, expected: "\(steps) frames of \(frame.count) values",
        found: counted(values.count, "value"))
    }
    if let place = values.firstIndex(where: \.isInfinite) {
      throw DataError(
        .notANumber, file: id, line: line, expected: "finite numbers, or NaN for a missing one",
        found: "\(values[place]) in frame \(place / max(1, frame.count))")
    }
    if case .frames(let labels) = truth, labels.count != steps {
      throw DataError(
        .badLabel, file: id, line: line, expected: "\(steps) labels, one for each frame",
        found: "\(labels.count)")
    }
    self.frame = frame
    self.steps = steps
    self.values = values
    self.truth = truth
    self.id = id
    self.line = line
  }
}

/// How clips are read from files.
public struct ClipOptions: Sendable, Equatable {
  /// Of a table with a row for each frame, the columns that tell clips apart, number the frames, and say what happens.
  /// `nil`: `clip`, `frame` and `label`, where there are such.
  public var clip: String?
  public var frame: String?
  public var label: String?
  /// The columns of values; empty: all others.
  public var features: [String] = []
  /// Of a table with a row for each clip, the column that names files; `nil`: `file`, where there is such.
  public var file: String?
  /// The size that pictures are brought to.
  public var width = 16
  public var height = 16
  /// The frames of a video that are read in a second; `nil`: 10.
  public var framesPerSecond: Double?
  /// The most frames of a clip.
  public var maximumFrames = 100_000

  public init() {}
}
