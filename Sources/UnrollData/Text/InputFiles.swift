#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files and folders that arguments name.
package enum InputFiles {
  /// The sources of some arguments: files and `-` as they are, and for a folder all files in it and below, in the
  /// order of their paths' bytes. Names that start with a dot are passed over.
  ///
  /// - Parameter suffixes: the endings of the files that are taken from folders, such as `.txt`, each also with `.gz`
  ///   behind it; empty for all.
  /// - Throws: `DataError` when something does not exist, or a folder holds no such file or more than a million.
  package static func list(_ arguments: [String], suffixes: [String] = []) throws(DataError) -> [TextSource] {
    var result: [TextSource] = []
    for argument in arguments {
      guard argument != "-", isFolder(argument) else {
        result.append(TextSource(argument))
        continue
      }
      var files: [String] = []
      try walk(argument, depth: 0, &files)
      let wanted = files.filter { file in
        suffixes.isEmpty
          || suffixes.contains { file.lowercased().hasSuffix($0) || file.lowercased().hasSuffix($0 + ".gz") }
      }
      guard !wanted.isEmpty else {
        throw DataError(
          .emptyFile, file: argument,
          expected: suffixes.isEmpty ? "files" : "files that end in \(suffixes.joined(separator: " or "))",
          found: "none in the folder")
      }
      result += wanted.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { .file($0) }
    }
    return result
  }

  /// Whether there is something at a path that is no folder; it is not opened.
  package static func isFile(_ path: String) -> Bool {
    var status = stat()
    return !path.isEmpty && !path.utf8.contains(0) && stat(path, &status) == 0
      && status.st_mode & S_IFMT != S_IFDIR
  }

  /// Whether what stands at a path can be read only once: a pipe, a device.
  package static func isStream(_ path: String) -> Bool {
    var status = stat()
    guard !path.isEmpty, !path.utf8.contains(0), stat(path, &status) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return !path.isEmpty && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static let deepest = 32
  private static let mostFiles = 1_000_000

  private static func walk(_ folder: String, depth: Int, _ files: inout [String]) throws(DataError) {
    guard depth <= deepest else {
      throw DataError(
        .tooLarge, file: folder, expected: "at most \(deepest) folders in each other", found: "more",
        hint: "a link may lead back to a folder above it")
    }
    guard let directory = opendir(folder) else {
      throw DataError(
        .unreadableFile, file: folder, expected: "a folder that can be read", found: "none",
        statement: "the folder cannot be read: system error \(errno)")
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix(".") else { continue }
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      if isFolder(path) {
        try walk(path, depth: depth + 1, &files)
      } else {
        files.append(path)
        guard files.count <= mostFiles else {
          throw DataError(.tooLarge, file: folder, expected: "at most \(mostFiles) files", found: "more")
        }
      }
    }
  }
}

/// Reads texts with labels of several files, one after the other; errors name the file.
///
/// A folder of folders, such as `train/pos/1.txt`, gives each file as a text with its folder's name as the label.
package struct LabeledFilesReader {
  private enum Input {
    case tables(LabeledTextFormat)
    case files
  }

  private let sources: [TextSource]
  private let input: Input
  private let leavesOutUnlabeled: Bool
  private var next = 0
  private var reader: LabeledTextReader?
  private var leftOutBefore = 0

  /// Several files of one format.
  package init(_ sources: [TextSource], format: LabeledTextFormat, leavesOutUnlabeled: Bool = false) {
    (self.sources, self.leavesOutUnlabeled) = (sources, leavesOutUnlabeled)
    input = .tables(format)
  }

  /// Files whose folders' names are their labels.
  package init(labeledByFolder sources: [TextSource]) {
    (self.sources, leavesOutUnlabeled) = (sources, false)
    input = .files
  }

  /// How many examples without a label were left out so far.
  package var leftOut: Int { leftOutBefore + (reader?.leftOut ?? 0) }

  /// The next example and the name of its file, or nil at the end.
  package mutating func nextExample() throws(DataError) -> (example: LabeledText, file: String)? {
    while true {
      if var current = reader {
        let example = try current.next()
        reader = current
        if let example { return (example, sources[next - 1].name) }
        leftOutBefore += current.leftOut
        reader = nil
      }
      guard next < sources.count else { return nil }
      let source = sources[next]
      next += 1
      switch input {
      case .tables(let format):
        reader = try LabeledTextReader(
          ByteSource(source), format: format, leavesOutUnlabeled: leavesOutUnlabeled)
      case .files: return (try Self.whole(source), source.name)
      }
    }
  }

  /// A file as one text, its line breaks as spaces.
  private static func whole(_ source: TextSource) throws(DataError) -> LabeledText {
    let parts = source.name.split(separator: "/")
    guard parts.count >= 2 else {
      throw DataError(
        .badLabel, file: source.name, expected: "a file in a folder that is named like its label",
        found: "no folder")
    }
    var lines = LineReader(try ByteSource(source))
    var texts: [String] = []
    while let line = try lines.nextText() {
      let text = Blanks.trimmed(line)
      if !text.isEmpty { texts.append(text) }
    }
    return LabeledText(text: texts.joined(separator: " "), labels: [String(parts[parts.count - 2])], line: 1)
  }
}
