/// The program `ffmpeg`, which reads what this package does not: some kinds of pictures, and all video.
///
/// It gets no more than it needs: bytes through a pipe, or one file that is named as a file; a list of formats, so that no
/// playlist leads to other files; a bound on pixels and on time. What it gives is read by the same readers as files are.
enum FFmpeg {
  static let tool = ExternalTool("ffmpeg")
  /// How long a picture may take.
  static let timeLimit = Duration.seconds(120)

  /// What stands before the input: no questions, errors alone, and no more pixels than the limit.
  static func opening(_ limits: PictureLimits, protocols: String) -> [String] {
    [
      "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", protocols, "-max_pixels",
      "\(limits.pixels)",
    ]
  }

  /// Reads a picture in memory.
  ///
  /// - Parameters:
  ///   - what: the kind of file, in the plural.
  ///   - demuxer: the one format that it may be.
  ///   - pixelFormat: how pixels are wanted, by `ffmpeg`'s names.
  ///   - alternative: what could be installed in its place.
  ///   - decoder: options of the decoder.
  static func still(
    _ bytes: [UInt8], name: String, what: String, demuxer: String, pixelFormat: String, limits: PictureLimits,
    alternative: String? = nil, decoder: [String] = []
  ) throws(DataError) -> Picture {
    var arguments =
      opening(limits, protocols: "pipe") + ["-xerror", "-noautorotate"] + decoder + ["-f", demuxer]
    // Through a pipe it would take pieces of 4 KiB for pictures.
    if demuxer.hasSuffix("_pipe") { arguments += ["-frame_size", "\(bytes.count)"] }
    arguments += ["-i", "pipe:0", "-frames:v", "1", "-sws_flags", exactColors]
    arguments += ["-f", "image2pipe", "-c:v", "pam", "-pix_fmt", pixelFormat, "pipe:1"]
    let tool = alternative.map { ExternalTool("ffmpeg", package: "\($0) or ffmpeg") } ?? tool
    let output: [UInt8]
    do throws(ExternalToolError) {
      // Eight bytes a pixel, at most, and a header.
      let run = try tool.run(
        arguments: arguments, input: bytes, outputLimit: 8 * limits.pixels + 1000, timeLimit: timeLimit)
      output = run.bytes
    } catch { throw failure(error, name: name, what: what) }
    guard !output.isEmpty else {
      throw DataError(
        .failedTool, file: name, expected: "\(what) that ffmpeg reads", found: "a file without pictures",
        statement: "ffmpeg finds no picture in it")
    }
    var reader = PNMReader(output, name: name, limits: limits)
    return try reader.read()
  }

  /// Colors as the standards have them: by default its scaler is fast, and up to two steps too dark.
  static let exactColors = "bilinear+accurate_rnd+full_chroma_int+full_chroma_inp"

  /// The error of a run, with the line of its messages that says most.
  static func failure(_ error: ExternalToolError, name: String, what: String) -> DataError {
    guard case .failed = error.reason else { return DataError(error, file: name, needed: what) }
    let general = ["does not contain any stream", "Conversion failed", "Error while", "Nothing was written"]
    let lines = error.messages.split(whereSeparator: \.isNewline).filter { line in
      !general.contains { line.contains($0) }
    }
    guard let first = lines.first else { return DataError(error, file: name, needed: what) }
    // In brackets stands which of its parts speaks, and where that is in memory; the file is named already.
    var said = first.hasPrefix("[") ? first.drop { $0 != "]" }.dropFirst(2) : first
    if said.hasPrefix("file:\(name): ") { said = said.dropFirst("file:\(name): ".count) }
    return DataError(
      .failedTool, file: name, expected: "\(what) that ffmpeg reads", found: String(said),
      statement: "ffmpeg cannot read it: \(quoted(said))")
  }
}
