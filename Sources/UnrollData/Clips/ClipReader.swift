import UnrollCore

/// Reads clips: what happens over time, as measured values or as pictures.
///
/// | a path | is read as |
/// |---|---|
/// | a table with a row for each frame | poses or other values; see ``ClipOptions`` |
/// | a table with a column of files | the clip of each file, beside the table |
/// | `.npy`, `.npz` | arrays of NumPy |
/// | a GIF, a video | frames; videos by `ffmpeg` |
/// | a folder of pictures | the frames of one clip, in the order of the numbers in their names |
/// | a folder of clips | each, without a label |
/// | a folder of folders of clips | each, its folder's name the label |
///
/// A clip that cannot be used is left out and counted, with the reason; a strict reader stops there.
public struct ClipReader {
  private let options: ClipOptions
  private let isStrict: Bool
  /// Why clips were left out so far.
  public private(set) var leftOut: [DataError] = []

  /// - Parameter isStrict: whether a clip that cannot be used is an error.
  public init(_ options: ClipOptions = ClipOptions(), isStrict: Bool = false) {
    self.options = options
    self.isStrict = isStrict
  }

  private mutating func leaveOut(_ error: DataError) throws(DataError) {
    if isStrict { throw error }
    leftOut.append(error)
  }

  /// The clips of a file or a folder.
  ///
  /// - Throws: `DataError` when it cannot be read, or holds no clip that can be used.
  public mutating func clips(at path: String) throws(DataError) -> [VideoClip] {
    let clips = InputFiles.isFolder(path) ? try folder(path) : try file(path)
    // A clip without frames says nothing.
    var kept: [VideoClip] = []
    for clip in clips {
      if clip.steps > 0 {
        kept.append(clip)
      } else {
        try leaveOut(
          DataError(
            .badSequence, file: clip.id, line: clip.line, expected: "a clip with frames", found: "none"))
      }
    }
    guard let first = kept.first else {
      // One that was asked for by itself is answered with what is wrong with it.
      throw leftOut.last ?? DataError(.badSequence, file: path, expected: "clips with frames", found: "none")
    }
    for clip in kept where clip.frame.count != first.frame.count {
      throw DataError(
        .badSequence, file: clip.id, line: clip.line,
        expected: "\(first.frame.shown) a frame, as in \(first.id)",
        found: clip.frame.shown)
    }
    return kept
  }

  /// Whether a file is a table that has a column.
  package static func hasColumn(_ name: String, _ path: String) -> Bool {
    guard InputFiles.isFile(path), let head = try? ByteSource(path: path).peek(), isTable(path, head),
      let reader = try? RecordReader(path: path)
    else { return false }
    return (try? reader.column(name)) != nil
  }

  // MARK: Files

  private mutating func file(_ path: String) throws(DataError) -> [VideoClip] {
    let head = try ByteSource(path: path).peek()
    if ClipArrays.isArray(head) || head.starts(with: Array("PK".utf8)) {
      return try arrays(path, ByteSource(path: path).readAll())
    }
    guard Self.isTable(path, head) else { return [try pictures(path, head)] }
    var table = try ClipTable(ByteSource(path: path), options)
    let folder = Self.folder(of: path)
    let options = options
    var errors: [DataError] = []
    let isStrict = isStrict
    let clips = try table.clips(
      open: { (name, label, line) throws(DataError) in
        var reader = ClipReader(options, isStrict: true)
        let found = try reader.clips(at: name.hasPrefix("/") ? name : folder + name)
        return found.map { clip in
          var copy = clip
          copy.id = found.count == 1 ? name : "\(name) \(clip.id)"
          copy.line = line
          if let label { copy.truth = .clip(label) }
          return copy
        }
      },
      leaveOut: { (error) throws(DataError) in
        if isStrict { throw error }
        errors.append(error)
      })
    leftOut += errors
    return clips
  }

  private func arrays(_ path: String, _ bytes: [UInt8]) throws(DataError) -> [VideoClip] {
    ClipArrays.isArray(bytes)
      ? [try ClipArrays.clip(bytes, name: path)] : try ClipArrays.clips(archive: bytes, name: path)
  }

