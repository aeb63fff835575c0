/// Sound that needs a decoder: what it is, and `ffmpeg`, which decodes it.
enum CodedSound {
  /// What FFmpeg may take a file for: formats that hold sound, and none that names other files.
  private static let formats = [
    "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "flac", "flv", "gsm", "matroska", "mov",
    "mp3", "mpeg", "mpegts", "ogg", "tta", "w64", "wav", "wv",
  ]

  /// The kinds of file by the bytes with which they start.
  private static let marks: [(offset: Int, bytes: [UInt8], kind: String)] = [
    (0, Array("fLaC".utf8), "FLAC"), (0, Array("OggS".utf8), "Ogg"), (0, Array("ID3".utf8), "MP3"),
    (4, Array("ftyp".utf8), "MP4"), (0, [0x1a, 0x45, 0xdf, 0xa3], "Matroska or WebM"),
    (0, Array("caff".utf8), "CAF"), (0, Array("#!AMR".utf8), "AMR"), (0, Array("FLV".utf8), "FLV"),
    (0, [0x30, 0x26, 0xb2, 0x75], "ASF or WMA"), (0, Array("wvpk".utf8), "WavPack"),
    (0, Array("MAC ".utf8), "Monkey's Audio"), (0, Array("TTA1".utf8), "True Audio"),
    (0, [0, 0, 1, 0xba], "MPEG"), (8, Array("AVI ".utf8), "AVI"),
  ]

  /// What a file is that is none of those read here.
  ///
  /// - Throws: When it is no sound as far as can be seen.
  static func kind(_ bytes: SoundBytes) throws(DataError) -> String {
    _ = try bytes.has(512)
    let start = Array(bytes.buffer[bytes.position...].prefix(512))
    for mark in marks where start.dropFirst(mark.offset).starts(with: mark.bytes) { return mark.kind }
    // A frame of MPEG audio starts with eleven bits of 1; layer 0 is AAC's.
    if start.count > 2, start[0] == 0xff, start[1] & 0xe0 == 0xe0, start[1] != 0xff {
      return start[1] & 6 == 0 ? "AAC" : "MP3"
    }
    throw .badSound(
      bytes.name, "sound: WAV, AIFF, AU, or what ffmpeg reads", seen(start),
      hint: "name the sample rate and the encoding of raw samples")
  }

  private static func seen(_ start: [UInt8]) -> String {
    if TextFile.firstNotText(in: start) == nil { return "text" }
    let shown = start.prefix(4).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    return "a file that starts with the bytes \(shown.joined(separator: " "))"
  }

  /// Starts `ffmpeg` on the first stream of sound of a file. It may open that file and nothing else.
  static func open(
    _ path: String, kind: String, timeLimit: Duration
  ) throws(DataError) -> (bytes: SoundBytes, layout: SoundLayout) {
    let arguments = [
      "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe",
      "-format_whitelist", formats.joined(separator: ","), "-i", "file:\(path)", "-map", "0:a:0",
      "-map_metadata", "-1", "-flags", "bitexact", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1",
    ]
    let process: ChildProcess
    do throws(ExternalToolError) {
      process = try FFmpeg.tool.start(arguments: arguments, timeLimit: timeLimit)
    } catch { throw FFmpeg.failure(error, name: path, what: kind) }
    let bytes = SoundBytes(.tool(process, needed: kind), name: path)
    guard case .layout(var layout) = try SoundReader.header(bytes) else {
      throw .badSound(path, "WAV from ffmpeg", "something else")
    }
    layout.container = kind
    // The length that a pipe cannot be given is nothing to tell of.
    layout.remarks = []
    return (bytes, layout)
  }
}
