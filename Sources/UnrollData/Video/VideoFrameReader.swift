/// How the frames of a video are wanted.
public struct VideoOptions: Sendable, Equatable {
  /// Frames a second, evenly spaced; those of the video itself when `nil`.
  public var framesPerSecond: Double?
  /// The size of frames; that of the video when `nil`. Sides are not kept in proportion.
  public var size: (width: Int, height: Int)?
  /// Whether frames are grey.
  public var isGrey = false
  /// Where to begin, in seconds.
  public var start = 0.0
  /// The most frames that are given: a longer video is an error, unless it is to be cut there.
  public var maximumFrames = 100_000
  /// Whether frames beyond the most are left out in silence.
  public var stopsAtMaximum = false
  /// The most pixels of a frame.
  public var maximumPixels = 100_000_000
  /// How long all of it may take.
  public var timeLimit = Duration.seconds(600)

  public init() {}

  public static func == (a: VideoOptions, b: VideoOptions) -> Bool {
    a.framesPerSecond == b.framesPerSecond && a.size?.width == b.size?.width
      && a.size?.height == b.size?.height && a.isGrey == b.isGrey && a.start == b.start
      && a.maximumFrames == b.maximumFrames && a.stopsAtMaximum == b.stopsAtMaximum
      && a.maximumPixels == b.maximumPixels && a.timeLimit == b.timeLimit
  }
}

/// The frames of a video, one after the other, by `ffmpeg`: no more of them are in memory than one.
///
/// The video is named as a file, may be of a known container alone, and leads to no other file. Frames are turned as the
/// video says.
public final class VideoFrameReader {
  /// The video's name, as it was given.
  public let name: String
  private let options: VideoOptions
  private let limits: PictureLimits
  private let process: ChildProcess
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  /// The frames given so far.
  public private(set) var count = 0

  /// Containers of pictures that move. Playlists, scripts and devices are none.
  private static let containers = [
    "mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "flv", "ogg", "asf",
    "gif", "apng",
    "flic", "ivf", "yuv4mpegpipe", "mjpeg", "dv", "mxf", "nut", "rm", "webp_pipe", "av1", "obu",
  ]

  /// Opens a video.
  public init(path: String, options: VideoOptions = VideoOptions()) throws(DataError) {
    // For its errors: a file that is missing, a folder, or nothing.
    let source = try ByteSource(path: path)
    guard source.size > 0 else {
      throw DataError(.emptyFile, file: path, expected: "a video", found: "an empty file")
    }
    name = path
    self.options = options
    limits = PictureLimits(pixels: options.maximumPixels)
    var arguments = FFmpeg.opening(limits, protocols: "file")
    arguments += ["-format_whitelist", Self.containers.joined(separator: ",")]
    if options.start > 0 { arguments += ["-ss", "\(options.start)"] }
    arguments += ["-i", "file:\(path)", "-an", "-sn", "-dn", "-map", "0:v:0"]
    var filters: [String] = []
    if let rate = options.framesPerSecond {
      guard rate.isFinite, rate > 0 else {
        throw DataError(
          .badPicture, file: path, expected: "a positive number of frames a second", found: "\(rate)")
      }
      filters.append("fps=\(rate)")
    }
    if let size = options.size {
      try limits.check(width: size.width, height: size.height, name: path)
      filters.append("scale=\(size.width):\(size.height):flags=area")
    }
    if !filters.isEmpty { arguments += ["-vf", filters.joined(separator: ",")] }
    arguments += [
      "-sws_flags", FFmpeg.exactColors, "-f", "image2pipe", "-c:v", options.isGrey ? "pgm" : "ppm",
    ]
    arguments += ["-pix_fmt", options.isGrey ? "gray" : "rgb24", "pipe:1"]
    do throws(ExternalToolError) {
      process = try FFmpeg.tool.start(arguments: arguments, timeLimit: options.timeLimit)
    } catch { throw DataError(error, file: path, needed: "videos") }
  }

  /// The next frame; `nil` at the end.
  public func next() throws(DataError) -> Picture? {
    while !isAtEnd, !(try hasWholeFrame()) { try readMore() }
    guard position < buffer.count else {
      guard count > 0 else {
        throw DataError(.badPicture, file: name, expected: "a video with frames", found: "none")
      }
      return nil
    }
    guard count < options.maximumFrames else {
      if options.stopsAtMaximum { return nil }
      throw DataError(
        .tooLarge, file: name, expected: "a video of at most \(options.maximumFrames) frames", found: "more")
    }
    var reader = PNMReader(buffer, name: name, limits: limits, position: position)
    let frame = try reader.read()
    position = reader.source.position
    count += 1
    return frame
  }

  private func readMore() throws(DataError) {
    if position > 0 {
      buffer.removeFirst(position)
      position = 0
    }
    do throws(ExternalToolError) {
      isAtEnd = !(try process.read(into: &buffer))
    } catch { throw FFmpeg.failure(error, name: name, what: "videos") }
  }

  /// Whether the buffer holds all of the next frame.
  private func hasWholeFrame() throws(DataError) -> Bool {
    guard let size = Self.frameSize(buffer, at: position) else { return false }
    guard size <= 3 * limits.pixels + 100 else {
      throw DataError(
        .tooLarge, file: name, expected: "frames of at most \(limits.pixels) pixels", found: "\(size) bytes")
    }
    return buffer.count - position >= size
  }

  /// The size of a frame, header and all, as soon as its header is there. `ffmpeg` writes no comments.
  private static func frameSize(_ bytes: [UInt8], at start: Int) -> Int? {
    var numbers: [Int] = []
    var value: Int?
    var position = start + 2
    while numbers.count < 3 {
      guard position < bytes.count, position < start + 100 else { return nil }
      if let digit = bytes[position].digit {
        value = min(1 << 30, (value ?? 0) * 10 + digit)
      } else if let whole = value {
        numbers.append(whole)
        value = nil
      }
      position += 1
    }
    let channels = bytes[start + 1] == UInt8(ascii: "6") ? 3 : 1
    let (count, overflows) = numbers[0].multipliedReportingOverflow(by: numbers[1])
    guard !overflows, count <= 1 << 40 else { return Int.max }
    return position - start + channels * count
  }
}