  /// Whether a file is text of a table: by its name, or since it is neither a picture nor a video.
  private static func isTable(_ path: String, _ head: [UInt8]) -> Bool {
    let name = path.lowercased().hasSuffix(".gz") ? String(path.lowercased().dropLast(3)) : path.lowercased()
    if [".csv", ".tsv", ".txt", ".jsonl"].contains(where: { name.hasSuffix($0) }) { return true }
    return PictureFormat(head) == nil
      && TextFile.firstNotText(in: Array(head.prefix(4096).dropLast(4))) == nil
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  // MARK: Pictures

  /// The frames of a GIF or a video, or the one of a picture.
  private func pictures(_ path: String, _ head: [UInt8]) throws(DataError) -> VideoClip {
    guard PictureFormat(head) == nil else {
      return try clip(try PictureReader().frames(at: path), id: path)
    }
    var video = VideoOptions()
    video.framesPerSecond = options.framesPerSecond ?? 10
    video.size = (options.width, options.height)
    video.isGrey = true
    video.maximumFrames = options.maximumFrames
    let reader = try VideoFrameReader(path: path, options: video)
    var values: [Float] = []
    while let frame = try reader.next() { values += frame.floats() }
    return try VideoClip(frame: kind, steps: reader.count, values: values, id: path)
  }

  private var kind: VideoClip.Frame { .picture(width: options.width, height: options.height) }

  private func clip(_ frames: [Picture], id: String) throws(DataError) -> VideoClip {
    try VideoClip(frame: kind, steps: frames.count, values: frames.flatMap(values), id: id)
  }

  /// A picture, brought to the size of all.
  private func values(_ picture: Picture) -> [Float] {
    picture.grey().resized(width: options.width, height: options.height, .box).floats()
  }

  // MARK: Folders

  private static let stills = [
    ".png", ".jpg", ".jpeg", ".bmp", ".pnm", ".pgm", ".ppm", ".pbm", ".tif", ".tiff", ".webp", ".heic",
  ]
  private static let moving = [
    ".gif", ".csv", ".tsv", ".npy", ".npz", ".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m4v",
    ".flv", ".ogv", ".wmv", ".apng",
  ]

  private static func isStill(_ name: String) -> Bool {
    stills.contains { name.lowercased().hasSuffix($0) }
  }

  private mutating func folder(_ path: String) throws(DataError) -> [VideoClip] {
    let root = path.hasSuffix("/") ? path : path + "/"
    let files = try InputFiles.list([path], suffixes: Self.stills + Self.moving).map {
      String($0.name.dropFirst(root.count))
    }
    // The files of each clip: of still pictures those of a folder.
    var groups: [(name: String, files: [String])] = []
    for file in files {
      let name = Self.isStill(file) ? String(Self.folder(of: file).dropLast()) : file
      if groups.last?.name == name {
        groups[groups.count - 1].files.append(file)
      } else {
        groups.append((name, [file]))
      }
    }
    var clips: [VideoClip] = []
    for group in groups {
      do throws(DataError) {
        var found = try self.clips(of: group.files, in: root, name: group.name.isEmpty ? path : group.name)
        if let slash = group.name.firstIndex(of: "/") {
          for place in found.indices { found[place].truth = .clip(String(group.name[..<slash])) }
        }
        clips += found
      } catch { try leaveOut(error) }
    }
    return clips
  }

  private func clips(
    of files: [String], in root: String, name: String
  ) throws(DataError) -> [VideoClip] {
    guard Self.isStill(files[0]) else {
      var reader = ClipReader(options, isStrict: true)
      return try reader.clips(at: root + files[0]).map { clip in
        var copy = clip
        copy.id = name
        return copy
      }
    }
    guard files.count <= options.maximumFrames else {
      throw DataError(
        .tooLarge, file: root, expected: "clips of at most \(options.maximumFrames) frames",
        found: "\(files.count)")
    }
    var values: [Float] = []
    for file in files.sorted(by: Self.precedes) {
      values += self.values(try PictureReader().picture(at: root + file))
    }
    return [try VideoClip(frame: kind, steps: files.count, values: values, id: name)]
  }

  /// Names in the order of the numbers in them: `frame2` before `frame10`.
  static func precedes(_ a: String, _ b: String) -> Bool {
    let (left, right) = (parts(a), parts(b))
    for (one, other) in zip(left, right) where one != other {
      if let first = one.number, let second = other.number, first != second { return first < second }
      return one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }
    return left.count != right.count ? left.count < right.count : a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  private struct Part: Equatable {
    var text: String
    /// Of digits; those beyond the range of integers are text.
    var number: Int?
  }

  private static func parts(_ name: String) -> [Part] {
    var parts: [Part] = []
    var wasDigit: Bool?
    for letter in name {
      let isDigit = letter.isASCII && letter.isNumber
      if isDigit == wasDigit {
        parts[parts.count - 1].text.append(letter)
      } else {
        parts.append(Part(text: String(letter)))
      }
      wasDigit = isDigit
    }
    return parts.map { Part(text: $0.text, number: Int($0.text)) }
  }
}
